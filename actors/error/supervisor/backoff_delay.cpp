#include "axiom/error/supervisor/backoff_delay.hpp"

#include <algorithm>
#include <cmath>

namespace axiom::detail {

runtime::duration backoff_delay(const restart_backoff& how,
                                std::uint64_t attempt, double luck) noexcept {
  if (how.initial <= runtime::duration::zero())
    return runtime::duration::zero();
  const auto most = static_cast<double>(how.max.count());
  auto delay = static_cast<double>(how.initial.count())
             * std::pow(how.factor, static_cast<double>(attempt - 1));
  delay = std::min(delay, most); // infinity too
  delay *= 1 - how.jitter + 2 * how.jitter * luck;
  // Rounded to a double, the longest duration may be out of its range.
  constexpr auto longest = runtime::duration::max() / 4;
  return delay < static_cast<double>(longest.count())
         ? runtime::duration{static_cast<runtime::duration::rep>(delay)}
         : longest;
}

} // namespace axiom::detail
