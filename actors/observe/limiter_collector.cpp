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

/// Limiters of one name are one line: two of the same labels are no valid
/// exposition.
std::map<std::string, limiter_stats>
by_name(const std::vector<limiter_stats>& all) {
  std::map<std::string, limiter_stats> result;
  for (auto& x : all) {
    auto& sum = result[x.name];
    sum.limit += x.limit;
    sum.in_use += x.in_use;
    sum.waiting += x.waiting;
    sum.timed_out += x.timed_out;
    sum.deadlocks += x.deadlocks;
    sum.waits += x.waits;
  }
  return result;
}

class limiter_collector : public prometheus::Collectable {
public:
  explicit limiter_collector(limiter_provider provider)
    : provider_(std::move(provider)) {
    // nop
  }

  std::vector<MetricFamily> Collect() const override {
    const auto now = by_name(provider_());
    if (now.empty())
      return {};
    auto permits = family("axiom_limiter_permits",
                          "Permits of a limiter that are in use, and its limit.",
                          MetricType::Gauge);
    auto waiting = family("axiom_limiter_waiting",
                          "Requests that wait for permits.", MetricType::Gauge);
    auto waits = family("axiom_limiter_wait_seconds",
                        "How long granted requests waited for their permits.",
                        MetricType::Histogram);
    auto timeouts = family("axiom_limiter_timeouts_total",
                           "Requests that were not granted in time.",
                           MetricType::Counter);
    auto deadlocks = family("axiom_limiter_deadlocks_refused_total",
                            "Requests refused since they would have waited for "
                            "themselves.",
                            MetricType::Counter);
    for (auto& [name, x] : now) {
      auto labels = [&](const char* state) -> label_list {
        return {{"limiter", name}, {"state", state}};
      };
      add_gauge(permits, number(x.in_use), labels("in_use"));
      add_gauge(permits, number(x.limit), labels("limit"));
      add_gauge(waiting, number(x.waiting), {{"limiter", name}});
      add_histogram(waits, x.waits, {{"limiter", name}});
      add_counter(timeouts, number(x.timed_out), {{"limiter", name}});
      add_counter(deadlocks, number(x.deadlocks), {{"limiter", name}});
    }
    return {std::move(permits), std::move(waiting), std::move(waits),
            std::move(timeouts), std::move(deadlocks)};
  }

private:
  limiter_provider provider_;
};

} // namespace

std::shared_ptr<prometheus::Collectable> make_limiter_collector(
  limiter_provider provider) {
  return std::make_shared<limiter_collector>(std::move(provider));
}

} // namespace axiom::observe
