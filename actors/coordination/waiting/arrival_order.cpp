#include "axiom/coordination/waiting/arrival_order.hpp"

#include <algorithm>

namespace axiom::detail {

// -- observers ----------------------------------------------------------------

std::size_t arrival_order::risen(const place_waiter& x,
                                 runtime::time_point now) const noexcept {
  auto level = static_cast<std::size_t>(x.priority_);
  if (level == top || ageing_ <= ageing_.zero())
    return level;
  auto steps = static_cast<std::size_t>((now - x.arrived_) / ageing_);
  return level + std::min(steps, top - level);
}

bool arrival_order::goes_before(const place_waiter& a, const place_waiter& b,
                                runtime::time_point now) const noexcept {
  auto left = risen(a, now);
  auto right = risen(b, now);
  return left != right ? left > right : a.number_ < b.number_;
}

place_waiter* arrival_order::first(runtime::time_point now) const noexcept {
  const place_waiter* result = nullptr;
  for (auto& level : levels_)
    if (!level.empty()
        && (result == nullptr || goes_before(*level.begin(), *result, now)))
      result = &*level.begin();
  return const_cast<place_waiter*>(result);
}

bool arrival_order::stays_before(const place_waiter& a, const place_waiter& b,
                                 runtime::time_point now) const noexcept {
  if (ageing_ <= ageing_.zero())
    return goes_before(a, b, now);
  // Of two that rise, who came first stays before if he is no less urgent, or
  // has risen as far as anybody can.
  return a.number_ < b.number_
      && (a.priority_ >= b.priority_ || risen(a, now) == top);
}

bool arrival_order::one_priority() const noexcept {
  return std::count_if(levels_.begin(), levels_.end(),
                       [](auto& level) { return !level.empty(); })
      <= 1;
}

bool arrival_order::anybody_rises(runtime::time_point now) const noexcept {
  // Of one priority nobody has risen less than the last.
  return ageing_ > ageing_.zero()
      && std::any_of(levels_.begin(), levels_.end(), [&](auto& level) {
           return !level.empty() && risen(*level.rbegin(), now) < top;
         });
}

std::optional<task_priority> arrival_order::most_urgent() const noexcept {
  for (auto i = levels_.size(); i-- > 0;)
    if (!levels_[i].empty())
      return static_cast<task_priority>(i);
  return std::nullopt;
}

std::optional<task_priority> arrival_order::most_urgent_asked_for()
  const noexcept {
  for (auto i = asked_for_.size(); i-- > 0;)
    if (asked_for_[i] > 0)
      return static_cast<task_priority>(i);
  return std::nullopt;
}

// -- modifiers ----------------------------------------------------------------

void arrival_order::push(place_waiter& x, runtime::time_point now) noexcept {
  push(x, now, next_number_++);
}

void arrival_order::push(place_waiter& x, runtime::time_point now,
                         std::uint64_t number) noexcept {
  x.arrived_ = now;
  x.number_ = number;
  x.phase_ = place_waiter::phase::waiting;
  level_of(x).push_back(x); // where it belongs, as its number is the highest
  ++asked_for_[static_cast<std::size_t>(x.base_priority_)];
  ++size_;
}

void arrival_order::remove(place_waiter& x) noexcept {
  auto& level = level_of(x);
  level.erase(level.iterator_to(x));
  --asked_for_[static_cast<std::size_t>(x.base_priority_)];
  --size_;
}

void arrival_order::move(place_waiter& x, task_priority to) noexcept {
  auto& from = level_of(x);
  from.erase(from.iterator_to(x));
  x.priority_ = to;
  level_of(x).insert(x);
}

} // namespace axiom::detail
