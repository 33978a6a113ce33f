#pragma once

#include <mutex>
#include <utility>

#include "axiom/coordination/limiter/permit_waiter.hpp"
#include "axiom/coordination/limiter/permit_word.hpp"
#include "axiom/runtime/small_mutex.hpp"

namespace axiom::detail {

/// A limiter without an actor: the word that permits are taken from while
/// nobody waits, and the queue that decides when somebody does. See permit_word
/// for why the two cannot disagree.
///
/// Every use has two steps:
///
///     if (gate.release(n) == release_result::done)
///       return;
///     auto event = [n](auto& queue, auto& turn) { queue.release(n, turn); };
///     gate.locked(now, event, wake);
///
/// and an acquire that finds `full` or `contended` requests from the queue. The
/// second step always settles the matter; it does not fail because the word was
/// thawed in between.
///
/// Thread-safe. Nobody may wait at its end.
///
/// @tparam Queue wait_queue or keyed_queue; `idle` says whether the word may
///   serve without it
/// @tparam Atomics see runtime::std_atomics
/// @tparam Mutex guards the queue; a model checker has its own
template <class Queue, class Atomics = runtime::std_atomics,
          class Mutex = runtime::small_mutex>
class permit_gate {
public:
  using word_type = permit_word<Atomics>;
  using acquire_result = typename word_type::acquire_result;
  using release_result = typename word_type::release_result;

  /// @param args the queue's
  template <class... Args>
  explicit permit_gate(permit_count limit, Args&&... args)
    : queue_(std::forward<Args>(args)...), word_(limit, !queue_.idle()) {
    // nop
  }

  /// See permit_word.
  acquire_result try_acquire(permit_count weight) noexcept {
    return word_.try_acquire(weight);
  }

  /// See permit_word.
  release_result release(permit_count weight) {
    return word_.release(weight);
  }

  /// See permit_word.
  permit_balance balance() const noexcept {
    return word_.balance();
  }

  /// Has `event(queue, turn)` happen under the lock, then calls `wake(waiter)`
  /// for each that it settled, in order and under the lock still: a waiter that
  /// cancels from now on finds its verdict, and one that was woken may be gone
  /// before `wake` returns. Neither may call back. If `event` throws it must
  /// have settled nobody.
  template <class Event, class Wake>
  void locked(runtime::time_point now, Event event, Wake wake) {
    std::lock_guard guard{mutex_};
    permit_turn turn{word_.freeze(), now};
    {
      thaw_at_end thaw{*this, turn};
      event(queue_, turn);
    }
    while (auto* x = turn.settled.pop())
      wake(*x);
  }

private:
  struct thaw_at_end {
    permit_gate& gate;
    permit_turn& turn;

    ~thaw_at_end() {
      gate.word_.thaw(turn.balance, !gate.queue_.idle());
    }
  };

  Mutex mutex_;
  Queue queue_; ///< guarded by `mutex_`
  word_type word_;
};

} // namespace axiom::detail
