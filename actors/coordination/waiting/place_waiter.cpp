#include "axiom/coordination/waiting/place_waiter.hpp"

#include <algorithm>

#include "axiom/task/detail/task_actor.hpp"

namespace axiom::detail {

bool place_waiter::settled(woken_tasks&) noexcept {
  return true; // whoever owns it will look
}

task_actor* place_waiter::waiting_task() const noexcept {
  return nullptr;
}

task_priority place_waiter::wanted_priority() const noexcept {
  auto* task = waiting_task();
  if (task == nullptr || !task->raised())
    return base_priority_;
  return std::max(base_priority_, static_cast<task_priority>(task->level()));
}

} // namespace axiom::detail
