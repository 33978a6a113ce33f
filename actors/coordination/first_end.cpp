#include "axiom/coordination/detail/first_end.hpp"

#include <algorithm>

namespace axiom::detail {

first_end_awaiter::~first_end_awaiter() {
  if (task_ == nullptr)
    return;
  if (due_)
    task_->host().timers().cancel(*this);
  for (std::size_t i = 0; i < goals_.size(); ++i)
    as_task(goals_[i])->remove_waiter(links_[i]);
}

bool first_end_awaiter::arm(task_actor& task) {
  if (std::any_of(goals_.begin(), goals_.end(), [](const auto& goal) {
        return as_task(goal)->state().terminal();
      }))
    return false;
  task_ = &task;
  epoch_ = task.state().epoch();
  task.next(task_actor::step::suspend);
  if (due_)
    task.host().timers().arm(*this, *due_);
  for (std::size_t i = 0; i < goals_.size(); ++i) {
    links_[i].owner = this;
    // One that ended just now wakes the task too, from a suspension which is
    // about to begin: the others are armed for that already.
    if (!as_task(goals_[i])->add_waiter(links_[i]))
      wake();
  }
  return true;
}

} // namespace axiom::detail
