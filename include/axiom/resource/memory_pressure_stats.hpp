#pragma once

#include <array>
#include <chrono>
#include <cstdint>
#include <string>
#include <vector>

#include <caf/meta/type_name.hpp>

#include "axiom/resource/memory_pressure_level.hpp"
#include "axiom/resource/memory_reading.hpp"

namespace axiom {

/// Something that says how much memory there is.
struct memory_source_status {
  std::string source; ///< the directory of a control group, or a file
  std::string problem; ///< why it cannot be read; empty if it can

  template <class Inspector>
  friend typename Inspector::result_type inspect(Inspector& f,
                                                 memory_source_status& x) {
    return f(caf::meta::type_name("axiom::memory_source_status"), x.source,
             x.problem);
  }
};

/// What a memory_pressure has seen and done, and where it stands, after one
/// reading.
struct memory_pressure_stats {
  memory_pressure_level level = memory_pressure_level::normal;
  relief_stage stage = relief_stage::none;
  memory_reading reading; ///< the last one
  std::vector<memory_source_status> sources;

  std::uint64_t readings = 0;
  std::uint64_t failed_readings = 0; ///< for which memory was too short
  std::chrono::nanoseconds longest_reading{0}; ///< of the kernel's files

  std::array<std::uint64_t, 3> entered{}; ///< how often each level began
  std::array<std::uint64_t, pressure_steps>
    steps{}; ///< announced, of each kind

  /// Sheddable tasks that ended, or are overdue, since they were shed, without
  /// those that ended by themselves meanwhile; and all tasks that were
  /// cancelled with them, they included.
  std::uint64_t shed_tasks = 0;
  std::uint64_t shed_in_all = 0;
  std::uint64_t shed_overdue = 0; ///< of these all, not ended within the grace
  std::uint64_t shed_in_vain = 0; ///< readings that found nobody to shed

  std::uint64_t reliefs = 0; ///< who is attached
  std::uint64_t relief_failures = 0; ///< exceptions out of them
  std::uint64_t subscribers = 0;
  std::uint64_t lost_events = 0; ///< for which memory was too short

  template <class Inspector>
  friend typename Inspector::result_type inspect(Inspector& f,
                                                 memory_pressure_stats& x) {
    return f(caf::meta::type_name("axiom::memory_pressure_stats"), x.level,
             x.stage, x.reading, x.sources, x.readings, x.failed_readings,
             x.longest_reading, x.entered, x.steps, x.shed_tasks, x.shed_in_all,
             x.shed_overdue, x.shed_in_vain, x.reliefs, x.relief_failures,
             x.subscribers, x.lost_events);
  }
};

/// One line for people.
std::string to_string(const memory_pressure_stats& x);

} // namespace axiom
