#include <array>
#include <cstddef>
#include <string>
#include <utility>
#include <vector>

#include <prometheus/collectable.h>

#include "axiom/observe/collectors.hpp"
#include "axiom/task/priority.hpp"
#include "observe/families.hpp"

namespace axiom::observe {

namespace {

using prometheus::MetricFamily;
using prometheus::MetricType;
using runtime::job_levels;
using runtime::worker_state;

struct state_label {
  worker_state state;
  const char* label;
};

constexpr std::array state_labels{
  state_label{worker_state::running, "running"},
  state_label{worker_state::searching, "searching"},
  state_label{worker_state::parked, "parked"},
  state_label{worker_state::retired, "retired"}};

/// All workers together.
struct totals {
  explicit totals(const runtime::scheduler_stats& from)
    : queued(from.injected) {
    for (auto& worker : from.workers) {
      ++in_state[static_cast<std::size_t>(worker.state)];
      jobs += worker.executed;
      steals += worker.stolen;
      parks += worker.parks;
      busy += worker.busy;
      for (std::size_t level = 0; level < job_levels; ++level)
        queued[level] += worker.queued[level];
    }
  }

  std::array<std::size_t, state_labels.size()> in_state{};
  std::uint64_t jobs = 0;
  std::uint64_t steals = 0;
  std::uint64_t parks = 0;
  std::chrono::duration<double> busy{};
  std::array<std::size_t, job_levels> queued;
};

class scheduler_collector : public prometheus::Collectable {
public:
  explicit scheduler_collector(scheduler_provider provider)
    : provider_(std::move(provider)) {
    // nop
  }

  std::vector<MetricFamily> Collect() const override {
    const auto stats = provider_();
    if (stats.workers.empty())
      return {}; // CAF's own policies: nothing is counted
    const totals now{stats};
    std::vector<MetricFamily> result;
    auto add = [&](std::string name, std::string help,
                   MetricType type) -> MetricFamily& {
      result.push_back(family(std::move(name), std::move(help), type));
      return result.back();
    };
    auto add_count = [&](std::string name, std::string help, double value) {
      add_counter(add(std::move(name), std::move(help), MetricType::Counter),
                  value);
    };
    auto& workers =
      add("axiom_scheduler_workers",
          "Workers of the scheduler, by what they do.", MetricType::Gauge);
    for (auto& x : state_labels)
      add_gauge(workers,
                number(now.in_state[static_cast<std::size_t>(x.state)]),
                {{"state", x.label}});
    add_count("axiom_scheduler_jobs_total",
              "Times that a worker ran a task or an actor.", number(now.jobs));
    add_count("axiom_scheduler_steals_total",
              "Jobs that workers took from each other.", number(now.steals));
    add_count("axiom_scheduler_parks_total",
              "Times that a worker went to sleep.", number(now.parks));
    add_count("axiom_scheduler_busy_seconds_total",
              "Time that workers spent in state running.", now.busy.count());
    auto& queued = add("axiom_scheduler_queued_jobs",
                       "Jobs that are ready and wait for a worker, by level.",
                       MetricType::Gauge);
    for (std::size_t level = 0; level < job_levels; ++level)
      add_gauge(queued, number(now.queued[level]),
                {{"level", to_string(static_cast<task_priority>(level))}});
    return result;
  }

private:
  scheduler_provider provider_;
};

} // namespace

std::shared_ptr<prometheus::Collectable> make_scheduler_collector(
  scheduler_provider provider) {
  return std::make_shared<scheduler_collector>(std::move(provider));
}

} // namespace axiom::observe
