#pragma once

#include "axiom/deploy/types.hpp"
#include "axiom/error/backoff.hpp"

namespace axiom::deploy {

/// What `backoff:` takes: how long to wait before something is tried again.
type<backoff_options> backoff_type();

} // namespace axiom::deploy
