#include "axiom/resource/resource_pool.hpp"

namespace axiom {

std::vector<pool_stats> all_pool_stats(caf::actor_system& sys) {
  // Not with the residents' lock held: whoever lets go of a pool last ends it.
  std::vector<detail::pool_core_ptr> pools;
  if (auto* host = runtime::host::find(sys))
    host->residents().for_each<detail::pool_core>(
      [&](auto& x) { pools.emplace_back(&x); });
  std::vector<pool_stats> result;
  for (auto& x : pools)
    result.push_back(x->stats());
  return result;
}

std::string to_string(const pool_stats& x) {
  return x.name + ": " + std::to_string(x.in_use) + " in use, "
       + std::to_string(x.idle) + " idle of at most " + std::to_string(x.max)
       + ", " + std::to_string(x.waiting) + " waiting";
}

} // namespace axiom
