#include "axiom/deploy/runner.hpp"

#include <algorithm>
#include <chrono>
#include <utility>

#include "axiom/coordination/concurrency_limiter.hpp"
#include "axiom/deploy/task_types.hpp"
#include "axiom/resource/machine_resources.hpp"
#include "deploy/attempts.hpp"

namespace axiom::deploy {

using namespace std::chrono_literals;

namespace {

/// What there is, where it was left to the machine read from there.
resource_requirements capacities(const resource_capacities& x) {
  resource_requirements result;
  if (x.memory)
    result.add(memory(*x.memory));
  if (x.cpu)
    result.add({resource_kind::cpu, {}, *x.cpu});
  for (const auto& machine : machine_resources())
    if (machine.kind() == resource_kind::memory ? !x.memory : !x.cpu)
      result.add(machine);
  for (const auto& [name, amount] : x.custom)
    result.add(custom(name, static_cast<std::uint64_t>(amount)));
  return result;
}

/// How often a wait looks whether a cancellation has given up.
constexpr auto look_interval = 50ms;

} // namespace

struct runner::run {
  /// Notes when the task ran, however it ends.
  class stopwatch {
  public:
    explicit stopwatch(run& what) : run_(what) {
      run_.started = timestamp::clock::now();
    }

    stopwatch(const stopwatch&) = delete;
    stopwatch& operator=(const stopwatch&) = delete;

    ~stopwatch() {
      run_.elapsed = std::chrono::steady_clock::now() - start_;
    }

  private:
    run& run_;
    const std::chrono::steady_clock::time_point start_ =
      std::chrono::steady_clock::now();
  };

  run(const task_spec& what, byte_sink& standard_output, std::size_t workers,
      std::optional<concurrency_limiter> limiter,
      std::optional<buffer_pool> pool, const resource_monitor* monitor,
      const std::optional<retry_budget>& retries)
    : spec(what),
      resources(monitor),
      services(standard_output, workers, std::move(limiter), std::move(pool)),
      tries(what, services, retries,
            [this](task_context& self) { return permitted(self); }) {
    // nop
  }

  /// The task's body: all attempts.
  async<void> body(task_context& self) {
    const stopwatch running{*this};
    auto all = tries.run(self);
    co_await std::move(all);
  }

  /// One attempt: the program, with what it needs of the resources, and a
  /// permit if it needs one itself.
  async<void> permitted(task_context& self) {
    resource_lease lease;
    if (!spec.resources.empty())
      lease = co_await resources->acquire(spec.resources);
    permit held;
    const auto* limiter = services.limiter();
    if (limiter != nullptr && !spec.program->parts_take_permits())
      held = co_await limiter->acquire();
    co_await spec.program->run(self, services);
  }

