#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>
#include <optional>

namespace axiom::runtime {

/// Sleeping in the kernel on a word.
struct futex {
  /// Sleeps while `word` is `value`; may return before. Returns false when
  /// `timeout` is over.
  static bool wait(std::atomic<std::uint32_t>& word, std::uint32_t value,
                   std::optional<std::chrono::nanoseconds> timeout) noexcept;

  /// Wakes a thread that sleeps on `word`.
  static void wake(std::atomic<std::uint32_t>& word) noexcept;
};

} // namespace axiom::runtime
