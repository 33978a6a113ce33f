#include "axiom/runtime/install.hpp"

#include <algorithm>
#include <atomic>
#include <deque>
#include <limits>
#include <mutex>
#include <thread>
#include <vector>

#include <sched.h>

#include <caf/actor_system.hpp>
#include <caf/actor_system_config.hpp>
#include <caf/policy/work_sharing.hpp>
#include <caf/policy/work_stealing.hpp>
#include <caf/scheduler/coordinator.hpp>
#include <caf/scheduler/test_coordinator.hpp>

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
/// queue again, or put them where nobody looks any more. So, from the moment
/// the workers are told to stop, jobs from outside of them wait here, and are
/// thrown away when nothing else is left. What comes even later, from blocking
/// actors, which the system awaits last, is thrown away by who brings it, so
/// that what they request is answered. Thread-safe.
class leftover_jobs {
public:
  using disposal = void (*)(caf::resumable*);

  explicit leftover_jobs(disposal throw_away) : throw_away_(throw_away) {
    // nop
  }

  /// From now on `pass` keeps what it gets: what it passed on before has
  /// arrived when this returns.
  void open() noexcept {
    open_.store(true);
    while (passing_.load() != 0)
      std::this_thread::yield();
  }

  /// Passes `job` with its reference on to `queue`, unless open.
  template <class F>
  void pass(caf::resumable* job, F queue) {
    // A job must not arrive in the queue when nobody looks there any more.
    // Either this thread sees that it is open, or `open` sees this thread, and
    // waits: store, load, addition and load are sequentially consistent for
    // that. The release lets it see what has arrived.
    passing_.fetch_add(1);
    bool keep = open_.load();
    if (!keep)
      queue(job);
    passing_.fetch_sub(1, std::memory_order_release);
    if (!keep)
      return;
    std::unique_lock guard{mutex_};
    jobs_.push_back(job);
    if (!kept_)
      empty(guard);
  }

  /// Throws all jobs away, those included that come of it and later.
  void close() {
    std::unique_lock guard{mutex_};
    kept_ = false;
    empty(guard);
  }

private:
  /// One call at a time empties the queue, also of what others put there
  /// meanwhile: so nothing recurses.
  void empty(std::unique_lock<std::mutex>& guard) {
    if (emptied_by_another_)
      return;
    emptied_by_another_ = true;
    while (!jobs_.empty()) {
      auto* job = jobs_.front();
      jobs_.pop_front();
      guard.unlock();
      throw_away_(job);
      guard.lock();
    }
    emptied_by_another_ = false;
  }

  disposal throw_away_;
  std::atomic<bool> open_{false};
  std::atomic<std::size_t> passing_{0};
  std::mutex mutex_;
  bool kept_ = true;
  bool emptied_by_another_ = false;
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
      leftovers_(&super::cleanup_and_release),
      threads_(options.threads) {
    // nop
  }

  ~hosted_coordinator() override {
    if (!late_clock_.joinable())
      return; // it never started
    this->clock().cancel_dispatch_loop();
    late_clock_.join();
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
    // Whatever actor ends from now on cancels its timers still, in a ring of 64
    // entries that CAF's clock, whose thread has ended, would never empty.
    late_clock_ = std::thread{[this] { this->clock().run_dispatch_loop(); }};
    leftovers_.close();
  }

  void enqueue(caf::resumable* job) override {
    leftovers_.pass(job, [this](caf::resumable* x) { super::enqueue(x); });
  }

  void enqueue_job(caf::resumable* job) override {
    enqueue(job);
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

} // namespace

std::size_t usable_processors() noexcept {
  cpu_set_t mask;
  CPU_ZERO(&mask);
  if (sched_getaffinity(0, sizeof(mask), &mask) == 0)
    return std::max(1, CPU_COUNT(&mask));
  return std::max(1U, std::thread::hardware_concurrency());
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
