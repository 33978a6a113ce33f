#pragma once

#include <cstdint>
#include <string>

#include <boost/intrusive/set.hpp>

#include "axiom/runtime/timer_service.hpp"
#include "axiom/task/priority.hpp"

namespace axiom::detail {

class task_actor;
class woken_tasks;

/// One request in a place where one waits for a share of something: a limiter's
/// permits, a monitor's resources. Embedded in whoever waits (a coroutine, a
/// thread, an actor that asked by message), so that waiting allocates nothing.
///
///     idle --request--> waiting --+--> granted    it owns what it asked for
///                                 +--> cancelled  it was taken out: by itself,
///                                 |               or see `expelled`
///                                 +--> failed     the place refused it
///
/// From `waiting` it goes to exactly one of the three. A waiter in one of them
/// may request again. Granted and failed ones appear once in the list of those
/// settled by the event that ended their wait, which may be their own request.
///
/// Guarded by the lock of its place until it is out of the order and of that
/// list; it must not be destroyed before.
class place_waiter {
public:
  enum class phase : std::uint8_t { idle, waiting, granted, cancelled, failed };

  /// Why somebody else took it out of the order.
  enum class expulsion : std::uint8_t { none, timed_out, deadlock };

  explicit place_waiter(task_priority priority) noexcept
    : base_priority_(priority), priority_(priority) {
    // nop
  }

  place_waiter(const place_waiter&) = delete;
  place_waiter& operator=(const place_waiter&) = delete;
  virtual ~place_waiter() = default;

  /// Its wait is over: granted, failed, or expelled. Called once a wait, with
  /// the place's lock held and, if the request itself settled it, not at all.
  /// Returns whether it takes what it was granted; after that it may be gone.
  /// Tasks are woken through `woken`.
  virtual bool settled(woken_tasks& woken) noexcept;

  /// The task that waits; null if that is none.
  virtual task_actor* waiting_task() const noexcept;

  // -- observers --------------------------------------------------------------

  /// What it goes by: what it asked for, or that of its task if somebody more
  /// urgent waits for that. Not what it has risen to by waiting.
  task_priority priority() const noexcept {
    return priority_;
  }

  phase state() const noexcept {
    return phase_;
  }

  /// Since when it waits, or waited last.
  runtime::time_point arrived() const noexcept {
    return arrived_;
  }

  /// Guarded by the place's lock until it is out of the order.
  expulsion expelled = expulsion::none;

  /// The circle of waits, if it was expelled for one.
  std::string circle;

  // -- for its place ----------------------------------------------------------

  /// What it is to go by now.
  task_priority wanted_priority() const noexcept;

  /// Takes that over.
  /// @pre it does not wait
  void take_priority() noexcept {
    priority_ = wanted_priority();
  }

protected:
  phase phase_ = phase::idle;

private:
  friend class arrival_order;
  friend class settled_waiters;

  boost::intrusive::set_member_hook<boost::intrusive::optimize_size<true>>
    hook_;
  place_waiter* next_settled_ = nullptr;
  runtime::time_point arrived_{};
  std::uint64_t number_ = 0; ///< of its arrival; no two are equal in an order
  const task_priority base_priority_;
  task_priority priority_;
};

/// Waiters whose wait an event has ended, in the order in which it did.
class settled_waiters {
public:
  bool empty() const noexcept {
    return first_ == nullptr;
  }

  void push(place_waiter& x) noexcept {
    x.next_settled_ = nullptr;
    (last_ != nullptr ? last_->next_settled_ : first_) = &x;
    last_ = &x;
  }

  /// The next one, which is its owner's from now on; null if there is none.
  place_waiter* pop() noexcept {
    auto* result = first_;
    if (result != nullptr)
      first_ = result->next_settled_;
    if (first_ == nullptr)
      last_ = nullptr;
    return result;
  }

private:
  place_waiter* first_ = nullptr;
  place_waiter* last_ = nullptr;
};

} // namespace axiom::detail
