#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <boost/smart_ptr/intrusive_ptr.hpp>

#include "axiom/coordination/limiter/holder_slots.hpp"
#include "axiom/coordination/limiter/limiter_queue.hpp"
#include "axiom/coordination/limiter/permit_gate.hpp"
#include "axiom/coordination/limiter_options.hpp"
#include "axiom/coordination/limiter_stats.hpp"
#include "axiom/coordination/waiting/place_of.hpp"
#include "axiom/runtime/thread_cells.hpp"

namespace axiom::detail {

/// A limiter behind its handles and its actor: permits, who waits for them, who
/// holds them.
///
/// While it is open and nobody waits, permits are taken from one atomic word
/// and the holder is written down in a slot of the thread's own: see
/// permit_gate and holder_slots. Whoever cannot be served waits as in any
/// place: see place_of, for the invariants and the order of locks too.
///
/// Thread-safe.
class limiter_state final : public place_of<permit_gate<limiter_queue>> {
public:
  /// Throws `errc::invalid_argument` and `errc::name_too_long` with all that is
  /// wrong.
  limiter_state(runtime::host& where, limiter_options options);
  ~limiter_state() override;

  const std::string& name() const noexcept {
    return options_.name;
  }

  /// For messages to people.
  std::string who() const;

  bool keyed() const noexcept {
    return options_.sharing == limiter_sharing::by_key;
  }

  bool adapts() const noexcept {
    return options_.adaptive.algorithm != adaptive_algorithm::off;
  }

  // -- permits that are there -------------------------------------------------

  /// Takes permits if they are free and nobody waits, for `holder` (null if
  /// that is no task), which is the one running on this thread. Null if not.
  /// @pre `weight` is valid: see `check_weight`
  holder_slot* try_take(permit_count weight, task_actor* holder) {
    if (gate().try_acquire(weight) != gate_type::acquire_result::granted)
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
    if (gate().release(weight) != gate_type::release_result::done)
      give_back_queued(weight, part);
  }

  // -- waiting ----------------------------------------------------------------

  /// Throws `errc::invalid_argument` for 0 permits or more than there can be.
  void check_weight(std::uint64_t weight) const;

  /// Queues `x`, unless it can be settled at once: then it is (see its state),
  /// and true is returned.
  bool request(waiter_type& x, std::string_view key);

  /// Writes down what `x` was granted.
  holder_slot& record(waiter_type& x, task_actor* holder) {
    return record(x.weight(), x.part(), holder);
  }

  /// `x` was granted, and has no use for it.
  void put_back(waiter_type& x) noexcept {
    give_back(x.weight(), x.part());
  }

  // -- the limit --------------------------------------------------------------

  /// Throws `errc::invalid_argument`.
  void set_limit(std::uint64_t limit);

  /// Throws `errc::invalid_argument`.
  void set_share(std::string_view key, key_share share);

  // -- observing --------------------------------------------------------------

  permit_balance balance() const noexcept {
    return gate().balance();
  }

  limiter_stats stats();

  /// Adds who holds its permits.
  void add_holdings(std::vector<permit_holding>& into);

  /// Permits came back since their holder died.
  void count_reclaimed(permit_count n);

  // -- waiting_place ----------------------------------------------------------

  std::string describe(const place_waiter& x) const override;

  // -- holder_registry --------------------------------------------------------

  void forget(const task_actor& holder) noexcept override;

private:
  exception why_failed(const waiter_type& x) override;
  std::string not_granted_within(const waiter_type& x,
                                 std::string_view span) override;
  place_session::shortages shortages_of(waiter_type& x, session& here) override;
  void for_each_supplier(waiter_type& x, std::size_t kind, session& here,
                         const place_session::supply_visitor& visit) override;
  void lend_to_holders(session& here, priority_loans& loans) override;

  /// Calls `f(task, weight)` for each task that is known to hold permits, until
  /// it returns false. The tasks are alive as long as the session lasts.
  template <class F>
  void for_each_holder(const session&, F f) {
    holders_.for_each([&](holder_slots& slots) {
      slots.for_each_held([&](holder_slot& x) {
        auto* task = x.holder.load(std::memory_order_acquire);
        return task == nullptr
            || f(const_cast<task_actor&>(*task),
                 x.weight.load(std::memory_order_relaxed));
      });
    });
  }

  void give_back_queued(permit_count weight, key_part* part) noexcept;
  void give_back_sampled(holder_slot& x) noexcept;

  /// Has permits come back, and `also(queue, turn)` happen.
  template <class Also>
  void give_back_and(permit_count weight, key_part* part, Also also) noexcept;

  const limiter_options options_;
  std::optional<adaptive_limit> adaptive_; ///< guarded by the gate's lock
  runtime::thread_cells<holder_slots> holders_;
};

using limiter_ptr = boost::intrusive_ptr<limiter_state>;

} // namespace axiom::detail
