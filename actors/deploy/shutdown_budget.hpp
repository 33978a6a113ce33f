#pragma once

#include <chrono>

#include "axiom/deploy/deployment.hpp"

namespace axiom::deploy {

/// How long a child may take to end: what it has by itself, or what all below
/// it may take, if that is less. `shutdown_infinity` if there is no limit.
std::chrono::nanoseconds time_to_stop(const supervised_spec& child);

/// How long the children may take to end: together, as they are stopped one
/// after the other, or the slowest, where they are stopped at once.
std::chrono::nanoseconds time_to_stop(const supervisor_spec& x);

} // namespace axiom::deploy
