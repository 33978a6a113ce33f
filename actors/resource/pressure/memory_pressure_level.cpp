#include "axiom/resource/memory_pressure_level.hpp"

#include "axiom/error/enum_names.hpp"

namespace axiom {

namespace {

constexpr enum_names<memory_pressure_level, 3> level_names{
  {"normal", "warning", "critical"}};

constexpr enum_names<relief_stage, 3> stage_names{
  {"none", "shrink", "serialise"}};

constexpr enum_names<pressure_step, pressure_steps> step_names{
  {"level", "shrink", "serialise", "shed", "unserialise", "regrow",
   "source_lost", "source_back"}};

template <class Enum, std::size_t N>
bool read(const enum_names<Enum, N>& names, std::string_view name, Enum& x) {
  const auto value = names.parse(name);
  if (value)
    x = *value;
  return value.has_value();
}

} // namespace

std::string to_string(memory_pressure_level x) {
  return level_names.print(x);
}

bool from_string(std::string_view name, memory_pressure_level& x) {
  return read(level_names, name, x);
}

std::string to_string(relief_stage x) {
  return stage_names.print(x);
}

bool from_string(std::string_view name, relief_stage& x) {
  return read(stage_names, name, x);
}

std::string to_string(pressure_step x) {
  return step_names.print(x);
}

bool from_string(std::string_view name, pressure_step& x) {
  return read(step_names, name, x);
}

} // namespace axiom
