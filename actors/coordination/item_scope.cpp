#include "axiom/coordination/detail/item_scope.hpp"

#include "axiom/error/exception.hpp"

namespace axiom::detail {

void require_item_options(const item_options& options, std::size_t limit) {
  if (limit == 0)
    throw exception{errc::invalid_argument,
                    "the limit of " + quoted(options.name)
                      + " is 0: no call could ever start; use at least 1"};
  if (options.failure_mode == failure_mode::partial
      || options.failure_mode == failure_mode::isolate)
    throw exception{errc::invalid_argument,
                    quoted(options.name) + " has failure mode "
                      + to_string(options.failure_mode)
                      + ", which has no place for the "
                        "failures: use map_collect, which gives the outcome of "
                        "every item, or collect_all"};
}

} // namespace axiom::detail
