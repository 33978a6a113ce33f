#include <algorithm>
#include <cstddef>
#include <utility>
#include <vector>

#include <prometheus/collectable.h>

#include "axiom/observe/collectors.hpp"
#include "observe/families.hpp"

namespace axiom::observe {

namespace {

using prometheus::MetricFamily;
using prometheus::MetricType;

template <class Enum>
double number_of(Enum x) {
  return static_cast<double>(static_cast<unsigned>(x));
}

/// How many sources cannot be read.
std::uint64_t unreadable(const memory_pressure_stats& x) {
  return static_cast<std::uint64_t>(
    std::count_if(x.sources.begin(), x.sources.end(),
                  [](auto& source) { return !source.problem.empty(); }));
}

/// What a scrape shows.
struct figures {
  explicit figures(const std::vector<memory_pressure_stats>& all) {
    for (auto& x : all) {
      sum.level = std::max(sum.level, x.level);
      sum.stage = std::max(sum.stage, x.stage);
      sum.reading.headroom = std::min(sum.reading.headroom, x.reading.headroom);
      for (std::size_t i = 0; i < sum.entered.size(); ++i)
        sum.entered[i] += x.entered[i];
      for (std::size_t i = 0; i < sum.steps.size(); ++i)
        sum.steps[i] += x.steps[i];
      sum.readings += x.readings;
      sum.shed_tasks += x.shed_tasks;
      sum.shed_in_all += x.shed_in_all;
      sum.relief_failures += x.relief_failures;
      sources_unreadable += unreadable(x);
    }
  }

  memory_pressure_stats sum;
  std::uint64_t sources_unreadable = 0;
};

class memory_pressure_collector : public prometheus::Collectable {
public:
  explicit memory_pressure_collector(memory_pressure_provider provider)
    : provider_(std::move(provider)) {
    // nop
  }

  std::vector<MetricFamily> Collect() const override {
    const auto all = provider_();
    if (all.empty())
      return {};
    const figures now{all};
    std::vector<MetricFamily> result;
    auto add = [&result](const char* name, const char* help,
                         MetricType type) -> MetricFamily& {
      result.push_back(
        family(std::string{"axiom_memory_pressure_"} + name, help, type));
      return result.back();
    };
    auto gauge = [&add](const char* name, const char* help, double value) {
      add_gauge(add(name, help, MetricType::Gauge), value);
    };
    auto counter = [&add](const char* name, const char* help,
                          std::uint64_t value) {
      add_counter(add(name, help, MetricType::Counter), number(value));
    };
    auto& x = now.sum;
    gauge("level",
          "How short memory is: 0 for normal, 1 for warning, 2 for critical.",
          number_of(x.level));
    gauge("stage",
          "What is asked of pools and admission: 0 for nothing, 1 to shrink, "
          "2 to serialise.",
          number_of(x.stage));
    if (x.reading.headroom != memory_reading::unlimited)
      gauge("headroom_bytes", "Bytes left below the nearest limit of memory.",
            number(x.reading.headroom));
    auto& entered =
      add("entered_total", "How often each level began.", MetricType::Counter);
    for (std::size_t i = 0; i < x.entered.size(); ++i)
      add_counter(
        entered, number(x.entered[i]),
        {{"level", to_string(static_cast<memory_pressure_level>(i))}});
    auto& steps =
      add("steps_total", "What was announced, by kind.", MetricType::Counter);
    for (std::size_t i = 0; i < x.steps.size(); ++i)
      add_counter(steps, number(x.steps[i]),
                  {{"step", to_string(static_cast<pressure_step>(i))}});
    counter("readings_total", "How often memory was measured.", x.readings);
    counter("shed_tasks_total",
            "Sheddable tasks that were cancelled for want of memory.",
            x.shed_tasks);
    counter("cancelled_tasks_total",
            "Tasks that were cancelled so, those below the sheddable ones "
            "included.",
            x.shed_in_all);
    gauge("sources_unreadable",
          "Sources that should say how much memory there is and do not.",
          number(now.sources_unreadable));
    counter("relief_failures_total",
            "Exceptions out of pools and monitors that were asked for relief.",
            x.relief_failures);
    return result;
  }

private:
  memory_pressure_provider provider_;
};

} // namespace

std::shared_ptr<prometheus::Collectable> make_memory_pressure_collector(
  memory_pressure_provider provider) {
  return std::make_shared<memory_pressure_collector>(std::move(provider));
}

} // namespace axiom::observe
