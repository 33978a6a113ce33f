#pragma once

#include <cstdint>
#include <string_view>

#include "axiom/resource/memory_pressure_level.hpp"

namespace axiom {

/// Something that can do with less memory: a pool that gives back what is idle,
/// a monitor that admits less. Attached to a memory_pressure, which holds it
/// weakly: it is let go of by ending.
///
/// All calls come from one place, one at a time and in order, on a worker of
/// the actor system: they must be short and must not wait. What they throw is
/// counted, and changes nothing for others. They may come from before `attach`
/// returns until the memory_pressure has ended, but none once it is destroyed:
/// who calls holds it.
class memory_relief {
public:
  virtual ~memory_relief();

  /// For people. At any time.
  virtual std::string_view name() const noexcept = 0;

  /// What is asked of it from now on, called when that changes; `none` is where
  /// it begins and what it ends with, also when the memory_pressure is closed.
  /// From one stage to the next, but for who is attached meanwhile: it is told
  /// where things stand.
  virtual void relieve(relief_stage stage) = 0;

  /// How many bytes are left below the nearest limit; called after each reading
  /// that knows it, and soon after `attach` with what the last one knew.
  virtual void headroom(std::uint64_t bytes) = 0;
};

} // namespace axiom
