#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <caf/fwd.hpp>
#include <caf/message.hpp>

#include "axiom/error/child_spec.hpp"
#include "axiom/error/concurrent_errors.hpp"
#include "axiom/error/supervisor_actor.hpp"
#include "axiom/error/supervisor_options.hpp"
#include "axiom/error/supervisor_stats.hpp"
#include "axiom/task/task.hpp"

namespace axiom {

/// Starts children, in order; restarts those that fail, as a strategy says; and
/// gives up, with all their errors, when they fail too often. The handle to a
/// CAF actor, with the semantics of OTP's supervisor.
///
///     auto ingest = axiom::supervisor::spawn(sys, {
///       .name = "ingest",
///       .strategy = axiom::supervision_strategy::rest_for_one,
///       .max_restarts = 5, .within = 10s,
///       .backoff = {.initial = 100ms, .max = 5s, .jitter = 0.2},
///       .children = {axiom::actor_child({.name = "tail"}, spawn_tail),
///                    axiom::task_child({.name = "parse"}, parse)}});
///     ...
///     co_await ingest.stop();
///
/// Promises:
/// - A child has one incarnation at most. The next one is made when the former
///   is dead; one that does not even die of a kill (a loop without end, a task
///   that never suspends) is waited for, and shows as `killing`. (When a
///   supervisor below it was killed, those children of that one are not waited
///   for.)
/// - Children are started in order, each when the one before it has been, and
///   stopped in the reverse order, one at a time. (With `one_for_one`, a child
///   that has failed is restarted without regard to the others; with
///   `simple_one_for_one` all are stopped at once.)
/// - A child's failure restarts what the strategy says, or is escalated, and is
///   counted in the figures. Those of the last `within` can be looked at.
/// - More than `max_restarts` restarts within `within`, or a child that does
///   not start when the supervisor does: all children are stopped, and the
///   supervisor ends with a `concurrent_errors` of every error of its children
///   within that time (of those, `error_history` at most; but none is lost for
///   the time that the others take to stop), each under the child's name and the
///   number of its start (`parse #3`), the last being the supervisor's own. So a
///   supervisor above it has a failed child. (As an exit reason, for other
///   actors, it is the `caf::error` of that.)
/// - An answer is given to each request, at the latest when it ends.
///
/// When it is killed, so are its children. It ends with that reason then, as it
/// does with that of an exit message; the errors there were are still those of
/// `errors`, and a supervisor above it has them as suppressed ones.
///
/// The operations below are tasks: await them, or use `get` or `then`. They are
/// tasks of the supervisor's coordinator. They throw `errc::scope_closed` once
/// it has ended; the errors they fail with are those of supervisor_actor.
///
/// Handles are cheap to copy and thread-safe. With the last one the supervisor
/// stops its children and ends; the actor keeps its system from ending. A
/// child that holds a handle keeps its own supervisor from that: it had better
/// hold the actor.
class supervisor {
public:
  /// Starts a supervisor in `sys`, which must have been made from an
  /// `axiom::config`, and returns; see `ready`. Throws `errc::invalid_argument`
  /// with all of `problems_of(options)`, and `errc::not_installed`.
  static supervisor spawn(caf::actor_system& sys, supervisor_options options);

  std::string_view name() const noexcept;

  /// The actor, for whoever talks to it by message. Not counted as a handle.
  const supervisor_actor& actor() const noexcept;

  // -- children ---------------------------------------------------------------

  /// Until all children have started that it began with.
  task<child_counts> ready() const;

  /// Adds a child after the others and starts it.
  task<child_info> start_child(child_spec spec) const;

  /// Starts a child of a `simple_one_for_one` supervisor, with arguments for
  /// `child_start::arguments`.
  task<child_info> start_child(caf::message arguments = {}) const;

  /// Stops a child, which stays.
  task<child_info> terminate_child(std::string_view child_name) const;

  /// Stops a child and forgets it.
  task<child_info> remove_child(std::string_view child_name) const;

  /// Starts a child that is stopped.
  task<child_info> restart_child(std::string_view child_name) const;

  /// All children, in the order of their start.
  task<std::vector<child_info>> which_children() const;

  task<child_counts> count_children() const;

  // -- its end ----------------------------------------------------------------

  /// Stops all children, the youngest first, and ends.
  task<supervisor_stats> stop() const;

  /// Whether it has ended.
  bool ended() const noexcept;

  /// What it has ended with, if that is a failure: a `concurrent_errors`, or
  /// the reason of an exit message.
  std::optional<failure> outcome() const;

  // -- observing --------------------------------------------------------------

  /// The errors of the last `within` before the latest of them, the oldest
  /// first, `error_history` at most.
  std::vector<task_error> errors() const;

  /// The figures at this moment. Takes no lock.
  supervisor_stats stats() const;

private:
  struct block;

  explicit supervisor(std::shared_ptr<const block> x);

  template <class R, class... Ts>
  task<R> ask(std::string_view what, Ts... xs) const;

  std::shared_ptr<const block> block_;
};

/// The figures of all supervisors in `sys`, for whoever exposes them: one entry
/// for each name below each supervisor that has none above it. The counters of
/// one that is restarted go on, until the one at the top ends or the child is
/// forgotten. The oldest first. Empty if Axiom is not installed there.
std::vector<supervisor_stats> all_supervisor_stats(caf::actor_system& sys);

} // namespace axiom
