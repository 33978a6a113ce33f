#include "axiom/coordination/limiter/wait_queue.hpp"

#include <algorithm>

namespace axiom::detail {

void wait_queue::request(permit_waiter& x, permit_turn& turn) noexcept {
  now_ = std::max(now_, turn.now);
  auto why = closed_ != permit_refusal::none ? closed_
                                             : turn.balance.refusal(x.weight());
  if (why != permit_refusal::none)
    turn.fail(x, why);
  else
    waiting_.push(x, now_, next_number_++);
  settle(turn);
}

bool wait_queue::cancel(permit_waiter& x, permit_turn& turn) noexcept {
  if (x.state() != permit_waiter::phase::waiting)
    return false;
  waiting_.cancel(x);
  settle(turn);
  return true;
}

void wait_queue::release(permit_count weight, permit_turn& turn) {
  turn.balance.give_back(weight);
  settle(turn);
}

permit_refusal wait_queue::set_limit(permit_count limit,
                                     permit_turn& turn) noexcept {
  if (limit == 0 || limit > max_permits)
    return permit_refusal::limit_out_of_range;
  turn.balance.limit = limit;
  waiting_.remove_above(limit, [&turn](permit_waiter& x) {
    turn.fail(x, permit_refusal::exceeds_capacity);
  });
  settle(turn);
  return permit_refusal::none;
}

void wait_queue::reprioritise(permit_waiter& x, task_priority to,
                              permit_turn& turn) noexcept {
  if (x.state() != permit_waiter::phase::waiting)
    return;
  waiting_.move(x, to);
  settle(turn);
}

void wait_queue::advance(permit_turn& turn) noexcept {
  settle(turn);
}

void wait_queue::close(permit_refusal reason, permit_turn& turn) noexcept {
  if (closed_ != permit_refusal::none)
    return;
  closed_ = reason;
  waiting_.remove_above(
    0, [reason, &turn](permit_waiter& x) { turn.fail(x, reason); });
}

void wait_queue::settle(permit_turn& turn) noexcept {
  now_ = std::max(now_, turn.now);
  for (auto* x = waiting_.first(now_);
       x != nullptr && turn.balance.fits(x->weight());
       x = waiting_.first(now_)) {
    waiting_.remove(*x);
    turn.grant(*x);
  }
}

} // namespace axiom::detail
