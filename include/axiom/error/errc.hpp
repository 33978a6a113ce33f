#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include <caf/error.hpp>

namespace axiom {

/// Everything that Axiom itself reports. The sentence beside each code is its
/// documentation; `to_string` gives its name.
enum class errc : std::uint8_t {
  /// The task was cancelled; the cancellation's cause says why and by whom.
  cancelled = 1,
  /// A deadline or a timeout passed before the operation ended.
  deadline_exceeded,
  /// A child failed and nobody looked at its error before its parent ended.
  child_failed,
  /// Several errors at once; `concurrent_errors` holds them all.
  concurrent_errors,
  /// An exception left the body of a task; the text is its `what()`.
  unhandled_exception,
  /// The scope has ended, or takes no more tasks because it is shutting down.
  scope_closed,
  /// A task was added to a group from outside the subtree of its owner.
  not_in_scope,
  /// A blocking wait on a worker thread, where it could stop the system.
  blocking_on_worker,
  /// Waiting for this task would close a circle: it waits for the waiter.
  self_join,
  /// A name is longer than 64 bytes.
  name_too_long,
  /// An argument is outside its range; the text names it.
  invalid_argument,
  /// No task with this identity is alive here.
  no_such_task,
  /// The actor does not answer requests: it is a task.
  not_a_service,
  /// Axiom's runtime is not part of this actor system.
  not_installed,
  /// A handle without a task was used.
  empty_handle,
  /// More is asked for than there is at all; the text says both.
  exceeds_capacity,
  /// To wait for this would be to wait for oneself; the text names the circle.
  resource_deadlock,
  /// A task that somebody started ended without saying that it is started.
  never_started,
  /// The node on which the work ran was lost, and its outcome with it.
  node_down,
  /// An operation was tried again as often as its policy and its budget allow;
  /// the text says how often, and why no more.
  retries_exhausted,
  /// A circuit breaker refuses calls for the time being; the text says since
  /// when, until when, and why.
  circuit_open,
  /// More wait already than are allowed to: the request was turned away.
  queue_full,
  /// Children failed more often than their supervisor may restart them; it has
  /// stopped them all and ended.
  restarts_exhausted,
  /// The supervisor has no child of this name.
  no_such_child,
  /// The child is running, or about to; the text says which.
  child_not_stopped,
  /// The name is taken by another child of the supervisor.
  name_taken,
};

/// The enumerator's name.
std::string to_string(errc code);

/// What the code means, in one sentence for people; "" for a number that is no
/// code.
std::string_view sentence_of(errc code) noexcept;

/// The code of this name; none if there is no such name.
std::optional<errc> parse_errc(std::string_view name) noexcept;

/// The enumerator's name from its number, for CAF's rendering of errors.
std::string render_errc(std::uint8_t code, caf::atom_value category,
                        const caf::message& context);

/// The CAF error category of `errc`.
inline constexpr caf::atom_value errc_category = caf::atom("axiom");

/// Makes CAF errors from codes, with an optional text for people. (By the first
/// of them a code converts to a `caf::error` where one is expected.)
caf::error make_error(errc code);
caf::error make_error(errc code, std::string text);

/// Returns whether `err` is of our category and has this code.
bool is(const caf::error& err, errc code) noexcept;

/// The code of an error of our category; none for another's, and for no error.
std::optional<errc> code_of(const caf::error& err) noexcept;

/// A name in quotes, for the text of an error.
std::string quoted(std::string_view name);

/// What any error says: its code's name and its text, as it is (`printable`
/// makes one line of it). Of a foreign category: its name, number and text.
std::string describe(const caf::error& err);

} // namespace axiom
