#include "axiom/runtime/small_mutex.hpp"

#include "axiom/runtime/spin.hpp"

namespace axiom::runtime {

void small_mutex::lock_contended() noexcept {
  constexpr int spins = 100; // about the length of our longest section
  for (int i = 0; i < spins; ++i) {
    spin(1);
    if (state_.load(std::memory_order_relaxed) == free_state && try_lock())
      return;
  }
  // From here on we always leave "contended" behind: we cannot know whether
  // another sleeper is left, and a needless wake-up is harmless.
  while (state_.exchange(contended, std::memory_order_acquire) != free_state)
    state_.wait(contended, std::memory_order_relaxed);
}

} // namespace axiom::runtime
