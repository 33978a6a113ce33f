#pragma once

#include <algorithm>
#include <atomic>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include <caf/actor.hpp>

#include "axiom/coordination/waiting/priority_loans.hpp"
#include "axiom/coordination/waiting/waiting_place.hpp"
#include "axiom/error/exception.hpp"
#include "axiom/runtime/histogram.hpp"
#include "axiom/runtime/host.hpp"
#include "axiom/task/defaults.hpp"
#include "axiom/task/detail/task_actor.hpp"
#include "axiom/task/detail/woken_tasks.hpp"

namespace axiom::detail {

/// What was counted in a place; guarded by its lock.
struct place_counters {
  std::uint64_t queued = 0;
  std::uint64_t cancelled = 0;
  std::uint64_t timed_out = 0;
  std::uint64_t refused = 0;
  std::uint64_t deadlocks = 0;
  std::uint64_t reclaimed = 0;
  runtime::histogram waits; ///< of those who queued and were granted
};

/// The machinery of a place where one waits, whatever for: a gate, which is a
/// lock and a queue that decides under it; the actor that looks after those who
/// wait; circles of waits; and what holders inherit.
///
///     open --close--> closed
///
/// While it is open, whoever cannot be served queues under the gate's lock,
/// where the order is decided. The actor is called when there is something to
/// look after: ageing, and circles which others closed behind those who wait.
/// Once closed it takes no requests, and all who wait have failed; what is held
/// comes back as before.
///
/// Invariants:
/// 1. It lives as long as a handle, its actor, or something that is held. While
///    it is open, what is held counts as nobody's references, for the handles
///    must be there; closing counts it as one (`hold_on`, `last_came_back`).
/// 2. The timer is armed and cancelled with `timer_mutex_` held, which is taken
///    before the service's lock; the gate's lock is never held then, nor while
///    the service is asked for the time, since an entry that fires goes for it.
/// 3. The host is touched only while the actor lives, which keeps the system.
/// 4. Who holds what somebody more urgent waits for is lent the difference from
///    the end of the event that made it so to the end of the one that unmakes
///    it. Levels are computed anew after the lock (`borrowers_`).
/// 5. Holders may wait here themselves, or be waited for by such; what they were
///    lent they lend on, and in the end to each other, also when nobody is left
///    who had it of his own. So when the most urgent who asked for it himself
///    leaves, all is taken back before it is lent anew.
///
/// Locks, in this order: residents of the host; gate; locks of tasks. (And
/// searches for circles hold several gates: see deadlock_search.)
///
/// Thread-safe. Members which are not inline are in place_of_impl.hpp, for the
/// one source that instantiates them.
///
/// @tparam Gate has a `session{gate, now}` with `queue()`, `turn()`,
///   `anything_held()` and `settle(wake)`; see permit_gate
template <class Gate>
class place_of : public waiting_place {
public:
  using gate_type = Gate;
  using session = typename Gate::session;
  using queue_type = typename Gate::queue_type;
  using turn_type = typename Gate::turn_type;
  using waiter_type = typename queue_type::waiter_type;
  using refusal_type = typename queue_type::refusal_type;

  // -- its actor --------------------------------------------------------------

  /// The actor is there: it begins.
  void begin(caf::actor actor);

  /// The actor ends, and with it the place.
  void actor_ended() noexcept;

  /// The time has come that the actor was called for.
  void tick();

  // -- waiting ----------------------------------------------------------------

  /// `x` does not want any more. Either/or: true if it waited, and is out of
  /// the queue; false if its wait was over before, and if it was granted then,
  /// it has something to give back.
  bool withdraw(waiter_type& x) noexcept;

  /// Takes `x` out because it was not granted by `when`; for timers that fire.
  void time_out(waiter_type& x, runtime::time_point when) noexcept;

  /// What has just ended the wait of `x` without a grant.
  exception refused(const waiter_type& x);

  // -- its end ----------------------------------------------------------------

  /// Refuses what is asked from now on; who waits fails. Once.
  void close(refusal_type why) noexcept;

  // -- observing --------------------------------------------------------------

  /// Null from the actor's end on; then it is closed, too.
  runtime::host* host() const noexcept {
    return host_.load(std::memory_order_acquire);
  }

  // -- waiting_place ----------------------------------------------------------

  runtime::time_point time() const noexcept override {
    return now();
  }

  std::unique_ptr<place_session> open(runtime::time_point now) override;
  void urgency_changed(task_actor& task) noexcept override;

protected:
  /// @param gate_arguments the gate's
  template <class... Args>
  explicit place_of(runtime::host& where, Args&&... gate_arguments)
    : gate_(std::forward<Args>(gate_arguments)...), host_(&where) {
    // nop
  }

  /// It is complete: it can be found from now on, until its actor ends.
  void move_in() {
    host()->residents().add(*this);
  }

  // -- what a kind of place has to say ----------------------------------------

  /// Why the queue failed `x`.
  virtual exception why_failed(const waiter_type& x) = 0;

  /// What is to be told to somebody who waited for so long.
  virtual std::string not_granted_within(const waiter_type& x,
                                         std::string_view span) = 0;

  /// See place_session.
  virtual place_session::shortages shortages_of(waiter_type& x,
                                                session& here) = 0;

