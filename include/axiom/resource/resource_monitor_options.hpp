#pragma once

#include <string>

#include "axiom/resource/resource_requirement.hpp"
#include "axiom/runtime/timer_service.hpp"
#include "axiom/task/defaults.hpp"

namespace axiom {

/// How a resource monitor is made.
struct resource_monitor_options {
  /// At most 64 bytes; shows in errors, in the dump and at `/metrics`.
  std::string name = "resources";

  /// What there is: of each resource a capacity above 0. The machine's memory
  /// and cores unless said otherwise, see `machine_resources`.
  resource_requirements capacities = {};

  /// After how long a request counts as one priority more urgent, so that
  /// urgent newcomers do not keep it waiting for ever. Not negative; 0 turns
  /// that off.
  runtime::duration ageing = defaults::limiter_ageing;
};

} // namespace axiom
