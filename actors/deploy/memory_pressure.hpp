#pragma once

#include "axiom/deploy/types.hpp"
#include "axiom/resource/memory_pressure_options.hpp"

namespace axiom::deploy {

/// What `memory_pressure:` takes.
type<memory_pressure_options> memory_pressure_type();

} // namespace axiom::deploy
