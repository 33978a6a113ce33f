#include "axiom/runtime/scheduler/leftover_jobs.hpp"

#include <thread>
#include <utility>

#include <caf/scheduler/abstract_coordinator.hpp>

namespace axiom::runtime {

void leftover_jobs::open() noexcept {
  phase_.store(phase::stopping, std::memory_order_seq_cst);
  while (passing_.load(std::memory_order_seq_cst) != 0)
    std::this_thread::yield();
}

bool leftover_jobs::take(caf::resumable* job) {
  if (!is_open())
    return false;
  std::unique_lock guard{mutex_};
  jobs_.push_back(job);
  if (phase_.load(std::memory_order_relaxed) == phase::stopped)
    drain(guard);
  return true;
}

void leftover_jobs::close() {
  std::unique_lock guard{mutex_};
  phase_.store(phase::stopped, std::memory_order_release);
  drain(guard);
}

void leftover_jobs::drain(std::unique_lock<std::mutex>& guard) {
  // What comes of throwing a job away is left to the loop below: no recursion.
  if (std::exchange(draining_, true))
    return;
  while (!jobs_.empty()) {
    auto* job = jobs_.front();
    jobs_.pop_front();
    guard.unlock();
    caf::scheduler::abstract_coordinator::cleanup_and_release(job);
    guard.lock();
  }
  draining_ = false;
}

} // namespace axiom::runtime
