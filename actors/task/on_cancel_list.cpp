#include "axiom/task/detail/on_cancel_list.hpp"

#include <mutex>

#include "axiom/task/detail/extras.hpp"

namespace axiom::detail {

cancel_handler::cancel_handler(task_actor& task, std::function<void()> fun)
  : task_(strong(task)), fun_(std::move(fun)) {
  auto& extras = task.extras();
  {
    std::lock_guard guard{task.lock()};
    next_ = extras.handlers;
    previous_ = &extras.handlers;
    if (next_ != nullptr)
      next_->previous_ = &next_;
    extras.handlers = this;
  }
  if (task.state().note_handlers())
    return;
  // The walk came before us and saw no handler: ours is due now.
  {
    std::lock_guard guard{task.lock()};
    if (previous_ == nullptr)
      return; // the walk's caller has taken it after all
    *previous_ = next_;
    if (next_ != nullptr)
      next_->previous_ = previous_;
    previous_ = nullptr;
    stage_.store(stage::running);
    runner_.store(std::this_thread::get_id());
  }
  run();
}

cancel_handler::~cancel_handler() {
  {
    std::lock_guard guard{as_task(task_)->lock()};
    if (previous_ != nullptr) { // not taken: it never runs
      *previous_ = next_;
      if (next_ != nullptr)
        next_->previous_ = previous_;
      return;
    }
  }
  if (runner_.load() == std::this_thread::get_id()) {
    // Destroyed by itself, from inside: run() must not touch us any more.
    if (destroyed_ != nullptr)
      destroyed_->store(true);
    return;
  }
  for (auto s = stage_.load(); s != stage::done; s = stage_.load())
    stage_.wait(s);
  // run() notifies under the lock: after this it no longer touches us.
  std::lock_guard guard{as_task(task_)->lock()};
}

void cancel_handler::run() noexcept {
  std::atomic<bool> destroyed{false};
  destroyed_ = &destroyed;
  auto keep_alive = task_; // the registration may be gone afterwards
  {
    handler_scope scope;
    // Moved, since the handler may destroy its own registration.
    auto fun = std::move(fun_);
    fun();
  }
  if (destroyed)
    return;
  destroyed_ = nullptr;
  std::lock_guard guard{as_task(keep_alive)->lock()};
  runner_.store({});
  stage_.store(stage::done);
  stage_.notify_all();
}

void run_cancel_handlers(task_actor* list) noexcept {
  while (list != nullptr) {
    auto& task = *list;
    auto& extras = *task.extras_if();
    task_ptr keep_alive;
    {
      std::lock_guard guard{task.lock()};
      list = std::exchange(extras.next_to_call, nullptr);
      keep_alive = std::exchange(extras.to_call, nullptr);
    }
    for (;;) {
      cancel_handler* handler;
      {
        std::lock_guard guard{task.lock()};
        handler = extras.handlers;
        if (handler == nullptr)
          break;
        extras.handlers = handler->next_;
        if (handler->next_ != nullptr)
          handler->next_->previous_ = &extras.handlers;
        handler->previous_ = nullptr;
        handler->stage_.store(cancel_handler::stage::running);
        handler->runner_.store(std::this_thread::get_id());
      }
      handler->run();
    }
    if (task.state().killed())
      task.killed();
  }
}

void forget_cancel_handlers(task_actor& task) noexcept {
  auto* extras = task.extras_if();
  if (extras == nullptr)
    return;
  std::lock_guard guard{task.lock()};
  while (auto* handler = extras->handlers) {
    extras->handlers = handler->next_;
    if (handler->next_ != nullptr)
      handler->next_->previous_ = &extras->handlers;
    handler->previous_ = nullptr; // as if it had run: nobody waits for it
    handler->stage_.store(cancel_handler::stage::done);
  }
}

} // namespace axiom::detail
