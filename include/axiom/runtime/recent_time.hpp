#pragma once

#include "axiom/runtime/timer_service.hpp"

namespace axiom::runtime {

/// The time on the steady clock, at most some ten microseconds ago and never
/// before what the same thread got last: for what only has to be roughly right,
/// and is asked for by every task. Reading the clock takes longer than a tenth
/// of a task; where the processor has a counter that shows that hardly any time
/// has passed since the thread's last look, the last answer will do.
time_point recent_time() noexcept;

} // namespace axiom::runtime
