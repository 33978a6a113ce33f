#pragma once

#include <string>

#include <caf/meta/type_name.hpp>

#include "axiom/resource/memory_pressure_level.hpp"
#include "axiom/resource/memory_reading.hpp"

namespace axiom {

/// One thing that a memory_pressure announces. What one reading brings about
/// comes in this order: sources that were lost or are back; the level; what was
/// done about it, stage by stage.
struct memory_pressure_event {
  pressure_step step = pressure_step::level;

  /// The levels before and after; they differ for `pressure_step::level` only.
  memory_pressure_level from = memory_pressure_level::normal;
  memory_pressure_level to = memory_pressure_level::normal;

  /// The stage after the step.
  relief_stage stage = relief_stage::none;

  /// The reading that brought it about.
  memory_reading reading;

  /// For people: what is wrong with a source, which tasks were shed.
  std::string detail;

  template <class Inspector>
  friend typename Inspector::result_type inspect(Inspector& f,
                                                 memory_pressure_event& x) {
    return f(caf::meta::type_name("axiom::memory_pressure_event"), x.step,
             x.from, x.to, x.stage, x.reading, x.detail);
  }
};

/// In one line.
std::string to_string(const memory_pressure_event& x);

} // namespace axiom
