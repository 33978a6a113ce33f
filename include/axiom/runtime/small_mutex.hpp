#pragma once

#include <atomic>
#include <cstdint>

namespace axiom::runtime {

/// A mutex of four bytes for critical sections of a few instructions.
///
/// A task carries one to guard its list of children; `std::mutex` would cost
/// 40 bytes a task. States: 0 free, 1 held, 2 held and somebody may sleep.
/// Contenders spin briefly (the sections are short), then sleep in the kernel,
/// so that a preempted holder does not make others burn their time slice.
/// This is the third mutex of U. Drepper, "Futexes Are Tricky" (2011).
///
/// Satisfies *Lockable*: use it with `std::lock_guard`. Not recursive. No user
/// code may run while one is held.
class small_mutex {
public:
  small_mutex() = default;
  small_mutex(const small_mutex&) = delete;
  small_mutex& operator=(const small_mutex&) = delete;

  void lock() noexcept {
    auto expected = free_state;
    // Acquire pairs with the release in unlock(); on failure nothing was read.
    if (!state_.compare_exchange_strong(expected, held,
                                        std::memory_order_acquire,
                                        std::memory_order_relaxed))
      lock_contended();
  }

  bool try_lock() noexcept {
    auto expected = free_state;
    return state_.compare_exchange_strong(expected, held,
                                          std::memory_order_acquire,
                                          std::memory_order_relaxed);
  }

  void unlock() noexcept {
    if (state_.exchange(free_state, std::memory_order_release) == contended)
      state_.notify_one();
  }

private:
  static constexpr std::uint32_t free_state = 0;
  static constexpr std::uint32_t held = 1;
  static constexpr std::uint32_t contended = 2;

  void lock_contended() noexcept;

  std::atomic<std::uint32_t> state_{free_state};
};

} // namespace axiom::runtime
