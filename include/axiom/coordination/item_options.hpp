#pragma once

#include <optional>
#include <string_view>

#include "axiom/coordination/failure_mode.hpp"
#include "axiom/runtime/timer_service.hpp"
#include "axiom/task/priority.hpp"

namespace axiom {

/// How a scope runs that calls an operation for each item of a source:
/// `map_with_limit`, `transform_stream` and their kin.
struct item_options {
  /// At most 64 bytes; copied when the scope starts. Errors name an item by it:
  /// `map[17]` is the item with index 17, counted from 0.
  std::string_view name = "map";

  /// `throw_on_first`, or `collect_all`; the others are refused.
  axiom::failure_mode failure_mode = axiom::failure_mode::throw_on_first;

  std::optional<task_priority> priority{};

  /// All of it is cancelled this long after its start; the scope then fails
  /// with `errc::deadline_exceeded`, when all calls have ended.
  std::optional<runtime::duration> timeout{};

  std::optional<runtime::duration> grace{};
};

} // namespace axiom
