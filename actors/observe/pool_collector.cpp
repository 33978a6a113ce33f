#include <map>
#include <string>
#include <utility>
#include <vector>

#include <prometheus/collectable.h>

#include "axiom/observe/collectors.hpp"
#include "observe/families.hpp"

namespace axiom::observe {

namespace {

using prometheus::MetricFamily;
using prometheus::MetricType;

/// Pools of one name are one line: two of the same labels are no valid
/// exposition.
std::map<std::string, pool_stats> by_name(const std::vector<pool_stats>& all) {
  std::map<std::string, pool_stats> result;
  for (auto& x : all) {
    auto& sum = result[x.name];
    sum.max += x.max;
    sum.idle += x.idle;
    sum.in_use += x.in_use;
    sum.creating += x.creating;
    sum.waiting += x.waiting;
    sum.created += x.created;
    sum.destroyed += x.destroyed;
    sum.failed_creations += x.failed_creations;
    sum.unhealthy += x.unhealthy;
    sum.waits += x.waits;
  }
  return result;
}

class pool_collector : public prometheus::Collectable {
public:
  explicit pool_collector(pool_provider provider)
    : provider_(std::move(provider)) {
    // nop
  }

  std::vector<MetricFamily> Collect() const override {
    const auto now = by_name(provider_());
    if (now.empty())
      return {};
    auto objects = family("axiom_pool_objects",
                          "Objects of a pool that are idle, in use, or being "
                          "created, and the most there may be.",
                          MetricType::Gauge);
    auto waiting =
      family("axiom_pool_waiting", "Requests that wait for an object.",
             MetricType::Gauge);
    auto waits = family("axiom_pool_wait_seconds",
                        "How long requests waited until they were let in; "
                        "without the time to create an object.",
                        MetricType::Histogram);
    auto created = family("axiom_pool_created_total",
                          "Objects that were created.", MetricType::Counter);
    auto destroyed =
      family("axiom_pool_destroyed_total", "Objects that were destroyed.",
             MetricType::Counter);
    auto failed = family("axiom_pool_failed_creations_total",
                         "Objects whose creation failed.", MetricType::Counter);
    auto unhealthy = family("axiom_pool_unhealthy_total",
                            "Objects destroyed because they were not healthy.",
                            MetricType::Counter);
    for (auto& [name, x] : now) {
      auto labels = [&](const char* state) -> label_list {
        return {{"pool", name}, {"state", state}};
      };
      add_gauge(objects, number(x.idle), labels("idle"));
      add_gauge(objects, number(x.in_use), labels("in_use"));
      add_gauge(objects, number(x.creating), labels("creating"));
      add_gauge(objects, number(x.max), labels("limit"));
      add_gauge(waiting, number(x.waiting), {{"pool", name}});
      add_histogram(waits, x.waits, {{"pool", name}});
      add_counter(created, number(x.created), {{"pool", name}});
      add_counter(destroyed, number(x.destroyed), {{"pool", name}});
      add_counter(failed, number(x.failed_creations), {{"pool", name}});
      add_counter(unhealthy, number(x.unhealthy), {{"pool", name}});
    }
    return {std::move(objects),  std::move(waiting),   std::move(waits),
            std::move(created),  std::move(destroyed), std::move(failed),
            std::move(unhealthy)};
  }

private:
  pool_provider provider_;
};

} // namespace

std::shared_ptr<prometheus::Collectable> make_pool_collector(
  pool_provider provider) {
  return std::make_shared<pool_collector>(std::move(provider));
}

} // namespace axiom::observe
