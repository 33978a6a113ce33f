#pragma once

#include <atomic>
#include <mutex>

#include "axiom/resource/pool_actor.hpp"
#include "axiom/runtime/timer_service.hpp"

namespace axiom::detail {

/// Calls the actor of a pool when it has something to look after.
///
/// Whoever changes something that the actor is to see later says when; what is
/// armed already for that time or before is enough, since the actor, when it is
/// called, looks at everything and says itself when it wants to be called next.
/// That costs a load, so it can be said with each object that is given back.
///
/// No call is missed: what was changed, under a lock that the actor takes too,
/// before `at` found an alarm armed, is seen by the actor that this one calls;
/// had the actor looked before the change, then the alarm would have been seen
/// to be off.
///
/// Thread-safe.
class pool_alarm {
public:
  pool_alarm() = default;
  pool_alarm(const pool_alarm&) = delete;
  pool_alarm& operator=(const pool_alarm&) = delete;

  void begin(runtime::timer_service& timers, pool_actor actor);

  /// Calls the actor at `when`, at the latest.
  void at(runtime::time_point when) noexcept {
    if (armed_for_.load(std::memory_order_relaxed) > when)
      arm(when);
  }

  /// Calls the actor now.
  void ring() noexcept;

  /// Calls it no more. The timers may go after this.
  void stop() noexcept;

private:
  struct entry final : runtime::timer_entry {
    explicit entry(pool_alarm& x) noexcept : owner(x) {
      // nop
    }

    void fire() noexcept override;

    pool_alarm& owner;
  };

  static constexpr runtime::time_point never = runtime::time_point::max();

  void arm(runtime::time_point when) noexcept;

  std::mutex mutex_; ///< taken before the lock of the timers
  runtime::timer_service* timers_ = nullptr; ///< null before and after
  pool_actor actor_; ///< constant while armed
  std::atomic<runtime::time_point> armed_for_{never};
  entry entry_{*this};
};

} // namespace axiom::detail
