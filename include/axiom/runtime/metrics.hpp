#pragma once

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <list>
#include <memory>
#include <mutex>

#include <caf/fwd.hpp>

#include "axiom/runtime/timer_service.hpp"

namespace axiom::runtime {

/// Upper edges in seconds of every duration histogram; each latency that the
/// framework promises is an edge.
inline constexpr std::array<double, 16> histogram_edges{
  1e-7, 2.5e-7, 5e-7, 1e-6, 2.5e-6, 5e-6, 1e-5, 5e-5,
  1e-4, 5e-4,   1e-3, 5e-3, 2.5e-2, 0.1,  1,    10};

/// What is counted, summed over all threads at one moment. The parts are read
/// one after the other while the system runs: `completed + failed + cancelled`
/// never exceeds `created`.
struct metrics_snapshot {
  struct histogram {
    /// Observations a bucket, not cumulative; the last one is above all edges.
    std::array<std::uint64_t, histogram_edges.size() + 1> buckets{};
    std::uint64_t count = 0;
    double sum_seconds = 0;
  };

  std::uint64_t created = 0;
  std::uint64_t completed = 0;
  std::uint64_t failed = 0;
  std::uint64_t cancelled = 0;
  /// Tasks that outlived the grace of their cancellation.
  std::uint64_t overdue = 0;
  /// Responses to requests that nobody waited for any more.
  std::uint64_t late_responses = 0;
  /// From the request of a cancellation to its last acknowledgement.
  histogram cancellation;

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

  static constexpr auto size
    = static_cast<std::size_t>(counter::count_of_counters);

  std::array<std::atomic<std::uint64_t>, size> counters_{};
  std::array<std::atomic<std::uint64_t>, histogram_edges.size() + 1>
    cancellation_{};
  std::atomic<std::uint64_t> cancellation_ns_{0};
};

/// The cells of all threads that ever worked for one system. A thread that
/// ends leaves its cell, with its counts, to the next one that comes.
class metrics_registry {
public:
  metrics_registry();
  ~metrics_registry();
  metrics_registry(const metrics_registry&) = delete;
  metrics_registry& operator=(const metrics_registry&) = delete;

  /// The calling thread's cell: a comparison when it is the one used last,
  /// else a search in the thread's own short list.
  metrics_cell& local() noexcept {
    auto& last = last_used;
    return last.registry == id_ ? *last.cell : find_or_add();
  }

  metrics_snapshot snapshot() const;

private:
  struct shared_cells;
  struct thread_cells;

  struct cached {
    std::uint64_t registry = 0;
    metrics_cell* cell = nullptr;
  };

  metrics_cell& find_or_add() noexcept;

  static thread_local constinit cached last_used;

  const std::uint64_t id_; // never reused, unlike an address
  std::shared_ptr<shared_cells> cells_;
};

} // namespace axiom::runtime
