#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <span>

#include <caf/fwd.hpp>
#include <caf/resumable.hpp>

#include "axiom/runtime/blocking_pool.hpp"
#include "axiom/runtime/job.hpp"
#include "axiom/runtime/metrics.hpp"
#include "axiom/runtime/scheduler_stats.hpp"
#include "axiom/runtime/system_info.hpp"
#include "axiom/runtime/timer_service.hpp"

namespace axiom::runtime {

struct runtime_options;

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

  const system_info& info() const noexcept {
    return info_;
  }

  /// A number for a new actor that is not spawned by CAF, and the name of this
  /// node, good until the calling thread's next call. The numbers have the
  /// uppermost bit set, which those that CAF gives away will never have; one
  /// thread's ascend.
  struct new_identity {
    std::uint64_t number;
    const caf::node_id& node;
  };

  virtual new_identity identify() noexcept;

  /// How long a tree without owners may run on before it is cancelled.
  duration shutdown_grace() const noexcept {
    return shutdown_grace_;
  }

  // -- jobs ------------------------------------------------------------------------

  /// Hands `job`, with one reference, to the scheduler.
  /// @param unit the worker that the caller runs on, null elsewhere
  /// @param level honoured by policy `axiom` only
  virtual void submit(caf::resumable* job, caf::execution_unit* unit,
                      job_level level = medium_level,
                      placement where = placement::next)
    = 0;

  /// Hands over several new jobs at once, with one reference each: wakes one
  /// worker, who wakes the next if there is enough to do.
  virtual void submit_batch(std::span<caf::resumable* const> jobs,
                            caf::execution_unit* unit,
                            job_level level = medium_level);

  /// Hands `job`, with one reference, to a thread where it may block.
  virtual void submit_blocking(caf::resumable* job);

  /// True on a thread of the scheduler, where a blocking wait could stop the
  /// system for good.
  virtual bool on_worker_thread() const noexcept = 0;

  /// Whether the calling thread is a worker with more ready jobs than it gets
  /// done soon: who makes new ones had better let them run first.
  virtual bool crowded() const noexcept;

  // -- workers ---------------------------------------------------------------------

  /// How many workers may run at a time.
  virtual std::size_t workers() const noexcept = 0;

  /// The greatest number that `set_workers` takes.
  virtual std::size_t max_workers() const noexcept;

  /// Changes how many workers run, from 1 to `max_workers()`: those that are too
  /// many go to sleep after their current job and leave the rest to the others.
  /// Throws `errc::invalid_argument` for another number, and unless the policy
  /// is `axiom`: CAF's have a fixed number.
  virtual void set_workers(std::size_t n);

  virtual scheduler_stats stats() const;

  /// Whether there are no workers, and a test runs each job by `run_one`.
  virtual bool stepwise() const noexcept;

  /// Runs one job, if there is one and `stepwise()`. Returns whether it did.
  virtual bool run_one();

protected:
  host(caf::actor_system& sys, const runtime_options& options);

  /// The first of `count` numbers reserved for new actors.
  std::uint64_t reserve_numbers(std::uint64_t count) noexcept {
    return next_number_.fetch_add(count, std::memory_order_relaxed);
  }
  virtual ~host();

  /// What a module makes of the throughput (messages an actor handles in one
  /// go) that CAF was configured with.
  static std::size_t finite_throughput(std::size_t configured) noexcept;

  void stop_services();

private:
  const duration shutdown_grace_;
  std::unique_ptr<timer_service> timers_;
  const system_info& info_;
  std::atomic<std::uint64_t> next_number_{(std::uint64_t{1} << 63) + 1};
  blocking_pool blocking_;
  metrics_registry metrics_;
};

} // namespace axiom::runtime
