#pragma once

#include <cstdint>

#include "axiom/error/supervisor_options.hpp"

namespace axiom::detail {

/// How long a child waits before its restart after the `attempt`-th failure in
/// a row, from 1.
/// @param luck from [0, 1): where the result lies within the jitter
runtime::duration backoff_delay(const restart_backoff& how,
                                std::uint64_t attempt, double luck) noexcept;

} // namespace axiom::detail
