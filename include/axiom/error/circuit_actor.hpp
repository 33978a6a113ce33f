#pragma once

#include <cstdint>

#include <caf/actor.hpp>
#include <caf/error.hpp>
#include <caf/timespan.hpp>
#include <caf/typed_actor.hpp>

#include "axiom/error/message_types.hpp"

namespace axiom {

/// A circuit breaker as an actor, for whoever has no handle, such as callers on
/// other nodes, and for those who want to know when its state changes.
///
/// A permission for a call belongs to the sender of the request, who tells once
/// how the call went. When he dies, or his node is lost, it is returned: that
/// says nothing about what he called, for good or bad, and a probe's place is
/// free again. Requests of anonymous senders are refused, since nobody would
/// answer for the permission.
///
/// - `(acquire_atom)` -> the number of a permission, or `errc::circuit_open`;
///   at once in either case.
/// - `(acquire_atom, timeout)` -> the same, for a call that may take so long: a
///   permission of which nothing is heard by then counts as a failure with
///   `errc::deadline_exceeded`, and is gone. Remote callers had better use this
///   one: one that lives but never tells how its probe went keeps the others
///   out. The timeout is positive, or `errc::invalid_argument`.
/// - `(succeeded_atom, number)` -> nothing. As for `circuit_pass::succeeded`;
///   how long the call took is measured here, between the two messages.
/// - `(failed_atom, number, error)` -> nothing. As for `circuit_pass::failed`.
/// - `(release_atom, number)` -> nothing. There was no call, or nothing can be
///   learnt of it.
///
///   All three: `errc::invalid_argument` if the sender has no such permission,
///   as when he tells twice, or after the timeout.
/// - `(state_atom)` -> the state.
/// - `(stats_atom)` -> the figures.
/// - `(subscribe_atom, actor)` -> nothing; from now on the actor gets each
///   circuit_event, in order. Twice is once. A subscription keeps nothing alive
///   and ends with the actor.
/// - `(unsubscribe_atom, actor)` -> nothing; events that are on their way still
///   come.
/// - `(trip_atom)` -> nothing; opens it, as `circuit_breaker::trip` does.
/// - `(reset_atom)` -> nothing; closes it, as `circuit_breaker::reset` does.
/// - `tick_atom`, `changed_atom`, `settled_atom`, `ended_atom`: its own.
///
/// An exit message ends it, whatever the reason. The handles work on then, but
/// changes are not announced any more, and permissions given by message have
/// taught nothing.
using circuit_actor = caf::typed_actor<
  caf::replies_to<acquire_atom>::with<std::uint64_t>,
  caf::replies_to<acquire_atom, caf::timespan>::with<std::uint64_t>,
  caf::replies_to<succeeded_atom, std::uint64_t>::with<void>,
  caf::replies_to<failed_atom, std::uint64_t, caf::error>::with<void>,
  caf::replies_to<release_atom, std::uint64_t>::with<void>,
  caf::replies_to<state_atom>::with<circuit_state>,
  caf::replies_to<stats_atom>::with<circuit_stats>,
  caf::replies_to<subscribe_atom, caf::actor>::with<void>,
  caf::replies_to<unsubscribe_atom, caf::actor>::with<void>,
  caf::replies_to<trip_atom>::with<void>,
  caf::replies_to<reset_atom>::with<void>, caf::reacts_to<tick_atom>,
  caf::reacts_to<changed_atom>, caf::reacts_to<settled_atom, std::uint64_t>,
  caf::reacts_to<ended_atom>>;

} // namespace axiom
