#pragma once

#include <cstddef>
#include <cstdint>
#include <iterator>

#include <boost/intrusive/list.hpp>

#include "axiom/resource/pool_stats.hpp"
#include "axiom/runtime/timer_entry.hpp"

namespace axiom::detail {

/// One object of a pool, as the store sees it: a link of its list while idle.
class stored_object : public boost::intrusive::list_base_hook<> {
public:
  stored_object() = default;
  stored_object(const stored_object&) = delete;
  stored_object& operator=(const stored_object&) = delete;

private:
  friend class object_store;

  runtime::time_point idle_since_{};
  std::uint64_t checked_in_ = 0; ///< the round of health checks
};

using object_list =
  boost::intrusive::list<stored_object,
                         boost::intrusive::constant_time_size<true>>;

/// Why an object is destroyed.
enum class object_end : std::uint8_t {
  /// Nobody needs it: trimmed, too many, or the pool is closed.
  surplus,
  unhealthy,
  reset_failed,
  discarded,
  expired
};

/// Which objects a pool has, without the objects and without the waiting: the
/// numbers, and the list of idle ones.
///
///     (room) --take, begin_top_up--> creating --created--> in use
///                                       |
///                                       +--creation_over--> (room)
///     in use --put--> idle --take, take_unchecked--> in use
///     in use --leave, or turned down by put--> leaving --destroyed--> (room)
///     idle --take_expired, take_surplus, close--> leaving
///
/// Who takes an object, creates or removes one has a permit of the pool's
/// limiter (but for `close`, and for what is above a maximum that was lowered),
/// from before that until after the object is idle again or gone. Hence, with
/// M permits and the same maximum:
///
/// 1. There are never more than M objects: `take` makes room for a new one only
///    where none is idle, so all others have permits of others, of which there
///    are M - 1 at most. `begin_top_up` ends at the minimum, which is not above
///    M.
/// 2. Idle ones are ordered: who was used last is taken first, so that caches
///    are warm, and those that are not needed grow old at the other end.
///
/// Pure: no locks, no time of its own. Whoever owns it guards it.
class object_store {
public:
  object_store(std::uint32_t min, std::uint32_t max) noexcept
    : min_(min), max_(max) {
    // nop
  }

  // -- takers -----------------------------------------------------------------

  /// The idle object used last; null if there is none: then the caller creates
  /// one, and ends that with `created` or `creation_over`.
  /// @pre not closed
  stored_object* take() noexcept {
    if (idle_.empty()) {
      begin_creation();
      return nullptr;
    }
    auto& x = idle_.front();
    idle_.pop_front();
    ++counters_.taken;
    return &x;
  }

  /// An object is there, for somebody who asked for one or for stock.
  void created(bool taken) noexcept {
    --creating_;
    ++counters_.created;
    counters_.taken += taken ? 1 : 0;
    failures_in_a_row_ = 0;
  }

  /// There will be no object; `failed` if that is the factory's doing.
  void creation_over(bool failed) noexcept {
    --creating_;
    --total_;
    counters_.failed_creations += failed ? 1 : 0;
    failures_in_a_row_ += failed ? 1 : 0;
  }

  /// Keeps an object that was given back; false if it is to be destroyed, as
  /// `leave` says.
  bool put(stored_object& x, runtime::time_point now) noexcept {
    if (closed_ || total_ - leaving_ > max_) {
      leave();
      return false;
    }
    x.idle_since_ = now;
    idle_.push_front(x);
    return true;
  }

  /// An object in hand is to be destroyed; `destroyed` says that it is.
  void leave() noexcept {
    ++leaving_;
  }

  void destroyed(object_end why) noexcept {
    --leaving_;
    --total_;
    ++counters_.destroyed;
    switch (why) {
      case object_end::surplus:
        break;
      case object_end::unhealthy:
        ++counters_.unhealthy;
        break;
      case object_end::reset_failed:
        ++counters_.reset_failed;
        break;
      case object_end::discarded:
        ++counters_.discarded;
        break;
      case object_end::expired:
        ++counters_.expired;
        break;
    }
  }

  // -- housekeeping -----------------------------------------------------------

  bool below_min() const noexcept {
    return !closed_ && total_ - leaving_ < min_;
  }

