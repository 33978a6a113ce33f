#include "axiom/resource/monitor/lease_awaiter.hpp"

namespace axiom::detail {

bool lease_awaiter::wait(task_actor& task) {
  auto& x = wait_.emplace(what_.monitor, task, what_.amounts,
                          what_.priority.value_or(task.priority()));
  return !x.begin(what_.timeout, [this](auto& waiter) {
    return what_.monitor.request(waiter);
  });
}

resource_lease lease_awaiter::accept() {
  wait_->accept();
  return resource_lease{what_.monitor.record(*wait_, wait_->waiting_task())};
}

} // namespace axiom::detail
