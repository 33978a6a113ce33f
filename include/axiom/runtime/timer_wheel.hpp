#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>

#include "axiom/runtime/timer_entry.hpp"

namespace axiom::runtime {

/// The pending timeouts of a whole system, in the order of their due times.
///
/// The problem: most timeouts are cancelled before they come due, and there may
/// be millions of them. A tree or a heap pays O(log n) cache misses for each to
/// keep an order that hardly anybody asks for. This is a hierarchical timing
/// wheel (G. Varghese, A. Lauck, "Hashed and Hierarchical Timing Wheels",
/// 1987): the further away an entry is, the more coarsely it is sorted, and
/// only what is still there when its time approaches is sorted further.
///
/// Structure: a due time is read as nine digits of seven bits. Level k has a
/// slot for each value of digit k, twice over: for the group of 128 slots that
/// the position is in and for the group after it, so that a crowd can be moved
/// down before its time has come. Slots of level 0 are 1 ns wide, those of
/// level 3 are 2 ms, those of level 5 half a minute. A bit a slot says whether
/// it has entries, so that empty ones cost nothing.
///
/// Invariants, at any time between two calls:
/// 1. Nothing that is due before the position is left, except what was armed
///    for a time already past; that counts as due at the position.
/// 2. The slots of level 1 and above start after the position, except for one
///    whose entries are just being moved to finer levels.
/// 3. Entries due at the same time are in the order of arming. They are in one
///    slot, or some in a slot that is being moved and the others, armed before,
///    already below it: an entry joins the coarsest slot that has its time and
///    is not empty, and slots are moved front to back.
///
/// From 3 follows the order in which entries come out: due time, then arming.
/// Rejected: sorting the entries of one tick when they expire. A crowd in one
/// tick would be sorted in one go, with the service's lock held.
///
/// Costs: `insert` and `remove` are O(1) and allocate nothing. An entry is
/// moved at most eight times; both moving and taking out happen in steps that
/// the caller counts. No threads, no clock: the caller has both, and the lock.
class timer_wheel {
public:
  /// @param start the first position; earlier times count as `start`
  explicit timer_wheel(time_point start = {}) noexcept;

  /// Takes out all entries: their owners may live on.
  ~timer_wheel();

  timer_wheel(const timer_wheel&) = delete;
  timer_wheel& operator=(const timer_wheel&) = delete;

  // -- properties -------------------------------------------------------------

  /// How many entries there are.
  std::size_t size() const noexcept {
    return size_;
  }

  /// Up to where entries have been taken out.
  time_point position() const noexcept;

  // -- modifiers --------------------------------------------------------------

  /// Adds `entry`, to be taken out at `due`; any time will do.
  /// @pre `entry` is in no wheel
  void insert(timer_entry& entry, time_point due) noexcept;

  /// Takes `entry` out. Returns false if it was not in.
  bool remove(timer_entry& entry) noexcept;

  /// Takes out the first entry that is due by `until`, and moves the position
  /// there. Each step, moving an entry to a finer level or taking one out,
  /// costs one of `budget`. Returns null if `budget` is used up, or else if
  /// nothing more is due; the position is then `until`, but never goes back.
  timer_entry* pop(time_point until, std::size_t& budget) noexcept;

  /// Moves the entries of the slots that come next to finer levels, as far as
  /// `budget` goes. Done in idle time, it spares `pop` from having to move a
  /// crowd before it can take out what is due.
  void prepare(std::size_t& budget) noexcept;

  // -- when to come back ------------------------------------------------------

  /// When the first entry is due, not before `position`; `time_point::max()` if
  /// there is none. Looks at all entries that share its slot.
  time_point next_due() const noexcept;

  /// When the owner has to call `pop` and `prepare` again: when the first entry
  /// is due, or earlier where a crowd has to be prepared. O(1).
  time_point next_visit() const noexcept;

private:
  /// Nanoseconds since the epoch of the clock.
  using tick = std::uint64_t;

  static constexpr unsigned digit_bits = 7;
  static constexpr unsigned levels = 9; // 63 bits
  static constexpr unsigned slots_a_level = 2 << digit_bits;
  static constexpr unsigned words_a_level = slots_a_level / 64;

  /// One non-empty slot.
  struct slot {
    unsigned level;
    unsigned index; // in heads_
    tick start;
  };

  static tick to_tick(time_point x) noexcept;
  static time_point to_time(tick x) noexcept;
  static unsigned level_for(tick distance) noexcept;
  static tick width_of(unsigned level) noexcept;
  static unsigned index_of(unsigned level, tick at) noexcept;
  static timer_entry& entry_at(timer_link& x) noexcept;

  bool occupied(unsigned index) const noexcept;
  bool crowded(unsigned index) const noexcept;
  timer_entry& front(unsigned index) noexcept;
  slot first_of(unsigned level) const noexcept;
  std::optional<slot> first() const noexcept;
  tick due_of(const timer_entry& x) const noexcept;
  tick first_due_in(const slot& where) const noexcept;
  tick next_visit_to(const slot& first) const noexcept;

  void put(timer_entry& x, unsigned highest) noexcept;
  void append(unsigned index, timer_link& x) noexcept;
  void unlink(timer_link& x) noexcept;
  void clear(unsigned index) noexcept;

  tick position_;
  std::size_t size_ = 0;
  unsigned occupied_levels_ = 0; // a bit a level
  std::array<std::uint64_t, levels * words_a_level> occupied_{};
  /// Heads of rings; meaningful where `occupied_` says so.
  std::array<timer_link, levels * slots_a_level> heads_;
};

} // namespace axiom::runtime