  /// See place_session.
  virtual void for_each_supplier(
    waiter_type& x, std::size_t kind, session& here,
    const place_session::supply_visitor& visit) = 0;

  /// See place_session. To be answered where a search looks at each waiter.
  virtual bool all_holders(session&, const place_session::holder_predicate&) {
    return false;
  }

  /// Calls `loans_.lend` for each holder of what somebody waits for.
  virtual void lend_to_holders(session& here, priority_loans& loans) = 0;

  // -- for derived classes ----------------------------------------------------

  static constexpr runtime::time_point never = runtime::time_point::max();

  runtime::time_point now() const noexcept {
    auto* here = host();
    return here != nullptr ? here->timers().now() : runtime::time_point{};
  }

  Gate& gate() noexcept {
    return gate_;
  }

  const Gate& gate() const noexcept {
    return gate_;
  }

  /// The queue, its lock held.
  session inspect() {
    return {gate_, now()};
  }

  /// Has `event(session)` happen and lets those go whom it settled.
  template <class Event>
  void in_session(Event event) {
    follow_up after{*this};
    woken_tasks woken;
    session here{gate_, now()};
    event(here);
    after.due = settle(here, woken);
    after.take_over();
  }

  /// The same for `event(queue, turn)`.
  template <class Event>
  void locked(Event event) {
    in_session([&event](session& here) { event(here.queue(), here.turn()); });
  }

  /// Has `ask(queue, turn)` request something for `x`. Returns true if that
  /// settled it at once: see its state.
  template <class Ask>
  bool request_by(waiter_type& x, Ask ask);

  /// Whoever holds something is noted, so that it is known whether anybody is
  /// to be lent something.
  void note_holder(const task_actor& holder) noexcept {
    const auto level = static_cast<runtime::job_level>(holder.priority());
    auto lowest = lowest_holder_.load(std::memory_order_relaxed);
    while (level < lowest
           && !lowest_holder_.compare_exchange_weak(
             lowest, level, std::memory_order_relaxed)) {
      // again
    }
  }

  /// What is held counts as one reference from now on: it was closed.
  /// @pre the lock is held; something is held
  void hold_on() noexcept {
    holdings_counted_ = true;
    intrusive_ptr_add_ref(this);
  }

  /// The last of what is held came back. Returns whether the caller has a
  /// reference to release, without the lock.
  /// @pre the lock is held
  bool last_came_back() noexcept {
    return std::exchange(holdings_counted_, false);
  }

  place_counters counters_; ///< guarded by the gate's lock

private:
  class search_session;

  /// What follows an event once the lock is free.
  struct follow_up {
    explicit follow_up(place_of& x) noexcept : place(x) {
      // nop
    }

    follow_up(const follow_up&) = delete;
    follow_up& operator=(const follow_up&) = delete;

    ~follow_up() {
      if (due)
        place.attend(*due);
      if (!borrowers.empty())
        place.update(borrowers);
      if (lends_anew)
        place.lend_anew();
    }

    /// What the event left to be done about loans.
    /// @pre the lock is held
    void take_over() noexcept {
      std::swap(borrowers, place.borrowers_);
      lends_anew = std::exchange(place.to_lend_anew_, false);
    }

    place_of& place;
    std::optional<runtime::time_point> due;
    std::vector<task_ptr> borrowers;
    bool lends_anew = false;
  };

  /// Calls the actor's attention when it is due.
  struct attention final : runtime::timer_entry {
    explicit attention(place_of& x) noexcept : owner(x) {
      // nop
    }

    void fire() noexcept override;

    place_of& owner;
  };

  /// Lets those go who were settled in a session, and makes loans accordingly.
  /// Returns when the queue has to be told that time has passed.
  std::optional<runtime::time_point> settle(session& here,
                                            woken_tasks& woken) noexcept;

  bool wake(waiter_type& x, runtime::time_point now,
            woken_tasks& woken) noexcept;

  void renew_loans(session& here);

  void update(std::vector<task_ptr>& borrowers) noexcept;

  /// All that was lent has been taken back: lends what is to be lent now.
  void lend_anew() noexcept;

  /// Lets the actor look after those who wait, at `when` at the latest.
  void attend(runtime::time_point when) noexcept;

  Gate gate_;
  priority_loans loans_; ///< guarded by the gate's lock
  std::vector<task_ptr> borrowers_; ///< to be updated; by the gate's lock
  /// The highest that was asked for when loans were renewed; by the lock.
  std::optional<task_priority> asked_for_;
  bool lends_ = true; ///< or all is being taken back; by the gate's lock
  bool to_lend_anew_ = false; ///< by whoever has the next follow-up; likewise
  /// No holder is less urgent of its own.
  std::atomic<runtime::job_level> lowest_holder_{runtime::job_levels - 1};
  bool holdings_counted_ = false; ///< as one reference; by the gate's lock
  std::atomic<runtime::host*> host_; ///< null from the actor's end on
  std::mutex timer_mutex_;
  std::atomic<runtime::time_point> armed_for_{never};
  attention attention_{*this};
  runtime::duration search_interval_{}; ///< the actor's own
  caf::actor actor_; ///< guarded by `timer_mutex_`, and while armed
};

} // namespace axiom::detail
