#include "axiom/runtime/install.hpp"

#include <algorithm>
#include <atomic>
#include <deque>
#include <limits>
#include <mutex>
#include <thread>
#include <vector>

#include <caf/actor_system.hpp>
#include <caf/actor_system_config.hpp>
#include <caf/policy/work_sharing.hpp>
#include <caf/policy/work_stealing.hpp>
#include <caf/scheduler/coordinator.hpp>
#include <caf/scheduler/test_coordinator.hpp>

#include "axiom/error/enum_names.hpp"
#include "axiom/runtime/host.hpp"

namespace axiom::runtime {

namespace {

/// CAF lets an actor process its whole mailbox in one go unless told
/// otherwise; a finite number keeps one busy actor from holding a worker.
constexpr std::size_t default_max_throughput = 300;

/// What is handed to a scheduler whose workers stop.
///
/// The problem: CAF throws away what is queued when its workers are gone, job
/// by job, with the lock of the shared queue held. A task that is thrown away
/// ends, and its end hands other tasks to the scheduler: that would lock the
/// queue again, or put them where nobody looks any more. So, from the moment the
/// workers are told to stop, jobs from outside of them wait here, and are thrown
/// away when nothing else is left. Thread-safe.
class leftover_jobs {
public:
  /// From now on `take` takes.
  void open() noexcept {
    open_.store(true, std::memory_order_release);
  }

  /// Takes `job` with its reference, if open.
  bool take(caf::resumable* job) {
    if (!open_.load(std::memory_order_acquire))
      return false;
    std::lock_guard guard{mutex_};
    jobs_.push_back(job);
    return true;
  }

  /// Throws all jobs away, those included that come of it.
  template <class F>
  void drain(F throw_away) {
    std::unique_lock guard{mutex_};
    while (!jobs_.empty()) {
      auto* job = jobs_.front();
      jobs_.pop_front();
      guard.unlock();
      throw_away(job);
      guard.lock();
    }
  }

private:
  std::atomic<bool> open_{false};
  std::mutex mutex_;
  std::deque<caf::resumable*> jobs_;
};

/// One of CAF's own scheduler modules with Axiom's services beside it. Knowing
/// its workers' threads is what lets us refuse a blocking wait there.
template <class Policy>
class hosted_coordinator final : public caf::scheduler::coordinator<Policy>,
                                 public host {
public:
  using super = caf::scheduler::coordinator<Policy>;

  hosted_coordinator(caf::actor_system& sys, const runtime_options& options)
    : super(sys),
      host({.shutdown_grace = options.shutdown_grace,
            .virtual_time = options.virtual_time,
            .blocking = {.max_threads = options.max_blocking_threads}}),
      threads_(options.threads) {
    // nop
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
    if (this->max_throughput_ == std::numeric_limits<std::size_t>::max())
      this->max_throughput_ = default_max_throughput;
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
    leftovers_.drain(&super::cleanup_and_release);
  }

  void enqueue(caf::resumable* job) override {
    if (!leftovers_.take(job))
      super::enqueue(job);
  }

  void enqueue_job(caf::resumable* job) override {
    enqueue(job);
  }

private:
  leftover_jobs leftovers_;
  std::size_t threads_;
  std::vector<std::thread::id> worker_threads_;
};

/// CAF's deterministic scheduler: the thread that drives it is its only worker.
class hosted_test_coordinator final : public caf::scheduler::test_coordinator,
                                      public host {
public:
  using super = caf::scheduler::test_coordinator;

  hosted_test_coordinator(caf::actor_system& sys,
                          const runtime_options& options)
    : super(sys),
      host({.shutdown_grace = options.shutdown_grace,
            .virtual_time = options.virtual_time,
            .blocking = {.max_threads = options.max_blocking_threads}}) {
    // nop
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

  void enqueue_job(caf::resumable* job) override {
    super::enqueue(job);
  }
};

constexpr enum_names<scheduler_policy, 4> policy_names{
  {"axiom", "sharing", "stealing", "testing"}};

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
  cfg.module_factories.emplace_back(
    [&options](caf::actor_system& sys) -> caf::actor_system::module* {
      switch (options.scheduler) {
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
