#include "axiom/task/reference.hpp"

#include <array>
#include <cstdio>

namespace axiom {

namespace {

constexpr std::array priority_names{"background", "low", "medium", "high"};

} // namespace

std::string to_string(task_priority value) {
  auto index = static_cast<std::size_t>(value);
  return index < priority_names.size() ? priority_names[index] : "invalid";
}

std::optional<task_priority> parse_task_priority(std::string_view name) {
  for (std::size_t i = 0; i < priority_names.size(); ++i)
    if (name == priority_names[i])
      return static_cast<task_priority>(i);
  return std::nullopt;
}

std::string to_string(const task_id& id) {
  std::array<char, 40> buf{};
  auto hi = static_cast<unsigned long long>(id.system);
  auto lo = static_cast<unsigned long long>(id.actor);
  std::snprintf(buf.data(), buf.size(), "%08llx-%04llx-%04llx-%04llx-%012llx",
                hi >> 32, (hi >> 16) & 0xffff, hi & 0xffff, lo >> 48,
                lo & 0xffffffffffffULL);
  return buf.data();
}

std::string to_string(const task_reference& ref) {
  return ref.name + " (" + to_string(ref.id) + ")";
}

} // namespace axiom
