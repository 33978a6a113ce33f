#include "axiom/coordination/permit_source.hpp"
#include "axiom/coordination/waiting/thread_wait.hpp"

namespace axiom::detail {

permit acquire_blocking(limiter_state& limiter, permit_count weight,
                        std::optional<task_priority> priority,
                        const std::string& key,
                        std::optional<runtime::duration> timeout) {
  limiter.check_weight(weight);
  auto* task = current_task();
  if (auto* slot = limiter.try_take(weight, task))
    return permit{*slot};
  auto own = task != nullptr ? static_cast<task_priority>(task->level())
                             : task_priority::medium;
  thread_wait<limiter_state> x{limiter, weight, priority.value_or(own)};
  x.wait(task, timeout,
         [&](auto& waiter) { return limiter.request(waiter, key); });
  return permit{limiter.record(x, task)};
}

} // namespace axiom::detail
