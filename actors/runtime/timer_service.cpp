#include "axiom/runtime/timer_service.hpp"

namespace axiom::runtime {

timer_service::~timer_service() {
  // Owners may be destroyed after us; their entries must not point here.
  std::lock_guard guard{mutex_};
  queue_.clear();
}

bool timer_service::cancel(timer_entry& entry) noexcept {
  std::lock_guard guard{mutex_};
  if (!entry.hook_.is_linked())
    return false;
  queue_.erase(queue_.iterator_to(entry));
  return true;
}

std::size_t timer_service::pending() const noexcept {
  std::lock_guard guard{mutex_};
  return queue_.size();
}

bool timer_service::insert(timer_entry& entry, time_point due) noexcept {
  entry.due_ = due;
  auto at = queue_.insert(entry); // before begin(), which == would not ensure
  return at == queue_.begin();
}

} // namespace axiom::runtime
