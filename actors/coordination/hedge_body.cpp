#include "axiom/coordination/detail/hedge_body.hpp"

namespace axiom::detail {

void require_hedge(std::string_view name, runtime::duration delay,
                   std::size_t max) {
  if (delay <= runtime::duration::zero())
    throw exception{errc::invalid_argument,
                    "the delay of the hedged " + quoted(name)
                      + " must be positive; to start all attempts at once, use "
                        "first_success"};
  if (max == 0)
    throw exception{errc::invalid_argument,
                    "the hedged " + quoted(name)
                      + " has no attempt: max must be at least 1"};
}

} // namespace axiom::detail
