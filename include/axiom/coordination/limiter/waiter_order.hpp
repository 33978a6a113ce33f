#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <optional>

#include "axiom/coordination/limiter/permit_waiter.hpp"
#include "axiom/runtime/job.hpp"

namespace axiom::detail {

/// Who of those that wait goes first: the order, and nothing about permits.
///
/// The problem: the more urgent goes first, yet nobody may wait for ever, so
/// waiters rise while they wait; but nobody can afford to look at all of them
/// whenever time passes.
///
/// A waiter's *level* is its priority, plus one for each period of ageing that
/// it has waited, up to the highest. A higher level goes first, and the earlier
/// arrival within one. A waiter that was given another priority keeps its
/// arrival, so what it has earned by waiting.
///
/// Invariants:
/// 1. `levels_[p]` holds those of priority p in the order of arrival. Whoever
///    arrived later has not risen further; so of one priority the first goes
///    before the rest at any time, and only four waiters need be compared.
/// 2. No waiter has a weight above `widest_`.
///
/// Not thread-safe. Times must not go backwards. `push` is O(1) and `remove` is
/// O(1), both amortised; `move` is O(log n); the questions are O(levels).
/// Red-black trees, since lists would make `move` O(n): a waiter comes to its
/// new priority with an old arrival.
class waiter_order {
public:
  /// @param ageing after how long a waiter rises by one level; 0 for never,
  ///   and then urgent newcomers can keep others waiting for ever
  explicit waiter_order(runtime::duration ageing) noexcept : ageing_(ageing) {
    // nop
  }

  waiter_order(const waiter_order&) = delete;
  waiter_order& operator=(const waiter_order&) = delete;

  // -- observers --------------------------------------------------------------

  bool empty() const noexcept {
    return size_ == 0;
  }

  std::size_t size() const noexcept {
    return size_;
  }

  /// Who goes first at time `now`; null if nobody waits.
  permit_waiter* first(runtime::time_point now) noexcept;

  /// The highest priority of all that wait, without what they rose to.
  std::optional<task_priority> most_urgent() const noexcept;

  /// When the mere passing of time may next bring somebody to the front for
  /// whom `free` permits are enough; none if that cannot happen. It may turn
  /// out that somebody else is still before him, at most three times a waiter.
  std::optional<runtime::time_point> next_rise(
    permit_count free, runtime::time_point now) const noexcept;

  // -- modifiers --------------------------------------------------------------

  /// @param number above that of all who came before
  /// @pre `x` does not wait
  void push(permit_waiter& x, runtime::time_point now,
            std::uint64_t number) noexcept;

  /// Takes out `x`, whose state is for the caller to say.
  /// @pre `x` waits here
  void remove(permit_waiter& x) noexcept;

  /// Takes out `x` because it does not want any more.
  /// @pre `x` waits here
  void cancel(permit_waiter& x) noexcept {
    remove(x);
    x.phase_ = permit_waiter::phase::cancelled;
  }

  /// Gives `x` another priority.
  /// @pre `x` waits here
  void move(permit_waiter& x, task_priority to) noexcept;

  /// Takes out all that want more than `weight`, and hands each to `f`. O(1) if
  /// there was none since nobody waited, else O(n).
  template <class F>
  void remove_above(permit_count weight, F f) noexcept {
    if (widest_ <= weight)
      return;
    for (auto& level : levels_)
      for (auto i = level.begin(); i != level.end();) {
        auto& x = *i++;
        if (x.weight_ > weight) {
          remove(x);
          f(x);
        }
      }
    widest_ = std::min(widest_, weight);
  }

private:
  struct by_arrival {
    bool operator()(const permit_waiter& a,
                    const permit_waiter& b) const noexcept {
      return a.number_ < b.number_;
    }
  };

  using level = boost::intrusive::set<
    permit_waiter,
    boost::intrusive::member_hook<permit_waiter, decltype(permit_waiter::hook_),
                                  &permit_waiter::hook_>,
    boost::intrusive::compare<by_arrival>,
    boost::intrusive::constant_time_size<false>>;

  static constexpr std::size_t top = runtime::job_levels - 1;

  level& level_of(const permit_waiter& x) noexcept {
    return levels_[static_cast<std::size_t>(x.priority_)];
  }

  /// What `x` has risen to.
  std::size_t risen(const permit_waiter& x,
                    runtime::time_point now) const noexcept;

  std::array<level, runtime::job_levels> levels_;
  std::size_t size_ = 0;
  permit_count widest_ = 0;
  const runtime::duration ageing_;
};

} // namespace axiom::detail
