#pragma once

#include <chrono>
#include <cstdint>
#include <string>

#include <caf/meta/type_name.hpp>

#include "axiom/runtime/histogram.hpp"
#include "axiom/task/reference.hpp"

namespace axiom {

/// What a limiter has done, and where it stands, at one moment.
struct limiter_stats {
  std::string name;
  std::uint32_t limit = 0;
  std::uint32_t in_use = 0;
  std::uint64_t waiting = 0;

  /// How long whoever waits longest has waited; 0 if nobody waits.
  std::chrono::nanoseconds oldest_wait{0};

  std::uint64_t granted = 0; ///< requests that got their permits
  std::uint64_t queued = 0; ///< requests that had to wait, granted or not
  std::uint64_t cancelled = 0; ///< of these, given up by who waited
  std::uint64_t timed_out = 0; ///< of these, not granted in time
  std::uint64_t refused = 0; ///< could never be granted, or came after close
  std::uint64_t deadlocks = 0; ///< would have waited for themselves
  std::uint64_t reclaimed = 0; ///< permits that came back since a holder died

  /// How long the granted ones waited; those that did not count as 0.
  runtime::histogram waits;

  template <class Inspector>
  friend typename Inspector::result_type inspect(Inspector& f,
                                                 limiter_stats& x) {
    return f(caf::meta::type_name("axiom::limiter_stats"), x.name, x.limit,
             x.in_use, x.waiting, x.oldest_wait, x.granted, x.queued,
             x.cancelled, x.timed_out, x.refused, x.deadlocks, x.reclaimed,
             x.waits);
  }
};

/// One line for people.
std::string to_string(const limiter_stats& x);

/// That a task holds permits of a limiter.
struct permit_holding {
  std::string limiter; ///< its name
  task_reference task;
  std::uint32_t permits = 0;

  template <class Inspector>
  friend typename Inspector::result_type inspect(Inspector& f,
                                                 permit_holding& x) {
    return f(caf::meta::type_name("axiom::permit_holding"), x.limiter, x.task,
             x.permits);
  }
};

} // namespace axiom
