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
  : coordinator_(std::move(coordinator)),
    deployment_(std::move(value)),
    standard_output_(standard_output),
    workers_(workers) {
  auto& sys = coordinator_.actor()->home_system();
  for (const auto& options : deployment_.limiters)
    limiters_.emplace(options.name, concurrency_limiter::spawn(sys, options));
  for (const auto& options : deployment_.pools)
    pools_.emplace(options.name, buffer_pool::spawn(sys, options));
  bool needs_resources = false;
  for_each_task(deployment_, [&needs_resources](const task_spec& spec) {
    needs_resources = needs_resources || !spec.resources.empty();
  });
  if (needs_resources)
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
  for (const auto& spec : deployment_.tasks)
    runs_.push_back(make_run(spec));
  if (!deployment_.supervisors.empty())
    supervisors_ = std::make_unique<supervisor_runner>(
      coordinator_, deployment_.supervisors,
      [this](task_context& self, const task_spec& spec, std::uint64_t number) {
        return supervised(self, spec, number);
      });
}

runner::~runner() {
  cancel();
  for (const auto& one : runs_)
    if (one->handle)
      one->handle.wait();
  supervisors_.reset(); // its tasks use the rest
}

std::unique_ptr<runner::run> runner::make_run(const task_spec& spec) {
  std::optional<concurrency_limiter> limiter;
  if (spec.limiter)
    limiter = limiters_.at(*spec.limiter);
  std::optional<buffer_pool> pool;
  if (spec.pool)
    pool = pools_.at(*spec.pool);
  return std::make_unique<run>(spec, standard_output_, workers_,
                               std::move(limiter), std::move(pool),
                               resources_ ? &*resources_ : nullptr, retries_);
}

async<void> runner::supervised(task_context& self, const task_spec& spec,
                               std::uint64_t number) {
  const auto one = make_run(spec);
  one->services.start_number(number);
  one->services.on_started([&self] { self.started(); });
  auto body = one->body(self);
  co_await std::move(body);
}

void runner::start() {
  if (supervisors_ && !supervisors_->start([this] { return cancelling(); }))
    return;
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
  cancel(cancel_reason::user);
}

void runner::heed_supervisors() {
  if (supervisors_ && supervisors_->one_failed())
    cancel(cancel_reason::sibling_failed);
}

void runner::cancel(cancel_reason why) {
  if (cancelling_.exchange(true))
    return;
  if (supervisors_)
    supervisors_->look_again();
  // From here on nothing is created: `start` has seen the flag, or is done.
  const std::lock_guard guard{mutex_};
  std::vector<std::pair<run*, cancellation>> requests;
  // All are signalled before the first is waited for.
  for (const auto& one : runs_) {
    if (!one->handle)
      continue;
    try {
      requests.emplace_back(one.get(), coordinator_.cancel_task_tree(
                                         one->handle.reference(), why,
                                         one->spec.grace));
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

std::optional<supervisor_runner::figures> runner::supervision() const {
  if (!supervisors_)
    return std::nullopt;
  return supervisors_->now();
}

std::vector<supervisor_runner::result> runner::supervisors() const {
  if (!supervisors_)
    return {};
  return supervisors_->results();
}

std::vector<runner::result> runner::wait() {
  std::vector<result> results;
  if (supervisors_ && runs_.empty())
    supervisors_->wait([this] { return cancelling(); });
  heed_supervisors();
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
      do {
        heed_supervisors();
        ended = one->handle.wait_for(look_interval);
      } while (!ended && !given_up());
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
  if (supervisors_) {
    const auto over = std::all_of(
      results.begin(), results.end(),
      [](auto& x) { return x.outcome != result::kind::cancelled; });
    supervisors_->stop(runs_.empty() || !over ? cancelling() : false);
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
