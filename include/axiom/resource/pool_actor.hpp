#pragma once

#include <cstdint>

#include <caf/typed_actor.hpp>

#include "axiom/resource/message_types.hpp"
#include "axiom/resource/pool_stats.hpp"

namespace axiom {

/// A pool as an actor, for whoever has no handle. Objects do not travel by
/// message: what does is looking at a pool and steering it.
///
/// - `(stats_atom)` -> the figures.
/// - `(set_max_atom, n)` -> nothing; see `resource_pool::set_max`.
/// - `(trim_atom)` -> how many idle objects were destroyed; see
///   `resource_pool::trim`.
/// - `(close_atom)` -> nothing; see `resource_pool::close`.
/// - `tick_atom`, `ended_atom`: its own.
///
/// An exit message ends it, whatever the reason: the pool is closed.
using pool_actor =
  caf::typed_actor<caf::replies_to<stats_atom>::with<pool_stats>,
                   caf::replies_to<set_max_atom, std::uint32_t>::with<void>,
                   caf::replies_to<trim_atom>::with<std::uint64_t>,
                   caf::replies_to<close_atom>::with<void>,
                   caf::reacts_to<tick_atom>, caf::reacts_to<ended_atom>>;

} // namespace axiom