  /// Begins a creation if there are less objects than there shall be.
  bool begin_top_up() noexcept {
    if (!below_min())
      return false;
    begin_creation();
    return true;
  }

  /// Takes out one that is idle since `when` or before; null if there is none,
  /// or none too many.
  stored_object* take_expired(runtime::time_point when) noexcept {
    if (idle_.empty() || idle_.back().idle_since_ > when)
      return nullptr;
    return take_surplus(min_);
  }

  /// Takes out the one that is idle longest, if more than `kept` are there.
  stored_object* take_surplus(std::uint64_t kept) noexcept {
    if (idle_.empty() || total_ - leaving_ <= kept)
      return nullptr;
    auto& x = idle_.back();
    idle_.pop_back();
    leave();
    return &x;
  }

  /// Since when the first one that may expire is idle; null if none may.
  const runtime::time_point* oldest_surplus() const noexcept {
    return idle_.empty() || total_ - leaving_ <= min_
           ? nullptr
           : &idle_.back().idle_since_;
  }

  /// Takes an idle one that was not checked in this round, the oldest first;
  /// null if there is none. O(those that were).
  stored_object* take_unchecked(std::uint64_t round) noexcept {
    for (auto i = idle_.rbegin(); i != idle_.rend(); ++i)
      if (i->checked_in_ < round) {
        auto& x = *i;
        idle_.erase(idle_.iterator_to(x));
        x.checked_in_ = round;
        return &x;
      }
    return nullptr;
  }

  /// Puts it back to its place; false if it is to be destroyed. O(those that
  /// are idle for longer).
  bool put_back(stored_object& x) noexcept {
    if (closed_ || total_ - leaving_ > max_) {
      leave();
      return false;
    }
    auto i = idle_.end();
    while (i != idle_.begin() && std::prev(i)->idle_since_ < x.idle_since_)
      --i;
    idle_.insert(i, x);
    return true;
  }

  // -- limits -----------------------------------------------------------------

  void set_max(std::uint32_t max) noexcept {
    max_ = max;
  }

  std::uint32_t min() const noexcept {
    return min_;
  }

  std::uint32_t max() const noexcept {
    return max_;
  }

  /// Nothing is idle any more, or will be. Adds what was, which leaves, to
  /// `into`.
  void close(object_list& into) noexcept {
    closed_ = true;
    leaving_ += idle_.size();
    into.splice(into.end(), idle_);
  }

  bool closed() const noexcept {
    return closed_;
  }

  // -- observing --------------------------------------------------------------

  std::uint32_t failures_in_a_row() const noexcept {
    return failures_in_a_row_;
  }

  std::uint64_t idle() const noexcept {
    return idle_.size();
  }

  /// All there are, those on their way in and out included.
  std::uint64_t total() const noexcept {
    return total_;
  }

  /// Writes down its figures.
  void report(pool_stats& into) const noexcept {
    into.min = min_;
    into.max = max_;
    into.idle = idle_.size();
    into.creating = creating_;
    into.leaving = leaving_;
    into.in_use = total_ - into.idle - creating_ - leaving_;
    into.created = counters_.created;
    into.destroyed = counters_.destroyed;
    into.unhealthy = counters_.unhealthy;
    into.reset_failed = counters_.reset_failed;
    into.discarded = counters_.discarded;
    into.expired = counters_.expired;
    into.failed_creations = counters_.failed_creations;
    into.taken = counters_.taken;
  }

private:
  struct counters {
    std::uint64_t taken = 0;
    std::uint64_t created = 0;
    std::uint64_t destroyed = 0;
    std::uint64_t unhealthy = 0;
    std::uint64_t reset_failed = 0;
    std::uint64_t discarded = 0;
    std::uint64_t expired = 0;
    std::uint64_t failed_creations = 0;
  };

  void begin_creation() noexcept {
    ++creating_;
    ++total_;
  }

  object_list idle_; ///< the one used last in front
  const std::uint32_t min_;
  std::uint32_t max_;
  std::uint64_t total_ = 0;
  std::uint64_t creating_ = 0;
  std::uint64_t leaving_ = 0;
  std::uint32_t failures_in_a_row_ = 0;
  bool closed_ = false;
  counters counters_;
};

} // namespace axiom::detail
