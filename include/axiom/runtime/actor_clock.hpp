#pragma once

#include <cstddef>
#include <memory>

#include <caf/actor_clock.hpp>

#include "axiom/runtime/timer_service.hpp"

namespace axiom::runtime {

/// CAF's clock, without a thread of its own: delayed messages, receive timeouts
/// and request timeouts of ordinary actors are entries of the system's timer
/// service, and follow virtual time where that does.
///
/// A pending timeout or message is in one of two places:
///
///     set --> armed --(due)--> due --(delivered)--> gone
///               |               |
///               +---- cancel ---+--> gone
///
/// Invariants:
/// 1. Messages are delivered on the thread that fires, without any lock, in the
///    order of their due times: never on a worker, since a timeout must arrive
///    most of all when the workers are stuck.
/// 2. A timeout is either cancelled, and then its message is never delivered,
///    and its reference to the actor is gone when the call returns; or the
///    delivery has begun.
/// 3. No reference is let go with a lock held: an actor may end by it, and
///    cancel what it has pending here.
/// 4. After `stop` nothing is delivered and nothing accepted.
///
/// Semantics are those of CAF 0.17.6: an ordinary timeout replaces the one of
/// the same actor and type; a timeout holds a strong reference to its actor, a
/// message to its receiver; `cancel_timeouts` spares messages.
///
/// Setting and cancelling are O(1), whatever is pending for the same actor and
/// for others. Thread-safe; `stop` is not to be called by what is delivered.
class actor_clock final : public caf::actor_clock {
public:
  /// Becomes the listener of `timers`, until stopped.
  explicit actor_clock(timer_service& timers);

  /// Stops.
  ~actor_clock() override;

  time_point now() const noexcept override;

  void set_ordinary_timeout(time_point t, caf::abstract_actor* self,
                            caf::atom_value type, std::uint64_t id) override;

  void set_multi_timeout(time_point t, caf::abstract_actor* self,
                         caf::atom_value type, std::uint64_t id) override;

  void set_request_timeout(time_point t, caf::abstract_actor* self,
                           caf::message_id id) override;

  void cancel_ordinary_timeout(caf::abstract_actor* self,
                               caf::atom_value type) override;

  void cancel_request_timeout(caf::abstract_actor* self,
                              caf::message_id id) override;

  void cancel_timeouts(caf::abstract_actor* self) override;

  void schedule_message(time_point t, caf::strong_actor_ptr receiver,
                        caf::mailbox_element_ptr content) override;

  void schedule_message(time_point t, caf::group target,
                        caf::strong_actor_ptr sender,
                        caf::message content) override;

  void cancel_all() override;

  /// Drops all that is pending, and what comes later at once.
  void stop();

  /// How many timeouts and messages are pending.
  std::size_t pending() const;

private:
  class state;

  std::unique_ptr<state> state_;
};

} // namespace axiom::runtime
