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

/// In the base unit of the kind: bytes, cores, pieces.
double in_base_unit(resource_kind kind, std::uint64_t units) {
  constexpr double thousandths = 1e-3;
  return kind == resource_kind::cpu ? number(units) * thousandths
                                    : number(units);
}

/// The same resource of several monitors is one line: two of the same labels
/// are no valid exposition.
struct totals {
  double in_use = 0;
  double capacity = 0;
  std::uint64_t waiting = 0;
};

class resource_collector : public prometheus::Collectable {
public:
  explicit resource_collector(resource_provider provider)
    : provider_(std::move(provider)) {
    // nop
  }

  std::vector<MetricFamily> Collect() const override {
    const auto now = provider_();
    if (now.empty())
      return {};
    std::map<std::string, totals> by_resource;
    runtime::histogram waits;
    std::uint64_t timeouts = 0;
    std::uint64_t deadlocks = 0;
    for (const auto& monitor : now) {
      for (const auto& x : monitor.resources) {
        const auto kind = x.capacity.kind();
        auto& sum = by_resource[std::string{x.capacity.name()}];
        sum.in_use += in_base_unit(kind, x.in_use);
        sum.capacity += in_base_unit(kind, x.capacity.amount());
        sum.waiting += x.waiting;
      }
      waits += monitor.waits;
      timeouts += monitor.timed_out;
      deadlocks += monitor.deadlocks;
    }
    auto units = family("axiom_resource_units",
                        "Units of a resource that are in use, and its "
                        "capacity: bytes of memory, cores, pieces.",
                        MetricType::Gauge);
    auto waiting = family("axiom_resource_waiting",
                          "Requests that wait for a resource, maybe among "
                          "others.",
                          MetricType::Gauge);
    for (auto& [name, x] : by_resource) {
      auto labels = [&](const char* state) -> label_list {
        return {{"resource", name}, {"state", state}};
      };
      add_gauge(units, x.in_use, labels("in_use"));
      add_gauge(units, x.capacity, labels("capacity"));
      add_gauge(waiting, number(x.waiting), {{"resource", name}});
    }
    auto seconds = family("axiom_resource_wait_seconds",
                          "How long granted requests waited for their "
                          "resources.",
                          MetricType::Histogram);
    add_histogram(seconds, waits);
    auto late =
      family("axiom_resource_timeouts_total",
             "Requests that were not granted in time.", MetricType::Counter);
    add_counter(late, number(timeouts));
    auto circles = family("axiom_resource_deadlocks_refused_total",
                          "Requests refused since they would have waited for "
                          "themselves.",
                          MetricType::Counter);
    add_counter(circles, number(deadlocks));
    return {std::move(units), std::move(waiting), std::move(seconds),
            std::move(late), std::move(circles)};
  }

private:
  resource_provider provider_;
};

} // namespace

std::shared_ptr<prometheus::Collectable> make_resource_collector(
  resource_provider provider) {
  return std::make_shared<resource_collector>(std::move(provider));
}

} // namespace axiom::observe
