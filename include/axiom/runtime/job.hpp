#pragma once

#include <cstddef>
#include <cstdint>

namespace axiom::runtime {

/// How urgent a job is; a greater number is more urgent. The levels are those
/// of `task_priority`, a layer above; ordinary actors run at `medium_level`.
using job_level = std::uint8_t;

inline constexpr std::size_t job_levels = 4;
inline constexpr job_level medium_level = 2;

/// Where a job goes among those of its level that are ready on a worker.
enum class placement : std::uint8_t {
  /// Runs as soon as the job that made it ready has returned, on the same
  /// worker: a message and its answer stay in one cache.
  next,
  /// New work: for this worker later, or at once for one that has none.
  fresh,
  /// Behind all that is ready, on any worker: a job that lets others go first.
  /// For one that returns at once: until it does, nobody else may learn of this.
  last
};

} // namespace axiom::runtime
