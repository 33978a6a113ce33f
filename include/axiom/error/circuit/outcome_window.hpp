#pragma once

#include <array>
#include <cstddef>
#include <cstdint>

#include "axiom/runtime/timer_service.hpp"

namespace axiom::detail {

/// How many calls there were within the last span of time, and how many of them
/// failed. Each tenth of the span has its own two counters, which are added to
/// and taken away as a whole: O(1), whatever the number of calls.
///
/// A call counts for at least nine tenths of the span and at most the whole of
/// it. Time may stand still, and where it seems to go back, it stands still.
///
/// Not thread-safe: the owner's lock protects it.
class outcome_window {
public:
  static constexpr std::int64_t parts = 10;

  /// @pre `span` >= 10 ns
  explicit outcome_window(runtime::duration span) noexcept
    : part_(span / parts) {
    // nop
  }

  void add(runtime::time_point now, bool failed) noexcept {
    forget(now);
    auto& x = part_of(current_);
    ++x.calls;
    ++calls_;
    if (failed) {
      ++x.failures;
      ++failures_;
    }
  }

  /// Forgets what is too long ago.
  void forget(runtime::time_point now) noexcept {
    const auto index = now.time_since_epoch() / part_;
    if (index <= current_)
      return;
    if (index - current_ >= parts) {
      clear();
    } else {
      for (auto i = current_ + 1; i <= index; ++i) {
        auto& x = part_of(i);
        calls_ -= x.calls;
        failures_ -= x.failures;
        x = {};
      }
    }
    current_ = index;
  }

  void clear() noexcept {
    cells_ = {};
    calls_ = failures_ = 0;
  }

  std::uint64_t calls() const noexcept {
    return calls_;
  }

  std::uint64_t failures() const noexcept {
    return failures_;
  }

private:
  struct part {
    std::uint64_t calls = 0;
    std::uint64_t failures = 0;
  };

  part& part_of(std::int64_t index) noexcept {
    return cells_[static_cast<std::size_t>(((index % parts) + parts) % parts)];
  }

  runtime::duration part_;
  std::int64_t current_ = 0;
  std::array<part, parts> cells_{};
  std::uint64_t calls_ = 0;
  std::uint64_t failures_ = 0;
};

} // namespace axiom::detail
