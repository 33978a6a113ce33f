#pragma once

#include <chrono>
#include <cstddef>
#include <functional>

#include <caf/fwd.hpp>

#include "axiom/coordination/shutdown_report.hpp"
#include "axiom/task/defaults.hpp"

namespace axiom {

namespace runtime {
class shutdown_watch;
} // namespace runtime

struct shutdown_guard_options {
  /// From the guard's end to the first report.
  std::chrono::nanoseconds patience = defaults::shutdown_patience;

  /// From the first report to the second; it doubles each time, up to a minute.
  std::chrono::nanoseconds interval = defaults::shutdown_interval;

  /// How many coordinators, tasks and actors each a report lists.
  std::size_t most_listed = defaults::shutdown_most_listed;

  /// Gets each report, on a thread of the guard's. Must not throw, and holds up
  /// the end of the system as long as it runs. None: `std::clog`.
  std::function<void(const shutdown_report&)> sink{};
};

/// Says why an actor system does not end.
///
/// The problem: `~actor_system` waits for the last actor, however long, and
/// does not say for which. Declare a guard after the system, and before what
/// uses it:
///
///     axiom::config cfg;
///     caf::actor_system sys{cfg};
///     axiom::shutdown_guard guard{sys};
///
/// The guard's destructor, which runs before the system's, arms a watch and
/// returns; it waits for nothing and cannot fail. From then on the system is
/// expected to end. If it has not after `patience`, the watch reports what
/// still runs, and again at growing intervals, until the system is gone. Either
/// a report is over before `~actor_system` returns, or it is never made.
///
/// The watch is a thread of its own, started with the guard and joined by the
/// system's end; it runs in real time even where the test kit's clock is
/// virtual. What it can name and what it cannot is told at shutdown_report.
class shutdown_guard {
public:
  /// Throws `errc::not_installed` for a system without Axiom, and
  /// `errc::invalid_argument` for a negative patience or an interval that is
  /// not positive.
  explicit shutdown_guard(caf::actor_system& sys,
                          shutdown_guard_options options = {});
  ~shutdown_guard();
  shutdown_guard(const shutdown_guard&) = delete;
  shutdown_guard& operator=(const shutdown_guard&) = delete;

private:
  runtime::shutdown_watch& watch_; ///< the system's
};

} // namespace axiom
