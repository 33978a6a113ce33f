#include "axiom/runtime/steady_timer.hpp"

#include <pthread.h>

#include "axiom/runtime/recent_time.hpp"

namespace axiom::runtime {

namespace {

/// The first multiple of a tick that is not before `x`, or the last one there
/// is.
time_point round_up(time_point x) noexcept {
  constexpr auto tick = steady_timer::tick;
  const auto beyond = x.time_since_epoch() % tick;
  if (beyond <= duration::zero())
    return x - beyond;
  return x > time_point::max() - tick ? time_point::max() : x - beyond + tick;
}

} // namespace

steady_timer::steady_timer() : timer_service(clock_type::now()) {
  // nop
}

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
  auto guard = lock();
  if (!stopped_ && !thread_.joinable())
    thread_ = std::thread{[this] { run(); }};
  wheel_.insert(entry, due);
  if (round_up(due) < sleeps_until_) {
    sleeps_until_ = time_point::min();
    wake_.notify_one();
  }
}

void steady_timer::stop() {
  {
    auto guard = lock();
    stopped_ = true;
    wake_.notify_one();
  }
  if (thread_.joinable())
    thread_.join();
}

std::size_t steady_timer::wakeups() const noexcept {
  auto guard = lock();
  return wakeups_;
}

void steady_timer::run() {
  pthread_setname_np(pthread_self(), "axiom.timer");
  auto guard = lock();
  while (!stopped_) {
    auto budget = batch;
    const auto time = now();
    auto fired = false;
    while (auto* entry = wheel_.pop(time, budget)) {
      entry->fire();
      fired = true;
    }
    // What is due comes first; time that is left goes into what comes next.
    wheel_.prepare(budget);
    if (!fired && budget > 0) {
      sleep(guard);
      continue;
    }
    guard.unlock();
    if (fired)
      tell_listener();
    guard = lock_in_turn();
  }
}

void steady_timer::sleep(std::unique_lock<std::mutex>& guard) {
  sleeps_until_ = round_up(wheel_.next_visit());
  wake_.wait_until(guard, sleeps_until_);
  sleeps_until_ = time_point::min();
  ++wakeups_;
}

} // namespace axiom::runtime
