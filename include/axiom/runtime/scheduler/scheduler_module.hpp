#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <mutex>
#include <span>
#include <vector>

#include <caf/scheduler/abstract_coordinator.hpp>

#include "axiom/runtime/actor_clock.hpp"
#include "axiom/runtime/host.hpp"
#include "axiom/runtime/install.hpp"
#include "axiom/runtime/scheduler/idle_set.hpp"
#include "axiom/runtime/scheduler/injector.hpp"
#include "axiom/runtime/scheduler/leftover_jobs.hpp"
#include "axiom/runtime/scheduler/slot_watch.hpp"
#include "axiom/runtime/scheduler/worker.hpp"

namespace axiom::runtime {

/// Axiom's own scheduler as a module of CAF: policy `axiom`.
///
/// It owns what the workers share: their list, the shared queue, the set of idle
/// ones, and the number of those that may run.
///
///     active_:  0 before start and from stop on;  n: workers 0 to n-1 may run
///
/// Every worker that may run one day has its object from the start, so that
/// thieves go through the list without a lock; its thread starts when it is
/// first active.
class scheduler_module final : public caf::scheduler::abstract_coordinator,
                               public host {
public:
  using super = caf::scheduler::abstract_coordinator;

  scheduler_module(caf::actor_system& sys, const runtime_options& options);
  ~scheduler_module() override;

  // -- for workers ------------------------------------------------------------

  /// To be called after jobs were made visible to thieves: wakes somebody for
  /// them if that is needed.
  void announce() {
    if (auto id = idle_.claim())
      workers_[*id]->wake();
  }

  /// To be called after a slot was filled.
  void announce_slot() {
    if (watch_.vacant())
      announce();
  }

  /// Whether any queue but the slots has a job. Sequentially consistent.
  bool any_job() const noexcept;

  injector& shared() noexcept {
    return shared_;
  }

  idle_set<>& idle() noexcept {
    return idle_;
  }

  slot_watch<>& watch() noexcept {
    return watch_;
  }

  /// How many workers may run; 0 when all have to stop.
  std::uint32_t active() const noexcept {
    return active_.load(std::memory_order_acquire);
  }

  /// All whose threads have been started, at one time or another.
  std::span<const std::unique_ptr<worker>> started() const noexcept {
    return {workers_.data(), started_.load(std::memory_order_acquire)};
  }

  /// Jobs for any worker, behind all others of their level.
  void inject(std::span<caf::resumable* const> jobs, job_level level);

  // -- host -------------------------------------------------------------------

  void submit(caf::resumable* job, caf::execution_unit* unit, job_level level,
              placement where) override;
  void submit_batch(std::span<caf::resumable* const> jobs,
                    caf::execution_unit* unit, job_level level) override;
  new_identity identify() noexcept override;
  bool on_worker_thread() const noexcept override;
  bool crowded() const noexcept override;
  std::size_t workers() const noexcept override;
  std::size_t max_workers() const noexcept override;
  void set_workers(std::size_t n) override;
  scheduler_stats stats() const override;

protected:
  bool look_at_actors(actor_sightings& into) const override;

  // -- CAF's interface --------------------------------------------------------

  void init(caf::actor_system_config& cfg) override;
  void start() override;
  void stop() override;
  void enqueue(caf::resumable* job) override;
  actor_clock& clock() noexcept override;

private:
  void activate(std::uint32_t n);
  void inject_from_outside(std::span<caf::resumable* const> jobs,
                           job_level level);
  void give_up_shared();

  const std::size_t threads_;
  const affinity affinity_;
  std::vector<std::unique_ptr<worker>> workers_;
  alignas(64) std::atomic<std::uint32_t> active_{0};
  std::atomic<std::size_t> started_{0};
  slot_watch<> watch_;
  alignas(64) idle_set<> idle_;
  alignas(64) injector shared_;
  std::mutex changes_; ///< one change of the number of workers at a time
  leftover_jobs leftovers_;
  actor_clock clock_; ///< on the host's timers
};

} // namespace axiom::runtime
