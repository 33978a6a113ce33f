#pragma once

#include <utility>

#include "axiom/task/detail/task_actor.hpp"

namespace axiom::detail {

/// Wakes tasks while a lock is held, and hands them to the scheduler when it is
/// not any more: that may wake a thread, which takes longer than all that the
/// lock is for. Declare it before the guard.
///
/// Keeps the order. For one thread.
class woken_tasks {
public:
  woken_tasks() = default;
  woken_tasks(const woken_tasks&) = delete;
  woken_tasks& operator=(const woken_tasks&) = delete;

  ~woken_tasks() {
    while (first_ != nullptr) {
      auto* task = std::exchange(first_, first_->next_work_);
      task->next_work_ = nullptr;
      task->state().queue();
      task->enqueue_self(current_unit(), runtime::placement::next);
    }
  }

  /// See task_actor::wake.
  bool wake(task_actor& task, std::uint16_t epoch) noexcept {
    switch (task.state().wake(epoch, task_state::queueing::later)) {
      case task_state::wake_result::submit:
        task.prepare_submission();
        (last_ != nullptr ? last_->next_work_ : first_) = &task;
        last_ = &task;
        return true;
      case task_state::wake_result::noted:
        return true;
      default:
        return false;
    }
  }

private:
  task_actor* first_ = nullptr;
  task_actor* last_ = nullptr;
};

} // namespace axiom::detail
