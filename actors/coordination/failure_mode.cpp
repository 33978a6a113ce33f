#include "axiom/coordination/failure_mode.hpp"

#include <array>

namespace axiom {

namespace {

constexpr std::array names{"throw_on_first", "partial", "collect_all"};

} // namespace

std::string to_string(failure_mode mode) {
  auto index = static_cast<std::size_t>(mode);
  return index < names.size() ? names[index] : "invalid";
}

std::optional<failure_mode> parse_failure_mode(std::string_view name) {
  for (std::size_t i = 0; i < names.size(); ++i)
    if (name == names[i])
      return static_cast<failure_mode>(i);
  return std::nullopt;
}

} // namespace axiom
