#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include <caf/fwd.hpp>

#include "axiom/runtime/timer_service.hpp"

namespace axiom::runtime {

/// An event-based actor that the scheduler has seen.
struct running_actor {
  caf::actor_id id = 0;
  std::string name; ///< its type, where it has no name of its own
  duration age{}; ///< since it ran for the first time
};

/// Those that run at one moment; of many, only some by name.
struct running_actors {
  std::vector<running_actor> listed;
  std::size_t count = 0;
};

} // namespace axiom::runtime
