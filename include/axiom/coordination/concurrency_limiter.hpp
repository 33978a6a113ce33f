#pragma once

#include <string>
#include <string_view>
#include <vector>

#include <caf/fwd.hpp>

#include "axiom/coordination/limiter_actor.hpp"
#include "axiom/coordination/limiter_options.hpp"
#include "axiom/coordination/limiter_stats.hpp"
#include "axiom/coordination/permit_source.hpp"

namespace axiom {

/// The permits of one key of a limiter that is shared by key. A value; keeps
/// the limiter open.
class limiter_partition final : public permit_source {
private:
  friend class concurrency_limiter;
  using permit_source::permit_source;
};

/// Lets at most so many run at a time: a counting semaphore that is fair,
/// knows who holds its permits, and gives none away for ever. The handle to a
/// CAF actor.
///
///     auto io = axiom::concurrency_limiter::spawn(
///       sys, {.name = "io", .max_concurrency = 8});
///     ...
///     auto permit = co_await io.acquire();
///
/// Promises, in any interleaving of requests, returns, changes of the limit,
/// cancellations, timeouts and deaths:
/// - what is in use never grows beyond the limit;
/// - each permit that comes back goes to one waiter, or is free;
/// - nobody waits for permits that he could have.
///
/// While nobody waits, permits are taken and given back by one atomic step
/// each. Who waits is kept in order under a lock; the actor serves other nodes
/// and looks after those who wait.
///
/// Handles are cheap to copy and thread-safe. With the last one (partitions
/// count) the limiter is closed and its actor ends; a permit that is still out
/// may come back later. The actor keeps its system from ending.
class concurrency_limiter final : public permit_source {
public:
  /// Starts a limiter in `sys`, which must have been made from an
  /// `axiom::config`. Throws `errc::invalid_argument` and `errc::name_too_long`
  /// with all that is wrong with the options, and `errc::not_installed`.
  static concurrency_limiter spawn(caf::actor_system& sys,
                                   limiter_options options);

  std::string_view name() const noexcept;

  /// The actor, for whoever talks to it by message. Not counted as a handle.
  const limiter_actor& actor() const noexcept;

  // -- by key -----------------------------------------------------------------

  /// The permits of `key`: the limiter is shared among the keys that want
  /// permits, as their shares say, so that none of them can fill it. A key
  /// takes memory only while it holds or wants permits. The limiter's own
  /// `acquire` stands for the key "".
  ///
  /// Throws `errc::invalid_argument` unless the limiter was made with
  /// `limiter_sharing::by_key`.
  limiter_partition partition(std::string_view key) const;

  /// Changes what a key is entitled to, for those who wait too. Throws
  /// `errc::invalid_argument`.
  void set_share(std::string_view key, key_share share) const;

  // -- the limit --------------------------------------------------------------

  /// Changes the limit, at any time: below what is in use, nothing is granted
  /// until enough has come back. Who waits for more than that fails with
  /// `errc::exceeds_capacity`. Throws `errc::invalid_argument` for 0, for more
  /// than 2^31 - 1, for less than the keys' minima, and where the limit adapts
  /// by itself.
  void set_limit(std::uint32_t limit) const;

  std::uint32_t limit() const noexcept;

  /// How many are taken just now.
  std::uint32_t in_use() const noexcept;

  // -- its end ----------------------------------------------------------------

  /// From now on requests fail with `errc::scope_closed`, and so do those that
  /// wait. What is held comes back as before. Idempotent.
  void close() const noexcept;

  // -- observing --------------------------------------------------------------

  /// The figures at this moment. Takes the limiter's lock; O(waiting).
  limiter_stats stats() const;

private:
  using permit_source::permit_source;
};

/// The figures of all limiters in `sys`, the oldest first, for whoever exposes
/// them. Empty if Axiom is not installed there.
std::vector<limiter_stats> all_limiter_stats(caf::actor_system& sys);

/// Which task holds permits of which limiter in `sys`, one entry for each time
/// that it took some; the limiters' oldest first. Holders that are no tasks,
/// and tasks that have given theirs away and ended, are not known.
std::vector<permit_holding> all_permit_holdings(caf::actor_system& sys);

} // namespace axiom
