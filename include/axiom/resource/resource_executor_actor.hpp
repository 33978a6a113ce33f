#pragma once

#include <caf/typed_actor.hpp>

#include "axiom/resource/executor_stats.hpp"
#include "axiom/resource/message_types.hpp"

namespace axiom {

/// A resource_aware_executor as an actor.
///
/// - `(stats_atom)` -> the figures.
/// - `(close_atom)` -> nothing; see `resource_aware_executor::close`.
/// - `ended_atom`: its own.
///
/// An exit message ends it, whatever the reason: the executor is closed.
using resource_executor_actor =
  caf::typed_actor<caf::replies_to<stats_atom>::with<executor_stats>,
                   caf::replies_to<close_atom>::with<void>,
                   caf::reacts_to<ended_atom>>;

} // namespace axiom
