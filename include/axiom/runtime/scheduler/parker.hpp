#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>
#include <optional>

#include "axiom/runtime/scheduler/atomics.hpp"
#include "axiom/runtime/scheduler/futex.hpp"

namespace axiom::runtime {

/// Where one thread sleeps: a token that a notifier leaves and the sleeper
/// takes, in one word of a futex.
///
///     nothing --wait--> asleep --notify--> token --wait--> nothing
///        +--------------notify--------------^
///
/// A notification that comes before the wait is not lost: the wait returns at
/// once. (`std::atomic::wait` would do but for the time limit, and it spins.)
/// One thread waits; any thread notifies; tokens do not add up.
/// @tparam Futex how to sleep; a model checker has its own
template <class Atomics = std_atomics, class Futex = futex>
class basic_parker {
public:
  /// Waits for a token and takes it. With `timeout` it may return without one,
  /// and then says false.
  bool wait(std::optional<std::chrono::nanoseconds> timeout = std::nullopt) {
    // If this fails there is a token already.
    auto seen = nothing;
    auto in_time = state_.compare_exchange_strong(
      seen, asleep, std::memory_order_relaxed, std::memory_order_relaxed);
    while (in_time && state_.load(std::memory_order_relaxed) == asleep)
      in_time = Futex::wait(state_, asleep, timeout);
    // Acquire, for what the notifier did before. A token that came at the last
    // moment is taken all the same.
    return state_.exchange(nothing, std::memory_order_acquire) == token;
  }

  /// Leaves a token, and wakes the sleeper if there is one.
  void notify() noexcept {
    if (state_.exchange(token, std::memory_order_release) == asleep)
      Futex::wake(state_);
  }

private:
  static constexpr std::uint32_t nothing = 0;
  static constexpr std::uint32_t token = 1;
  static constexpr std::uint32_t asleep = 2;

  typename Atomics::template atomic<std::uint32_t> state_{nothing};
};

using parker = basic_parker<>;

} // namespace axiom::runtime
