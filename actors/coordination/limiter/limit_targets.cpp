#include "axiom/coordination/limiter/limit_targets.hpp"

#include <algorithm>
#include <cmath>

namespace axiom::detail {

double aimd_target(double limit) noexcept {
  return limit + 1;
}

double vegas_target(double limit, double slowdown) noexcept {
  auto unit = std::max(1.0, std::log10(limit));
  auto queued = std::ceil(limit * (1 - 1 / slowdown));
  if (queued <= unit) // next to nothing: fast
    return limit + 6 * unit;
  if (queued < 3 * unit)
    return limit + unit;
  if (queued > 6 * unit)
    return limit - unit;
  return limit;
}

double gradient_target(double limit, double slowdown, double tolerance,
                       double smoothing) noexcept {
  auto gradient = std::clamp(tolerance / slowdown, 0.5, 1.0);
  auto target = limit * gradient;
  // Room for a queue is added only where none is seen. The published algorithm
  // adds it always, so that a mild overload, say a gradient of 0.9, makes the
  // limit grow as long as it is below ten times the room.
  if (gradient == 1.0)
    target += std::max(4.0, std::sqrt(limit));
  return limit + smoothing * (target - limit);
}

} // namespace axiom::detail
