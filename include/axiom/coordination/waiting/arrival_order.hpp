#pragma once

#include <array>
#include <cstddef>
#include <optional>

#include "axiom/coordination/waiting/place_waiter.hpp"
#include "axiom/runtime/job.hpp"
#include "axiom/runtime/later.hpp"

namespace axiom::detail {

/// Who of those that wait goes first: the order, and nothing about what they
/// wait for.
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
/// Invariant: `levels_[p]` holds those of priority p in the order of arrival.
/// Whoever arrived later has not risen further; so of one priority the first
/// goes before the rest at any time, and only four waiters need be compared.
///
/// Not thread-safe. Times must not go backwards. `push` is O(1) and `remove` is
/// O(1), both amortised; `move` is O(log n); the questions are O(levels).
/// Red-black trees, since lists would make `move` O(n): a waiter comes to its
/// new priority with an old arrival.
class arrival_order {
public:
  /// @param ageing after how long a waiter rises by one level; 0 for never,
  ///   and then urgent newcomers can keep others waiting for ever
  explicit arrival_order(runtime::duration ageing) noexcept : ageing_(ageing) {
    // nop
  }

  arrival_order(const arrival_order&) = delete;
  arrival_order& operator=(const arrival_order&) = delete;

  // -- observers --------------------------------------------------------------

  bool empty() const noexcept {
    return size_ == 0;
  }

  std::size_t size() const noexcept {
    return size_;
  }

  /// Who goes first at time `now`; null if nobody waits.
  place_waiter* first(runtime::time_point now) const noexcept;

  /// The highest priority of all that wait, without what they rose to.
  std::optional<task_priority> most_urgent() const noexcept;

  /// The highest that any of them asked for: without what tasks were raised to,
  /// since somebody waits for them.
  std::optional<task_priority> most_urgent_asked_for() const noexcept;

  /// Whether all that wait have one priority: then time changes no order.
  bool one_priority() const noexcept;

  /// Whether anybody will have risen who has not yet.
  bool anybody_rises(runtime::time_point now) const noexcept;

  /// Whether `a` goes before `b` now, and will as long as both wait.
  bool stays_before(const place_waiter& a, const place_waiter& b,
                    runtime::time_point now) const noexcept;

  /// When the mere passing of time may next bring somebody to the front of whom
  /// `matters(const place_waiter&)` says that it would make a difference; none
  /// if that cannot happen. It may turn out that somebody else is still before
  /// him, at most three times a waiter.
  template <class Predicate>
  std::optional<runtime::time_point> next_rise(runtime::time_point now,
                                               Predicate matters) const {
    std::optional<runtime::time_point> result;
    if (ageing_ <= ageing_.zero())
      return result;
    for (auto& level : levels_) {
      if (level.empty())
        continue;
      auto& x = *level.begin();
      if (!matters(x) || risen(x, now) == top)
        continue;
      const auto waited = now - x.arrived_;
      const auto rise = runtime::later(now, ageing_ - waited % ageing_);
      result = result && *result < rise ? *result : rise;
    }
    return result;
  }

  /// Calls `f(place_waiter&)` for each; it may take out the one it is called
  /// with, and change nothing else.
  template <class F>
  void for_each(F f) {
    for (auto& level : levels_)
      for (auto i = level.begin(); i != level.end();)
        f(*i++);
  }

  /// The same in the order of time `now`, until `f` returns false.
  template <class F>
  void for_each_in_order(runtime::time_point now, F f) {
    std::array<level::iterator, runtime::job_levels> next;
    for (std::size_t i = 0; i < next.size(); ++i)
      next[i] = levels_[i].begin();
    for (;;) {
      auto best = next.size();
      for (std::size_t i = 0; i < next.size(); ++i)
        if (next[i] != levels_[i].end()
            && (best == next.size() || goes_before(*next[i], *next[best], now)))
          best = i;
      if (best == next.size() || !f(*next[best]++))
        return;
    }
  }

  // -- modifiers --------------------------------------------------------------

  /// @pre `x` does not wait
  void push(place_waiter& x, runtime::time_point now) noexcept;

  /// The same where several orders share one count of arrivals.
  /// @param number above that of all who came before
  void push(place_waiter& x, runtime::time_point now,
            std::uint64_t number) noexcept;

  /// Takes out `x`, whose state is for the caller to say.
  /// @pre `x` waits here
  void remove(place_waiter& x) noexcept;

  /// Takes out `x` because it does not want any more.
  /// @pre `x` waits here
  void cancel(place_waiter& x) noexcept {
    remove(x);
    x.phase_ = place_waiter::phase::cancelled;
  }

  /// Gives `x` another priority.
  /// @pre `x` waits here
  void move(place_waiter& x, task_priority to) noexcept;

private:
  struct by_arrival {
    bool operator()(const place_waiter& a,
                    const place_waiter& b) const noexcept {
      return a.number_ < b.number_;
    }
  };

  using level = boost::intrusive::set<
    place_waiter,
    boost::intrusive::member_hook<place_waiter, decltype(place_waiter::hook_),
                                  &place_waiter::hook_>,
    boost::intrusive::compare<by_arrival>,
    boost::intrusive::constant_time_size<false>>;

  static constexpr std::size_t top = runtime::job_levels - 1;

  level& level_of(const place_waiter& x) noexcept {
    return levels_[static_cast<std::size_t>(x.priority_)];
  }

  /// What `x` has risen to.
  std::size_t risen(const place_waiter& x,
                    runtime::time_point now) const noexcept;

  bool goes_before(const place_waiter& a, const place_waiter& b,
                   runtime::time_point now) const noexcept;

  std::array<level, runtime::job_levels> levels_;
  std::array<std::size_t, runtime::job_levels> asked_for_{}; ///< how many
  std::size_t size_ = 0;
  std::uint64_t next_number_ = 0;
  const runtime::duration ageing_;
};

} // namespace axiom::detail
