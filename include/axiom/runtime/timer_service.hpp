#pragma once

#include <cstddef>
#include <mutex>

#include "axiom/runtime/timer_entry.hpp"
#include "axiom/runtime/timer_wheel.hpp"

namespace axiom::runtime {

/// Somebody whose entries leave work behind that cannot be done in `fire`: work
/// that calls the service, or code of others.
class timer_listener {
public:
  /// Called after a batch of entries has fired, by the thread that fired them,
  /// without the service's lock.
  virtual void after_batch() noexcept = 0;

protected:
  ~timer_listener() = default;
};

/// The one source of time for sleeps, deadlines, graces and timeouts.
///
/// Two implementations exist: one on the steady clock with one thread, and the
/// test kit's virtual clock, which moves only when a test says so; they share
/// the wheel. All members are thread-safe.
///
/// Entries fire in the order of their due times, those that are due together in
/// the order of arming. A due time that is past counts as now. `arm` and
/// `cancel` are O(1) whatever is pending.
class timer_service {
public:
  timer_service(const timer_service&) = delete;
  timer_service& operator=(const timer_service&) = delete;
  virtual ~timer_service();

  /// The current time of this service.
  virtual time_point now() const noexcept = 0;

  /// The same, maybe some microseconds late: a time stamp for every task.
  virtual time_point recently() const noexcept {
    return now();
  }

  /// Arms `entry` for `due`; one that is past fires as soon as possible.
  /// @pre `entry` is not armed.
  virtual void arm(timer_entry& entry, time_point due) = 0;

  /// Takes `entry` back. Returns true if it was armed and will never fire,
  /// false if it has fired or was not armed.
  bool cancel(timer_entry& entry) noexcept;

  /// How many entries are armed. For tests and the dump.
  std::size_t pending() const noexcept;

  /// Stops firing; what is armed stays armed until its owner cancels it.
  virtual void stop() = 0;

  /// Makes `x` the listener (there is one at most), or with null nobody. The
  /// former one has finished before this returns, or is not called any more.
  /// Not to be called by a listener.
  void listen(timer_listener* x) noexcept;

protected:
  explicit timer_service(time_point start) noexcept;

  std::unique_lock<std::mutex> lock() const;

  /// For the thread that fires, between two batches: lets in whoever waits.
  std::unique_lock<std::mutex> lock_in_turn() const;

  /// Calls the listener.
  /// @pre `mutex_` is not held
  void tell_listener() noexcept;

private:
  // A mutex goes to whoever comes first, and that is its last holder rather
  // than one who has to be woken up. A thread that fires batch after batch
  // would shut all others out. So they queue here, and it queues behind them.
  mutable std::mutex
    turnstile_; // taken before mutex_, held while waiting for it
  mutable std::mutex mutex_;

  std::mutex listener_mutex_; // taken before all others
  timer_listener* listener_ = nullptr;

protected:
  timer_wheel wheel_; ///< guarded by the lock
};

} // namespace axiom::runtime
