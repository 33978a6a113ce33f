#pragma once

#include <atomic>
#include <cstddef>
#include <utility>
#include <vector>

#include "axiom/coordination/failure_mode.hpp"
#include "axiom/error/concurrent_errors.hpp"
#include "axiom/task/detail/cancel_request.hpp"
#include "axiom/task/detail/task_actor.hpp"

namespace axiom::detail {

/// A coroutine in one of a group's queues: to add a child, or for a result.
/// Guarded by the group's lock.
struct group_waiter {
  task_actor* task = nullptr;
  std::uint16_t epoch = 0;
  group_waiter* next = nullptr;
  group_waiter* previous = nullptr;
  bool queued = false;
  bool granted = false;
};

/// First come, first served; leaving is O(1).
class group_queue {
public:
  bool empty() const noexcept {
    return first_ == nullptr;
  }

  void push(group_waiter& x, task_actor& task) noexcept;
  void remove(group_waiter& x) noexcept;

  /// Wakes the first waiter that still wants it. Returns whether there was one.
  bool grant_first() noexcept;

private:
  group_waiter* first_ = nullptr;
  group_waiter* last_ = nullptr;
};

/// The error of a child that has no value because it was cancelled.
task_error cancelled_child(const cancel_cause_ptr& cause);

/// The part of a group that does not know its children's type: how many may
/// run, who waits, what failed first, what a join tolerates.
///
/// Invariants, all under `lock_`:
/// 1. `running_` <= `limit_`. A place that becomes free goes to the first adder
///    in the queue that is not cancelled, without `running_` going down.
/// 2. Only a group that throws on the first failure notes failures here.
/// 3. Nobody waits for a result while `running_` is 0, however it got there: by
///    a child's end, or by a place given back unused.
/// 4. While the group drains, every child of its task is cancelled. One that is
///    launched meanwhile (its adder had a place already) is either among the
///    children that `drain` finds, or its adder sees that the group drains.
class group_core {
public:
  group_core(failure_mode mode, std::size_t limit) noexcept
    : mode_(mode), limit_(limit) {
    // nop
  }

  failure_mode mode() const noexcept {
    return mode_;
  }

  std::size_t running() const noexcept;

  /// Leaves the queue; a place granted meanwhile goes to the next.
  void abandon(group_waiter& adder) noexcept;

  /// Notes a failure. Returns true if it was the first.
  bool note_failure(task_error error);

  /// The failures noted: the first one, with the others as suppressed. Empty if
  /// none was.
  std::vector<task_error> take_noted();

  // -- for joins; the body's own, and then for the end -----------------------

  /// Cancels all children of `owner`, the group's task: those that are there,
  /// and those that still come until `end_drain`.
  /// @pre `how` lives until then
  void drain(task_actor& owner, const cancel_options& how);

  /// For whoever has just launched a child.
  void cancel_if_draining(task_actor& owner) {
    // Acquire, for what it points to. Whether it is seen in time is decided by
    // the lock of the owner's list of children, which launching and `drain`
    // both take: see invariant 4.
    if (auto* how = draining_.load(std::memory_order_acquire))
      cancel_children(owner, *how);
  }

  /// @pre no child is left
  void end_drain() noexcept {
    // Relaxed: nobody else is there to look.
    draining_.store(nullptr, std::memory_order_relaxed);
  }

  /// The errors that joins have taken, in order of completion: the outcome they
  /// wait for, or had, needs none of them.
  std::vector<task_error>& tolerated() noexcept {
    return tolerated_;
  }

protected:
  /// Takes a place and returns true, or queues `adder`.
  /// @pre the lock is held
  bool enter_locked(group_waiter& adder, task_actor& task) noexcept;

  /// @pre the lock is held
  void leave_locked() noexcept;

  mutable runtime::small_mutex lock_;
  std::size_t running_ = 0;
  group_queue result_waiters_;

private:
  const failure_mode mode_;
  const std::size_t limit_;
  group_queue adders_;
  std::vector<task_error> noted_;
  std::atomic<const cancel_options*> draining_{nullptr};
  std::vector<task_error> tolerated_;
};

/// Drains a group while it lives. A body that is cancelled meanwhile leaves this
/// scope too when no child is left.
class drain_scope {
public:
  drain_scope(group_core& group, task_actor& owner, cancel_options how)
    : group_(group), how_(std::move(how)) {
    group_.drain(owner, how_);
  }

  drain_scope(const drain_scope&) = delete;
  drain_scope& operator=(const drain_scope&) = delete;

  ~drain_scope() {
    group_.end_drain();
  }

private:
  group_core& group_;
  const cancel_options how_;
};

} // namespace axiom::detail
