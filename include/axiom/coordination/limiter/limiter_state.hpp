#pragma once

#include <atomic>
#include <limits>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <boost/smart_ptr/intrusive_ptr.hpp>
#include <boost/smart_ptr/intrusive_ref_counter.hpp>

#include "axiom/coordination/limiter/holder_slots.hpp"
#include "axiom/coordination/limiter/limiter_queue.hpp"
#include "axiom/coordination/limiter/limiter_waiter.hpp"
#include "axiom/coordination/limiter/permit_gate.hpp"
#include "axiom/coordination/limiter_actor.hpp"
#include "axiom/coordination/limiter_options.hpp"
#include "axiom/coordination/limiter_stats.hpp"
#include "axiom/runtime/host.hpp"
#include "axiom/runtime/thread_cells.hpp"
#include "axiom/task/detail/holder_registry.hpp"
#include "axiom/task/detail/task_actor.hpp"
#include "axiom/task/detail/woken_tasks.hpp"

namespace axiom::detail {

/// A limiter behind its handles and its actor: permits, who waits for them, who
/// holds them.
///
///     open --close: by its owner, by the end of its last handle or of its
///            actor--> closed
///
/// While it is open and nobody waits, permits are taken from one atomic word
/// and the holder is written down in a slot of the thread's own: see
/// permit_gate and holder_slots. Whoever cannot be served queues under the
/// gate's lock, where the order is decided. The actor answers messages and
/// looks after those who wait: ageing, and circles of waits which others closed
/// behind them.
///
/// Once closed it takes no requests, and all who wait have failed; what is held
/// comes back as before.
///
/// Invariants:
/// 1. It lives as long as a handle, its actor, or a permit that is not given
///    back. While it is open, permits count as nobody's references, for the
///    handles must be there; closing counts what is out as one.
/// 2. The timer is armed and cancelled with `timer_mutex_` held, which is taken
///    before the service's lock; the gate's lock is never held then, nor while
///    the service is asked for the time, since an entry that fires goes for it.
/// 3. The host is touched only while the actor lives, which keeps the system.
///
/// Locks, in this order: residents of the host; gate; locks of tasks. (And
/// searches for circles hold several gates: see deadlock_search.)
///
/// Thread-safe.
class limiter_state final : public holder_registry,
                            public boost::intrusive_ref_counter<limiter_state> {
public:
  using gate = permit_gate<limiter_queue>;

  /// Throws `errc::invalid_argument` and `errc::name_too_long` with all that is
  /// wrong.
  limiter_state(runtime::host& where, limiter_options options);
  ~limiter_state() override;

  const std::string& name() const noexcept {
    return options_.name;
  }

  bool keyed() const noexcept {
    return options_.sharing == limiter_sharing::by_key;
  }

  bool adapts() const noexcept {
    return options_.adaptive.algorithm != adaptive_algorithm::off;
  }

  // -- its actor --------------------------------------------------------------

  /// The actor is there: it begins.
  void begin(limiter_actor actor);

  /// The actor ends, and with it the limiter.
  void actor_ended() noexcept;

  /// The time has come that `attend` was called for; for the actor.
  void tick();

  // -- permits that are there -------------------------------------------------

  /// Takes permits if they are free and nobody waits, for `holder` (null if
  /// that is no task), which is the one running on this thread. Null if not.
  /// @pre `weight` is valid: see `check_weight`
  holder_slot* try_take(permit_count weight, task_actor* holder) {
    if (gate_.try_acquire(weight) != gate::acquire_result::granted)
      return nullptr;
    return &record(weight, nullptr, holder);
  }

  /// The same if the queue has a say in it. Throws where they never could be
  /// taken.
  holder_slot* try_take_in_turn(permit_count weight, std::string_view key,
                                task_actor* holder);

  /// Writes down permits that were granted.
  holder_slot& record(permit_count weight, key_part* part, task_actor* holder);

  static void give_back(holder_slot& x) noexcept {
    auto* holder = x.holder.load(std::memory_order_relaxed);
    if (holder != nullptr)
      if (auto* here = current_task(); here == holder)
        here->holds_one_less();
    auto& limiter = *x.limiter;
    if (limiter.adapts())
      return limiter.give_back_sampled(x);
    const auto weight = x.weight.load(std::memory_order_relaxed);
    auto* part = x.part;
    holder_slots::clear(x); // before the permits are back: see holder_slots
    limiter.give_back(weight, part);
  }

  /// The same for permits that are not written down.
  void give_back(permit_count weight, key_part* part) noexcept {
    // In a keyed limiter the word is never open.
    if (gate_.release(weight) != gate::release_result::done)
      give_back_queued(weight, part);
  }

  // -- waiting ----------------------------------------------------------------

  /// Throws `errc::invalid_argument` for 0 permits or more than there can be.
  void check_weight(std::uint64_t weight) const;

  /// Queues `x`, unless it can be settled at once: then it is (see its state),
  /// and true is returned.
  bool request(limiter_waiter& x, std::string_view key);

  /// `x` does not want any more. Either/or: true if it waited, and is out of
  /// the queue; false if its wait was over before, and if it was granted then,
  /// it has permits to give back.
  bool withdraw(limiter_waiter& x) noexcept;

  /// Takes `x` out because it was not granted by `when`; for timers that fire.
  void time_out(limiter_waiter& x, runtime::time_point when) noexcept;

  /// What has just ended the wait of `x` without permits.
  exception refused(const limiter_waiter& x);

  // -- the limit --------------------------------------------------------------

  /// Throws `errc::invalid_argument`.
  void set_limit(std::uint64_t limit);

  /// Throws `errc::invalid_argument`.
  void set_share(std::string_view key, key_share share);

  /// Refuses what is asked from now on; who waits fails. Once.
  void close(permit_refusal why) noexcept;

  // -- observing --------------------------------------------------------------

  /// Null from the actor's end on; then it is closed, too.
  runtime::host* host() const noexcept {
    return host_.load(std::memory_order_acquire);
  }

  permit_balance balance() const noexcept {
    return gate_.balance();
  }

  limiter_stats stats();

  /// Adds who holds its permits.
  void add_holdings(std::vector<permit_holding>& into);

  /// Permits came back since their holder died.
  void count_reclaimed(permit_count n);

  // -- for deadlock_search ----------------------------------------------------

  /// The queue, its lock held.
  gate::session inspect() {
    return {gate_, now()};
  }

  /// Calls `f(task, weight)` for each task that is known to hold permits, until
  /// it returns false. The tasks are alive as long as the session lasts.
  template <class F>
  void for_each_holder(const gate::session&, F f) {
    holders_.for_each([&](holder_slots& slots) {
      slots.for_each_held([&](holder_slot& x) {
        auto* task = x.holder.load(std::memory_order_acquire);
        return task == nullptr
            || f(const_cast<task_actor&>(*task),
                 x.weight.load(std::memory_order_relaxed));
      });
    });
  }

  /// Lets those go who were settled in a session. Returns when it has to be
  /// told that time has passed.
  std::optional<runtime::time_point> settle(gate::session& here,
                                            woken_tasks& woken) noexcept;

  /// Takes `x` out for a circle of waits. Returns false if it was settled
  /// before.
  bool expel(limiter_waiter& x, std::string circle, gate::session& here,
             woken_tasks& woken) noexcept;

  // -- holder_registry --------------------------------------------------------

  void forget(const task_actor& holder) noexcept override;

private:
  /// What is counted under the gate's lock.
  struct counters {
    std::uint64_t queued = 0;
    std::uint64_t cancelled = 0;
    std::uint64_t timed_out = 0;
    std::uint64_t refused = 0;
    std::uint64_t deadlocks = 0;
    std::uint64_t reclaimed = 0;
    runtime::histogram waits; ///< of those who queued and were granted
  };

  /// Calls the actor's attention when it is due.
  struct attention final : runtime::timer_entry {
    explicit attention(limiter_state& x) noexcept : owner(x) {
      // nop
    }

    void fire() noexcept override;

    limiter_state& owner;
  };

  static constexpr runtime::time_point never = runtime::time_point::max();

  runtime::time_point now() const noexcept;
  void give_back_queued(permit_count weight, key_part* part) noexcept;
  void give_back_sampled(holder_slot& x) noexcept;

  /// Has permits come back, and `also(queue, turn)` happen.
  template <class Also>
  void give_back_and(permit_count weight, key_part* part, Also also) noexcept;

  /// Has `event(queue, turn)` happen and lets those go whom it settled.
  template <class Event>
  void locked(Event event);

  /// Lets the actor look after those who wait, at `when` at the latest.
  void attend(runtime::time_point when) noexcept;

  bool wake(limiter_waiter& x, runtime::time_point now,
            woken_tasks& woken) noexcept;

  const limiter_options options_;
  gate gate_;
  counters counters_; ///< guarded by the gate's lock
  std::optional<adaptive_limit> adaptive_; ///< guarded by the gate's lock
  runtime::thread_cells<holder_slots> holders_;
  bool permits_counted_ = false; ///< as one reference; under the gate's lock
  std::atomic<runtime::host*> host_; ///< null from the actor's end on
  std::mutex timer_mutex_;
  std::atomic<runtime::time_point> armed_for_{never};
  attention attention_{*this};
  runtime::duration search_interval_{}; ///< the actor's own
  limiter_actor actor_; ///< guarded by `timer_mutex_`, and while armed
};

using limiter_ptr = boost::intrusive_ptr<limiter_state>;

} // namespace axiom::detail
