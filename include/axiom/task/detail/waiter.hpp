#pragma once

#include "axiom/runtime/job.hpp"

namespace axiom::detail {

class task_actor;

/// Somebody who wants to know when a task has ended. A link of an intrusive
/// list in that task, guarded by the task's list lock, so that arming and
/// leaving are O(1) and allocate nothing.
class waiter {
public:
  waiter() = default;
  waiter(const waiter&) = delete;
  waiter& operator=(const waiter&) = delete;

  /// Called once with the task's lock held and the waiter already out of the
  /// list: wakes a task or a thread, nothing else. Returns whether the outcome
  /// has reached somebody who will look at it.
  virtual bool fire(task_actor& task) noexcept = 0;

  /// How urgent it is to who waits; 0 if that is unknown.
  virtual runtime::job_level urgency() const noexcept {
    return 0;
  }

  /// Called after `fire` without a lock, by those that say so with
  /// `calls_out`; the waiter must still exist then.
  virtual void call_out(task_actor& task) noexcept;

  bool linked() const noexcept {
    return previous_ != nullptr;
  }

protected:
  ~waiter() = default;

  /// Whether `call_out` is wanted.
  bool calls_out_ = false;

private:
  friend class waiter_list;
  waiter* next_ = nullptr;
  waiter** previous_ = nullptr;
};

/// The waiters of one task, in order of arrival reversed. One word.
class waiter_list {
public:
  bool empty() const noexcept {
    return head_ == nullptr;
  }

  void push(waiter& x) noexcept {
    x.next_ = head_;
    x.previous_ = &head_;
    if (head_ != nullptr)
      head_->previous_ = &x.next_;
    head_ = &x;
  }

  static void remove(waiter& x) noexcept {
    *x.previous_ = x.next_;
    if (x.next_ != nullptr)
      x.next_->previous_ = x.previous_;
    x.next_ = nullptr;
    x.previous_ = nullptr;
  }

  template <class F>
  void for_each(F f) const {
    for (auto* x = head_; x != nullptr; x = x->next_)
      f(*x);
  }

  waiter* pop() noexcept {
    auto* result = head_;
    if (result != nullptr)
      remove(*result);
    return result;
  }

  static bool calls_out(const waiter& x) noexcept {
    return x.calls_out_;
  }

  /// Fires all of them because of `task`.
  /// @pre `guard` holds the lock of the list; it is given up to call out
  template <class Lock>
  void fire_all(Lock& guard, task_actor& task) noexcept {
    while (auto* next = pop()) {
      auto call = calls_out(*next); // it may be gone once it has fired
      next->fire(task);
      if (call) {
        guard.unlock();
        next->call_out(task);
        guard.lock();
      }
    }
  }

private:
  waiter* head_ = nullptr;
};

} // namespace axiom::detail
