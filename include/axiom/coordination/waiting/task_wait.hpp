#pragma once

#include <optional>
#include <utility>

#include <boost/smart_ptr/intrusive_ptr.hpp>

#include "axiom/coordination/waiting/waiting_place.hpp"
#include "axiom/runtime/host.hpp"
#include "axiom/runtime/later.hpp"
#include "axiom/runtime/timer_entry.hpp"
#include "axiom/task/detail/on_cancel_list.hpp"
#include "axiom/task/detail/task_actor.hpp"
#include "axiom/task/detail/woken_tasks.hpp"

namespace axiom::detail {

/// What a task's wait in a place needs once it has to wait: a place in the
/// queue, and who takes it out of there early.
///
///     queued --granted or refused by the place--> woken
///       |
///       +--timer, deadlock_search--> woken, with a reason
///       |
///       +--cancellation--> out of the queue at once, and the frame is unwound:
///          by this object's end; or, where the waiting task has children that
///          have to end first, by an on_cancel handler
///
/// Either/or: a grant finds the task willing, and then what it asked for is its
/// own; or it finds it cancelled, declines, and the next one gets it.
///
/// @tparam Place a place_of, with `put_back(waiter)`
template <class Place>
class task_wait final : public Place::waiter_type {
public:
  using waiter_type = typename Place::waiter_type;

  /// @param args the waiter's
  template <class... Args>
  task_wait(Place& place, task_actor& task, Args&&... args)
    : waiter_type(std::forward<Args>(args)...),
      place_(&place),
      task_(task),
      epoch_(task.state().epoch()) {
    // nop
  }

  ~task_wait() override {
    leaving_.reset(); // the handler has finished, or will never run
    if (timer_)
      task_.host().timers().cancel(*timer_);
    leave_site();
    if (!over_)
      place_->withdraw(*this);
    if (!taken_ && this->state() == place_waiter::phase::granted && !declined_)
      place_->put_back(*this); // unwound before it was looked at
  }

  /// Queues by `ask(waiter)`, which returns whether that settled the matter;
  /// then there is nothing to wait for.
  /// @param timeout none to wait for ever
  template <class Ask>
  bool begin(std::optional<runtime::duration> timeout, Ask ask) {
    task_.queues_at(site_);
    at_site_ = true;
    over_ = false;
    if (ask(*this)) {
      over_ = true;
      leave_site();
      return true;
    }
    task_.next(task_actor::step::suspend);
    if (timeout) {
      auto& timers = task_.host().timers();
      timers.arm(timer_.emplace(*this), runtime::later(timers.now(), *timeout));
    }
    // A cancelled task is unwound when its children have ended. Those may be
    // long in coming, and others stand behind it in the queue.
    if (task_.state().children() > 0)
      leaving_.emplace(task_, [this] { place_->withdraw(*this); });
    return false;
  }

  /// What it was granted is the caller's from now on. Throws what ended the
  /// wait without a grant.
  void accept() {
    over_ = true;
    leave_site();
    taken_ = true;
    if (this->state() != place_waiter::phase::granted)
      throw place_->refused(*this);
  }

  bool settled(woken_tasks& woken) noexcept override {
    if (woken.wake(task_, epoch_))
      return true; // and may be gone
    // Cancelled: it does not go before we let go of the lock.
    declined_ = true;
    return false;
  }

  task_actor* waiting_task() const noexcept override {
    return &task_;
  }

private:
  /// A member of a final class, not a base: it may fire until the destructor
  /// has disarmed it.
  struct timer final : runtime::timer_entry {
    explicit timer(task_wait& x) noexcept : owner(x) {
      // nop
    }

    void fire() noexcept override {
      owner.place_->time_out(owner, due());
    }

    task_wait& owner;
  };

  void leave_site() noexcept {
    if (std::exchange(at_site_, false))
      task_.queues_no_more();
  }

  boost::intrusive_ptr<Place> place_;
  task_actor& task_;
  place_site site_{*this, *place_};
  std::optional<timer> timer_;
  std::optional<cancel_handler> leaving_;
  std::uint16_t epoch_;
  bool at_site_ = false;
  bool over_ = true; ///< not in the queue, as far as the task's thread knows
  bool taken_ = false; ///< what it was granted is the caller's
  bool declined_ = false; ///< guarded by the place's lock until it is over
};

} // namespace axiom::detail
