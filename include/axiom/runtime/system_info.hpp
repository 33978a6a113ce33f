#pragma once

#include <chrono>
#include <cstdint>

#include <caf/fwd.hpp>

#include "axiom/runtime/timer_service.hpp"

namespace axiom::runtime {

class host;

/// The few facts about one actor system that are asked for of things which may
/// outlive it, as an ended task may whose handle somebody kept. It is never
/// destroyed, so holding it costs a pointer and no count; a process has one for
/// each actor system that it ever created.
struct system_info {
  /// 64 random bits drawn when the system started: the upper half of the
  /// identity of all its tasks.
  std::uint64_t id_prefix;

  /// The same moment on the clock of the system's timers and on the wall.
  time_point steady_epoch;
  std::chrono::system_clock::time_point wall_epoch;

  // What follows is valid as long as the system.

  host* home;
  caf::actor_system* system;

  /// The wall-clock time of a moment on the system's clock.
  std::chrono::system_clock::time_point
  wall_time(time_point at) const noexcept {
    using wall = std::chrono::system_clock;
    return wall_epoch
           + std::chrono::duration_cast<wall::duration>(at - steady_epoch);
  }
};

} // namespace axiom::runtime
