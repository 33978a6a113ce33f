#include "axiom/coordination/limiter/waiter_order.hpp"

namespace axiom::detail {

// -- observers ----------------------------------------------------------------

std::size_t waiter_order::risen(const permit_waiter& x,
                                runtime::time_point now) const noexcept {
  auto level = static_cast<std::size_t>(x.priority_);
  if (level == top || ageing_ <= ageing_.zero())
    return level;
  auto steps = static_cast<std::size_t>((now - x.arrived_) / ageing_);
  return level + std::min(steps, top - level);
}

permit_waiter* waiter_order::first(runtime::time_point now) noexcept {
  permit_waiter* result = nullptr;
  std::size_t best = 0;
  for (auto& level : levels_) {
    if (level.empty())
      continue;
    auto& x = *level.begin();
    auto rank = risen(x, now);
    if (result == nullptr || rank > best
        || (rank == best && x.number_ < result->number_)) {
      result = &x;
      best = rank;
    }
  }
  return result;
}

std::optional<task_priority> waiter_order::most_urgent() const noexcept {
  for (auto i = levels_.size(); i-- > 0;)
    if (!levels_[i].empty())
      return static_cast<task_priority>(i);
  return std::nullopt;
}

std::optional<runtime::time_point> waiter_order::next_rise(
  permit_count free, runtime::time_point now) const noexcept {
  std::optional<runtime::time_point> result;
  if (ageing_ <= ageing_.zero())
    return result;
  for (auto& level : levels_) {
    if (level.empty())
      continue;
    auto& x = *level.begin();
    if (x.weight_ > free || risen(x, now) == top)
      continue;
    auto steps = (now - x.arrived_) / ageing_ + 1;
    auto rise = x.arrived_ + steps * ageing_;
    result = std::min(result.value_or(rise), rise);
  }
  return result;
}

// -- modifiers ----------------------------------------------------------------

void waiter_order::push(permit_waiter& x, runtime::time_point now,
                        std::uint64_t number) noexcept {
  x.arrived_ = now;
  x.number_ = number;
  x.phase_ = permit_waiter::phase::waiting;
  x.refusal_ = permit_refusal::none;
  level_of(x).push_back(x); // where it belongs, as its number is the highest
  widest_ = std::max(widest_, x.weight_);
  ++size_;
}

void waiter_order::remove(permit_waiter& x) noexcept {
  auto& level = level_of(x);
  level.erase(level.iterator_to(x));
  if (--size_ == 0)
    widest_ = 0;
}

void waiter_order::move(permit_waiter& x, task_priority to) noexcept {
  auto& from = level_of(x);
  from.erase(from.iterator_to(x));
  x.priority_ = to;
  level_of(x).insert(x);
}

} // namespace axiom::detail
