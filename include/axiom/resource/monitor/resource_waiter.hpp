#pragma once

#include <cstdint>
#include <utility>

#include "axiom/coordination/waiting/place_waiter.hpp"
#include "axiom/resource/monitor/resource_amounts.hpp"

namespace axiom::detail {

struct lease_record;

/// Why a monitor turns something down.
enum class resource_refusal : std::uint8_t {
  none,
  /// It could never be granted: more than there is of a resource.
  exceeds_capacity,
  /// The monitor was closed.
  closed
};

/// One request for resources, all or nothing: see place_waiter.
class resource_waiter : public place_waiter {
public:
  resource_waiter(resource_amounts amounts, task_priority priority) noexcept
    : place_waiter(priority), amounts_(std::move(amounts)) {
    // nop
  }

  const resource_amounts& amounts() const noexcept {
    return amounts_;
  }

  /// Why it failed; `none` unless it did.
  resource_refusal refusal() const noexcept {
    return refusal_;
  }

  /// Where it is written down what it was granted. Guarded by the place's lock
  /// until its wait is over.
  lease_record* record = nullptr;

private:
  friend struct resource_turn;

  resource_amounts amounts_;
  resource_refusal refusal_ = resource_refusal::none;
};

/// What an event of a queue works on: what there is to give and what time it
/// is; and its effect: who was granted or refused.
struct resource_turn {
  resource_balances& balances;
  runtime::time_point now;
  settled_waiters settled{};

  bool anything_in_use() const noexcept {
    for (const auto& x : balances)
      if (x.in_use > 0)
        return true;
    return false;
  }

  /// @pre `x` is in no queue, and there is enough
  void grant(resource_waiter& x) noexcept {
    for (const auto& [resource, units] : x.amounts_)
      balances[resource].take(units);
    x.phase_ = place_waiter::phase::granted;
    x.refusal_ = resource_refusal::none;
    settled.push(x);
  }

  /// @pre `x` is in no queue
  void fail(resource_waiter& x, resource_refusal why) noexcept {
    x.phase_ = place_waiter::phase::failed;
    x.refusal_ = why;
    settled.push(x);
  }
};

} // namespace axiom::detail
