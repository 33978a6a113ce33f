#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <utility>

#include <caf/fwd.hpp>

#include "axiom/coordination/coordinator.hpp"
#include "axiom/resource/detail/leased_operation.hpp"
#include "axiom/resource/resource_executor_actor.hpp"
#include "axiom/task/context_ops.hpp"

namespace axiom {

/// Runs operations as soon as the resources that they need are there. The
/// handle to a CAF actor.
///
///     auto executor = axiom::resource_aware_executor::spawn(sys, "jobs",
///     host); auto job = executor.execute_with_resources(
///       {axiom::memory(64_MiB), axiom::cpu(1)}, axiom::task_priority::high,
///       [](axiom::task_context& self) { return resize(self); });
///
/// An operation is a task: it is cancelled, awaited and shown as any other. It
/// waits in the monitor's order, in its priority, and holds its lease until it
/// has ended with all its children. However it ends, the lease is back before
/// anybody learns of the end; cancelled while it waits, it leaves the queue at
/// once.
///
/// Handles are cheap to copy and thread-safe. With the last one the executor is
/// closed and its actor ends; operations run on.
class resource_aware_executor {
public:
  /// Starts an executor in `sys`, which must have been made from an
  /// `axiom::config`, for the resources of `monitor`. Throws
  /// `errc::name_too_long` (64 bytes) and `errc::not_installed`.
  static resource_aware_executor spawn(caf::actor_system& sys, std::string name,
                                       resource_monitor monitor);

  std::string_view name() const noexcept;

  /// The actor, for whoever talks to it by message. Not counted as a handle.
  const resource_executor_actor& actor() const noexcept;

  const resource_monitor& monitor() const noexcept;

  /// Starts `op` as a task that first acquires `wanted`: a child of the task
  /// running on this thread, else a root task of the executor's own
  /// coordinator. Returns its handle.
  ///
  /// `op` is as for `structured_task_coordinator::create_child_task`; it may
  /// also take `(task_context&, const resource_lease&)`, to let its children
  /// draw on the lease (`resource_lease::share`).
  ///
  /// Throws `errc::invalid_argument` for a resource that the monitor has not,
  /// `errc::scope_closed` once it is closed, and what `create_child_task`
  /// throws. The task fails with `errc::exceeds_capacity`,
  /// `errc::resource_deadlock` or `errc::scope_closed` (a monitor that is
  /// closed) where it gets no lease.
  template <class F>
  auto execute_with_resources(const resource_requirements& wanted,
                              const task_options& options, F&& op) const {
    check(wanted);
    auto body = detail::holding(
      detail::lease_source{detail::executor_entry{state()}, wanted},
      detail::with_lease(std::forward<F>(op)));
    auto* task = detail::current_task();
    return task != nullptr
           ? task->context().create_child_task(options, std::move(body))
           : coordinator().create_child_task(options, std::move(body));
  }

  template <class F>
  auto execute_with_resources(const resource_requirements& wanted,
                              task_priority priority, F&& op) const {
    return execute_with_resources(
      wanted, task_options{.name = name(), .priority = priority},
      std::forward<F>(op));
  }

  template <class F>
  auto execute_with_resources(const resource_requirements& wanted,
                              F&& op) const {
    return execute_with_resources(wanted, task_options{.name = name()},
                                  std::forward<F>(op));
  }

  /// From now on operations are refused with `errc::scope_closed`. Those it
  /// took run on. Idempotent.
  void close() const noexcept;

  executor_stats stats() const;

private:
  struct block;

  explicit resource_aware_executor(std::shared_ptr<const block> x);

  /// Throws unless it takes an operation that wants this.
  void check(const resource_requirements& wanted) const;

  const detail::executor_ptr& state() const noexcept;
  const structured_task_coordinator& coordinator() const noexcept;

  std::shared_ptr<const block> block_;
};

} // namespace axiom
