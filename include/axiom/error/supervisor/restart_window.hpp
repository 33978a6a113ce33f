#pragma once

#include <cstddef>
#include <deque>

#include "axiom/runtime/timer_service.hpp"

namespace axiom::detail {

/// Counts the restarts of the last while, as OTP does: the one that is one too
/// many is counted, and not admitted. Keeps at most `most + 1` of them.
class restart_window {
public:
  restart_window(std::size_t most, runtime::duration within) noexcept
    : most_(most), within_(within) {
    // nop
  }

  /// Returns whether there may be a restart at `now`. One that happened exactly
  /// `within` ago still counts.
  bool admit(runtime::time_point now) {
    while (!times_.empty() && now - times_.front() > within_)
      times_.pop_front();
    times_.push_back(now);
    return times_.size() <= most_;
  }

private:
  std::size_t most_;
  runtime::duration within_;
  std::deque<runtime::time_point> times_;
};

} // namespace axiom::detail
