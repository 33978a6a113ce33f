#pragma once

#include <mutex>
#include <optional>
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
  using queue_type = Queue;
  using turn_type = permit_turn;
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

  /// The queue and what it works on, while its lock is held.
  class session {
  public:
    session(permit_gate& gate, runtime::time_point now)
      : gate_(gate), guard_(gate.mutex_), turn_{gate.word_.freeze(), now} {
      // nop
    }

    session(const session&) = delete;
    session& operator=(const session&) = delete;

    ~session() {
      gate_.word_.thaw(turn_.balance, !gate_.queue_.idle());
    }

    Queue& queue() noexcept {
      return gate_.queue_;
    }

    permit_turn& turn() noexcept {
      return turn_;
    }

    /// Whether somebody has permits.
    bool anything_held() const noexcept {
      return turn_.balance.in_use > 0;
    }

    /// Calls `wake(waiter)` for each waiter that events have settled, in order:
    /// one that cancels from now on finds its verdict, and one that was woken
    /// may be gone before `wake` returns. `wake` returns whether the waiter
    /// takes what it is granted; if not, it goes to the next one at once. It
    /// must not call back.
    ///
    /// To be called after each event, unless it threw; then it has settled
    /// nobody. Returns when the queue is to be told that time has passed; none
    /// if it has no use for that.
    template <class Wake>
    std::optional<runtime::time_point> settle(Wake wake) {
      auto& queue = gate_.queue_;
      while (auto* next = turn_.settled.pop()) {
        auto& x = static_cast<typename Queue::waiter_type&>(*next);
        // Read before: who is woken may be gone.
        const auto granted = x.state() == permit_waiter::phase::granted;
        if (!wake(x) && granted)
          queue.decline(x, turn_);
      }
      return queue.idle() ? std::nullopt : queue.next_advance(turn_);
    }

  private:
    permit_gate& gate_;
    std::lock_guard<Mutex> guard_;
    permit_turn turn_;
  };

  /// A session of one event, `event(queue, turn)`, and what follows from it.
  template <class Event, class Wake>
  std::optional<runtime::time_point> locked(runtime::time_point now,
                                            Event event, Wake wake) {
    session here{*this, now};
    event(here.queue(), here.turn());
    return here.settle(wake);
  }

private:
  Mutex mutex_;
  Queue queue_; ///< guarded by `mutex_`
  word_type word_;
};

} // namespace axiom::detail
