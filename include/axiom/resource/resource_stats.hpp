#pragma once

#include <chrono>
#include <cstdint>
#include <string>
#include <vector>

#include <caf/meta/type_name.hpp>

#include "axiom/resource/resource_requirement.hpp"
#include "axiom/runtime/histogram.hpp"
#include "axiom/task/reference.hpp"

namespace axiom {

/// Where one resource stands. Amounts are in the unit of its kind.
struct resource_usage {
  resource_requirement capacity;
  std::uint64_t in_use = 0;
  std::uint64_t waiting = 0; ///< requests that want some of it, among others
  std::uint64_t reclaimed = 0; ///< units that came back since a holder died

  template <class Inspector>
  friend typename Inspector::result_type inspect(Inspector& f,
                                                 resource_usage& x) {
    return f(caf::meta::type_name("axiom::resource_usage"), x.capacity,
             x.in_use, x.waiting, x.reclaimed);
  }
};

/// What a resource monitor has done, and where it stands, at one moment.
struct resource_stats {
  std::string name;
  std::vector<resource_usage> resources;
  std::uint64_t waiting = 0;

  /// How long whoever waits longest has waited; 0 if nobody waits.
  std::chrono::nanoseconds oldest_wait{0};

  std::uint64_t leases = 0; ///< that are out, with shares of others
  std::uint64_t granted = 0; ///< requests that got a lease
  std::uint64_t queued = 0; ///< requests that had to wait, granted or not
  std::uint64_t cancelled = 0; ///< of these, given up by who waited
  std::uint64_t timed_out = 0; ///< of these, not granted in time
  std::uint64_t refused = 0; ///< could never be granted, or came after close
  std::uint64_t deadlocks = 0; ///< would have waited for themselves

  /// How long the granted ones waited; those that did not count as 0.
  runtime::histogram waits;

  template <class Inspector>
  friend typename Inspector::result_type inspect(Inspector& f,
                                                 resource_stats& x) {
    return f(caf::meta::type_name("axiom::resource_stats"), x.name, x.resources,
             x.waiting, x.oldest_wait, x.leases, x.granted, x.queued,
             x.cancelled, x.timed_out, x.refused, x.deadlocks, x.waits);
  }
};

/// One line for people.
std::string to_string(const resource_stats& x);

/// That a task holds something of a monitor.
struct resource_holding {
  std::string monitor; ///< its name
  task_reference task;
  std::vector<resource_requirement> held;

  template <class Inspector>
  friend typename Inspector::result_type inspect(Inspector& f,
                                                 resource_holding& x) {
    return f(caf::meta::type_name("axiom::resource_holding"), x.monitor, x.task,
             x.held);
  }
};

} // namespace axiom
