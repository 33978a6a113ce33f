#include "axiom/runtime/scheduler/parker.hpp"

#include <cerrno>
#include <ctime>

#include <linux/futex.h>
#include <sys/syscall.h>
#include <unistd.h>

namespace axiom::runtime {

namespace {

static_assert(sizeof(std::atomic<std::uint32_t>) == sizeof(std::uint32_t));

/// Sleeps while `word` is `value`. Returns false when the time is over.
bool futex_wait(std::atomic<std::uint32_t>& word, std::uint32_t value,
                const timespec* timeout) {
  auto result = syscall(SYS_futex, &word, FUTEX_WAIT_PRIVATE, value, timeout,
                        nullptr, 0);
  return result == 0 || errno != ETIMEDOUT;
}

} // namespace

bool parker::wait(std::optional<std::chrono::nanoseconds> timeout) {
  timespec limit{};
  if (timeout) {
    const auto seconds
      = std::chrono::duration_cast<std::chrono::seconds>(*timeout);
    limit.tv_sec = seconds.count();
    limit.tv_nsec = (*timeout - seconds).count();
  }
  // If this fails there is a token already.
  auto seen = nothing;
  auto in_time = state_.compare_exchange_strong(seen, asleep,
                                                std::memory_order_relaxed);
  while (in_time && state_.load(std::memory_order_relaxed) == asleep)
    in_time = futex_wait(state_, asleep, timeout ? &limit : nullptr);
  // Acquire, for what the notifier did before. A token that came at the last
  // moment is taken all the same.
  return state_.exchange(nothing, std::memory_order_acquire) == token;
}

void parker::notify() noexcept {
  if (state_.exchange(token, std::memory_order_release) == asleep)
    syscall(SYS_futex, &state_, FUTEX_WAKE_PRIVATE, 1, nullptr, nullptr, 0);
}

} // namespace axiom::runtime
