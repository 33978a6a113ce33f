#include "axiom/runtime/timer_service.hpp"

namespace axiom::runtime {

timer_service::timer_service(time_point start) noexcept : wheel_(start) {
  // nop
}

timer_service::~timer_service() = default;

bool timer_service::cancel(timer_entry& entry) noexcept {
  auto guard = lock();
  return wheel_.remove(entry);
}

std::size_t timer_service::pending() const noexcept {
  auto guard = lock();
  return wheel_.size();
}

void timer_service::listen(timer_listener* x) noexcept {
  std::lock_guard guard{listener_mutex_};
  listener_ = x;
}

std::unique_lock<std::mutex> timer_service::lock() const {
  std::unique_lock guard{mutex_, std::try_to_lock};
  return guard ? std::move(guard) : lock_in_turn();
}

std::unique_lock<std::mutex> timer_service::lock_in_turn() const {
  std::lock_guard turn{turnstile_};
  return std::unique_lock{mutex_};
}

void timer_service::tell_listener() noexcept {
  std::lock_guard guard{listener_mutex_};
  if (listener_ != nullptr)
    listener_->after_batch();
}

} // namespace axiom::runtime
