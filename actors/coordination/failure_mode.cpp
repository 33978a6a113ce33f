#include "axiom/coordination/failure_mode.hpp"

#include "axiom/error/enum_names.hpp"

namespace axiom {

namespace {

constexpr enum_names<failure_mode, 4> names{
  {"throw_on_first", "partial", "collect_all", "isolate"}};

} // namespace

std::string to_string(failure_mode mode) {
  return names.print(mode);
}

std::optional<failure_mode> parse_failure_mode(std::string_view name) {
  return names.parse(name);
}

} // namespace axiom
