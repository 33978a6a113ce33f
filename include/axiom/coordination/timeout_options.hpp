#pragma once

#include <optional>
#include <string_view>

#include "axiom/runtime/timer_service.hpp"
#include "axiom/task/priority.hpp"

namespace axiom {

/// How a scope with a timeout is made, but for the timeout.
struct timeout_options {
  /// At most 64 bytes; copied when the scope starts. Shows in the error.
  std::string_view name = "timeout";

  std::optional<task_priority> priority{};
  std::optional<runtime::duration> grace{};
};

} // namespace axiom
