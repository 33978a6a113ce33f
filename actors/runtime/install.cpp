#include "axiom/runtime/install.hpp"

#include <algorithm>
#include <thread>
#include <vector>

#include <caf/actor_system.hpp>
#include <caf/actor_system_config.hpp>
#include <caf/execution_unit.hpp>
#include <caf/policy/work_sharing.hpp>
#include <caf/policy/work_stealing.hpp>
#include <caf/scheduler/coordinator.hpp>
#include <caf/scheduler/test_coordinator.hpp>
#include <caf/thread_hook.hpp>

#include "axiom/error/enum_names.hpp"
#include "axiom/runtime/host.hpp"
#include "axiom/runtime/scheduler/leftover_jobs.hpp"
#include "axiom/runtime/scheduler/scheduler_module.hpp"

namespace axiom::runtime {

namespace {

/// One of CAF's own scheduler modules with Axiom's services beside it. Knowing
/// its workers' threads is what lets us refuse a blocking wait there.
template <class Policy>
class hosted_coordinator final : public caf::scheduler::coordinator<Policy>,
                                 public host {
public:
  using super = caf::scheduler::coordinator<Policy>;

  hosted_coordinator(caf::actor_system& sys, const runtime_options& options)
    : super(sys),
      host(sys, options),
      threads_(options.threads) {
    // nop
  }

  ~hosted_coordinator() override {
    if (!late_clock_.joinable())
      return; // it never started
    this->clock().cancel_dispatch_loop();
    late_clock_.join();
  }

  void submit(caf::resumable* job, caf::execution_unit* unit, job_level,
              placement where) override {
    // CAF's policies put what comes through the unit in front, some of them also
    // what is to be resumed later.
    if (unit != nullptr && where != placement::last)
      unit->exec_later(job);
    else
      enqueue(job);
  }

  std::size_t workers() const noexcept override {
    return this->num_workers();
  }

  bool on_worker_thread() const noexcept override {
    auto self = std::this_thread::get_id();
    return std::find(worker_threads_.begin(), worker_threads_.end(), self)
           != worker_threads_.end();
  }

protected:
  void init(caf::actor_system_config& cfg) override {
    super::init(cfg);
    this->num_workers_ = threads_ != 0 ? threads_ : usable_processors();
    this->max_throughput_ = finite_throughput(this->max_throughput_);
    worker_threads_.reserve(this->num_workers_);
  }

  void start() override {
    super::start();
    for (std::size_t i = 0; i < this->num_workers(); ++i)
      worker_threads_.push_back(this->worker_by_id(i)->get_thread().get_id());
  }

  void stop() override {
    // First what feeds the workers, then the workers.
    stop_services();
    leftovers_.open();
    super::stop();
    // Whatever actor ends from now on cancels its timers still, in a ring of 64
    // entries that CAF's clock, whose thread has ended, would never empty.
    late_clock_ = std::thread{[this] { this->clock().run_dispatch_loop(); }};
    leftovers_.close();
  }

  void enqueue(caf::resumable* job) override {
    leftovers_.pass(job, [this](caf::resumable* x) { super::enqueue(x); });
  }

private:
  leftover_jobs leftovers_;
  std::size_t threads_;
  std::vector<std::thread::id> worker_threads_;
  std::thread late_clock_;
};

/// CAF's deterministic scheduler: the thread that drives it is its only worker.
class hosted_test_coordinator final : public caf::scheduler::test_coordinator,
                                      public host {
public:
  using super = caf::scheduler::test_coordinator;

  hosted_test_coordinator(caf::actor_system& sys,
                          const runtime_options& options)
    : super(sys),
      host(sys, options) {
    // nop
  }

  void submit(caf::resumable* job, caf::execution_unit* unit, job_level,
              placement where) override {
    if (unit != nullptr && where != placement::last)
      unit->exec_later(job);
    else
      super::enqueue(job);
  }

  std::size_t workers() const noexcept override {
    return 1;
  }

  bool on_worker_thread() const noexcept override {
    return false;
  }

  void submit_blocking(caf::resumable* job) override {
    super::enqueue(job); // no other threads here
  }

  bool stepwise() const noexcept override {
    return true;
  }

  bool run_one() override {
    if (jobs.empty())
      return false;
    auto* job = jobs.front();
    try_run_once();
    // CAF puts a job that is to be resumed later in front again, where it would
    // never let others run.
    if (!jobs.empty() && jobs.front() == job)
      std::rotate(jobs.begin(), jobs.begin() + 1, jobs.end());
    return true;
  }

protected:
  void init(caf::actor_system_config& cfg) override {
    super::init(cfg);
    num_workers_ = 1;
  }

  void stop() override {
    stop_services();
    super::stop();
  }
};

constexpr enum_names<scheduler_policy, 4> policy_names{
  {"axiom", "sharing", "stealing", "testing"}};

/// Threads inherit the processors of the thread that starts them, and an actor on
/// a pinned worker may start one, a detached actor's. This gives them back what
/// the process may use; workers are pinned afterwards.
class roaming_threads final : public caf::thread_hook {
public:
  explicit roaming_threads(const runtime_options& options)
    : options_(options) {
    // nop
  }

  void init(caf::actor_system&) override {
    if (options_.affinity != affinity::none)
      processors_ = allowed_processors();
  }

  void thread_started() override {
    if (!processors_.empty())
      static_cast<void>(bind_this_thread(processors_)); // else as it was
  }

  void thread_terminates() override {
    // nop
  }

private:
  const runtime_options& options_;
  std::vector<processor_id> processors_;
};

} // namespace

std::string to_string(scheduler_policy value) {
  return policy_names.print(value);
}

std::optional<scheduler_policy> parse_scheduler_policy(std::string_view name) {
  return policy_names.parse(name);
}

void install(caf::actor_system_config& cfg, const runtime_options& options) {
  using caf::policy::work_sharing;
  using caf::policy::work_stealing;
  cfg.add_thread_hook<roaming_threads>(options);
  cfg.module_factories.emplace_back(
    [&options](caf::actor_system& sys) -> caf::actor_system::module* {
      switch (options.scheduler) {
        case scheduler_policy::axiom:
          return new scheduler_module(sys, options);
        case scheduler_policy::stealing:
          return new hosted_coordinator<work_stealing>(sys, options);
        case scheduler_policy::testing:
          return new hosted_test_coordinator(sys, options);
        default:
          return new hosted_coordinator<work_sharing>(sys, options);
      }
    });
}

} // namespace axiom::runtime
