#pragma once

#include <atomic>
#include <cstdint>
#include <list>
#include <memory>
#include <mutex>
#include <optional>
#include <span>

#include <caf/fwd.hpp>
#include <caf/resumable.hpp>

#include "axiom/runtime/blocking_pool.hpp"
#include "axiom/runtime/job.hpp"
#include "axiom/runtime/metrics.hpp"
#include "axiom/runtime/resident.hpp"
#include "axiom/runtime/running_actors.hpp"
#include "axiom/runtime/scheduler_stats.hpp"
#include "axiom/runtime/shutdown_watch.hpp"
#include "axiom/runtime/system_info.hpp"
#include "axiom/runtime/timer_service.hpp"

namespace axiom::runtime {

class actor_sightings;
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

  // -- what runs here ---------------------------------------------------------

  resident_list& residents() noexcept {
    return residents_;
  }

  /// How many actors CAF waits for before the system ends.
  std::size_t counted_actors() const;

  /// The event-based ones among them that the scheduler has seen, but those in
  /// `left_out` (sorted); up to `most` by name. None under CAF's policies, which
  /// let nobody see them, and from the moment the scheduler stops.
  /// Either this has let go of every actor before the scheduler stops its
  /// workers, or it touches none.
  std::optional<running_actors>
  seen_actors(std::size_t most, std::span<const caf::actor_id> left_out) const;

  /// Whether the scheduler has begun to stop.
  bool stopping() const noexcept {
    return stopping_.load(std::memory_order_acquire);
  }

  /// Makes a watch that ends with this host, so at the very end of the system.
  shutdown_watch& add_watch(shutdown_watch::pace how,
                            shutdown_watch::reporter report);

  // -- jobs -------------------------------------------------------------------

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

  // -- workers ----------------------------------------------------------------

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

  /// Adds the actors that the scheduler has seen and that run. Returns whether
  /// it sees any at all.
  virtual bool look_at_actors(actor_sightings& into) const;

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
  resident_list residents_;
  mutable std::mutex looking_; ///< held while actors are referred to
  std::atomic<bool> stopping_{false}; ///< written with `looking_` held
  std::mutex watches_mutex_;
  std::list<shutdown_watch> watches_; // last: they use the rest
};

} // namespace axiom::runtime
