#pragma once

#include "axiom/task/detail/awaiter.hpp"

namespace axiom::detail {

/// Awaits a point in time.
class sleep_awaiter final : public awaiter<sleep_awaiter>,
                            private runtime::timer_entry {
public:
  sleep_awaiter(runtime::timer_service& timers, runtime::time_point due)
    : timers_(timers), due_(due) {
    // nop
  }

  ~sleep_awaiter() {
    if (task_ != nullptr)
      timers_.cancel(*this);
  }

  bool arm(task_actor& task) {
    if (due_ <= timers_.now()) {
      task.next(task_actor::step::yield); // no loop of these starves others
      return true;
    }
    task_ = &task;
    epoch_ = task.state().epoch();
    task.next(task_actor::step::suspend);
    timers_.arm(*this, due_);
    return true;
  }

  void await_resume() const noexcept {
    // nop
  }

private:
  void fire() noexcept override {
    task_->wake(epoch_);
  }

  runtime::timer_service& timers_;
  const runtime::time_point due_;
  task_actor* task_ = nullptr;
  std::uint16_t epoch_ = 0;
};

/// A point in time to be awaited; a value, made by task_context.
struct sleep : awaitable_tag {
  sleep(runtime::timer_service& service, runtime::time_point when) noexcept
    : timers(&service), due(when) {
    // nop
  }

  friend sleep_awaiter as_awaiter(const sleep& x) {
    return {*x.timers, x.due};
  }

  runtime::timer_service* timers;
  runtime::time_point due;
};

/// Lets others run.
class yield_awaiter final : public awaiter<yield_awaiter> {
public:
  bool arm(task_actor& task) noexcept {
    task.next(task_actor::step::yield);
    return true;
  }

  void await_resume() const noexcept {
    // nop
  }
};

struct yielding : awaitable_tag {
  friend yield_awaiter as_awaiter(const yielding&) noexcept {
    return {};
  }
};

/// Awaits the end of all children of the task that waits.
class children_awaiter final : public awaiter<children_awaiter> {
public:
  bool arm(task_actor& task) noexcept {
    task.next(task_actor::step::join);
    return true;
  }

  void await_resume() const noexcept {
    // nop
  }
};

struct children_end : awaitable_tag {
  friend children_awaiter as_awaiter(const children_end&) noexcept {
    return {};
  }
};

} // namespace axiom::detail
