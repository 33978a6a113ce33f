#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>

#include "axiom/coordination/limiter/permit_order.hpp"
#include "axiom/coordination/limiter/permit_waiter.hpp"
#include "axiom/task/defaults.hpp"

namespace axiom::detail {

/// Who waits for the permits of a limiter, and who gets them next: the whole
/// policy, as a function from a state and an event to a state and effects. No
/// threads, no clock; permit_gate runs it under a lock.
///
/// Rules, which hold after each event:
/// 1. `in_use <= limit`, unless the limit was lowered below what was in use:
///    then nothing is granted until it fits again.
/// 2. Who goes first is for arrival_order to say: higher priority, then
///    arrival, and everybody rises while he waits.
/// 3. Whoever goes first does not fit; that is, nobody waits for permits that
///    he could have. And nobody behind him is granted, however little he wants,
///    since he could be overtaken for ever. A more urgent newcomer does not
///    overtake him but takes his place at the front. As soon as he is granted,
///    cancelled or refused, the next one's turn comes, in the same event.
/// 4. Nobody waits for more than the limit. A request above it fails at once,
///    and so does a waiter when the limit is lowered below its weight: for a
///    limit that may rise again, too. It would stand first in the end, and hold
///    up everybody behind it; then nothing is released any more, and an
///    adaptive limit has no reason to rise. Whoever adapts a limit must keep it
///    at or above the largest weight that is to be served.
/// 5. Every waiter ends granted, cancelled or failed, and in one of them only.
///
/// How many permits there are and how many are in use is not kept here: an
/// event is handed the balance in its turn and leaves it changed there.
///
/// Not thread-safe. Nobody may wait at its end: close it before. Time that goes
/// backwards from one event to the next, as two threads' readings of a clock
/// may, is taken to stand still. Complexity: each event is O(levels) for each
/// waiter that it settles and for the one it is about, and besides:
/// `reprioritise` is O(log n), `close` is O(n), and lowering the limit is O(n)
/// if it may be below somebody's weight.
class wait_queue {
public:
  using waiter_type = permit_waiter;

  /// @param ageing see arrival_order
  explicit wait_queue(
    runtime::duration ageing = defaults::limiter_ageing) noexcept
    : waiting_(ageing) {
    // nop
  }

  // -- events -----------------------------------------------------------------

  /// `x` wants its permits, and waits if it cannot have them now. See its
  /// state: it may be settled already.
  /// @pre `x` waits nowhere
  void request(permit_waiter& x, permit_turn& turn) noexcept;

  /// `x` does not want its permits any more. Either/or: true if it was waiting
  /// and will never be granted; false if it was settled before, and if it was
  /// granted then, it has permits to give back.
  bool cancel(permit_waiter& x, permit_turn& turn) noexcept;

  /// `x` was granted, and does not take it.
  void decline(permit_waiter& x, permit_turn& turn) {
    release(x.weight(), turn);
  }

  /// Permits come back: because they are no longer needed, or because their
  /// holder died. More than are in use are refused with an exception, and
  /// nothing has changed then.
  void release(permit_count weight, permit_turn& turn);

  /// @returns `limit_out_of_range`, and changes nothing, or `none`
  permit_refusal set_limit(permit_count limit, permit_turn& turn) noexcept;

  /// Gives `x` another priority, in which it takes the place of its arrival. If
  /// it waits no more, nothing happens.
  void reprioritise(permit_waiter& x, task_priority to,
                    permit_turn& turn) noexcept;

  /// Time has passed: see `next_advance`.
  void advance(permit_turn& turn) noexcept;

  /// All that wait fail with `reason`, and so does every later request. What is
  /// in use comes back as before. Closing again changes nothing.
  /// @param reason `closed` or `shutting_down`
  void close(permit_refusal reason, permit_turn& turn) noexcept;

  // -- observers --------------------------------------------------------------

  /// Whether permits may be taken and given back without asking the queue.
  bool idle() const noexcept {
    return waiting_.empty() && closed_ == permit_refusal::none;
  }

  bool closed() const noexcept {
    return closed_ != permit_refusal::none;
  }

  std::size_t waiting() const noexcept {
    return waiting_.size();
  }

  /// Who goes first, as of the last event; null if nobody waits.
  permit_waiter* first() noexcept {
    return waiting_.first(now_);
  }

  /// See arrival_order.
  template <class F>
  void for_each(F f) {
    waiting_.for_each(f);
  }

  /// The highest priority of those that wait: what holders inherit.
  std::optional<task_priority> most_urgent() const noexcept {
    return waiting_.most_urgent();
  }

  /// See arrival_order.
  std::optional<task_priority> most_urgent_asked_for() const noexcept {
    return waiting_.most_urgent_asked_for();
  }

  /// When `advance` is to be called if nothing else happens before; none if
  /// nobody would be granted by waiting.
  /// @param turn of an event that has just been
  std::optional<runtime::time_point> next_advance(
    const permit_turn& turn) const noexcept {
    return waiting_.next_rise(turn.balance.free(), now_);
  }

private:
  /// Grants whatever can be: establishes rule 3.
  void settle(permit_turn& turn) noexcept;

  permit_order waiting_;
  std::uint64_t next_number_ = 0;
  runtime::time_point now_{};
  permit_refusal closed_ = permit_refusal::none;
};

} // namespace axiom::detail
