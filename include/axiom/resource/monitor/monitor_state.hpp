#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include <boost/smart_ptr/intrusive_ptr.hpp>

#include "axiom/coordination/waiting/place_of.hpp"
#include "axiom/resource/monitor/resource_gate.hpp"
#include "axiom/resource/resource_monitor_options.hpp"
#include "axiom/resource/resource_stats.hpp"

namespace axiom::detail {

/// A resource monitor behind its handles and its actor: what there is, who
/// waits for it, who holds it.
///
/// While it is open and nobody waits, resources are taken and given back under
/// the gate's lock alone: see resource_gate. Whoever cannot be served waits as
/// in any place: see place_of, for the invariants and the order of locks too.
///
/// Invariant: of each resource, what is in use is the sum of what the records
/// say. A task that was granted what it waited for is a holder from then on,
/// though it has yet to run: others may wait for it.
///
/// Thread-safe.
class monitor_state final : public place_of<resource_gate> {
public:
  /// Throws `errc::invalid_argument` and `errc::name_too_long` with all that is
  /// wrong.
  monitor_state(runtime::host& where, resource_monitor_options options);

  const std::string& name() const noexcept {
    return name_;
  }

  /// For messages to people.
  std::string who() const;

  // -- requests ---------------------------------------------------------------

  /// What is asked for, by number. Throws `errc::invalid_argument` for an
  /// unknown resource, for none of one, and for nothing at all.
  resource_amounts resolve(const resource_requirements& wanted) const;

  /// Takes what is there if nobody waits, for `holder` (null if that is no
  /// task), which is the one running on this thread. Null if not.
  lease_record* try_take(const resource_amounts& wanted, task_actor* holder) {
    // Before the lock: whoever queues after it is to know of this one.
    if (holder != nullptr)
      note_holder(*holder);
    auto* result = gate().try_take(wanted, holder);
    if (result != nullptr && holder != nullptr)
      holder->holds_one_more();
    return result;
  }

  /// The same if the queue has a say in it. Throws where it never could be
  /// taken.
  lease_record* try_take_in_turn(const resource_amounts& wanted,
                                 task_actor* holder);

  /// Queues `x`, unless it can be settled at once: then it is (see its state),
  /// and true is returned.
  bool request(waiter_type& x);

  /// What `x` was granted is `holder`'s from now on, which is the task on this
  /// thread; null if that is none.
  lease_record& record(const waiter_type& x, task_actor* holder);

  /// `x` was granted, and has no use for it.
  void put_back(const waiter_type& x) noexcept {
    give_back_in_session(*x.record);
  }

  // -- leases -----------------------------------------------------------------

  static void give_back(lease_record& x) noexcept {
    auto& monitor = *x.monitor;
    monitor.returns(x);
    if (!monitor.gate().try_give_back(x))
      monitor.give_back_in_session(x);
  }

  /// Gives a part back. Throws `errc::invalid_argument` if that is more than
  /// `x` has.
  void give_back_part(lease_record& x, const resource_amounts& part);

  /// Draws on `x`. Throws `errc::exceeds_capacity` if that is more than it has
  /// left.
  lease_record& share(lease_record& x, const resource_amounts& part,
                      task_actor* holder);

  /// Adds what `other` has to `x`, and is done with it. Throws
  /// `errc::invalid_argument` where one of them was drawn on another.
  void absorb(lease_record& x, lease_record& other);

  /// What a lease has now, without what was drawn on it.
  resource_requirements held(const lease_record& x);

  // -- what there is ----------------------------------------------------------

  /// Throws `errc::invalid_argument` for an unknown resource and for 0.
  void set_capacity(const resource_requirement& x);

  /// As measured, so much more of a resource can be used. An unknown one is
  /// none of ours: nothing happens.
  void set_headroom(resource_kind kind, std::uint64_t units);

  void set_admission(resource_admission how);

  // -- observing --------------------------------------------------------------

  resource_stats stats();

  /// Adds who holds what.
  void add_holdings(std::vector<resource_holding>& into);

  /// What came back since its holder died.
  void count_reclaimed(const resource_requirements& what);

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
  bool all_holders(session& here,
                   const place_session::holder_predicate& goes_on) override;
  void lend_to_holders(session& here, priority_loans& loans) override;

  /// Of each resource, the priority of the most urgent who is kept waiting by a
  /// lack of it; the lowest if nobody is. O(waiting).
  /// @pre somebody waits
  std::vector<runtime::job_level> urgency_of_resources(session& here);

  static constexpr std::size_t npos = static_cast<std::size_t>(-1);

  /// The number of a resource; `npos` if there is none such.
  std::size_t find(const resource_requirement& x) const noexcept;

  exception unknown(const resource_requirement& x) const;

  resource_requirement say(const resource_amount& x) const;
  resource_requirements say(const resource_amounts& x) const;

  /// Why `wanted` is too much; the lock is held.
  exception too_much(const resource_amounts& wanted, session& here) const;

  /// The task on this thread gives back what it holds.
  static void returns(const lease_record& x) noexcept {
    // Only the holder's own thread may count for it.
    auto* here = current_task();
    if (here != nullptr && here == x.holder.load(std::memory_order_relaxed))
      here->holds_one_less();
  }

  void give_back_in_session(lease_record& x) noexcept;

  /// A record has nothing left: gives it up, and those above that only waited
  /// for it.
  static void drop(lease_record& x, session& here) noexcept;

  const std::string name_;
  const std::vector<resource_requirement> resources_; ///< with amounts of 0
  std::vector<std::uint64_t> reclaimed_; ///< of each; by the gate's lock
};

using monitor_ptr = boost::intrusive_ptr<monitor_state>;

} // namespace axiom::detail
