#pragma once

#include <vector>

#include <caf/typed_actor.hpp>

#include "axiom/resource/message_types.hpp"
#include "axiom/resource/resource_stats.hpp"

namespace axiom {

/// A resource monitor as an actor, for whoever has no handle: other nodes, and
/// ordinary actors.
///
/// A lease belongs to the sender of the request: it comes back when that gives
/// it back, and when it dies or its node is lost. Requests of anonymous senders
/// are refused, since nobody would answer for the lease.
///
/// - `(acquire_atom, requirements, priority)` -> the lease's number, once it is
///   granted. Errors: see `resource_monitor::acquire`. (A sender that gives up
///   waiting for the response will not know about its lease: use the next one.)
/// - `(acquire_atom, requirements, priority, timeout)` -> the same, or
///   `errc::deadline_exceeded`.
/// - `(release_atom, number)` -> nothing. `errc::invalid_argument` if the
///   sender holds no such lease, as when it is given back twice.
/// - `(set_capacity_atom, requirement)` -> nothing.
/// - `(stats_atom)` -> the figures.
/// - `(close_atom)` -> nothing; see `resource_monitor::close`.
/// - `tick_atom`, `settled_atom`, `ended_atom`: its own.
///
/// An exit message ends it, whatever the reason: the monitor is closed.
using resource_monitor_actor = caf::typed_actor<
  caf::replies_to<acquire_atom, std::vector<resource_requirement>,
                  task_priority>::with<std::uint64_t>,
  caf::replies_to<acquire_atom, std::vector<resource_requirement>,
                  task_priority, caf::timespan>::with<std::uint64_t>,
  caf::replies_to<release_atom, std::uint64_t>::with<void>,
  caf::replies_to<set_capacity_atom, resource_requirement>::with<void>,
  caf::replies_to<stats_atom>::with<resource_stats>,
  caf::replies_to<close_atom>::with<void>, caf::reacts_to<tick_atom>,
  caf::reacts_to<settled_atom, std::uint64_t>, caf::reacts_to<ended_atom>>;

} // namespace axiom
