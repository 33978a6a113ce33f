#pragma once

#include "axiom/runtime/timer_entry.hpp"

namespace axiom::runtime {

/// `span` after `time`; the end of all times where that would be later still,
/// as for a span that stands for "without end".
/// @pre `time` is not before the epoch of the clock
constexpr time_point later(time_point time, duration span) noexcept {
  return span < time_point::max() - time ? time + span : time_point::max();
}

} // namespace axiom::runtime
