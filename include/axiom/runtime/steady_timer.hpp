#pragma once

#include <condition_variable>
#include <cstddef>
#include <mutex>
#include <thread>

#include "axiom/runtime/timer_service.hpp"

namespace axiom::runtime {

/// The timer service of production: the steady clock and one thread, started
/// with the first entry and joined by `stop` (or the destructor).
///
/// Resolution: the thread wakes up at multiples of `tick`, so that what is due
/// at nearly the same time costs one wake-up. An entry fires at the first of
/// them that is not before its due time, or sooner if the thread is awake:
/// never early, and late by less than a tick plus what the kernel takes to wake
/// a thread.
///
/// The thread sleeps until the first entry is due, for ever if there is none.
/// An `arm` wakes it only for an entry due in an earlier tick than it sleeps
/// for; a `cancel` never does. It fires in batches, and after each of them lets
/// in whoever waits for the lock: a million entries due together delay an `arm`
/// by a batch or two.
class steady_timer final : public timer_service {
public:
  static constexpr duration tick{1 << 16}; // ns, so 65 us

  /// How many entries are fired or moved at a time: some ten microseconds'
  /// worth.
  static constexpr std::size_t batch = 128;

  steady_timer();
  ~steady_timer() override;

  time_point now() const noexcept override;
  time_point recently() const noexcept override;
  void arm(timer_entry& entry, time_point due) override;
  void stop() override;

  /// How often the thread has woken up, in vain or not. For tests and the dump.
  std::size_t wakeups() const noexcept;

private:
  void run();
  void sleep(std::unique_lock<std::mutex>& guard);

  // All guarded by the lock.
  std::condition_variable wake_;
  /// What the thread sleeps for; the minimum while it is awake or about to be.
  time_point sleeps_until_ = time_point::min();
  std::size_t wakeups_ = 0;
  bool stopped_ = false;
  std::thread thread_;
};

} // namespace axiom::runtime
