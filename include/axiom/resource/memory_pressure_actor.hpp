#pragma once

#include <caf/actor.hpp>
#include <caf/typed_actor.hpp>

#include "axiom/resource/pressure/message_types.hpp"

namespace axiom {

/// A memory_pressure as an actor.
///
/// - `(level_atom)` -> the level.
/// - `(stats_atom)` -> the figures.
/// - `(subscribe_atom, actor)` -> nothing; from now on the actor gets each
///   memory_pressure_event, in order. Twice is once. A subscription keeps
///   nothing alive and ends with the actor.
/// - `(unsubscribe_atom, actor)` -> nothing; events that are on their way still
///   come.
/// - `(read_atom)` -> what a reading that is taken now says. It counts as any
///   other.
/// - `(close_atom)` -> nothing; see `memory_pressure::close`.
/// - `tick_atom`, `attach_atom`, `ended_atom`: its own.
///
/// An exit message ends it, whatever the reason, as closing does.
using memory_pressure_actor =
  caf::typed_actor<caf::replies_to<level_atom>::with<memory_pressure_level>,
                   caf::replies_to<stats_atom>::with<memory_pressure_stats>,
                   caf::replies_to<subscribe_atom, caf::actor>::with<void>,
                   caf::replies_to<unsubscribe_atom, caf::actor>::with<void>,
                   caf::replies_to<read_atom>::with<memory_reading>,
                   caf::replies_to<close_atom>::with<void>,
                   caf::reacts_to<tick_atom>, caf::reacts_to<attach_atom>,
                   caf::reacts_to<ended_atom>>;

} // namespace axiom
