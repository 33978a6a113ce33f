#pragma once

#include <algorithm>
#include <optional>

#include "axiom/coordination/limiter/permit_waiter.hpp"
#include "axiom/coordination/waiting/arrival_order.hpp"

namespace axiom::detail {

/// An arrival_order of requests for permits.
///
/// Invariant: no waiter has a weight above `widest_`.
class permit_order : private arrival_order {
public:
  using arrival_order::arrival_order;
  using arrival_order::cancel;
  using arrival_order::empty;
  using arrival_order::most_urgent;
  using arrival_order::most_urgent_asked_for;
  using arrival_order::move;
  using arrival_order::size;

  /// See arrival_order.
  permit_waiter* first(runtime::time_point now) const noexcept {
    return static_cast<permit_waiter*>(arrival_order::first(now));
  }

  /// When the mere passing of time may next bring somebody to the front for
  /// whom `free` permits are enough: see arrival_order.
  std::optional<runtime::time_point> next_rise(
    permit_count free, runtime::time_point now) const noexcept {
    return arrival_order::next_rise(
      now, [free](const place_waiter& x) { return of(x).weight() <= free; });
  }

  /// Calls `f(permit_waiter&)` for each; it must change nothing.
  template <class F>
  void for_each(F f) {
    arrival_order::for_each([&f](place_waiter& x) { f(of(x)); });
  }

  /// See arrival_order.
  void push(permit_waiter& x, runtime::time_point now,
            std::uint64_t number) noexcept {
    arrival_order::push(x, now, number);
    widest_ = std::max(widest_, x.weight());
  }

  /// See arrival_order.
  void remove(permit_waiter& x) noexcept {
    arrival_order::remove(x);
    if (empty())
      widest_ = 0;
  }

  /// Takes out all that want more than `weight`, and hands each to `f`. O(1) if
  /// there was none since nobody waited, else O(n).
  template <class F>
  void remove_above(permit_count weight, F f) noexcept {
    if (widest_ <= weight)
      return;
    arrival_order::for_each([&](place_waiter& x) {
      if (of(x).weight() > weight) {
        arrival_order::remove(x);
        f(of(x));
      }
    });
    widest_ = std::min(widest_, weight);
  }

private:
  static permit_waiter& of(place_waiter& x) noexcept {
    return static_cast<permit_waiter&>(x); // there are no others here
  }

  static const permit_waiter& of(const place_waiter& x) noexcept {
    return static_cast<const permit_waiter&>(x);
  }

  permit_count widest_ = 0;
};

} // namespace axiom::detail
