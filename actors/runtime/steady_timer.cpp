#include "axiom/runtime/steady_timer.hpp"

#include <pthread.h>

namespace axiom::runtime {

timer_service::~timer_service() = default;

steady_timer::~steady_timer() {
  stop();
  // Owners may be destroyed after us; their entries must not point here.
  std::lock_guard guard{mutex_};
  queue_.clear();
}

time_point steady_timer::now() const noexcept {
  return clock_type::now();
}

void steady_timer::arm(timer_entry& entry, time_point due) {
  std::lock_guard guard{mutex_};
  set_due(entry, due);
  auto at = queue_.insert(entry);
  if (!thread_.joinable() && !stopped_)
    thread_ = std::thread{[this] { run(); }};
  else if (at == queue_.begin())
    wake_.notify_one();
}

bool steady_timer::cancel(timer_entry& entry) noexcept {
  std::lock_guard guard{mutex_};
  if (!is_armed(entry))
    return false;
  queue_.erase(queue_.iterator_to(entry));
  return true;
}

std::size_t steady_timer::pending() const noexcept {
  std::lock_guard guard{mutex_};
  return queue_.size();
}

void steady_timer::stop() {
  {
    std::lock_guard guard{mutex_};
    stopped_ = true;
    wake_.notify_one();
  }
  if (thread_.joinable())
    thread_.join();
}

void steady_timer::run() {
  pthread_setname_np(pthread_self(), "axiom.timer");
  std::unique_lock guard{mutex_};
  while (!stopped_) {
    if (queue_.empty()) {
      wake_.wait(guard);
      continue;
    }
    auto first = queue_.begin();
    if (auto due = first->due(); due > now()) {
      wake_.wait_until(guard, due);
      continue;
    }
    auto& entry = *first;
    queue_.erase(first);
    entry.fire();
  }
}

} // namespace axiom::runtime
