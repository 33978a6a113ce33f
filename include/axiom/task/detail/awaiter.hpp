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
/// cancellation unwinds the frame, and after it nothing may touch the object.
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
    if (task.state().cancelled() && !static_cast<Derived*>(this)->shielded()) {
      task.next(task_actor::step::suspend); // every wait ends in cancellation
      return true;
    }
    return static_cast<Derived*>(this)->arm(task);
  }

  /// Whether the wait goes on under a cancellation of the waiting task.
  bool shielded() const noexcept {
    return false;
  }
};

} // namespace axiom::detail
