#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace axiom {

/// How urgent a task is. A child has its parent's unless told otherwise.
enum class task_priority : std::uint8_t { background, low, medium, high };

/// The enumerator's name.
std::string to_string(task_priority value);

/// The priority of this name; none if there is no such name.
std::optional<task_priority> parse_task_priority(std::string_view name);

} // namespace axiom
