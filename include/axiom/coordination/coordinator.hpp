#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include <caf/typed_actor.hpp>

#include "axiom/coordination/cancellation_handle.hpp"
#include "axiom/coordination/message_types.hpp"
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
///
/// An exit message to it cancels the tree with reason `linked_exit` and closes
/// admission; `kill` does so with no grace.
using coordinator_actor = caf::typed_actor<
  caf::replies_to<cancel_atom, task_reference, cancel_reason,
                  caf::timespan>::with<cancellation_report>,
  caf::replies_to<snapshot_atom>::with<tree_snapshot>,
  caf::replies_to<stats_atom>::with<coordinator_stats>,
  caf::replies_to<shutdown_atom, caf::timespan>::with<cancellation_report>,
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
  /// `axiom::config` (throws `errc::not_installed` otherwise).
  static structured_task_coordinator spawn(caf::actor_system& sys,
                                           coordinator_options options = {});

  /// The actor, for whoever talks to it by message. Not counted as a handle.
  coordinator_actor actor() const;

  std::string_view name() const noexcept;

  // -- tasks -----------------------------------------------------------------------

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

  // -- cancelling --------------------------------------------------------------------

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
  cancellation shutdown(std::optional<runtime::duration> grace
                        = std::nullopt) const;

  // -- observing ---------------------------------------------------------------------

  /// The live tree, without a message.
  tree_snapshot snapshot() const;

  /// Figures, and the last errors that nobody looked at.
  coordinator_stats stats() const;

  /// Adds a sink for the lifecycle events of all tasks.
  void subscribe(std::shared_ptr<lifecycle_sink> sink) const;

  void unsubscribe(const std::shared_ptr<lifecycle_sink>& sink) const;

private:
  struct block;

  explicit structured_task_coordinator(std::shared_ptr<const block> impl);

  detail::task_actor& root() const noexcept;

  std::shared_ptr<const block> block_;
};

} // namespace axiom
