#include <string>
#include <utility>
#include <vector>

#include <prometheus/collectable.h>

#include "axiom/error/errc.hpp"
#include "axiom/observe/collectors.hpp"
#include "axiom/version.hpp"
#include "observe/families.hpp"

namespace axiom::observe {

namespace {

using prometheus::MetricFamily;
using prometheus::MetricType;

class task_collector : public prometheus::Collectable {
public:
  explicit task_collector(metrics_provider provider)
    : provider_(std::move(provider)) {
    // nop
  }

  std::vector<MetricFamily> Collect() const override {
    const auto now = provider_();
    std::vector<MetricFamily> result;
    auto add = [&](std::string name, std::string help,
                   MetricType type) -> MetricFamily& {
      result.push_back(family(std::move(name), std::move(help), type));
      return result.back();
    };
    add_counter(
      add("axiom_tasks_created_total", "Tasks created.", MetricType::Counter),
      number(now.created));
    auto& finished =
      add("axiom_tasks_finished_total", "Tasks that ended, by how they ended.",
          MetricType::Counter);
    add_counter(finished, number(now.completed), {{"outcome", "completed"}});
    add_counter(finished, number(now.failed), {{"outcome", "failed"}});
    add_counter(finished, number(now.cancelled), {{"outcome", "cancelled"}});
    auto& errors = add("axiom_errors_total",
                       "Tasks that failed, by the code of their error; foreign "
                       "for an error that is not of Axiom.",
                       MetricType::Counter);
    add_counter(errors, number(now.errors[0]), {{"code", "foreign"}});
    for (std::size_t i = 1; i < now.errors.size(); ++i)
      if (const auto code = static_cast<errc>(i); !sentence_of(code).empty())
        add_counter(errors, number(now.errors[i]), {{"code", to_string(code)}});
    add_counter(add("axiom_retries_total",
                    "Attempts that followed a failed one.",
                    MetricType::Counter),
                number(now.retries));
    add_counter(add("axiom_retries_refused_total",
                    "Retries that a retry budget did not pay for.",
                    MetricType::Counter),
                number(now.retries_refused));
    add_gauge(add("axiom_tasks_active", "Tasks created and not ended yet.",
                  MetricType::Gauge),
              number(now.active()));
    add_histogram(add("axiom_cancellation_seconds",
                      "Time from the request of a cancellation to its last "
                      "acknowledgement.",
                      MetricType::Histogram),
                  now.cancellation);
    add_counter(add("axiom_cancellations_overdue_total",
                    "Tasks that outlived the grace of their cancellation.",
                    MetricType::Counter),
                number(now.overdue));
    add_gauge(add("axiom_build_info",
                  "The releases of Axiom and of CAF; always 1.",
                  MetricType::Gauge),
              1,
              {{"version", std::string{version()}},
               {"caf", std::string{caf_version()}}});
    return result;
  }

private:
  metrics_provider provider_;
};

} // namespace

std::shared_ptr<prometheus::Collectable> make_task_collector(
  metrics_provider provider) {
  return std::make_shared<task_collector>(std::move(provider));
}

} // namespace axiom::observe
