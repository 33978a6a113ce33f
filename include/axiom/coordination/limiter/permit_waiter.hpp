#pragma once

#include <cstdint>
#include <utility>

#include <boost/intrusive/set.hpp>

#include "axiom/coordination/limiter/permits.hpp"
#include "axiom/runtime/timer_service.hpp"
#include "axiom/task/priority.hpp"

namespace axiom::detail {

/// One request for permits: a node of a limiter's queue, embedded in whoever
/// waits, so that waiting allocates nothing.
///
///     idle --request--> waiting --+--> granted    it owns `weight()` permits
///                                 +--> cancelled  it left by itself
///                                 +--> failed     `refusal()` says why
///
/// From `waiting` it goes to exactly one of the three. A waiter in one of them
/// may request again. Granted and failed ones appear once in the `settled` list
/// of the event that ended their wait, which may be their own request.
///
/// Guarded by the lock of its queue until it is taken out of `settled`; it must
/// not be destroyed before, nor while it waits.
class permit_waiter {
public:
  enum class phase : std::uint8_t { idle, waiting, granted, cancelled, failed };

  /// @param weight how many permits, all or none
  permit_waiter(permit_count weight, task_priority priority) noexcept
    : weight_(weight), priority_(priority) {
    // nop
  }

  permit_waiter(const permit_waiter&) = delete;
  permit_waiter& operator=(const permit_waiter&) = delete;

  // -- observers --------------------------------------------------------------

  permit_count weight() const noexcept {
    return weight_;
  }

  /// Its own, not what it has risen to by waiting.
  task_priority priority() const noexcept {
    return priority_;
  }

  phase state() const noexcept {
    return phase_;
  }

  /// Why it failed; `none` unless it did.
  permit_refusal refusal() const noexcept {
    return refusal_;
  }

  /// Since when it waits, or waited last.
  runtime::time_point arrived() const noexcept {
    return arrived_;
  }

private:
  friend class settled_waiters;
  friend class waiter_order;
  friend struct permit_turn;

  boost::intrusive::set_member_hook<boost::intrusive::optimize_size<true>>
    hook_;
  permit_waiter* next_settled_ = nullptr;
  runtime::time_point arrived_{};
  std::uint64_t number_ = 0; ///< of its arrival; no two are equal in a queue
  permit_count weight_;
  task_priority priority_;
  phase phase_ = phase::idle;
  permit_refusal refusal_ = permit_refusal::none;
};

/// Waiters whose wait an event has ended, in the order in which it did.
class settled_waiters {
public:
  bool empty() const noexcept {
    return first_ == nullptr;
  }

  void push(permit_waiter& x) noexcept {
    x.next_settled_ = nullptr;
    (last_ != nullptr ? last_->next_settled_ : first_) = &x;
    last_ = &x;
  }

  /// The next one, which is its owner's from now on; null if there is none.
  permit_waiter* pop() noexcept {
    auto* result = first_;
    if (result != nullptr)
      first_ = result->next_settled_;
    if (first_ == nullptr)
      last_ = nullptr;
    return result;
  }

private:
  permit_waiter* first_ = nullptr;
  permit_waiter* last_ = nullptr;
};

/// What an event of a queue works on: what there is to give and what time it
/// is; and its effect: who was granted or refused.
struct permit_turn {
  permit_balance balance;
  runtime::time_point now;
  settled_waiters settled{};

  /// @pre `x` is in no queue, and fits
  void grant(permit_waiter& x) noexcept {
    balance.take(x.weight_);
    x.phase_ = permit_waiter::phase::granted;
    settled.push(x);
  }

  /// @pre `x` is in no queue
  void fail(permit_waiter& x, permit_refusal why) noexcept {
    x.phase_ = permit_waiter::phase::failed;
    x.refusal_ = why;
    settled.push(x);
  }
};

} // namespace axiom::detail
