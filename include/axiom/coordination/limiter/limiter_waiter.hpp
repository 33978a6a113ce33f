#pragma once

#include <cstdint>
#include <string>

#include "axiom/coordination/limiter/key_part.hpp"

namespace axiom::detail {

class task_actor;
class woken_tasks;

/// Somebody in the queue of a limiter: a coroutine, a thread, or an actor that
/// asked by message.
class limiter_waiter : public keyed_waiter {
public:
  using keyed_waiter::keyed_waiter;

  /// Why somebody else took it out of the queue.
  enum class expulsion : std::uint8_t { none, timed_out, deadlock };

  /// Its wait is over: granted, failed, or expelled. Called once a wait, with
  /// the limiter's lock held and, if the request itself settled it, not at all.
  /// Returns whether it takes what it was granted; after that it may be gone.
  /// Tasks are woken through `woken`.
  virtual bool settled(woken_tasks& woken) noexcept = 0;

  /// The task that waits; null if that is none.
  virtual task_actor* waiting_task() const noexcept {
    return nullptr;
  }

  /// Guarded by the limiter's lock until it is out of the queue.
  expulsion expelled = expulsion::none;

  /// The circle of waits, if it was expelled for one.
  std::string circle;

protected:
  ~limiter_waiter() = default;
};

} // namespace axiom::detail
