#pragma once

#include <coroutine>
#include <type_traits>

#include "axiom/task/detail/task_actor.hpp"

namespace axiom::detail {

/// Base of everything a coroutine may suspend on besides another coroutine.
struct awaitable_tag {};

template <class T>
inline constexpr bool is_axiom_awaitable = std::is_base_of_v<awaitable_tag, T>;

/// The protocol of a wait, once for all of them.
///
/// `Derived::arm(task)` registers with whatever will wake the task, naming
/// `task.state().epoch()`, calls `task.next(...)` and returns true; or it
/// returns false if there is nothing to wait for. A wake-up may come before
/// `arm` has returned: the task is still running then, so it is only noted.
/// `Derived`'s destructor disarms: it runs when the wait is over and when a
/// cancellation unwinds the frame, and after it nothing may touch the object. It
/// also gives back what `arm` or a waker gave it, unless `await_resume` has.
template <class Derived>
class awaiter : public awaitable_tag {
public:
  awaiter() = default;
  awaiter(const awaiter&) = delete;
  awaiter& operator=(const awaiter&) = delete;

  bool await_ready() const noexcept {
    return false;
  }

  template <class Promise>
  bool await_suspend(std::coroutine_handle<Promise> caller) {
    auto& task = *caller.promise().task;
    return ends_here(task) || static_cast<Derived*>(this)->arm(task)
           || ends_here(task);
  }

  /// Whether the wait goes on under a cancellation of the waiting task.
  bool shielded() const noexcept {
    return false;
  }

protected:
  /// Every wait of a task that a walk has reached ends in its cancellation; also
  /// one that has nothing to wait for, since that may be the walk's doing.
  bool ends_here(task_actor& task) const noexcept {
    if (!task.state().doomed()
        || static_cast<const Derived*>(this)->shielded())
      return false;
    task.next(task_actor::step::suspend);
    return true;
  }
};

} // namespace axiom::detail
