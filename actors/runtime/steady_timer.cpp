#include "axiom/runtime/steady_timer.hpp"

#include <pthread.h>

#include "axiom/runtime/recent_time.hpp"

namespace axiom::runtime {

steady_timer::~steady_timer() {
  stop();
}

time_point steady_timer::now() const noexcept {
  return clock_type::now();
}

time_point steady_timer::recently() const noexcept {
  return recent_time();
}

void steady_timer::arm(timer_entry& entry, time_point due) {
  std::lock_guard guard{mutex_};
  auto first = insert(entry, due);
  if (!thread_.joinable() && !stopped_)
    thread_ = std::thread{[this] { run(); }};
  else if (first)
    wake_.notify_one();
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
