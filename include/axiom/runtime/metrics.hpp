#pragma once

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>

#include <caf/fwd.hpp>

#include "axiom/error/errc.hpp"
#include "axiom/runtime/histogram.hpp"
#include "axiom/runtime/thread_cells.hpp"
#include "axiom/runtime/timer_service.hpp"

namespace axiom::runtime {

/// The failures of tasks are counted by their code: each below this number by
/// itself, at 0 those that are no `errc` (another category's, and codes of a
/// later release, from another node).
inline constexpr std::size_t error_slots = 64;

/// What is counted, summed over all threads at one moment. The parts are read
/// one after the other while the system runs: `completed + failed + cancelled`
/// never exceeds `created`.
struct metrics_snapshot {
  std::uint64_t created = 0;
  std::uint64_t completed = 0;
  std::uint64_t failed = 0;
  std::uint64_t cancelled = 0;
  /// Tasks that outlived the grace of their cancellation.
  std::uint64_t overdue = 0;
  /// Responses to requests that nobody waited for any more.
  std::uint64_t late_responses = 0;
  /// Retries that were made, and that a retry budget refused.
  std::uint64_t retries = 0;
  std::uint64_t retries_refused = 0;
  /// From the request of a cancellation to its last acknowledgement.
  histogram cancellation;
  /// Failed tasks by the number of their `errc`, see error_slots.
  std::array<std::uint64_t, error_slots> errors{};

  std::uint64_t active() const noexcept {
    return created - completed - failed - cancelled;
  }
};

/// Sums the counters of `sys`. Takes a lock that only new threads contend for;
/// O(threads). Returns zeros if Axiom is not installed in `sys`.
metrics_snapshot snapshot_metrics(caf::actor_system& sys);

/// What is counted. A new counter goes here and into the snapshot.
enum class counter : std::size_t {
  created,
  completed,
  failed,
  cancelled,
  overdue,
  late_responses,
  retries,
  retries_refused,
  count_of_counters
};

/// One thread's counters. Only the owning thread writes, so that an increment
/// is a plain add without a locked instruction; anybody may read.
class alignas(64) metrics_cell {
public:
  void add(counter what, std::uint64_t n = 1) noexcept {
    bump(counters_[static_cast<std::size_t>(what)], n);
  }

  void observe_cancellation(duration latency) noexcept;

  /// A task has failed with this error.
  void add_failure(const caf::error& why) noexcept {
    add(counter::failed);
    const auto code = code_of(why);
    const auto i = code ? static_cast<std::size_t>(*code) : 0;
    bump(errors_[i < error_slots ? i : 0], std::uint64_t{1});
  }

  void collect(metrics_snapshot& into) const noexcept;

  /// The finished tasks and the created ones, for two passes of collect: ends
  /// are read before beginnings, or `active` could go below zero.
  std::uint64_t get(counter what) const noexcept {
    return counters_[static_cast<std::size_t>(what)].load(
      std::memory_order_acquire);
  }

private:
  template <class T>
  static void bump(std::atomic<T>& cell, T n) noexcept {
    // Release: who reads an end has also seen the beginning it follows.
    cell.store(cell.load(std::memory_order_relaxed) + n,
               std::memory_order_release);
  }

  static constexpr auto size =
    static_cast<std::size_t>(counter::count_of_counters);

  std::array<std::atomic<std::uint64_t>, size> counters_{};
  std::array<std::atomic<std::uint64_t>, histogram_edges.size() + 1>
    cancellation_{};
  std::atomic<std::uint64_t> cancellation_ns_{0};
  std::array<std::atomic<std::uint64_t>, error_slots> errors_{};
};

/// The cells of all threads that ever worked for one system.
class metrics_registry {
public:
  /// The calling thread's cell.
  metrics_cell& local() noexcept {
    return cells_.local();
  }

  metrics_snapshot snapshot() const;

private:
  thread_cells<metrics_cell> cells_;
};

} // namespace axiom::runtime
