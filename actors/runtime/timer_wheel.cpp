#include "axiom/runtime/timer_wheel.hpp"

#include <algorithm>
#include <bit>
#include <limits>
#include <type_traits>

namespace axiom::runtime {

static_assert(sizeof(timer_entry) == 32);
static_assert(std::is_same_v<duration, std::chrono::nanoseconds>);

namespace {

/// A slot with more entries is prepared ahead of its time; the others are
/// looked through to learn when exactly they are due.
constexpr std::size_t crowd = 16;

constexpr auto never = std::numeric_limits<std::uint64_t>::max();

} // namespace

timer_wheel::timer_wheel(time_point start) noexcept
  : position_(to_tick(start)) {
  // nop
}

timer_wheel::~timer_wheel() {
  while (auto some = first())
    unlink(front(some->index));
}

// -- properties ---------------------------------------------------------------

time_point timer_wheel::position() const noexcept {
  return to_time(position_);
}

// -- modifiers ----------------------------------------------------------------

void timer_wheel::insert(timer_entry& entry, time_point due) noexcept {
  entry.due_ = due;
  put(entry, levels - 1);
  ++size_;
}

bool timer_wheel::remove(timer_entry& entry) noexcept {
  if (entry.next == nullptr)
    return false;
  unlink(entry);
  --size_;
  return true;
}

timer_entry* timer_wheel::pop(time_point until, std::size_t& budget) noexcept {
  const auto end = std::max(to_tick(until), position_);
  for (; budget > 0; --budget) {
    const auto next = first();
    if (!next || next->start > end) {
      position_ = end;
      return nullptr;
    }
    position_ = std::max(position_, next->start);
    auto& entry = front(next->index);
    unlink(entry);
    if (next->level == 0) {
      --budget;
      --size_;
      return &entry;
    }
    put(entry, next->level - 1);
  }
  return nullptr;
}

void timer_wheel::prepare(std::size_t& budget) noexcept {
  // Downwards: what comes to the next slot of a finer level moves on at once.
  for (auto level = levels - 1; level > 0; --level) {
    const auto next = index_of(level, position_ + width_of(level));
    for (; budget > 0 && occupied(next); --budget) {
      auto& entry = front(next);
      unlink(entry);
      put(entry, level - 1);
    }
  }
}

// -- when to come back --------------------------------------------------------

time_point timer_wheel::next_due() const noexcept {
  // Upwards, so that the crowds of coarse slots need not be looked through when
  // something is due before them.
  auto result = never;
  for (auto rest = occupied_levels_; rest != 0; rest &= rest - 1)
    if (auto x = first_of(std::countr_zero(rest)); x.start < result)
      result = std::min(result, first_due_in(x));
  return to_time(result);
}

time_point timer_wheel::next_visit() const noexcept {
  auto result = never;
  for (auto rest = occupied_levels_; rest != 0; rest &= rest - 1)
    result = std::min(result, next_visit_to(first_of(std::countr_zero(rest))));
  return to_time(result);
}

/// When `first`, the first slot of its level, has to be visited, or the one
/// after it. A crowd can be prepared as soon as the slot before it starts.
timer_wheel::tick timer_wheel::next_visit_to(const slot& first) const noexcept {
  if (first.level == 0)
    return first.start;
  const auto width = width_of(first.level);
  if (crowded(first.index))
    return std::max(first.start, position_ + width) - width;
  if (crowded(index_of(first.level, first.start + width)))
    return std::max(first.start, position_);
  return first_due_in(first);
}

timer_wheel::tick timer_wheel::first_due_in(const slot& where) const noexcept {
  if (where.level == 0)
    return where.start;
  auto& head = heads_[where.index];
  auto result = never;
  for (auto* x = head.next; x != &head; x = x->next)
    result = std::min(result, due_of(entry_at(*x)));
  return result;
}

// -- slots --------------------------------------------------------------------

bool timer_wheel::occupied(unsigned index) const noexcept {
  return (occupied_[index / 64] >> index % 64 & 1) != 0;
}

timer_entry& timer_wheel::front(unsigned index) noexcept {
  return entry_at(*heads_[index].next);
}

bool timer_wheel::crowded(unsigned index) const noexcept {
  if (!occupied(index))
    return false;
  auto& head = heads_[index];
  auto* x = head.next;
  for (std::size_t n = 0; n < crowd && x != &head; ++n)
    x = x->next;
  return x != &head;
}

/// The first slot of `level` that has entries; there is one. The window of a
/// level begins at the position and wraps around.
timer_wheel::slot timer_wheel::first_of(unsigned level) const noexcept {
  const auto begin = index_of(level, position_);
  const auto base = level * words_a_level;
  auto word = begin / 64 - base;
  auto bits = occupied_[base + word] & ~std::uint64_t{0} << begin % 64;
  while (bits == 0) {
    word = (word + 1) % words_a_level;
    bits = occupied_[base + word]; // of the first word the part before `begin`
  }
  const auto index = (base + word) * 64 + std::countr_zero(bits);
  const auto distance = (index - begin) % slots_a_level;
  const auto shift = level * digit_bits;
  return {level, index, ((position_ >> shift) + distance) << shift};
}

/// The slot that starts first, if any has entries. Of two that start together
/// either will do: what is in the finer one was armed before.
std::optional<timer_wheel::slot> timer_wheel::first() const noexcept {
  std::optional<slot> result;
  for (auto rest = occupied_levels_; rest != 0; rest &= rest - 1)
    if (auto x = first_of(std::countr_zero(rest));
        !result || x.start < result->start)
      result = x;
  return result;
}

/// When `x` comes out.
timer_wheel::tick timer_wheel::due_of(const timer_entry& x) const noexcept {
  return std::max(to_tick(x.due_), position_);
}

/// Puts `x` into its place at `highest` or below.
void timer_wheel::put(timer_entry& x, unsigned highest) noexcept {
  const auto due = due_of(x);
  auto level = std::min(level_for(due - position_), highest);
  // Invariant 3: behind those who share its time and wait to be moved.
  for (auto above = highest; above > level; --above)
    if (occupied(index_of(above, due))) {
      level = above;
      break;
    }
  append(index_of(level, due), x);
}

void timer_wheel::append(unsigned index, timer_link& x) noexcept {
  auto& head = heads_[index];
  if (!occupied(index)) {
    head.previous = head.next = &head;
    occupied_[index / 64] |= std::uint64_t{1} << index % 64;
    occupied_levels_ |= 1u << index / slots_a_level;
  }
  x.previous = head.previous;
  x.next = &head;
  head.previous->next = &x;
  head.previous = &x;
}

void timer_wheel::unlink(timer_link& x) noexcept {
  x.previous->next = x.next;
  x.next->previous = x.previous;
  if (x.previous == x.next) { // only the head is left, and tells the slot
    const auto* head = x.next;
    clear(static_cast<unsigned>(head - heads_.data()));
  }
  x.previous = x.next = nullptr;
}

void timer_wheel::clear(unsigned index) noexcept {
  occupied_[index / 64] &= ~(std::uint64_t{1} << index % 64);
  const auto level = index / slots_a_level;
  const auto* words = occupied_.data() + level * words_a_level;
  if (std::all_of(words, words + words_a_level, [](auto x) { return x == 0; }))
    occupied_levels_ &= ~(1u << level);
}

// -- numbers ------------------------------------------------------------------

timer_wheel::tick timer_wheel::to_tick(time_point x) noexcept {
  return static_cast<tick>(
    std::max(x.time_since_epoch(), duration::zero()).count());
}

time_point timer_wheel::to_time(tick x) noexcept {
  const auto last = to_tick(time_point::max());
  return time_point{duration{static_cast<duration::rep>(std::min(x, last))}};
}

/// The level for an entry this far away: its time is in the position's group of
/// slots there, or in the group after it.
unsigned timer_wheel::level_for(tick distance) noexcept {
  return (std::bit_width(distance | 1) - 1) / digit_bits;
}

timer_wheel::tick timer_wheel::width_of(unsigned level) noexcept {
  return tick{1} << level * digit_bits;
}

unsigned timer_wheel::index_of(unsigned level, tick at) noexcept {
  const auto slot = at >> level * digit_bits;
  return level * slots_a_level + static_cast<unsigned>(slot % slots_a_level);
}

timer_entry& timer_wheel::entry_at(timer_link& x) noexcept {
  return static_cast<timer_entry&>(x);
}

} // namespace axiom::runtime
