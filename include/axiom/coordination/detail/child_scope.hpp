#pragma once

#include <type_traits>
#include <utility>

#include "axiom/task/detail/join.hpp"

namespace axiom::detail {

/// Awaits a scope that begins with the wait: a child, made by
/// `Derived::start(task)`, of the task that waits. Nobody else has a handle to
/// it, so that its value is moved out. A cancelled task does not enter.
/// @tparam R the type of the scope's result; the child is a `typed_task<R>`
template <class Derived, class R>
class child_scope : public join_awaiter {
public:
  template <class Promise>
  bool await_suspend(std::coroutine_handle<Promise> caller) {
    auto& task = *caller.promise().task;
    if (task.state().doomed()) {
      task.next(task_actor::step::suspend);
      return true;
    }
    return await_made(task, static_cast<Derived*>(this)->start(task));
  }

  R await_resume() {
    auto& end = static_cast<typed_task<R>&>(target());
    end.mark_observed();
    end.throw_unless_value();
    if constexpr (!std::is_void_v<R>)
      return std::move(end.value());
  }
};

} // namespace axiom::detail
