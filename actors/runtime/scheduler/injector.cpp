#include "axiom/runtime/scheduler/injector.hpp"

#include <algorithm>
#include <mutex>

namespace axiom::runtime {

void injector::push(std::span<caf::resumable* const> jobs, job_level level) {
  std::lock_guard guard{mutex_};
  auto& queue = queues_[level];
  queue.insert(queue.end(), jobs.begin(), jobs.end());
  levels_.fetch_or(1U << level, std::memory_order_seq_cst);
}

caf::resumable* injector::take(job_level level, std::size_t workers,
                               std::size_t more,
                               std::vector<caf::resumable*>& into) {
  std::lock_guard guard{mutex_};
  auto& queue = queues_[level];
  if (queue.empty())
    return nullptr;
  auto* result = queue.front();
  const auto share = std::min(more, queue.size() / workers);
  const auto end = queue.begin() + 1 + static_cast<std::ptrdiff_t>(
                     std::min(share, queue.size() - 1));
  into.insert(into.end(), queue.begin() + 1, end);
  queue.erase(queue.begin(), end);
  if (queue.empty())
    levels_.fetch_and(~(1U << level), std::memory_order_seq_cst);
  return result;
}

std::size_t injector::size(job_level level) const {
  std::lock_guard guard{mutex_};
  return queues_[level].size();
}

} // namespace axiom::runtime
