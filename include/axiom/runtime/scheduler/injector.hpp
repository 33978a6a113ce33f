#pragma once

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <span>
#include <vector>

#include <caf/fwd.hpp>

#include "axiom/runtime/job.hpp"
#include "axiom/runtime/small_mutex.hpp"

namespace axiom::runtime {

/// The queue that all workers share: jobs from threads that are no workers, and
/// jobs that let others go first. First in, first out in each level.
///
/// Workers look here when they have nothing of their own, when it holds
/// something more urgent, and once in a while besides, so that nothing waits
/// for ever. Looking costs one load of a word that is rarely written.
///
/// Thread-safe; every operation takes a lock for a few instructions, a batch no
/// more often than a single job.
class injector {
public:
  /// Adds jobs behind those of their level, all at once.
  void push(std::span<caf::resumable* const> jobs, job_level level);

  /// Takes the oldest job of `level`, and moves up to `more` that follow it to
  /// `into`, but not more than a fair share for one of `workers`. Null if there
  /// is none.
  caf::resumable* take(job_level level, std::size_t workers, std::size_t more,
                       std::vector<caf::resumable*>& into);

  /// Which levels have jobs, a bit each. Sequentially consistent: see idle_set.
  std::uint32_t levels() const noexcept {
    return levels_.load(std::memory_order_seq_cst);
  }

  std::size_t size(job_level level) const;

private:
  mutable small_mutex mutex_;
  std::array<std::deque<caf::resumable*>, job_levels> queues_;
  std::atomic<std::uint32_t> levels_{0}; ///< written under the lock
};

} // namespace axiom::runtime
