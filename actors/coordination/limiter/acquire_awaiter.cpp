#include "axiom/coordination/limiter/acquire_awaiter.hpp"

namespace axiom::detail {

bool acquire_awaiter::wait(task_actor& task) {
  auto& x = wait_.emplace(what_.limiter, task, what_.weight,
                          what_.priority.value_or(task.priority()));
  return !x.begin(what_.timeout, [this](auto& waiter) {
    return what_.limiter.request(waiter, what_.key);
  });
}

permit acquire_awaiter::accept() {
  wait_->accept();
  return permit{what_.limiter.record(*wait_, wait_->waiting_task())};
}

} // namespace axiom::detail
