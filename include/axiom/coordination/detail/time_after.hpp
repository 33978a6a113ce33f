#pragma once

#include "axiom/runtime/timer_service.hpp"

namespace axiom::detail {

/// The point in time `span` after `start`; the end of time if it is beyond
/// that.
constexpr runtime::time_point time_after(runtime::time_point start,
                                         runtime::duration span) noexcept {
  constexpr auto end = runtime::time_point::max();
  return span < end - start ? start + span : end;
}

} // namespace axiom::detail
