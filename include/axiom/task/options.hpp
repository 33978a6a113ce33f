#pragma once

#include <optional>
#include <string_view>

#include "axiom/runtime/timer_service.hpp"
#include "axiom/task/priority.hpp"

namespace axiom {

/// How a task is created; what is left out is inherited from its parent.
struct task_options {
  /// At most 64 bytes; copied. Need not be unique.
  std::string_view name{};

  std::optional<task_priority> priority{};

  /// The task is cancelled with reason `deadline` this long after its
  /// creation, unless a deadline above it comes first. Must be positive.
  std::optional<runtime::duration> timeout{};

  /// How long it has to end once it is cancelled; at most its parent's.
  std::optional<runtime::duration> grace{};

  /// Under memory pressure that does not give way otherwise the task may be
  /// given up for the others' sake: it is cancelled with reason `limit_shed`,
  /// and all below it with it. So it is not inherited: a task below need not be
  /// found by itself, unless it can also be spared by itself. See
  /// memory_pressure.
  bool sheddable = false;
};

} // namespace axiom
