#include <string>

#include "axiom/error/error_walk.hpp"
#include "axiom/error/printable.hpp"

namespace axiom {

std::string to_string(const concurrent_errors& errors, std::size_t limit) {
  std::string result;
  std::size_t lines = 0;
  for (error_walk at{errors.errors()}; at.next();) {
    if (lines++ >= limit)
      continue; // only count
    result.append(2 * at.depth(), ' ');
    if (at.suppressed())
      result += "suppressed: ";
    result.append(printable(at.error().task.name)).append(": ");
    if (at.below() != nullptr)
      result.append(std::to_string(at.below()->size()))
        .append(" failed below it");
    else
      result += printable(at.error().error.what());
    result += '\n';
  }
  if (lines > limit)
    result.append("... and ")
      .append(std::to_string(lines - limit))
      .append(" more\n");
  return result;
}

} // namespace axiom
