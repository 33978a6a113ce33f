#pragma once

#include <chrono>

namespace axiom::runtime {

/// The clock of everything that waits.
using clock_type = std::chrono::steady_clock;
using time_point = clock_type::time_point;
using duration = clock_type::duration;

class timer_service;
class timer_wheel;

/// The neighbours of an entry in one of the wheel's rings, null outside of
/// them.
struct timer_link {
  timer_link* previous = nullptr;
  timer_link* next = nullptr;
};

/// One pending timeout, embedded in whoever waits: arming it allocates nothing
/// and an armed entry keeps nothing alive. 32 bytes, since coroutine frames
/// carry it.
///
/// Invariants:
/// 1. `fire` runs at most once per arming, with the service's lock held, so
///    either it has finished before `timer_service::cancel` returns, or it
///    never runs. The owner may therefore destroy the entry after `cancel`.
/// 2. `fire` must be short, may wake tasks and may not call the service.
class timer_entry : private timer_link {
public:
  timer_entry() = default;
  timer_entry(const timer_entry&) = delete;
  timer_entry& operator=(const timer_entry&) = delete;

  /// Called when the time has come. See invariants 1 and 2.
  virtual void fire() noexcept = 0;

  /// When it is due; meaningful while armed.
  time_point due() const noexcept {
    return due_;
  }

protected:
  ~timer_entry() = default;

private:
  friend class timer_wheel;

  time_point due_{};
};

} // namespace axiom::runtime
