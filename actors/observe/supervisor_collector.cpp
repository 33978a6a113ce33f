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

/// Supervisors of one name are one line: two of the same labels are no valid
/// exposition.
std::map<std::string, supervisor_stats> by_name(
  const std::vector<supervisor_stats>& all) {
  std::map<std::string, supervisor_stats> result;
  for (auto& x : all) {
    auto& sum = result[x.name];
    sum.children += x.children;
    sum.active += x.active;
    sum.starts += x.starts;
    sum.restarts += x.restarts;
    sum.errors += x.errors;
  }
  return result;
}

class supervisor_collector : public prometheus::Collectable {
public:
  explicit supervisor_collector(supervisor_provider provider)
    : provider_(std::move(provider)) {
    // nop
  }

  std::vector<MetricFamily> Collect() const override {
    const auto now = by_name(provider_());
    if (now.empty())
      return {};
    auto children = family("axiom_supervisor_children",
                           "Children of a supervisor that are there, and that "
                           "are not.",
                           MetricType::Gauge);
    auto starts = family("axiom_supervisor_starts_total",
                         "Children that were made, again or for the first "
                         "time.",
                         MetricType::Counter);
    auto restarts = family("axiom_supervisor_restarts_total",
                           "Restarts because of failures, of several children "
                           "as one.",
                           MetricType::Counter);
    auto errors = family("axiom_supervisor_child_errors_total",
                         "Failures of children, failed starts included.",
                         MetricType::Counter);
    for (auto& [name, x] : now) {
      // The two figures are not of one moment.
      const auto inactive = x.children > x.active ? x.children - x.active : 0;
      add_gauge(children, number(x.active),
                {{"supervisor", name}, {"state", "active"}});
      add_gauge(children, number(inactive),
                {{"supervisor", name}, {"state", "inactive"}});
      add_counter(starts, number(x.starts), {{"supervisor", name}});
      add_counter(restarts, number(x.restarts), {{"supervisor", name}});
      add_counter(errors, number(x.errors), {{"supervisor", name}});
    }
    return {std::move(children), std::move(starts), std::move(restarts),
            std::move(errors)};
  }

private:
  supervisor_provider provider_;
};

} // namespace

std::shared_ptr<prometheus::Collectable> make_supervisor_collector(
  supervisor_provider provider) {
  return std::make_shared<supervisor_collector>(std::move(provider));
}

} // namespace axiom::observe
