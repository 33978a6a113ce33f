#include "axiom/runtime/shutdown_watch.hpp"

#include <algorithm>
#include <utility>

#include <pthread.h>

namespace axiom::runtime {

shutdown_watch::shutdown_watch(pace how, reporter report)
  : pace_(how), report_(std::move(report)), thread_([this] { run(); }) {
  // nop
}

shutdown_watch::~shutdown_watch() {
  {
    std::lock_guard guard{mutex_};
    state_ = state::ended;
    changed_.notify_one();
  }
  thread_.join();
}

void shutdown_watch::begin() noexcept {
  std::lock_guard guard{mutex_};
  state_ = state::watching;
  changed_.notify_one();
}

void shutdown_watch::run() noexcept {
  pthread_setname_np(pthread_self(), "axiom.watch");
  std::unique_lock guard{mutex_};
  changed_.wait(guard, [this] { return state_ != state::idle; });
  const auto start = clock_type::now();
  auto pause = pace_.patience;
  auto next_pause = pace_.interval;
  const auto ended = [this] { return state_ == state::ended; };
  while (!changed_.wait_for(guard, pause, ended)) {
    guard.unlock();
    report_(clock_type::now() - start);
    guard.lock();
    pause = next_pause;
    next_pause = std::min(2 * next_pause, pace_.longest_interval);
  }
}

} // namespace axiom::runtime
