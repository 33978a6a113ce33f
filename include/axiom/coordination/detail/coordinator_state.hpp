#pragma once

#include <atomic>
#include <cstddef>
#include <deque>
#include <limits>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "axiom/coordination/coordinator.hpp"
#include "axiom/runtime/resident.hpp"
#include "axiom/task/detail/task_domain.hpp"

namespace axiom::detail {

/// A coordinator behind its handles and its actor.
///
/// The tree's tasks hold it, the handles and the actor hold the tree; it holds
/// the actor only until the tree has ended, and the tree not at all. It is a
/// resident of its system from the beginning of the tree to its end.
///
/// Thread-safe, for whoever holds the tree.
class coordinator_state final : public task_domain, public runtime::resident {
public:
  coordinator_state(caf::actor_system& sys, coordinator_options options);

  /// Makes the node above the root tasks, and the coordinator a resident. Once,
  /// before anything else.
  task_ptr grow_tree();

  const std::string& name() const noexcept {
    return options_.name;
  }

  task_actor& root() const noexcept {
    return *root_;
  }

  // -- the actor --------------------------------------------------------------

  void actor(coordinator_actor value);

  /// The actor ends before the tree.
  void forget_actor() noexcept;

  /// None before there is an actor, and after its end.
  std::optional<caf::actor_id> actor_id() const;

  // -- ending -----------------------------------------------------------------

  /// Whether root tasks are admitted: there is a handle, and no shutdown.
  bool open() const noexcept {
    return !closed_.load(std::memory_order_relaxed);
  }

  /// Closes admission; once. The tree ends with its last task, and is cancelled
  /// when the shutdown grace is over, which begins after `before_grace`.
  void close(runtime::duration before_grace = {});

  cancel_request_ptr shutdown(std::optional<runtime::duration> grace);

  /// Cancels the tree of a task; throws `errc::no_such_task`.
  cancel_request_ptr cancel(const task_reference& target, cancel_reason reason,
                            std::optional<runtime::duration> grace,
                            std::string origin);

  // -- observing --------------------------------------------------------------

  /// The first `most` live tasks, parents before their children.
  tree_snapshot snapshot(
    std::size_t most = std::numeric_limits<std::size_t>::max()) const;

  coordinator_stats stats() const;

  // -- task_domain ------------------------------------------------------------

  void unobserved_failure(const task_reference& task,
                          const failure& why) noexcept override;
  void tree_ended() noexcept override;

private:
  const coordinator_options options_;
  const runtime::duration shutdown_grace_;
  task_actor* root_ = nullptr;
  std::atomic<bool> closed_{false};
  mutable std::mutex mutex_; ///< guards what follows
  coordinator_actor actor_;
  std::uint64_t unobserved_ = 0;
  std::deque<unobserved_error> errors_;
};

/// A coordinator whose tree has not ended, and what keeps both alive.
struct live_coordinator {
  boost::intrusive_ptr<const coordinator_state> state;
  task_ptr root;
};

/// Those of one system, the oldest first.
std::vector<live_coordinator> live_coordinators(runtime::host& where);

} // namespace axiom::detail
