#pragma once

#include <caf/typed_actor.hpp>

#include "axiom/coordination/limiter_stats.hpp"
#include "axiom/coordination/message_types.hpp"

namespace axiom {

/// A limiter as an actor, for whoever has no handle: other nodes, and ordinary
/// actors.
///
/// A permit belongs to the sender of the request: it comes back when that gives
/// it back, and when it dies or its node is lost. Requests of anonymous senders
/// are refused, since nobody would answer for the permits.
///
/// - `(acquire_atom, weight, priority)` -> the permit's number, once it is
///   granted. Errors: see `concurrency_limiter::acquire`. (A sender that gives
///   up waiting for the response will not know about its permit: use the next
///   one.)
/// - `(acquire_atom, weight, priority, timeout)` -> the same, or
///   `errc::deadline_exceeded`.
/// - `(release_atom, number)` -> nothing. `errc::invalid_argument` if the
/// sender
///   holds no such permit, as when it is given back twice.
/// - `(set_limit_atom, n)` -> nothing.
/// - `(stats_atom)` -> the figures.
/// - `(close_atom)` -> nothing; see `concurrency_limiter::close`.
/// - `tick_atom`, `settled_atom`, `ended_atom`: its own.
///
/// An exit message ends it, whatever the reason: the limiter is closed.
using limiter_actor = caf::typed_actor<
  caf::replies_to<acquire_atom, std::uint32_t,
                  task_priority>::with<std::uint64_t>,
  caf::replies_to<acquire_atom, std::uint32_t, task_priority,
                  caf::timespan>::with<std::uint64_t>,
  caf::replies_to<release_atom, std::uint64_t>::with<void>,
  caf::replies_to<set_limit_atom, std::uint32_t>::with<void>,
  caf::replies_to<stats_atom>::with<limiter_stats>,
  caf::replies_to<close_atom>::with<void>, caf::reacts_to<tick_atom>,
  caf::reacts_to<settled_atom, std::uint64_t>, caf::reacts_to<ended_atom>>;

} // namespace axiom
