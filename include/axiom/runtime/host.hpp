#pragma once

#include <cstdint>
#include <memory>

#include <caf/fwd.hpp>
#include <caf/resumable.hpp>

#include "axiom/runtime/blocking_pool.hpp"
#include "axiom/runtime/metrics.hpp"
#include "axiom/runtime/timer_service.hpp"

namespace axiom::runtime {

/// What Axiom adds to one actor system: timers, threads for blocking work,
/// counters, and the way to a worker. It is part of the scheduler module that
/// `axiom::config` (or `install`) puts into the system, so it is there before
/// the first actor and ends with the system's workers.
///
/// Thread-safe.
class host {
public:
  host(const host&) = delete;
  host& operator=(const host&) = delete;

  /// The host of `sys`, or null if Axiom is not installed there. Remembers
  /// nothing: callers on a hot path keep the reference.
  static host* find(caf::actor_system& sys) noexcept;

  /// The host of `sys`; throws `axiom::exception` with `errc::not_installed`
  /// and advice if there is none.
  static host& of(caf::actor_system& sys);

  timer_service& timers() noexcept {
    return *timers_;
  }

  metrics_registry& metrics() noexcept {
    return metrics_;
  }

  /// 64 random bits drawn when the system started: the upper half of the
  /// identity of all its tasks.
  std::uint64_t id_prefix() const noexcept {
    return id_prefix_;
  }

  /// How long a tree without owners may run on before it is cancelled.
  duration shutdown_grace() const noexcept {
    return shutdown_grace_;
  }

  /// Hands `job`, with one reference, to the scheduler: through `unit` when
  /// the caller runs on that worker, else from outside.
  void submit(caf::resumable* job, caf::execution_unit* unit) {
    if (unit != nullptr)
      exec_later(unit, job);
    else
      enqueue_job(job);
  }

  /// Hands `job`, with one reference, to a thread where it may block.
  virtual void submit_blocking(caf::resumable* job);

  /// True on a thread of the scheduler, where a blocking wait could stop the
  /// system for good.
  virtual bool on_worker_thread() const noexcept = 0;

  /// Whether there are no workers, and a test runs each job by `run_one`.
  virtual bool stepwise() const noexcept;

  /// Runs one job, if there is one and `stepwise()`. Returns whether it did.
  virtual bool run_one();

protected:
  struct settings {
    duration shutdown_grace{};
    bool virtual_time = false;
    blocking_pool::options blocking;
  };

  explicit host(const settings& cfg);
  virtual ~host();

  virtual void enqueue_job(caf::resumable* job) = 0;

  void stop_services();

private:
  static void exec_later(caf::execution_unit* unit, caf::resumable* job);

  const std::uint64_t id_prefix_;
  const duration shutdown_grace_;
  std::unique_ptr<timer_service> timers_;
  blocking_pool blocking_;
  metrics_registry metrics_;
};

} // namespace axiom::runtime
