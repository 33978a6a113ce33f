#pragma once

#include "axiom/error/failure.hpp"
#include "axiom/runtime/timer_service.hpp"

namespace axiom::detail {

/// Before when it is no use to restart a child that failed with this: where a
/// circuit breaker refused it, when that lets somebody through again, the last
/// of several. The beginning of time for anything else, and for an error that
/// came from another node, which does not say when.
///
/// Suppressed errors do not count: they are not why it failed. O(tree).
runtime::time_point earliest_restart(const failure& why);

} // namespace axiom::detail
