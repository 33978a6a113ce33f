#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

#include <caf/typed_actor.hpp>

#include "axiom/coordination/cancellation_handle.hpp"
#include "axiom/coordination/detail/shutdown_operation.hpp"
#include "axiom/coordination/message_types.hpp"
#include "axiom/coordination/phased_shutdown.hpp"
#include "axiom/coordination/snapshot.hpp"
#include "axiom/task/context_ops.hpp"
#include "axiom/task/lifecycle.hpp"
#include "axiom/task/task.hpp"

namespace axiom {

/// How a coordinator is made.
struct coordinator_options {
  /// At most 64 bytes.
  std::string name = "coordinator";

  /// How long its tasks may run on after the last handle is gone; none: what
  /// the system's configuration says.
  std::optional<runtime::duration> shutdown_grace{};

  /// How many errors that nobody looked at are kept; all are counted.
  std::size_t error_history = 100;

  /// The phases of a phased shutdown.
  std::vector<phase> shutdown_phases = default_shutdown_phases();
};

/// What a coordinator does by message, from this node or another.
///
/// - `cancel, reference, reason, grace` cancels a tree and answers with the
///   report when all of it has ended or the grace is over. Answers with
///   `errc::no_such_task` if no such task is alive.
/// - `snapshot` answers with the live tree.
/// - `stats` answers with figures and the last unobserved errors.
/// - `shutdown, grace` closes admission and cancels everything with reason
///   `shutdown`; answers with the report. The actor ends when the tree has.
/// - `shutdown_phases` runs the phased shutdown and answers with its report when
///   that is over; with the same report however often and whenever it is asked.
///
/// An exit message to it cancels the tree with reason `linked_exit` and closes
/// admission; `kill` does so with no grace.
using coordinator_actor = caf::typed_actor<
  caf::replies_to<cancel_atom, task_reference, cancel_reason,
                  caf::timespan>::with<cancellation_report>,
  caf::replies_to<snapshot_atom>::with<tree_snapshot>,
  caf::replies_to<stats_atom>::with<coordinator_stats>,
  caf::replies_to<shutdown_atom, caf::timespan>::with<cancellation_report>,
  caf::replies_to<shutdown_phases_atom>::with<shutdown_phases_report>,
  caf::reacts_to<ended_atom>>;

namespace detail {
class coordinator_state;
} // namespace detail

/// The root of trees of tasks, and the handle to its actor.
///
/// Handles are cheap to copy and thread-safe. Creating a task takes no message.
/// When the last handle is gone, no more root tasks are admitted; the tasks
/// run on, for at most `shutdown_grace`, and the actor (which keeps the actor
/// system from ending) ends with the last of them.
class structured_task_coordinator {
public:
  /// Starts a coordinator in `sys`, which must have been made from an
  /// `axiom::config` (throws `errc::not_installed` otherwise). Throws
  /// `errc::name_too_long`, and `errc::invalid_argument` with all of
  /// `problems_of(options.shutdown_phases)`.
  static structured_task_coordinator spawn(caf::actor_system& sys,
                                           coordinator_options options = {});

  /// The actor, for whoever talks to it by message. Not counted as a handle.
  coordinator_actor actor() const;

  std::string_view name() const noexcept;

  // -- tasks ------------------------------------------------------------------

  /// Starts `op` as a task: a child of the task running on this thread if that
  /// belongs to this coordinator, else a root task.
  ///
  /// `op` takes `(task_context&)` or nothing and is one of
  /// - a callable: it runs on a worker; what it returns is the task's value, an
  ///   `expected` or `caf::expected` without value its failure;
  /// - a callable that returns `async<T>`: a coroutine;
  /// - `axiom::blocking(callable)`: it runs on a thread of its own.
  ///
  /// Under a cancelled parent the task exists, but ends as cancelled without
  /// running. Throws `errc::scope_closed` if the coordinator or the parent
  /// admits no more, `errc::name_too_long`, `errc::invalid_argument`.
  /// O(1); well under a microsecond.
  template <class F>
  auto create_child_task(const task_options& options, F&& op) const {
    return detail::start_child(detail::parent_here(root()), options,
                               std::forward<F>(op));
  }

