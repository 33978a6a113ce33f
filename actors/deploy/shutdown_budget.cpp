#include "deploy/shutdown_budget.hpp"

#include <algorithm>

#include "axiom/task/defaults.hpp"

namespace axiom::deploy {

using std::chrono::nanoseconds;

nanoseconds time_to_stop(const supervised_spec& child) {
  const auto* nested =
    std::get_if<std::shared_ptr<const supervisor_spec>>(&child.what);
  if (nested == nullptr)
    return child.how.shutdown.value_or(defaults::child_shutdown);
  return std::min<nanoseconds>(child.how.shutdown.value_or(shutdown_infinity),
                               time_to_stop(**nested));
}

nanoseconds time_to_stop(const supervisor_spec& x) {
  // The children of this strategy are of one kind.
  if (x.options.strategy == supervision_strategy::simple_one_for_one)
    return x.children.empty() ? nanoseconds{} : time_to_stop(x.children[0]);
  nanoseconds sum{};
  for (const auto& child : x.children) {
    const auto more = time_to_stop(child);
    if (more >= shutdown_infinity - sum)
      return shutdown_infinity;
    sum += more;
  }
  return sum;
}

} // namespace axiom::deploy
