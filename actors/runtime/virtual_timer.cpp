#include "axiom/runtime/virtual_timer.hpp"

#include <algorithm>
#include <limits>

namespace axiom::runtime {

virtual_timer::virtual_timer() noexcept
  : timer_service(time_point{std::chrono::hours{1}}) {
  // nop
}

virtual_timer::~virtual_timer() = default;

time_point virtual_timer::now() const noexcept {
  auto guard = lock();
  return wheel_.position();
}

void virtual_timer::arm(timer_entry& entry, time_point due) {
  auto guard = lock();
  wheel_.insert(entry, due);
}

void virtual_timer::stop() {
  // nop: nothing fires unless a test advances the clock
}

std::size_t virtual_timer::advance(duration step) {
  auto guard = lock();
  const auto end = wheel_.position() + step;
  return fire_until(std::move(guard), end);
}

std::size_t virtual_timer::advance_to_next_before(time_point end) {
  auto guard = lock();
  const auto next = std::min(end, wheel_.next_due());
  return fire_until(std::move(guard), next);
}

std::size_t virtual_timer::fire_until(std::unique_lock<std::mutex> guard,
                                      time_point end) {
  constexpr auto all = std::numeric_limits<std::size_t>::max();
  std::size_t fired = 0;
  for (auto budget = all; auto* entry = wheel_.pop(end, budget); ++fired)
    entry->fire();
  guard.unlock();
  if (fired > 0)
    tell_listener();
  return fired;
}

} // namespace axiom::runtime
