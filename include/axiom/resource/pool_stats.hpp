#pragma once

#include <chrono>
#include <cstdint>
#include <string>

#include <caf/meta/type_name.hpp>

#include "axiom/runtime/histogram.hpp"

namespace axiom {

/// What a pool has done, and where it stands, at one moment.
struct pool_stats {
  std::string name;
  std::uint32_t min = 0;
  std::uint32_t max = 0;

  // -- objects at this moment -------------------------------------------------

  std::uint64_t idle = 0;
  std::uint64_t in_use = 0; ///< given away, or being checked
  std::uint64_t creating = 0; ///< the factory is at it
  std::uint64_t leaving = 0; ///< being destroyed

  // -- objects since the beginning --------------------------------------------

  std::uint64_t created = 0;
  std::uint64_t destroyed = 0; ///< for whatever reason
  std::uint64_t unhealthy = 0; ///< of these, for the hook `healthy`
  std::uint64_t reset_failed = 0; ///< of these, for the hook `reset`
  std::uint64_t discarded = 0; ///< of these, since their user said so
  std::uint64_t expired = 0; ///< of these, idle for too long
  std::uint64_t failed_creations = 0;

  /// What the factory failed with last; empty if it never did.
  std::string last_error;

  // -- requests ---------------------------------------------------------------

  std::uint64_t taken = 0; ///< requests that got an object
  std::uint64_t waiting = 0; ///< for an object, or for the quota of a key

  /// How long whoever waits longest has waited; 0 if nobody waits.
  std::chrono::nanoseconds oldest_wait{0};

  std::uint64_t cancelled = 0; ///< given up by who waited
  std::uint64_t timed_out = 0;
  std::uint64_t deadlocks = 0; ///< would have waited for themselves
  std::uint64_t keys = 0; ///< that have or want objects

  /// How long those waited that were let in; without the time of the factory.
  /// Those that did not wait count as 0.
  runtime::histogram waits;

  /// The same for the quotas of keys.
  runtime::histogram key_waits;

  template <class Inspector>
  friend typename Inspector::result_type inspect(Inspector& f, pool_stats& x) {
    return f(caf::meta::type_name("axiom::pool_stats"), x.name, x.min, x.max,
             x.idle, x.in_use, x.creating, x.leaving, x.created, x.destroyed,
             x.unhealthy, x.reset_failed, x.discarded, x.expired,
             x.failed_creations, x.last_error, x.taken, x.waiting,
             x.oldest_wait, x.cancelled, x.timed_out, x.deadlocks, x.keys,
             x.waits, x.key_waits);
  }
};

/// One line for people.
std::string to_string(const pool_stats& x);

} // namespace axiom
