#include "axiom/task/reference.hpp"

#include <array>
#include <cstdio>

#include "axiom/error/enum_names.hpp"

namespace axiom {

namespace {

constexpr enum_names<task_priority, 4> priority_names{
  {"background", "low", "medium", "high"}};

} // namespace

std::string to_string(task_priority value) {
  return priority_names.print(value);
}

std::optional<task_priority> parse_task_priority(std::string_view name) {
  return priority_names.parse(name);
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
