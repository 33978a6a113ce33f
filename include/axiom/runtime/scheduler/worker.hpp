#pragma once

#include <algorithm>
#include <array>
#include <atomic>
#include <chrono>
#include <cstdint>
#include <optional>
#include <thread>
#include <vector>

#include <caf/execution_unit.hpp>
#include <caf/node_id.hpp>
#include <caf/resumable.hpp>

#include "axiom/runtime/job.hpp"
#include "axiom/runtime/scheduler/parker.hpp"
#include "axiom/runtime/scheduler/work_deque.hpp"
#include "axiom/runtime/scheduler_stats.hpp"
#include "axiom/runtime/seen_actors.hpp"
#include "axiom/runtime/topology.hpp"

namespace axiom::runtime {

class scheduler_module;

/// One thread of the scheduler, and the jobs that are ready on it.
///
/// Where it looks for the next job, in this order:
/// 1. its own queues and the shared one, at the level that `level_to_serve`
///    names; within a level first the slot (the job that the last one made
///    ready), then the newest job of its own, then the shared queue; now and
///    then the oldest instead (`takes_oldest`);
/// 2. what other workers have that is more urgent, at every eighth pick;
/// 3. with nothing of its own: the shared queue and the other workers' oldest
///    jobs, up to half of a victim's at a time;
/// 4. another worker's slot, when the job before it takes long;
/// then it parks (see idle_set).
///
/// The slot is announced to nobody: the usual job there is the receiver of a
/// message, and runs within a microsecond, on the core whose cache has the
/// message. For the case that the running job goes on for long, one of the parked
/// workers looks at all slots each millisecond (see slot_watch); so the job is
/// late by two milliseconds at most while there is an idle worker.
///
/// Who may touch what: `add` is for the worker's own thread; the queues and the
/// slot are also for thieves; everything else is the thread's own, or atomic.
class worker final : public caf::execution_unit {
public:
  using id_type = std::uint32_t;

  /// @param place the processor to pin the thread to, if any
  worker(scheduler_module& parent, id_type id,
         std::optional<processor_id> place);
  ~worker() override;

  // -- the thread -------------------------------------------------------------

  /// The worker that the calling thread is; null elsewhere.
  static worker* here() noexcept;

  bool started() const noexcept {
    return thread_.joinable();
  }

  void start();

  void join();

  /// Makes it look for work, or notice that it has to stop or retire.
  void wake() noexcept {
    parker_.notify();
  }

  // -- for the thread itself --------------------------------------------------

  /// Takes over `job` with its reference.
  void add(caf::resumable* job, job_level level, placement where);

  /// The same for new jobs, without announcing them; see
  /// scheduler_module::announce.
  void add_unannounced(caf::resumable* job, job_level level);

  void exec_later(caf::resumable* job) override;

  /// Whether more jobs wait here than it pays to have ready at a time.
  bool crowded() const noexcept {
    return std::any_of(queues_.begin(), queues_.end(),
                       [](auto& x) { return x.size() > many_jobs; });
  }

  // -- identities, for the thread itself --------------------------------------

  /// How many numbers for new actors it reserves at a time, so that workers do
  /// not meet at one counter for every task.
  static constexpr std::uint64_t numbers_at_once = 1024;

  std::uint64_t numbers_left() const noexcept {
    return numbers_left_;
  }

  void give_numbers(std::uint64_t first) noexcept {
    next_number_ = first;
    numbers_left_ = numbers_at_once;
  }

  /// @pre `numbers_left() > 0`
  std::uint64_t take_number() noexcept {
    --numbers_left_;
    return next_number_++;
  }

  /// The node's name, in a copy of its own, so that workers do not meet at its
  /// reference count either.
  const caf::node_id& node() const noexcept {
    return node_;
  }

  // -- for other threads ------------------------------------------------------

  const scheduler_module& parent() const noexcept {
    return parent_;
  }

  /// Whether its queues have jobs; the slot does not count. Sequentially
  /// consistent: see idle_set.
  bool has_jobs() const noexcept;

  worker_stats stats() const;

  /// The event-based actors that ran here for the first time and still live.
  const seen_actors& actors() const noexcept {
    return actors_;
  }

  /// Passes everything that is ready on it to `f`, as a thief would.
  template <class F>
  void drain(F f) {
    if (auto* job = slot_.exchange(nullptr))
      f(job, slot_level());
    for (job_level level = 0; level < job_levels; ++level)
      while (!queues_[level].empty())
        if (auto* job = queues_[level].steal())
          f(job, level);
  }

private:
  using queue = work_deque<caf::resumable>;

  /// They, and what they use, still stay in the cache.
  static constexpr std::size_t many_jobs = 64;

  /// What a slot held, and how many jobs its worker had begun by then.
  struct slot_view {
    caf::resumable* job = nullptr;
    std::uint64_t picks = 0;
  };

  std::chrono::nanoseconds busy() const noexcept;
  std::int64_t busy_now() const noexcept;

  void run();
  void execute(caf::resumable* job);
  void retire();
  bool dismissed() const noexcept;

  // -- finding a job ----------------------------------------------------------

  caf::resumable* pick();
  caf::resumable* take_own(job_level level);
  caf::resumable* take_oldest(job_level level, bool own_first);
  caf::resumable* take_shared(job_level level);
  caf::resumable* take_slot();
  caf::resumable* glance(std::size_t lowest);
  caf::resumable* raid();
  caf::resumable* raid(worker& victim, job_level level);

  // -- without a job ----------------------------------------------------------

  class idler;

  caf::resumable* idle();

  /// Ends the time that counts as busy.
  void rest(worker_state state) noexcept;

  /// Begins it.
  void work() noexcept;

  job_level slot_level() const noexcept {
    return slot_level_.load(std::memory_order_relaxed);
  }

  void push(caf::resumable* job, job_level level);
  worker& random_worker() noexcept;

  template <class T>
  static void bump(std::atomic<T>& counter, T by = 1) noexcept {
    counter.store(counter.load(std::memory_order_relaxed) + by,
                  std::memory_order_relaxed);
  }

  scheduler_module& parent_;
  const id_type id_;
  const std::optional<processor_id> place_;
  std::thread thread_;
  std::array<queue, job_levels> queues_;

  // The thread's own.
  std::uint32_t present_ = 0; ///< a bit for each queue that may have jobs
  std::uint64_t random_;
  std::vector<caf::resumable*> taken_;  ///< from the shared queue, to be queued
  std::vector<slot_view> seen_;
  std::uint64_t next_number_ = 0;
  std::uint64_t numbers_left_ = 0;
  caf::node_id node_;
  seen_actors actors_; ///< has a lock of its own

  // Read, and the slot taken from, by others.
  alignas(64) std::atomic<caf::resumable*> slot_{nullptr};
  std::atomic<job_level> slot_level_{medium_level}; ///< of the last one there
  std::atomic<std::uint64_t> picks_{0};
  std::atomic<std::uint64_t> stolen_{0};
  std::atomic<std::uint64_t> parks_{0};
  /// Nanoseconds: while it is idle, how long it was busy in all; while it runs,
  /// that less the time when it began, so a negative number. In one word, for
  /// whoever reads half of a change would see a counter that falls.
  std::atomic<std::int64_t> busy_{0};
  /// The greatest time said so far: a worker that comes to rest may have read
  /// the clock before somebody who still saw it run.
  mutable std::atomic<std::int64_t> busy_said_{0};
  std::atomic<worker_state> state_{worker_state::parked};
  std::atomic<bool> pinned_{false};

  alignas(64) parker parker_;
};

} // namespace axiom::runtime
