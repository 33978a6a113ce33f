#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>
#include <optional>

namespace axiom::runtime {

/// Where one thread sleeps: a token that a notifier leaves and the sleeper
/// takes, in one word of a futex.
///
/// A notification that comes before the wait is not lost: the wait returns at
/// once. (`std::atomic::wait` would do but for the time limit, and it spins.)
/// One thread waits; any thread notifies; tokens do not add up.
class parker {
public:
  /// Waits for a token and takes it. With `timeout` it may return without one,
  /// and then says false.
  bool wait(std::optional<std::chrono::nanoseconds> timeout = std::nullopt);

  /// Leaves a token, and wakes the sleeper if there is one.
  void notify() noexcept;

private:
  static constexpr std::uint32_t nothing = 0;
  static constexpr std::uint32_t token = 1;
  static constexpr std::uint32_t asleep = 2;

  std::atomic<std::uint32_t> state_{nothing};
};

} // namespace axiom::runtime
