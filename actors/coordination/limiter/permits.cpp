#include "axiom/coordination/limiter/permits.hpp"

#include <string>

#include "axiom/error/exception.hpp"

namespace axiom::detail {

void throw_stray_release(permit_count released, permit_count in_use) {
  throw exception{errc::invalid_argument,
                  std::to_string(released) + " permits are released where "
                    + std::to_string(in_use)
                    + " are in use; each permit is released once, by whoever "
                      "was granted it"};
}

} // namespace axiom::detail
