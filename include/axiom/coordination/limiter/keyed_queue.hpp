#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>

#include "axiom/coordination/limiter/key_part.hpp"
#include "axiom/task/defaults.hpp"

namespace axiom::detail {

/// Who gets the permits of a limiter that several parties share, told apart by
/// a key (tenants, say): a wait_queue that no single key can fill.
///
/// The problem: first come, first served gives everything to whoever asks most.
/// Here the keys take turns, each with its own queue; a key's priorities and
/// arrivals count within it and mean nothing to the others.
///
/// A limiter has two things to give:
/// - *The minima.* A request that keeps its key within its minimum goes before
///   all that do not; such keys take turns. They do not do so for ever: when
///   eight times the permits were given in this way that the first of the
///   others waits for, that one goes first. What a minimum leaves unused is
///   there for everybody.
/// - *The rest*, in proportion to the keys' weights, by start-time fair
///   queueing (P. Goyal, H. Vin, H. Cheng, SIGCOMM 1996). A key has a start
///   tag; the key with the lowest one is served, and its tag then grows by what
///   it was given divided by its weight. The tag of whoever is served is the
///   virtual time, and a key that comes, or comes back, starts no lower. So of
///   two keys that both want permits all the time, what they got divided by
///   their weights differs by no more than the sum of their largest requests,
///   each divided by its key's weight. With equal weights and requests it is a
///   round robin. What is given within a minimum is not charged.
///
/// (Deficit round robin, M. Shreedhar and G. Varghese, SIGCOMM 1995, is O(1) a
/// grant, but only with a quantum as large as the largest request; then keys
/// take turns in bursts of that size, and permits, unlike packets, are held for
/// long.)
///
/// Rules, besides 1 to 5 of wait_queue, where "first" is as said above:
/// 6. The minima add up to no more than the limit.
/// 7. Everybody is served in the end if those that hold permits give them back:
///    whoever is first and does not fit is not overtaken, but by minima, and by
///    those not for ever.
/// 8. A key of which nobody waits and nothing is held takes no memory, but for
///    its share if one was set. (Its start tag is forgotten; that was ahead of
///    the virtual time by one request at most.)
///
/// Hence the tag of whoever is first and does not fit is taken for the virtual
/// time as if he were served; otherwise keys never seen before could go before
/// him for ever.
///
/// Invariants:
/// 1. A part is in `competing_` if and only if somebody waits in it, and then
///    in `guaranteed_` if and only if its minimum is not 0.
/// 2. No start tag in `competing_` is before `virtual_time_`: who is served by
///    his minimum does not save up turns.
///
/// Not thread-safe; what wait_queue says about balance and time holds here. A
/// request under a new key allocates its part. Complexity, with k keys that
/// wait and m of them with a minimum (there are at most as many as permits):
/// each event is O(m + log k + levels) for each waiter that it settles and for
/// the one it is about, and as in wait_queue besides.
class keyed_queue {
public:
  using waiter_type = keyed_waiter;

  /// @param ageing within each key: see arrival_order
  explicit keyed_queue(
    runtime::duration ageing = defaults::limiter_ageing) noexcept
    : ageing_(ageing) {
    // nop
  }

  keyed_queue(const keyed_queue&) = delete;
  keyed_queue& operator=(const keyed_queue&) = delete;

  // -- events -----------------------------------------------------------------

  /// From now on `key` has this share; the default one is forgotten.
  /// @returns `key_weight_out_of_range` or `minima_exceed_limit`, and changes
  ///   nothing, or `none`
  permit_refusal set_share(std::string_view key, key_share share,
                           permit_turn& turn);

  /// See wait_queue. If this throws for lack of memory, `x` is as before.
  void request(keyed_waiter& x, std::string_view key, permit_turn& turn);

  /// See wait_queue.
  bool cancel(keyed_waiter& x, permit_turn& turn) noexcept;

  /// See wait_queue.
  void decline(keyed_waiter& x, permit_turn& turn) {
    release(*x.part_, x.weight(), turn);
  }

  /// Permits come back to the part that they were granted in, which may end
  /// with it. More than it holds are refused with an exception.
  void release(key_part& part, permit_count weight, permit_turn& turn);

  /// @returns `limit_out_of_range` or `minima_exceed_limit`, and changes
  ///   nothing, or `none`
  permit_refusal set_limit(permit_count limit, permit_turn& turn) noexcept;

  /// See wait_queue.
  void reprioritise(keyed_waiter& x, task_priority to,
                    permit_turn& turn) noexcept;

  /// See wait_queue.
  void advance(permit_turn& turn) noexcept;

