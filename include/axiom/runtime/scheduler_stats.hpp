#pragma once

#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <vector>

#include "axiom/runtime/job.hpp"
#include "axiom/runtime/topology.hpp"

namespace axiom::runtime {

/// What a worker does.
enum class worker_state : std::uint8_t {
  running,   ///< runs jobs
  searching, ///< awake, looks for jobs
  parked,    ///< asleep, to be woken for a job
  retired    ///< asleep, since `set_workers` made it one too many
};

/// One worker since the start of the system.
struct worker_stats {
  worker_state state = worker_state::parked;
  std::optional<processor_id> processor{}; ///< the one it is pinned to, if it is
  std::uint64_t executed = 0; ///< jobs run
  std::uint64_t stolen = 0;   ///< jobs taken from other workers
  std::uint64_t parks = 0;    ///< how often it went to sleep
  std::chrono::nanoseconds busy{}; ///< time in state `running`
  /// Jobs ready on it, by level; the one that runs next included.
  std::array<std::size_t, job_levels> queued{};
};

/// A scheduler at one moment. The parts are read one after the other while the
/// system runs. CAF's own policies count nothing: there `workers` is empty.
struct scheduler_stats {
  std::vector<worker_stats> workers;
  /// Jobs in the queue that all workers share, by level.
  std::array<std::size_t, job_levels> injected{};
};

} // namespace axiom::runtime
