#pragma once

#include <cstdint>

#include "axiom/coordination/limiter/permits.hpp"
#include "axiom/runtime/scheduler/atomics.hpp"

namespace axiom::detail {

/// What a limiter has to give, in one atomic word: the only place where the
/// permits in use are counted.
///
/// The problem: taking and giving back permits that are there should cost one
/// atomic step each, without a lock; yet as soon as somebody waits, a queue
/// decides who gets them, and no permit may slip past it: neither to a newcomer
/// who overtakes the queue, nor back into the word unseen while a waiter is
/// just queueing. The naive way, a counter and beside it a queue with a lock,
/// has that race: try to take (full), *the last holder gives back, sees an
/// empty queue*, enqueue, sleep for ever.
///
/// Here the word has a flag, which says whose it is:
///
///     open:    anybody changes it, by compare and exchange, and only while it
///              is open
///     frozen:  it belongs to whoever holds the queue's lock; everybody else
///              leaves it as it is and goes for the lock
///
///     open --freeze, with the lock held-----------------> frozen
///     frozen --thaw, with the lock held, nobody waits---> open
///     frozen --thaw, with the lock held, somebody waits-> frozen
///
/// Who wants to queue takes the lock, freezes the word and *then* looks whether
/// there is enough after all. permit_gate is that, for any event of a queue.
///
/// Invariants:
/// 1. In any value of the word `in_use` is what was granted and not given back;
///    every grant and every return is one change of the word, or part of one
///    thaw.
/// 2. Between freeze and thaw nobody else changes the word: an exchange that
///    succeeds has found it open. So the holder of the lock may compute at
///    leisure and store.
/// 3. From the moment that somebody waits until nobody does, the word is
/// frozen.
///
/// Never more than the limit: the only ways to raise `in_use` are an exchange
/// whose expected value had room, and a thaw by the queue, which saw the word's
/// last value (2).
///
/// No return is missed: of a return and a freeze one comes first in the order
/// of the word's changes. If it is the return, the freeze yields it, and the
/// waiter finds the permits. If it is the freeze, the return finds the flag and
/// goes for the lock, and gives back there: to the waiter, or just to the word
/// if he was served or has left meanwhile.
///
/// The races, each one decided by that order: two takers of the last permit; a
/// taker and a freeze; a return and a freeze (above); a thaw and a taker, or a
/// return, that goes for the lock in vain; a change of the limit, which is a
/// freeze and a thaw, and any of the others. A word that has come back to an
/// old value between the reading and the exchange does no harm: all that
/// matters is in the value.
///
/// Ordering: whoever gets permits sees everything that those did who gave them
/// back: their release and the acquire of the exchange or of `freeze`. With a
/// limit of 1 this is a mutex. A failed exchange needs no order, since it is
/// tried again or nothing follows from it.
///
/// Thread-safe and lock-free, but for `freeze` and `thaw`.
///
/// For a model checker (Relacy): two or three threads over a permit_gate with
/// its own Atomics and Mutex and a limit of 1, each of which takes by
/// `try_acquire`, else by `locked` and `request`; waits, by a spin on an atomic
/// of the model's, which `wake` sets; works on a plain variable, so that a
/// grant too many, or one without order, is a data race; and returns by
/// `release`, else by `locked`. One variant has a thread cancel instead of
/// waiting, one sets the limit to 2 and back. In the end the word must be open,
/// with nothing in use. A waiter that hangs is a return that was missed.
///
/// @tparam Atomics see runtime::std_atomics
template <class Atomics = runtime::std_atomics>
class permit_word {
public:
  enum class acquire_result : std::uint8_t {
    /// The permits are the caller's.
    granted,
    /// There are not enough just now. Nobody waits.
    full,
    /// Ask the queue: somebody waits, or is being served.
    contended
  };

  enum class release_result : std::uint8_t {
    done,
    /// Nothing was given back: the queue is to do it, since somebody waits.
    contended
  };

  /// @param frozen whether it stays with its queue at first
  explicit permit_word(permit_count limit, bool frozen = false) noexcept
    : word_(encode({limit}, frozen)) {
    // nop
  }

  permit_word(const permit_word&) = delete;
  permit_word& operator=(const permit_word&) = delete;

  // -- for anybody ------------------------------------------------------------

  /// @pre `weight` is not 0
  acquire_result try_acquire(permit_count weight) noexcept {
    auto word = word_.load(std::memory_order_relaxed);
    do {
      if ((word & frozen_flag) != 0)
        return acquire_result::contended;
      if (!decode(word).fits(weight))
        return acquire_result::full;
    } while (!word_.compare_exchange_weak(word, word + weight,
                                          std::memory_order_acquire,
                                          std::memory_order_relaxed));
    return acquire_result::granted;
  }

  /// @throws axiom::exception if that is more than is in use; nothing has
  ///   changed then
  release_result release(permit_count weight) {
    auto word = word_.load(std::memory_order_relaxed);
    do {
      if ((word & frozen_flag) != 0)
        return release_result::contended;
      if (weight > decode(word).in_use)
        throw_stray_release(weight, decode(word).in_use);
    } while (!word_.compare_exchange_weak(word, word - weight,
                                          std::memory_order_release,
                                          std::memory_order_relaxed));
    return release_result::done;
  }

  /// A moment's truth, for statistics.
  permit_balance balance() const noexcept {
    return decode(word_.load(std::memory_order_relaxed));
  }

  // -- for the holder of the queue's lock -------------------------------------

  /// Takes the word out of the others' hands.
  permit_balance freeze() noexcept {
    return decode(word_.fetch_or(frozen_flag, std::memory_order_acquire));
  }

  /// Gives the word back, or keeps it frozen.
  /// @pre `freeze` was called under the same lock
  void thaw(permit_balance balance, bool stays_frozen) noexcept {
    word_.store(encode(balance, stays_frozen), std::memory_order_release);
  }

private:
  // In use in the lower half, so that it is added to and subtracted from as it
  // is; the limit in the upper one, below the flag.
  static constexpr int limit_shift = 32;
  static constexpr std::uint64_t frozen_flag = std::uint64_t{1} << 63;

  static constexpr permit_balance decode(std::uint64_t word) noexcept {
    return {static_cast<permit_count>((word & ~frozen_flag) >> limit_shift),
            static_cast<permit_count>(word)};
  }

  static constexpr std::uint64_t encode(permit_balance x,
                                        bool frozen) noexcept {
    return (frozen ? frozen_flag : 0) | std::uint64_t{x.limit} << limit_shift
         | x.in_use;
  }

  typename Atomics::template atomic<std::uint64_t> word_;
};

} // namespace axiom::detail
