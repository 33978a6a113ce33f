#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <mutex>
#include <optional>
#include <vector>

#include "axiom/runtime/scheduler/atomics.hpp"
#include "axiom/runtime/small_mutex.hpp"

namespace axiom::runtime {

/// Which workers have nothing to do, and who is to be woken for a new job.
///
/// The problem: a job that becomes ready while a worker goes to sleep must not
/// be left lying, yet waking costs microseconds: not every job may wake
/// somebody, and never all of them. A worker without work is first *searching*
/// (awake, looking through the others' queues), then *parked*:
///
///     working --begin_search--> searching --park--> parked
///        ^                       |    ^               |
///        +------end_search-------+    +-claim, unpark-+
///
/// The rule: *a job wakes one worker, unless one is searching.* A searcher that
/// finds a job and was the last one looks whether there are more, and then wakes
/// the next; so wake-ups travel as a chain as long as there is work, and a
/// single job wakes a single worker.
///
/// Why none is lost: whoever publishes a job stores it in a queue, then loads
/// the counts in `claim`; whoever parks changes the counts in `park`, then
/// looks into all queues once more. All four are sequentially consistent, so
/// one of the two sees the other (Dekker's argument). If `claim` sees a searcher
/// instead, that one has still to come through `end_search` or `park`, and
/// looks into the queues after either. Whoever moves a job from one queue to
/// another publishes it anew: on the way nobody sees it.
///
/// Invariants:
/// 1. A worker is in `parked_` if and only if it is counted as parked.
/// 2. Who takes a worker out of `parked_` counts it as searching in the same
///    step: others with `claim`, and then they notify it; the worker itself with
///    `unpark`, as soon as it is awake for whatever reason. So a notification
///    that comes late only makes it wake once more in vain.
///
/// Thread-safe. `claim` is one load unless somebody is to be woken.
/// @tparam Mutex guards the stack of parked workers; a model checker has its own
template <class Atomics = std_atomics, class Mutex = small_mutex>
class idle_set {
public:
  /// A worker's number.
  using id = std::uint32_t;

  // -- for whoever publishes a job --------------------------------------------

  /// The worker to be notified for a job published before; none if all work, or
  /// somebody searches. The most recently parked one: its cache is warmest.
  std::optional<id> claim() {
    if (!wanted(counts_.load(std::memory_order_seq_cst)))
      return std::nullopt;
    std::lock_guard guard{mutex_};
    if (!wanted(counts_.load(std::memory_order_seq_cst)))
      return std::nullopt;
    auto result = parked_.back();
    parked_.pop_back();
    counts_.fetch_add(one_searching - one_parked, std::memory_order_seq_cst);
    return result;
  }

  /// Takes any parked worker, whoever searches: to stop, or to change their
  /// number.
  std::optional<id> claim_any() {
    std::lock_guard guard{mutex_};
    if (parked_.empty())
      return std::nullopt;
    auto result = parked_.back();
    parked_.pop_back();
    counts_.fetch_add(one_searching - one_parked, std::memory_order_seq_cst);
    return result;
  }

  // -- for workers ------------------------------------------------------------

  /// Finds a job for worker `self`, which has run out of them: searches, and
  /// sleeps as long as there is nothing. Returns null when `self` is dismissed.
  /// @param workers how many there are in all
  /// @param steps what the worker does at each point:
  ///   - `search()` looks through all queues and returns a job or null;
  ///   - `any_job()` says whether any queue has a job;
  ///   - `dismissed()` says whether the worker has to stop, jobs or not;
  ///   - `sleep()` returns when notified or before; a job too, if it has one;
  ///   - `any_left()` says whether anything is left that nobody looks after;
  ///   - `announce()` notifies whom `claim` names.
  ///   `any_job` and `any_left` are sequentially consistent.
  template <class Steps>
  auto find_job(id self, std::size_t workers, Steps& steps) {
    auto searching = begin_search(workers);
    decltype(steps.search()) job{};
    for (;;) {
      if (searching && (job = steps.search()))
        break;
      if (steps.dismissed())
        break;
      park(self, searching);
      if (!steps.any_job() && !steps.dismissed())
        job = steps.sleep();
      unpark(self);
      searching = true;
      if (job)
        break;
    }
    if (searching && end_search() && steps.any_left())
      steps.announce();
    return job;
  }

  // -- observers --------------------------------------------------------------

  std::size_t parked() const noexcept {
    return parked(counts_.load(std::memory_order_relaxed));
  }

private:
  /// Begins to search, unless half of `workers` do already: more would only get
  /// into each other's way.
  bool begin_search(std::size_t workers) {
    auto counts = counts_.load(std::memory_order_relaxed);
    do {
      if (2 * searching(counts) >= workers)
        return false;
    } while (!counts_.compare_exchange_weak(counts, counts + one_searching,
                                            std::memory_order_seq_cst,
                                            std::memory_order_relaxed));
    return true;
  }

  /// Ends a search. Returns true if nobody searches any more: then the caller
  /// has to look for jobs left, and `claim` somebody for them.
  bool end_search() {
    auto before = counts_.fetch_sub(one_searching, std::memory_order_seq_cst);
    return searching(before) == 1;
  }

  /// Parks worker `self`. It must now look into all queues before it sleeps.
  void park(id self, bool was_searching) {
    std::lock_guard guard{mutex_};
    parked_.push_back(self);
    counts_.fetch_add(one_parked - (was_searching ? one_searching : 0),
                      std::memory_order_seq_cst);
  }

  /// Takes `self` back, unless somebody claimed it: either way it is awake and
  /// counted as searching now. O(workers).
  void unpark(id self) {
    std::lock_guard guard{mutex_};
    auto i = std::find(parked_.begin(), parked_.end(), self);
    if (i == parked_.end())
      return;
    parked_.erase(i);
    counts_.fetch_add(one_searching - one_parked, std::memory_order_seq_cst);
  }

  // Searching in the lower half, parked in the upper.
  static constexpr std::uint32_t one_searching = 1;
  static constexpr std::uint32_t one_parked = 1U << 16;

  static constexpr std::uint32_t searching(std::uint32_t counts) noexcept {
    return counts & (one_parked - 1);
  }

  static constexpr std::uint32_t parked(std::uint32_t counts) noexcept {
    return counts >> 16;
  }

  static constexpr bool wanted(std::uint32_t counts) noexcept {
    return searching(counts) == 0 && parked(counts) > 0;
  }

  typename Atomics::template atomic<std::uint32_t> counts_{0};
  Mutex mutex_;
  std::vector<id> parked_; ///< guarded by `mutex_`
};

} // namespace axiom::runtime
