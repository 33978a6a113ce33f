#pragma once

#include <string>
#include <vector>

#include <caf/typed_actor.hpp>

#include "axiom/error/supervisor/message_types.hpp"

namespace axiom {

/// What a supervisor does by message, from this node or another.
///
/// - `(start_child_atom, local_child_spec)` -> the child, when it has started:
///   adds one after the others. (With `one_for_one` it starts at once, though
///   those from the beginning may not have.) Within a process only. `errc::name_taken`,
///   `errc::invalid_argument` with all that is wrong, or the error that it did
///   not start with; then it is forgotten.
/// - `(start_child_atom)`, `(start_child_atom, arguments)` -> the child, when
///   it has started: makes one of a `simple_one_for_one` supervisor. Its name
///   is that of the specification, and a number. Such a child is forgotten as
///   soon as it is not to run any more.
/// - `(terminate_child_atom, name)` -> the child, when it is dead. It stays,
///   and is started again by request, or with a sibling; but a temporary one,
///   or one of `simple_one_for_one`, is forgotten.
/// - `(remove_child_atom, name)` -> the same, and it is forgotten.
/// - `(restart_child_atom, name)` -> the child, when it has started.
///   `errc::child_not_stopped`, or the error that it did not start with; then
///   it stays stopped.
/// - `(which_children_atom)` -> all children, in the order of their start. At
///   once, whatever is under way. O(children), like the next one.
/// - `(count_children_atom)` -> how many there are.
/// - `(ready_atom)` -> how many there are, when all have started that it began
///   with; or the error that it ended with.
/// - `(stats_atom)` -> the figures.
/// - `(shutdown_atom)` -> the figures, when all children are dead: stops them,
///   the youngest first, and ends.
/// - `(started_atom)`, from a child: it is started. See `child_start_mode`.
/// - `tick_atom`, `child_event_atom`, `ended_atom`: its own.
///
/// The names are those of its children: `errc::no_such_child`. Once it is
/// ending, requests that would start something fail with `errc::scope_closed`.
/// Other messages are dropped, as CAF does: their sender is answered with
/// `sec::unexpected_message`.
///
/// An exit message has it stop its children in order, and end with that reason;
/// one from a child (present, or one of the last thousand) is ignored, whose
/// end it learns of in another way. `kill` ends it at once, and kills the
/// children.
///
/// It ends without a reason after `shutdown_atom` or with the last handle, with
/// `exit_reason::user_shutdown` by itself as `auto_shutdown` says, and else
/// with the errors of its children: see `supervisor`.
using supervisor_actor = caf::typed_actor<
  caf::replies_to<start_child_atom, local_child_spec>::with<child_info>,
  caf::replies_to<start_child_atom>::with<child_info>,
  caf::replies_to<start_child_atom, caf::message>::with<child_info>,
  caf::replies_to<terminate_child_atom, std::string>::with<child_info>,
  caf::replies_to<remove_child_atom, std::string>::with<child_info>,
  caf::replies_to<restart_child_atom, std::string>::with<child_info>,
  caf::replies_to<which_children_atom>::with<std::vector<child_info>>,
  caf::replies_to<count_children_atom>::with<child_counts>,
  caf::replies_to<ready_atom>::with<child_counts>,
  caf::replies_to<stats_atom>::with<supervisor_stats>,
  caf::replies_to<shutdown_atom>::with<supervisor_stats>,
  caf::reacts_to<started_atom>, caf::reacts_to<tick_atom>,
  caf::reacts_to<child_event_atom, bool>, caf::reacts_to<ended_atom>>;

} // namespace axiom
