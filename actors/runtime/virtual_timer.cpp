#include "axiom/runtime/virtual_timer.hpp"

#include <algorithm>

namespace axiom::runtime {

virtual_timer::~virtual_timer() = default;

time_point virtual_timer::now() const noexcept {
  std::lock_guard guard{mutex_};
  return now_;
}

void virtual_timer::arm(timer_entry& entry, time_point due) {
  std::lock_guard guard{mutex_};
  insert(entry, due);
}

void virtual_timer::stop() {
  // nop: nothing fires unless a test advances the clock
}

std::size_t virtual_timer::advance(duration step) {
  std::lock_guard guard{mutex_};
  return fire_until(now_ + step);
}

std::size_t virtual_timer::advance_to_next_before(time_point end) {
  std::lock_guard guard{mutex_};
  auto next = queue_.empty() ? end : std::min(end, queue_.begin()->due());
  return fire_until(std::max(now_, next));
}

std::size_t virtual_timer::fire_until(time_point end) {
  std::size_t fired = 0;
  while (!queue_.empty() && queue_.begin()->due() <= end) {
    auto& entry = *queue_.begin();
    queue_.erase(queue_.begin());
    now_ = std::max(now_, entry.due());
    entry.fire();
    ++fired;
  }
  now_ = end;
  return fired;
}

} // namespace axiom::runtime
