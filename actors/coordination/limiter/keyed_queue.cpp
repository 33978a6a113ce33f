#include "axiom/coordination/limiter/keyed_queue.hpp"

#include <algorithm>
#include <utility>

namespace axiom::detail {

namespace {

keyed_waiter& keyed(permit_waiter& x) noexcept {
  return static_cast<keyed_waiter&>(x); // there are no others here
}

/// How far a start tag grows. At least 1, so that no key is served twice for
/// one turn of the others.
std::uint64_t charge(permit_count permits, std::uint32_t weight) noexcept {
  return std::uint64_t{permits} * max_key_weight / weight;
}

/// How many permits go to minima for each one that somebody else's turn is
/// about, if both are wanted.
constexpr std::uint64_t share_of_minima = 8;

} // namespace

// -- events -------------------------------------------------------------------

permit_refusal keyed_queue::set_share(std::string_view key, key_share share,
                                      permit_turn& turn) {
  if (share.weight == 0 || share.weight > max_key_weight)
    return permit_refusal::key_weight_out_of_range;
  auto others = minima_ - share_of(key).minimum;
  if (share.minimum > turn.balance.limit - others)
    return permit_refusal::minima_exceed_limit;
  if (share != key_share{})
    shares_.insert_or_assign(std::string{key}, share);
  else if (auto i = shares_.find(key); i != shares_.end())
    shares_.erase(i);
  minima_ = others + share.minimum;
  if (auto i = parts_.find(key); i != parts_.end()) {
    auto& part = i->second;
    part.share_ = share;
    if (part.guaranteed_.is_linked() && share.minimum == 0)
      guaranteed_.erase(guaranteed_.iterator_to(part));
    else if (part.competing_.is_linked() && !part.guaranteed_.is_linked()
             && share.minimum > 0)
      guaranteed_.push_back(part);
  }
  settle(turn);
  return permit_refusal::none;
}

void keyed_queue::request(keyed_waiter& x, std::string_view key,
                          permit_turn& turn) {
  now_ = std::max(now_, turn.now);
  auto why = closed_ != permit_refusal::none ? closed_
                                             : turn.balance.refusal(x.weight());
  if (why != permit_refusal::none) {
    x.part_ = nullptr;
    turn.fail(x, why);
  } else {
    auto& part = part_of(key);
    x.part_ = &part;
    part.waiting_.push(x, now_, next_number_++);
    ++waiting_;
    if (!part.competing_.is_linked()) {
      if (before(part.start_, virtual_time_))
        part.start_ = virtual_time_;
      compete(part);
      if (part.share_.minimum > 0)
        guaranteed_.push_back(part);
    }
  }
  settle(turn);
}

bool keyed_queue::cancel(keyed_waiter& x, permit_turn& turn) noexcept {
  if (x.state() != permit_waiter::phase::waiting)
    return false;
  auto& part = *std::exchange(x.part_, nullptr);
  part.waiting_.cancel(x);
  --waiting_;
  tidy(part);
  settle(turn);
  return true;
}

void keyed_queue::release(key_part& part, permit_count weight,
                          permit_turn& turn) {
  if (weight > part.held_)
    throw_stray_release(weight, part.held_);
  turn.balance.give_back(weight);
  part.held_ -= weight;
  tidy(part);
  settle(turn);
}

permit_refusal keyed_queue::set_limit(permit_count limit,
                                      permit_turn& turn) noexcept {
  if (limit == 0 || limit > max_permits)
    return permit_refusal::limit_out_of_range;
  if (limit < minima_)
    return permit_refusal::minima_exceed_limit;
  turn.balance.limit = limit;
  for (auto i = competing_.begin(); i != competing_.end();) {
    auto& part = *i++; // it may leave
    refuse_above(limit, permit_refusal::exceeds_capacity, part, turn);
  }
  settle(turn);
  return permit_refusal::none;
}

void keyed_queue::reprioritise(keyed_waiter& x, task_priority to,
                               permit_turn& turn) noexcept {
  if (x.state() != permit_waiter::phase::waiting)
    return;
  x.part_->waiting_.move(x, to);
  settle(turn);
}

void keyed_queue::advance(permit_turn& turn) noexcept {
  settle(turn);
}

void keyed_queue::close(permit_refusal reason, permit_turn& turn) noexcept {
  if (closed_ != permit_refusal::none)
    return;
  closed_ = reason;
  while (!competing_.empty())
    refuse_above(0, reason, *competing_.begin(), turn);
}

// -- observers ----------------------------------------------------------------

const key_part* keyed_queue::find(std::string_view key) const noexcept {
  auto i = parts_.find(key);
  return i != parts_.end() ? &i->second : nullptr;
}

std::optional<task_priority> keyed_queue::most_urgent() const noexcept {
  std::optional<task_priority> result; // none is below all of them
  for (auto& part : competing_)
    result = std::max(result, part.waiting_.most_urgent());
  return result;
}

std::optional<task_priority> keyed_queue::most_urgent_asked_for()
  const noexcept {
  std::optional<task_priority> result;
  for (auto& part : competing_)
    result = std::max(result, part.waiting_.most_urgent_asked_for());
  return result;
}

std::optional<runtime::time_point> keyed_queue::next_advance(
  const permit_turn& turn) const noexcept {
  std::optional<runtime::time_point> result;
  auto consider = [&](const key_part& part, permit_count free) {
    if (auto rise = part.waiting_.next_rise(free, now_))
      result = std::min(result.value_or(*rise), *rise);
  };
  // Where there are minima also somebody for whom there is not enough matters:
  // a key whose first waiter is no longer within the minimum, or is less
  // overdue than the one before, lets others go first.
  for (auto& part : guaranteed_)
    consider(part, max_permits);
  for (auto& part : competing_)
    if (part.share_.minimum == 0) {
      consider(part, guaranteed_.empty() ? turn.balance.free() : max_permits);
      break; // none behind it can be first before it is served
    }
  return result;
}

// -- who may wait -------------------------------------------------------------

key_share keyed_queue::share_of(std::string_view key) const noexcept {
  auto i = shares_.find(key);
  return i != shares_.end() ? i->second : key_share{};
}

key_part& keyed_queue::part_of(std::string_view key) {
  if (auto i = parts_.find(key); i != parts_.end())
    return i->second;
  auto i = parts_.try_emplace(std::string{key}, share_of(key), ageing_).first;
  i->second.key_ = i->first;
  return i->second;
}

void keyed_queue::refuse_above(permit_count weight, permit_refusal why,
                               key_part& part, permit_turn& turn) noexcept {
  part.waiting_.remove_above(weight, [&](permit_waiter& x) {
    keyed(x).part_ = nullptr;
    --waiting_;
    turn.fail(x, why);
  });
  tidy(part);
}

// -- who goes first -----------------------------------------------------------

void keyed_queue::compete(key_part& part) noexcept {
  part.turn_ = next_turn_++;
  competing_.insert(part);
}

keyed_waiter& keyed_queue::head(key_part& part) noexcept {
  return keyed(*part.waiting_.first(now_));
}

bool keyed_queue::within_minimum(key_part& part) noexcept {
  const auto minimum = part.share_.minimum;
  return minimum > 0 && part.held_ + head(part).weight() <= minimum;
}

keyed_queue::candidate keyed_queue::first() noexcept {
  auto is_within = [this](key_part& x) { return within_minimum(x); };
  auto by_minimum =
    std::find_if(guaranteed_.begin(), guaranteed_.end(), is_within);
  auto by_share =
    std::find_if_not(competing_.begin(), competing_.end(), is_within);
  if (by_share == competing_.end()) {
    if (by_minimum == guaranteed_.end())
      return {};
    return {&*by_minimum, &head(*by_minimum), right::minimum};
  }
  auto& x = head(*by_share);
  if (by_minimum == guaranteed_.end()
      || passed_ >= share_of_minima * x.weight())
    return {&*by_share, &x, right::share};
  return {&*by_minimum, &head(*by_minimum), right::minimum_before_others};
}

void keyed_queue::grant(const candidate& x, permit_turn& turn) noexcept {
  auto& part = *x.part;
  const auto weight = x.waiter->weight();
  part.waiting_.remove(*x.waiter);
  --waiting_;
  part.held_ += weight;
  turn.grant(*x.waiter);
  if (x.by == right::share) {
    passed_ = 0;
    competing_.erase(competing_.iterator_to(part));
    part.start_ += charge(weight, part.share_.weight);
    compete(part);
  } else {
    passed_ = x.by == right::minimum ? 0 : passed_ + weight;
    guaranteed_.splice(guaranteed_.end(), guaranteed_,
                       guaranteed_.iterator_to(part));
  }
  tidy(part);
}

void keyed_queue::settle(permit_turn& turn) noexcept {
  now_ = std::max(now_, turn.now);
  for (auto x = first(); x.part != nullptr; x = first()) {
    if (x.by == right::share)
      advance_virtual_time(x.part->start_);
    if (!turn.balance.fits(x.waiter->weight()))
      return;
    grant(x, turn);
  }
}

void keyed_queue::advance_virtual_time(std::uint64_t to) noexcept {
  virtual_time_ = to;
  while (before(competing_.begin()->start_, to)) {
    auto& part = *competing_.begin();
    competing_.erase(competing_.begin());
    part.start_ = to;
    compete(part);
  }
}

void keyed_queue::tidy(key_part& part) noexcept {
  if (!part.waiting_.empty())
    return;
  if (part.competing_.is_linked())
    competing_.erase(competing_.iterator_to(part));
  if (part.guaranteed_.is_linked())
    guaranteed_.erase(guaranteed_.iterator_to(part));
  if (part.held_ == 0)
    parts_.erase(parts_.find(part.key_));
}

} // namespace axiom::detail
