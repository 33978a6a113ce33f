#pragma once

#include <cstdint>

#include "axiom/coordination/limiter/permits.hpp"
#include "axiom/coordination/waiting/place_waiter.hpp"

namespace axiom::detail {

/// One request for permits: see place_waiter.
class permit_waiter : public place_waiter {
public:
  /// @param weight how many permits, all or none
  permit_waiter(permit_count weight, task_priority priority) noexcept
    : place_waiter(priority), weight_(weight) {
    // nop
  }

  permit_count weight() const noexcept {
    return weight_;
  }

  /// Why it failed; `none` unless it did.
  permit_refusal refusal() const noexcept {
    return refusal_;
  }

private:
  friend struct permit_turn;

  permit_count weight_;
  permit_refusal refusal_ = permit_refusal::none;
};

/// What an event of a queue works on: what there is to give and what time it
/// is; and its effect: who was granted or refused.
struct permit_turn {
  permit_balance balance;
  runtime::time_point now;
  settled_waiters settled{};

  /// @pre `x` is in no queue, and fits
  void grant(permit_waiter& x) noexcept {
    balance.take(x.weight_);
    x.phase_ = permit_waiter::phase::granted;
    x.refusal_ = permit_refusal::none;
    settled.push(x);
  }

  /// @pre `x` is in no queue
  void fail(permit_waiter& x, permit_refusal why) noexcept {
    x.phase_ = permit_waiter::phase::failed;
    x.refusal_ = why;
    settled.push(x);
  }
};

} // namespace axiom::detail
