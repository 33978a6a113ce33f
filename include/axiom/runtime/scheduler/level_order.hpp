#pragma once

#include <bit>
#include <cstdint>

#include "axiom/runtime/job.hpp"

namespace axiom::runtime {

/// Which level a worker serves with its pick number `pick`, where `ready` has a
/// bit for each level with a job.
///
/// The most urgent one, but for a fixed share: each eighth pick goes to the next
/// level below that has a job, each 64th to the one below that, each 512th
/// to the last. So whatever comes in above, a level is served at a rate that
/// depends on nothing but the number of busy levels above it: nothing starves,
/// and no clock has to be read to know how long a job has waited.
///
/// @pre `ready` is not 0
constexpr job_level level_to_serve(std::uint32_t ready,
                                   std::uint64_t pick) noexcept {
  constexpr int log_share = 3;
  const auto top = [&ready] {
    return static_cast<job_level>(std::bit_width(ready) - 1);
  };
  for (auto skip = std::countr_zero(pick | (std::uint64_t{1} << 63)) / log_share;
       skip > 0 && (ready & (ready - 1)) != 0; --skip)
    ready ^= 1U << top();
  return top();
}

/// At every so many picks a worker takes the oldest job of its level instead of
/// the newest. Odd: independent of the levels' shares.
inline constexpr std::uint64_t oldest_share = 31;

/// Whether pick number `pick` takes the oldest job of its level, of the shared
/// queue before the worker's own. Jobs made ready last run first, for the sake of
/// caches and memory; this bounds how long the others wait.
constexpr bool takes_oldest(std::uint64_t pick) noexcept {
  return pick % oldest_share == 0;
}

/// Whether the worker's own queue comes first where `takes_oldest`: each third
/// time, since a shared queue that never gets empty would else keep the oldest
/// of the worker's own waiting for ever.
constexpr bool prefers_own(std::uint64_t pick) noexcept {
  return pick % (3 * oldest_share) == 0;
}

} // namespace axiom::runtime