  /// See wait_queue.
  void close(permit_refusal reason, permit_turn& turn) noexcept;

  // -- observers --------------------------------------------------------------

  /// Never: each permit taken or given back has to be counted for its key.
  static constexpr bool idle() noexcept {
    return false;
  }

  bool closed() const noexcept {
    return closed_ != permit_refusal::none;
  }

  std::size_t waiting() const noexcept {
    return waiting_;
  }

  /// What the keys' minima add up to.
  permit_count minima() const noexcept {
    return minima_;
  }

  /// See arrival_order.
  template <class F>
  void for_each(F f) {
    for (auto& [key, part] : parts_)
      part.waiting_.for_each(f);
  }

  /// See wait_queue. O(keys that wait).
  std::optional<task_priority> most_urgent() const noexcept;

  /// See arrival_order.
  std::optional<task_priority> most_urgent_asked_for() const noexcept;

  /// How many keys take memory: see rule 8.
  std::size_t parts() const noexcept {
    return parts_.size();
  }

  /// The part of `key`; null if it takes no memory.
  const key_part* find(std::string_view key) const noexcept;

  /// See wait_queue.
  std::optional<runtime::time_point> next_advance(
    const permit_turn& turn) const noexcept;

private:
  /// Lets the maps be asked with a view, without making a string of it.
  struct view_hash : std::hash<std::string_view> {
    using is_transparent = void;
  };

  template <class T>
  using map_of = std::unordered_map<std::string, T, view_hash, std::equal_to<>>;

  struct by_start {
    bool operator()(const key_part& a, const key_part& b) const noexcept {
      return a.start_ != b.start_ ? before(a.start_, b.start_)
                                  : a.turn_ < b.turn_;
    }
  };

  /// Tags may wrap around; those in use are close together.
  static constexpr bool before(std::uint64_t a, std::uint64_t b) noexcept {
    return static_cast<std::int64_t>(a - b) < 0;
  }

  key_share share_of(std::string_view key) const noexcept;

  /// The part of `key`, made if need be.
  key_part& part_of(std::string_view key);

  /// Fails all those in `part` that want more than `weight`.
  void refuse_above(permit_count weight, permit_refusal why, key_part& part,
                    permit_turn& turn) noexcept;

  /// Puts a part in its place among those that compete.
  void compete(key_part& part) noexcept;

  /// By which right somebody goes first.
  enum class right : std::uint8_t {
    /// It is his key's turn.
    share,
    /// His key's minimum, and nobody's turn comes later by that.
    minimum,
    /// His key's minimum, before somebody whose turn it is.
    minimum_before_others
  };

  /// Who goes first. `part` is null if nobody waits.
  struct candidate {
    key_part* part = nullptr;
    keyed_waiter* waiter = nullptr;
    right by = right::share;
  };

  /// The first waiter of `part`.
  keyed_waiter& head(key_part& part) noexcept;

  /// Whether the first waiter of `part` keeps it within its minimum.
  bool within_minimum(key_part& part) noexcept;

  candidate first() noexcept;
  void grant(const candidate& x, permit_turn& turn) noexcept;

  /// Grants whatever can be.
  void settle(permit_turn& turn) noexcept;

  /// Lets the virtual time be `to`, and no start tag before it.
  void advance_virtual_time(std::uint64_t to) noexcept;

  /// Restores invariant 1 and rule 8 after somebody has left `part`, or permits
  /// of it have come back. It may be gone then.
  void tidy(key_part& part) noexcept;

  boost::intrusive::set<
    key_part,
    boost::intrusive::member_hook<key_part, boost::intrusive::set_member_hook<>,
                                  &key_part::competing_>,
    boost::intrusive::compare<by_start>,
    boost::intrusive::constant_time_size<false>>
    competing_;
  boost::intrusive::list<
    key_part,
    boost::intrusive::member_hook<
      key_part, boost::intrusive::list_member_hook<>, &key_part::guaranteed_>,
    boost::intrusive::constant_time_size<false>>
    guaranteed_; ///< the next one to be served first
  map_of<key_part> parts_;
  map_of<key_share> shares_; ///< those that were set
  permit_count minima_ = 0; ///< their minima's sum
  std::size_t waiting_ = 0;
  std::uint64_t virtual_time_ = 0;
  /// Permits given within minima since somebody whose turn it is waits.
  std::uint64_t passed_ = 0;
  std::uint64_t next_number_ = 0;
  std::uint64_t next_turn_ = 0;
  runtime::time_point now_{};
  const runtime::duration ageing_;
  permit_refusal closed_ = permit_refusal::none;
};

} // namespace axiom::detail