  template <class F>
  auto create_child_task(std::string_view task_name, F&& op) const {
    return create_child_task(task_options{.name = task_name},
                             std::forward<F>(op));
  }

  template <class F>
  auto create_child_task(std::string_view task_name, task_priority priority,
                         F&& op) const {
    return create_child_task(
      task_options{.name = task_name, .priority = priority},
      std::forward<F>(op));
  }

  // -- cancelling -------------------------------------------------------------

  /// Cancels the task and all below it. Returns when every one is signalled;
  /// the handle gives the report. `grace`: how long they have to end; at most
  /// what the task was created with or inherited, if it was; 2 s if nobody says.
  /// What outlives it is listed as overdue and, where possible, killed. Cancelling again changes neither
  /// reason nor cause. Throws `errc::no_such_task`.
  /// O(1) a task; finding one by a reference from another node is O(tasks).
  cancellation cancel_task_tree(const task_reference& target,
                                cancel_reason reason = cancel_reason::user,
                                std::optional<runtime::duration> grace
                                = std::nullopt) const;

  /// Closes admission and cancels everything with reason `shutdown`.
  cancellation shutdown(
    std::optional<runtime::duration> grace = std::nullopt) const;

  // -- phased shutdown --------------------------------------------------------

  /// Adds an operation (a callable as for a task) to a phase of the shutdown:
  /// all of a phase run at once, as tasks below that of the phase, and the
  /// phase is over when all have ended. What it returns is not looked at; its
  /// error is in the report. `phase` is one of
  /// `coordinator_options::shutdown_phases`, `task_name` has at most 64 bytes.
  /// Without a run it is never called, and destroyed after the last handle. (So
  /// one that holds a handle itself keeps the coordinator open until there is a
  /// run.)
  ///
  /// Throws `errc::invalid_argument` if there is no such phase,
  /// `errc::name_too_long`, and `errc::scope_closed` if the phase has begun or
  /// never will. O(phases).
  template <class F>
  void add_shutdown_task(std::string_view phase, std::string_view task_name,
                         F&& op) const {
    using operation = detail::typed_shutdown_operation<std::decay_t<F>>;
    add_to_phase(phase, task_name,
                 std::make_unique<operation>(task_name, std::forward<F>(op)));
  }

  /// Runs the phases, each when those before it have ended, and returns at
  /// once: the handle gives the report. It happens once; a later call gives the
  /// same report.
  ///
  /// The run is a root task of the coordinator, `shutdown`, which the phases
  /// `drain` and `cancel` spare. A phase that is not over within its budget is
  /// reported with what holds it, its own tasks are cancelled with reason
  /// `deadline`, and the run goes on or, where the phase says so, starts no
  /// other. Failures of operations are reported and stop nothing. At its end
  /// the coordinator is closed, unless the run was aborted.
  ///
  /// It goes on when the last handle is dropped. Whatever else cancels the tree
  /// (`shutdown`, an exit of the actor, the end of the shutdown grace) ends the
  /// run, too, and the report says so at once: `interrupted_by`. So does a
  /// coordinator that admits no tasks any more.
  ///
  /// Throws `errc::scope_closed` inside an on_cancel handler.
  phased_shutdown run_shutdown() const;

  // -- observing --------------------------------------------------------------

  /// The live tree, without a message.
  tree_snapshot snapshot() const;

  /// Figures, and the last errors that nobody looked at.
  coordinator_stats stats() const;

  /// Adds a sink for the lifecycle events of all tasks.
  void subscribe(std::shared_ptr<lifecycle_sink> sink) const;

  void unsubscribe(const std::shared_ptr<lifecycle_sink>& sink) const;

  /// For the framework: the node above its root tasks.
  detail::task_actor& root() const noexcept;

private:
  struct block;

  explicit structured_task_coordinator(std::shared_ptr<const block> impl);

  void add_to_phase(std::string_view phase, std::string_view task_name,
                    detail::shutdown_operation_ptr operation) const;

  std::shared_ptr<const block> block_;
};

} // namespace axiom
