#pragma once

#include <chrono>
#include <string>

#include "axiom/runtime/timer_entry.hpp"

namespace axiom::detail {

/// A span of time for the text of an error.
inline std::string milliseconds(runtime::duration x) {
  const auto ms = std::chrono::duration<double, std::milli>(x).count();
  auto result = std::to_string(ms);
  result.erase(result.find('.') + 2); // one digit is enough
  return result + " ms";
}

} // namespace axiom::detail
