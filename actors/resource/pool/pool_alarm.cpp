#include "axiom/resource/pool/pool_alarm.hpp"

#include <utility>

#include <caf/send.hpp>

namespace axiom::detail {

void pool_alarm::begin(runtime::timer_service& timers, pool_actor actor) {
  std::lock_guard guard{mutex_};
  timers_ = &timers;
  actor_ = std::move(actor);
}

void pool_alarm::ring() noexcept {
  pool_actor actor;
  {
    std::lock_guard guard{mutex_};
    if (timers_ == nullptr)
      return;
    actor = actor_;
  }
  caf::anon_send(actor, tick_atom_v);
}

void pool_alarm::stop() noexcept {
  pool_actor gone; // released without the lock
  std::lock_guard guard{mutex_};
  if (timers_ == nullptr)
    return;
  timers_->cancel(entry_);
  timers_ = nullptr;
  std::swap(gone, actor_);
}

void pool_alarm::arm(runtime::time_point when) noexcept {
  std::lock_guard guard{mutex_};
  if (timers_ == nullptr || armed_for_.load() <= when)
    return;
  timers_->cancel(entry_);
  armed_for_ = when;
  timers_->arm(entry_, when);
}

void pool_alarm::entry::fire() noexcept {
  owner.armed_for_ = never;
  caf::anon_send(owner.actor_, tick_atom_v);
}

} // namespace axiom::detail
