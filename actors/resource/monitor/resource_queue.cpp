#include "axiom/resource/monitor/resource_queue.hpp"

#include <algorithm>

namespace axiom::detail {

namespace {

bool exceeds(const resource_amounts& amounts,
             const resource_balances& balances) noexcept {
  return std::any_of(amounts.begin(), amounts.end(), [&](auto& x) {
    return x.units > balances[x.resource].capacity;
  });
}

} // namespace

// -- events -------------------------------------------------------------------

void resource_queue::request(resource_waiter& x, resource_turn& turn) noexcept {
  now_ = std::max(now_, turn.now);
  if (closed_ != resource_refusal::none) {
    turn.fail(x, closed_);
  } else if (exceeds(x.amounts(), turn.balances)) {
    turn.fail(x, resource_refusal::exceeds_capacity);
  } else {
    order_.push(x, now_);
    for (const auto& amount : x.amounts())
      ++wanted_[amount.resource];
    settle(turn);
  }
}

bool resource_queue::cancel(resource_waiter& x, resource_turn& turn) noexcept {
  if (x.state() != place_waiter::phase::waiting)
    return false;
  order_.cancel(x);
  leave(x);
  settle(turn);
  return true;
}

void resource_queue::release(const resource_amounts& x,
                             resource_turn& turn) noexcept {
  for (const auto& [resource, units] : x)
    turn.balances[resource].give_back(units);
  settle(turn);
}

void resource_queue::set_capacity(std::size_t resource, std::uint64_t units,
                                  resource_turn& turn) noexcept {
  auto& balance = turn.balances[resource];
  const auto lowered = units < balance.capacity;
  balance.capacity = units;
  if (lowered && wanted_[resource] > 0)
    order_.for_each([&](place_waiter& waiter) {
      auto& x = of(waiter);
      if (!exceeds(x.amounts(), turn.balances))
        return;
      order_.remove(x);
      leave(x);
      turn.fail(x, resource_refusal::exceeds_capacity);
    });
  settle(turn);
}

void resource_queue::set_headroom(std::size_t resource, std::uint64_t units,
                                  resource_turn& turn) noexcept {
  turn.balances[resource].headroom = units;
  settle(turn);
}

void resource_queue::set_admission(resource_admission how,
                                   resource_turn& turn) noexcept {
  admission_ = how;
  settle(turn);
}

void resource_queue::reprioritise(resource_waiter& x, task_priority to,
                                  resource_turn& turn) noexcept {
  if (x.state() != place_waiter::phase::waiting || x.priority() == to)
    return;
  order_.move(x, to);
  settle(turn);
}

void resource_queue::advance(resource_turn& turn) noexcept {
  settle(turn);
}

void resource_queue::close(resource_refusal reason,
                           resource_turn& turn) noexcept {
  if (closed_ != resource_refusal::none)
    return;
  closed_ = reason;
  order_.for_each([&](place_waiter& x) {
    order_.remove(x);
    leave(of(x));
    turn.fail(of(x), reason);
  });
}

// -- observers ----------------------------------------------------------------

std::optional<runtime::time_point> resource_queue::next_advance(
  const resource_turn&) const noexcept {
  // Of one priority all rise alike; only those of several can change places.
  if (order_.one_priority() || !order_.anybody_rises(now_))
    return std::nullopt;
  // The order says when the first of each priority rises. The periods of the
  // others end at other times.
  const auto first =
    order_.next_rise(now_, [](const place_waiter&) { return true; });
  const auto others = runtime::later(now_, ageing_);
  return first ? std::min(*first, others) : others;
}

// -- granting -----------------------------------------------------------------

void resource_queue::leave(resource_waiter& x) noexcept {
  for (const auto& amount : x.amounts())
    --wanted_[amount.resource];
}

bool resource_queue::fits(const resource_waiter& x,
                          const resource_turn& turn) const noexcept {
  return std::all_of(x.amounts().begin(), x.amounts().end(), [&](auto& want) {
    const auto aside = aside_[want.resource];
    return want.units <= turn.balances[want.resource].room(admission_, aside);
  });
}

bool resource_queue::anything_left(const resource_turn& turn) const noexcept {
  for (std::size_t i = 0; i < wanted_.size(); ++i)
    if (wanted_[i] > 0 && turn.balances[i].room(admission_, aside_[i]) > 0)
      return true;
  return false;
}

void resource_queue::settle(resource_turn& turn) noexcept {
  now_ = std::max(now_, turn.now);
  if (order_.empty())
    return;
  std::fill(aside_.begin(), aside_.end(), 0);
  const auto one_at_a_time = admission_ == resource_admission::serial;
  if (one_at_a_time && turn.anything_in_use())
    return;
  order_.for_each_in_order(now_, [&](place_waiter& waiter) {
    auto& x = of(waiter);
    if (fits(x, turn)) {
      order_.remove(x);
      leave(x);
      turn.grant(x);
      if (one_at_a_time)
        return false;
    } else {
      for (const auto& [resource, units] : x.amounts())
        aside_[resource] = saturated_sum(aside_[resource], units);
    }
    return anything_left(turn);
  });
}

} // namespace axiom::detail
