#pragma once

#include <caf/actor.hpp>
#include <caf/typed_actor.hpp>

#include "axiom/error/message_types.hpp"

namespace axiom {

/// A circuit breaker as an actor, for whoever has no handle, and for those who
/// want to know when its state changes.
///
/// - `(state_atom)` -> the state.
/// - `(stats_atom)` -> the figures.
/// - `(subscribe_atom, actor)` -> nothing; from now on the actor gets each
///   circuit_event, in order. Twice is once. A subscription keeps nothing alive
///   and ends with the actor.
/// - `(unsubscribe_atom, actor)` -> nothing; events that are on their way still
///   come.
/// - `(trip_atom)` -> nothing; opens it, as `circuit_breaker::trip` does.
/// - `(reset_atom)` -> nothing; closes it, as `circuit_breaker::reset` does.
/// - `tick_atom`, `changed_atom`, `ended_atom`: its own.
///
/// An exit message ends it, whatever the reason. The handles work on then, but
/// changes are not announced any more.
using circuit_actor =
  caf::typed_actor<caf::replies_to<state_atom>::with<circuit_state>,
                   caf::replies_to<stats_atom>::with<circuit_stats>,
                   caf::replies_to<subscribe_atom, caf::actor>::with<void>,
                   caf::replies_to<unsubscribe_atom, caf::actor>::with<void>,
                   caf::replies_to<trip_atom>::with<void>,
                   caf::replies_to<reset_atom>::with<void>,
                   caf::reacts_to<tick_atom>, caf::reacts_to<changed_atom>,
                   caf::reacts_to<ended_atom>>;

} // namespace axiom
