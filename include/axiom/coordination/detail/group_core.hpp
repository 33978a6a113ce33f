#pragma once

#include <atomic>
#include <cstddef>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "axiom/coordination/failure_mode.hpp"
#include "axiom/error/concurrent_errors.hpp"
#include "axiom/task/detail/cancel_request.hpp"
#include "axiom/task/detail/task_actor.hpp"

namespace axiom {

class permit_source;

namespace detail {

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

  /// Wakes the first waiter that still wants it, and returns it; null if there
  /// was none. It does not go before the lock is free.
  group_waiter* grant_first() noexcept;

  /// Wakes all waiters, with nothing granted.
  void dismiss_all() noexcept;

private:
  group_waiter* first_ = nullptr;
  group_waiter* last_ = nullptr;
};

/// How much there may be in a group at once.
struct group_limits {
  std::size_t running; ///< children
  std::size_t unread; ///< results that nobody has taken, and children
  const permit_source* limiter = nullptr; ///< whose permits children need
};

/// Throws `errc::invalid_argument` for limits that let nothing run.
void require_positive(const group_limits& limits, std::string_view group);

/// The part of a group that does not know its children's type: how many may
/// run, who waits, what failed first, what a join tolerates.
///
/// Invariants, all under `lock_`:
/// 1. `running_` <= `limits_.running`; and `running_ + unread_` <=
///    `limits_.unread`, as long as that bound holds (see `lift_bound`) and but
///    for failures that were put back. Nobody waits for a place while there is
///    one; free ones go to the adders in the order in which they came.
/// 2. Only a group that throws on the first failure notes failures here.
/// 3. Nobody waits for a result once it is over: no child runs, and none will.
/// 4. While the group drains, every child of its task is cancelled. One that is
///    launched meanwhile (its adder had a place already) is either among the
///    children that `drain` finds, or its adder sees that the group drains.
///
/// Whether another child will come, a group learns in two ways. The body that
/// waits, for a result or for a place, is woken when no child of its task is
/// left, whether made by `add_task` or not (`task_actor::step::join`): nobody
/// remains who could add or take anything. Any other task in the group learns
/// it when the group is closed, or its body has ended.
class group_core {
public:
  group_core(task_actor& owner, failure_mode mode,
             const group_limits& limits) noexcept
    : owner_(owner), mode_(mode), limits_(limits) {
    // nop
  }

  /// The group's own task.
  task_actor& owner() const noexcept {
    return owner_;
  }

  failure_mode mode() const noexcept {
    return mode_;
  }

  /// The limiter whose permits its children need; null if there is none.
  const permit_source* limiter() const noexcept {
    return limits_.limiter;
  }

  std::size_t running() const noexcept;

  std::size_t unread() const noexcept;

  // -- places -----------------------------------------------------------------

  /// How a task waits in one of the queues.
  task_actor::step how_to_wait(const task_actor& task) const noexcept {
    return &task == &owner_ ? task_actor::step::join
                            : task_actor::step::suspend;
  }

  /// Leaves the queue; a place granted meanwhile goes to the next.
  void abandon(group_waiter& adder) noexcept;

  /// Why somebody who waited for a place has none.
  [[noreturn]] void throw_no_place() const;

  // -- the end of adding ------------------------------------------------------

  /// Nothing is added from now on; adders that wait are sent away.
  void close() noexcept;

  /// The body has ended with a value. A bounded group is closed by it, since
  /// adders could wait for ever for somebody who takes results.
  void body_returned() noexcept;

  /// Somebody waits for all results: until `restore_bound` any number may be
  /// unread.
  void lift_bound() noexcept;
  void restore_bound() noexcept;

  // -- failures ---------------------------------------------------------------

  /// A child has failed: if that ends the group, all of it is cancelled.
  void child_failed(const task_actor& child, const task_error& error);

  /// The failures noted: the first one, with the others as suppressed. Empty if
  /// none was.
  std::vector<task_error> take_noted();

  // -- for joins; the body's own, and then for the end -----------------------

  /// How many outcomes there are or will be, as far as one can know: of
  /// children that run, and of those that ended and nobody took.
  std::size_t outstanding() const noexcept;

  /// Cancels all children of the group's task: those that are there, and those
  /// that still come until `end_drain`.
  /// @pre `how` lives until then
  void drain(const cancel_options& how);

  /// For whoever has just launched a child.
  void cancel_if_draining() {
    // Acquire, for what it points to. Whether it is seen in time is decided by
    // the lock of the owner's list of children, which launching and `drain`
    // both take: see invariant 4.
    if (auto* how = draining_.load(std::memory_order_acquire))
      cancel_children(owner_, *how);
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
  enum class entry {
    granted, ///< the adder has a place
    queued, ///< it waits for one
  };

  /// Throws `errc::scope_closed` if the group is closed.
  /// @pre the lock is held
  entry enter_locked(group_waiter& adder, task_actor& task);

  /// A place is free, and nothing came of it that somebody could take.
  /// @pre the lock is held
  void leave_locked() noexcept;

  /// There may be room for adders.
  /// @pre the lock is held
  void admit_locked() noexcept;

  bool over_locked() const noexcept {
    return running_ == 0 && (closed_ || body_returned_);
  }

  mutable runtime::small_mutex lock_;
  std::size_t unread_ = 0;
  group_queue result_waiters_;

private:
  bool has_room_locked() const noexcept;

  [[noreturn]] void throw_closed() const;

  /// Sends those away who wait for a result, if none will come.
  void dismiss_if_over_locked() noexcept;

  bool note_failure(task_error error);

  task_actor& owner_;
  const failure_mode mode_;
  const group_limits limits_;
  std::size_t running_ = 0;
  std::size_t unbounded_ = 0; ///< how many have lifted the bound
  bool closed_ = false;
  bool body_returned_ = false;
  group_queue adders_;
  std::vector<task_error> noted_;
  std::atomic<const cancel_options*> draining_{nullptr};
  std::vector<task_error> tolerated_;
};

/// Drains a group while it lives. A body that is cancelled meanwhile leaves
/// this scope too when no child is left.
class drain_scope {
public:
  drain_scope(group_core& group, cancel_options how)
    : group_(group), how_(std::move(how)) {
    group_.drain(how_);
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

/// Lifts the bound of unread results while it lives.
class unbounded_scope {
public:
  explicit unbounded_scope(group_core& group) noexcept : group_(group) {
    group_.lift_bound();
  }

  unbounded_scope(const unbounded_scope&) = delete;
  unbounded_scope& operator=(const unbounded_scope&) = delete;

  ~unbounded_scope() {
    group_.restore_bound();
  }

private:
  group_core& group_;
};

} // namespace detail

} // namespace axiom
