#pragma once

#include "axiom/runtime/resident.hpp"

namespace axiom::detail {

class task_actor;

/// Something whose shares are held by tasks, and that writes down by which.
class holder_registry : public runtime::resident {
public:
  /// The task ends. What is still written down as held by it was given away and
  /// lives on; from now on nobody is known to hold it.
  virtual void forget(const task_actor& holder) noexcept = 0;
};

} // namespace axiom::detail
