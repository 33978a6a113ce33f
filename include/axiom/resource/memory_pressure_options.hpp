#pragma once

#include <cstddef>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "axiom/runtime/timer_service.hpp"
#include "axiom/task/defaults.hpp"

namespace axiom {

/// How a memory_pressure is made.
///
/// A level begins with the first reading that has reached its threshold. It
/// ends when all of `calm_readings` readings, over at least `calm_for`, were
/// below the threshold minus the margin.
struct memory_pressure_options {
  // -- thresholds -------------------------------------------------------------

  /// Parts of a limit: above 0, at most 1, `warning` below `critical`.
  double warning = defaults::memory_warning;
  double critical = defaults::memory_critical;

  /// At least 0, less than `warning`.
  double margin = defaults::memory_margin;

  /// Parts of the time, over the last 10 s, in which some task (for `warning`)
  /// or all tasks (for `critical`) stood still: above 0, at most 1.
  double stall_warning = defaults::memory_stall_warning;
  double stall_critical = defaults::memory_stall_critical;

  /// At least 0, less than either.
  double stall_margin = defaults::memory_stall_margin;

  /// At least 1.
  std::size_t calm_readings = defaults::memory_calm_readings;

  /// Not negative.
  runtime::duration calm_for = defaults::memory_calm_for;

  /// A source that is there but cannot be read keeps its level, since nothing
  /// says that it is another one; after this time it has none. Not negative.
  runtime::duration stale_after = defaults::memory_stale_after;

  // -- readings ---------------------------------------------------------------

  /// From one reading to the next while the level is `normal`. Positive.
  runtime::duration interval = defaults::memory_interval;

  /// The same while it is not. Positive, at most `interval`.
  runtime::duration urgent_interval = defaults::memory_urgent_interval;

  /// The directory below which the kernel's files are: `proc`, and the control
  /// groups where `proc` says that they are mounted.
  std::filesystem::path root = "/";

  // -- shedding ---------------------------------------------------------------

  /// How many sheddable tasks are cancelled at once, with all that is below
  /// them, at most 65,536; 0 for none at all.
  std::size_t shed_batch = defaults::memory_shed_batch;

  /// How long they have to end; none: what they were created with. Not
  /// negative.
  std::optional<runtime::duration> shed_grace{};
};

/// What is wrong with the options, a sentence each; empty if nothing is.
std::vector<std::string> problems_of(const memory_pressure_options& x);

} // namespace axiom
