#include "axiom/observe/printable.hpp"

namespace axiom::observe {

std::string in_quotes(std::string_view bytes) {
  return '"' + printable(bytes) + '"';
}

} // namespace axiom::observe
