#pragma once

#include <atomic>
#include <functional>
#include <thread>

#include "axiom/task/detail/task_actor.hpp"

namespace axiom::detail {

/// One registered on_cancel handler: a link in its task's list, owned by the
/// registration in the user's scope.
///
/// Either/or: when `remove` returns, the handler has finished or never runs.
/// From inside the handler itself `remove` returns at once.
class cancel_handler {
public:
  cancel_handler(task_actor& task, std::function<void()> fun);
  ~cancel_handler();
  cancel_handler(const cancel_handler&) = delete;
  cancel_handler& operator=(const cancel_handler&) = delete;

private:
  friend void run_cancel_handlers(task_actor* list) noexcept;
  friend void forget_cancel_handlers(task_actor& task) noexcept;

  enum class stage : int { registered, running, done };

  void run() noexcept;

  task_ptr task_;
  std::function<void()> fun_;
  cancel_handler* next_ = nullptr;
  cancel_handler** previous_ = nullptr;
  std::atomic<stage> stage_{stage::registered};
  std::atomic<std::thread::id> runner_{};
  std::atomic<bool>* destroyed_ = nullptr; // set while running
};

/// Runs the handlers of every task in a walk's list, and lets go of the tasks.
void run_cancel_handlers(task_actor* list) noexcept;

/// The handlers that are still registered with `task` will never run: what they
/// belonged to is over, though the task is not.
void forget_cancel_handlers(task_actor& task) noexcept;

} // namespace axiom::detail