  const task_spec& spec;
  const resource_monitor* resources; // there if the task asks for some
  run_services services;
  attempts tries;
  std::optional<timestamp> started; // the task's; read once it has ended
  std::optional<std::chrono::nanoseconds> elapsed; // the same
  task<void> handle; // empty if it was cancelled before it was created
  std::optional<cancellation_report> cancellation;
};

runner::runner(structured_task_coordinator coordinator, deployment value,
               byte_sink& standard_output, std::size_t workers)
  : coordinator_(std::move(coordinator)), deployment_(std::move(value)) {
  auto& sys = coordinator_.actor()->home_system();
  for (const auto& options : deployment_.limiters)
    limiters_.emplace(options.name, concurrency_limiter::spawn(sys, options));
  for (const auto& options : deployment_.pools)
    pools_.emplace(options.name, buffer_pool::spawn(sys, options));
  const auto& tasks = deployment_.tasks;
  if (std::any_of(tasks.begin(), tasks.end(),
                  [](auto& spec) { return !spec.resources.empty(); }))
    resources_ = resource_monitor::spawn(
      sys,
      {.name = "resources", .capacities = capacities(deployment_.resources)});
  if (deployment_.memory_pressure) {
    pressure_ = memory_pressure::spawn(sys, *deployment_.memory_pressure);
    if (resources_)
      pressure_->attach(resources_->relief());
    for (const auto& [name, pool] : pools_)
      pressure_->attach(pool.relief());
  }
  if (deployment_.retry_budget)
    retries_.emplace(*deployment_.retry_budget);
  for (const auto& spec : tasks) {
    std::optional<concurrency_limiter> limiter;
    if (spec.limiter)
      limiter = limiters_.at(*spec.limiter);
    std::optional<buffer_pool> pool;
    if (spec.pool)
      pool = pools_.at(*spec.pool);
    runs_.push_back(std::make_unique<run>(
      spec, standard_output, workers, std::move(limiter), std::move(pool),
      resources_ ? &*resources_ : nullptr, retries_));
  }
}

runner::~runner() {
  cancel();
  for (const auto& one : runs_)
    if (one->handle)
      one->handle.wait();
}

void runner::start() {
  const std::lock_guard guard{mutex_};
  for (const auto& one : runs_) {
    if (cancelling_)
      return;
    auto& here = *one;
    task_options options;
    options.name = here.spec.name;
    options.priority = here.spec.priority;
    options.grace = here.spec.grace;
    options.sheddable = here.spec.sheddable;
    here.handle = coordinator_.create_child_task(
      options, [&here](task_context& self) { return here.body(self); });
  }
}

void runner::cancel() {
  if (cancelling_.exchange(true))
    return;
  // From here on nothing is created: `start` has seen the flag, or is done.
  const std::lock_guard guard{mutex_};
  std::vector<std::pair<run*, cancellation>> requests;
  // All are signalled before the first is waited for.
  for (const auto& one : runs_) {
    if (!one->handle)
      continue;
    try {
      requests.emplace_back(one.get(), coordinator_.cancel_task_tree(
                                         one->handle.reference(),
                                         cancel_reason::user, one->spec.grace));
    } catch (const exception& err) {
      if (!err.is(errc::no_such_task))
        throw; // else it has ended
    }
  }
  for (auto& [one, request] : requests) {
    auto report = request.get();
    const std::lock_guard protect{results_};
    one->cancellation = std::move(report);
  }
}

progress_snapshot runner::progress() const {
  progress_snapshot result;
  result.discovering = false;
  for (const auto& one : runs_)
    result += one->services.progress().read();
  return result;
}

std::vector<runner::result> runner::wait() {
  std::vector<result> results;
  for (const auto& one : runs_) {
    result entry;
    entry.name = one->spec.name;
    auto given_up = [&] {
      const std::lock_guard protect{results_};
      entry.cancellation = one->cancellation;
      return entry.cancellation && !entry.cancellation->all_acknowledged();
    };
    bool ended = false;
    if (one->handle) {
      do
        ended = one->handle.wait_for(look_interval);
      while (!ended && !given_up());
    }
    entry.attempts = one->tries.begun();
    if (ended) {
      entry.earlier = one->tries.take_earlier();
      entry.started = one->started;
      entry.elapsed = one->elapsed;
    }
    if (!ended) {
      entry.outcome = result::kind::cancelled;
    } else if (auto end = one->handle.get_expected(); !end) {
      entry.outcome = end.error().is(errc::cancelled) ? result::kind::cancelled
                                                      : result::kind::failed;
      entry.error = end.error();
    }
    entry.progress = one->services.progress().read();
    entry.unit = one->spec.program->unit();
    entry.output = one->services.output();
    results.push_back(std::move(entry));
  }
  if (cancelling_) {
    // The reports come a moment after the last end.
    const std::lock_guard guard{mutex_};
    for (std::size_t i = 0; i < runs_.size(); ++i)
      results[i].cancellation = runs_[i]->cancellation;
  }
  return results;
}

std::string progress_unit(const deployment& value) {
  std::string result;
  for (const auto& spec : value.tasks) {
    const auto unit = spec.program->unit();
    if (!result.empty() && result != unit)
      return "steps";
    result = unit;
  }
  return result;
}

} // namespace axiom::deploy
