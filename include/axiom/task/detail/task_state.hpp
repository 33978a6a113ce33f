#pragma once

#include <atomic>
#include <cstdint>

namespace axiom::detail {

/// The life of a task in one atomic word, so that every race is decided by one
/// compare-and-swap.
///
///     queued --begin_run--> running --end_body--> ended
///       ^                   |    ^                  |
///       |            suspend|    |                  | live
///       |                   v    |                  | == 0
///       +------wake----- suspended                  v
///       |                   |                    terminal
///       +--queue-- woken <--+
///       +------yield-----(running)
///
/// Who wakes a task queues it at once, or keeps it in a list of his own first,
/// linked through the task: then it is `woken`, and nobody runs it before he
/// queues it. So is a new one until its creator is done with it. (While it is
/// queued it may be run at any time, also by an entry of a queue that was left
/// over from before.)
///
/// Somebody who has to look at a suspended task without its going on meanwhile
/// holds it, which is to say that it runs, on no worker: `hold`.
///
/// Tasks that no worker runs (roots, adopted actors) are `idle` instead of the
/// first four. A task begins as woken, by its creator.
///
/// Beside the phase the word holds
/// - `live`: the number of children, plus one while the body has not ended.
///   The task ends when it reaches zero (rule: no orphans);
/// - `closed`: no more children are admitted;
/// - `cancelled`, `killed`: set once by a cancelling walk, never cleared;
/// - `delivered`: what the current suspension waits for has come;
/// - `joining`: the current suspension waits for the children;
/// - `shielded`: the current suspension waits for a shielded child, and the
///   cancellation of the task itself does not end it;
/// - `announced`: a walk that will cancel the task has closed it;
/// - `handlers`: an on_cancel handler was registered;
/// - `waited_for`: somebody is, or was, in the list of waiters;
/// - `handed_over`: it is in a queue only to be settled there;
/// - `observed_by_caf`: somebody attached, linked or monitored;
/// - `epoch`: counts suspensions. A waker names the epoch it was armed in, so
///   that one that comes late, after a cancellation already resumed the task,
///   cannot wake it from its next suspension. Sixteen bits are plenty: an
///   awaiter disarms its waker before the next suspension begins.
///
/// Invariants:
/// 1. Exactly one thread moves a task from suspended to queued, or to woken:
///    the waker that succeeds, the walk, or the last child. That thread submits
///    it. A task may be in more than one queue (a second time where it became
///    more urgent); who begins to run it first claims it, the other entries
///    mean nothing.
/// 2. A coroutine is stopped (its frames unwound) only when `live` is 1: its
///    children, which may use its variables, are gone.
/// 3. Exactly one thread sees `live` fall to zero: that thread settles it.
///    Nothing is admitted after that.
///
/// All read-modify-writes are acquire-release at least: who decides on a
/// transition has seen all that was written before the transitions it follows.
/// Those that may queue the task, and `current_phase`, are sequentially
/// consistent for the sake of inheritance.
class task_state {
public:
  enum class phase : std::uint64_t {
    idle,
    queued,
    running,
    suspended,
    woken,
    ended,
    terminal
  };

  // -- construction -----------------------------------------------------------

  /// @param begin `queued` or `idle`
  explicit task_state(phase begin = phase::queued) noexcept
    : word_(with_phase(1, begin)) { // one for the body
    // nop
  }

  // -- observers --------------------------------------------------------------

  bool cancelled() const noexcept {
    return (load() & cancelled_flag) != 0;
  }

  bool killed() const noexcept {
    return (load() & killed_flag) != 0;
  }

  bool closed() const noexcept {
    return (load() & closed_flag) != 0;
  }

  /// Whether a walk that will cancel the task has reached it. From then on the
  /// task has a cause.
  bool announced() const noexcept {
    return (load() & announced_flag) != 0;
  }

  /// Whether it is to end, or will be in a moment: cancelled, or announced. No
  /// wait of it returns from then on.
  bool doomed() const noexcept {
    return (load() & (cancelled_flag | announced_flag)) != 0;
  }

  bool terminal() const noexcept {
    return phase_of(load()) == phase::terminal;
  }

  phase current_phase() const noexcept {
    return phase_of(word_.load(std::memory_order_seq_cst));
  }

  std::uint16_t epoch() const noexcept {
    return epoch_of(load());
  }

  /// The number of children that have not ended.
  std::uint32_t children() const noexcept {
    auto word = load();
    auto body = phase_of(word) < phase::ended ? 1U : 0U;
    return live_of(word) - body;
  }

  // -- children ---------------------------------------------------------------

  enum class admission { admitted, cancelled, closed };

  /// Counts one more child, unless the scope takes none any more.
  admission admit() noexcept {
    auto word = load();
    for (;;) {
      if (live_of(word) == 0 || phase_of(word) == phase::terminal)
        return admission::closed;
      if ((word & closed_flag) != 0)
        return (word & announced_flag) != 0 ? admission::cancelled
                                            : admission::closed;
      if (exchange(word, word + 1))
        return admission::admitted;
    }
  }

  /// Counts one more child even though the scope is closed: for clean-up that
  /// a cancelled body runs under a shield.
  /// @pre called by the running body
  void admit_shielded() noexcept {
    word_.fetch_add(1, std::memory_order_acq_rel);
  }

  /// When a task that is woken will be queued.
  enum class queueing { at_once, later };

  enum class after_child { nothing, submit, settle };

  /// Counts one child less and says what the caller owes the task.
  after_child child_gone(queueing when = queueing::at_once) noexcept {
    auto word = load();
    for (;;) {
      auto next = word - 1;
      auto result = after_child::nothing;
      if (live_of(next) == 0) {
        result = after_child::settle; // invariant 3
      } else if (live_of(next) == 1 && phase_of(word) == phase::suspended
                 && (is_cancelled(word)
                     || ((word & joining_flag) != 0 && !is_doomed(word)))) {
        next = with_phase(next, phase_after(when)); // invariants 1 and 2
        result = after_child::submit;
      }
      if (exchange(word, next))
        return result;
    }
  }

  // -- running ----------------------------------------------------------------

  /// What the thread that runs the task has to do next.
  enum class verdict {
    go, ///< run on
    stop, ///< unwind the coroutine: it is cancelled and has no children
    leave ///< return to the scheduler: suspended, or running elsewhere
  };

  /// queued -> running, or nothing if it is not queued any more.
  verdict begin_run() noexcept {
    auto word = load();
    for (;;) {
      if (phase_of(word) != phase::queued)
        return verdict::leave;
      auto next = word;
      auto result = decide(next);
      if (exchange(word, next))
        return result;
    }
  }

  /// running -> suspended, unless the awaited thing has come meanwhile.
  /// @param joining whether the last child's end is what it waits for.
  verdict suspend(bool joining) noexcept {
    auto word = load();
    for (;;) {
      auto next = joining ? word | joining_flag : word;
      auto result = decide(next);
      if (exchange(word, next))
        return result;
    }
  }

  /// The suspension that follows waits for a shielded child.
  void expect_shield() noexcept {
    word_.fetch_or(shielded_flag, std::memory_order_acq_rel);
  }

  /// The shielded child had ended already.
  void forget_shield() noexcept {
    word_.fetch_and(~shielded_flag, std::memory_order_acq_rel);
  }

  /// running -> queued, for a body that lets others go first.
  void requeue() noexcept {
    auto word = load();
    while (!exchange(word, with_phase(word, phase::queued))) {
      // again
    }
  }

  enum class wake_result { refused, noted, submit };

  /// Delivers to the suspension `epoch` what it waits for. Refused if that
  /// suspension is over or claimed by somebody else, or if the task is, or is
  /// about to be, cancelled: the caller must not consider its grant taken.
  wake_result wake(std::uint16_t epoch,
                   queueing when = queueing::at_once) noexcept {
    auto word = load();
    for (;;) {
      if (epoch_of(word) != epoch || (word & delivered_flag) != 0
          || is_doomed(word))
        return wake_result::refused;
      auto next = word | delivered_flag;
      auto result = wake_result::noted;
      switch (phase_of(word)) {
        case phase::running:
          break; // still on its way into the suspension
        case phase::suspended:
          next = with_phase(next, phase_after(when));
          result = wake_result::submit;
          break;
        default:
          return wake_result::refused;
      }
      if (exchange(word, next))
        return result;
    }
  }

  /// woken -> queued, for who woke it to be queued later and submits it now.
  void queue() noexcept {
    constexpr auto distance = static_cast<std::uint64_t>(phase::woken)
                            - static_cast<std::uint64_t>(phase::queued);
    word_.fetch_sub(distance * phase_unit, std::memory_order_seq_cst);
  }

  // -- looking at a suspended task --------------------------------------------

  /// suspended -> running, for somebody who looks at the task and runs nothing
  /// of it: until `let_go` it stays where it is, its waits, children and
  /// parents with it. Whatever wakes or cancels it meanwhile is noted. Returns
  /// false, and holds nothing, if it is not suspended.
  bool hold() noexcept {
    auto word = load();
    do {
      if (phase_of(word) != phase::suspended)
        return false;
    } while (!exchange(word, with_phase(word, phase::running)));
    return true;
  }

  /// Ends `hold`. Returns true if the caller has to submit the task, since what
  /// it waits for came, or its end did, while it was held.
  bool let_go() noexcept {
    auto word = load();
    for (;;) {
      auto alone = live_of(word) == 1;
      auto delivered = (word & delivered_flag) != 0;
      auto joined = alone && (word & joining_flag) != 0 && !is_doomed(word);
      auto submit = delivered || joined || (alone && is_cancelled(word));
      if (exchange(word,
                   with_phase(word, submit ? phase::queued : phase::suspended)))
        return submit;
    }
  }

  /// Whether the suspension waits for all children. @pre it is held
  bool joins_children() const noexcept {
    return (load() & joining_flag) != 0;
  }

  /// The body is over. Returns true if the caller has to settle the task,
  /// false if children live on and the last of them will.
  bool end_body() noexcept {
    auto word = load();
    for (;;) {
      auto next = with_phase(word - 1, phase::ended);
      if (exchange(word, next))
        return live_of(next) == 0;
    }
  }

  struct finished {
    bool observed; ///< CAF observers have to be told
    bool waited_for; ///< there may be waiters
  };

  /// ended -> terminal. Says who has to be told.
  finished finish() noexcept {
    auto before = word_.fetch_add(phase_unit, std::memory_order_acq_rel);
    return {(before & observed_flag) != 0, (before & waited_for_flag) != 0};
  }

  /// Leaves the settling to whoever takes the task from the queue next.
  void hand_over() noexcept {
    word_.fetch_or(handed_over_flag, std::memory_order_acq_rel);
  }

  /// Whether the task was handed over, to this caller.
  bool take_over() noexcept {
    auto before = word_.fetch_and(~handed_over_flag, std::memory_order_acq_rel);
    return (before & handed_over_flag) != 0;
  }

  // -- cancelling -------------------------------------------------------------

  /// Admission ends: creating a child is an error from now on.
  void close() noexcept {
    word_.fetch_or(closed_flag, std::memory_order_acq_rel);
  }

  /// Admission ends because a walk is about to signal this task: a child
  /// created from now on is born cancelled.
  void announce() noexcept {
    word_.fetch_or(closed_flag | announced_flag, std::memory_order_acq_rel);
  }

  struct signalled {
    bool first; ///< it was not signalled before
    bool first_kill; ///< it was not killed before, and is now
    bool submit; ///< it was suspended; the caller queues and submits it
    bool handlers; ///< on_cancel handlers wait
    bool running; ///< it has not ended yet
  };

  /// Sets the cancelled flag (and with `kill` the killed one).
  signalled signal(bool kill) noexcept {
    auto word = load();
    auto flags =
      closed_flag | announced_flag | cancelled_flag | (kill ? killed_flag : 0);
    for (;;) {
      auto next = word | flags;
      auto submit = phase_of(word) == phase::suspended && live_of(word) == 1
                 && (word & shielded_flag) == 0;
      if (submit)
        next = with_phase(next, phase::woken);
      if (exchange(word, next))
        return {(word & cancelled_flag) == 0, kill && (word & killed_flag) == 0,
                submit, (word & handlers_flag) != 0,
                phase_of(word) < phase::terminal};
    }
  }

  /// Notes that an on_cancel handler exists. Returns false if the task was
  /// signalled before: then the walk did not see it, and the caller runs it.
  bool note_handlers() noexcept {
    auto before = word_.fetch_or(handlers_flag, std::memory_order_acq_rel);
    return (before & cancelled_flag) == 0;
  }

  /// Notes that somebody is about to enter the list of waiters. Returns false
  /// if the task has ended: either the end sees the note, or this sees the end.
  bool note_waiter() noexcept {
    auto before = word_.fetch_or(waited_for_flag, std::memory_order_acq_rel);
    return phase_of(before) != phase::terminal;
  }

  /// Notes that an actor observes the task. Returns false if it has ended.
  bool note_observer() noexcept {
    auto before = word_.fetch_or(observed_flag, std::memory_order_acq_rel);
    return phase_of(before) != phase::terminal;
  }

private:
  static constexpr std::uint64_t live_mask = 0xffff'ffff;
  static constexpr unsigned phase_shift = 32;
  static constexpr std::uint64_t phase_unit = std::uint64_t{1} << phase_shift;
  static constexpr std::uint64_t phase_mask = phase_unit * 7;
  static constexpr std::uint64_t closed_flag = phase_unit << 3;
  static constexpr std::uint64_t cancelled_flag = phase_unit << 4;
  static constexpr std::uint64_t killed_flag = phase_unit << 5;
  static constexpr std::uint64_t delivered_flag = phase_unit << 6;
  static constexpr std::uint64_t joining_flag = phase_unit << 7;
  static constexpr std::uint64_t handlers_flag = phase_unit << 8;
  static constexpr std::uint64_t observed_flag = phase_unit << 9;
  static constexpr std::uint64_t announced_flag = phase_unit << 10;
  static constexpr std::uint64_t shielded_flag = phase_unit << 11;
  static constexpr std::uint64_t waited_for_flag = phase_unit << 12;
  static constexpr std::uint64_t handed_over_flag = phase_unit << 13;
  static constexpr unsigned epoch_shift = 48;
  static constexpr std::uint64_t epoch_unit = std::uint64_t{1} << epoch_shift;

  static constexpr std::uint32_t live_of(std::uint64_t word) noexcept {
    return static_cast<std::uint32_t>(word & live_mask);
  }

  static constexpr phase phase_of(std::uint64_t word) noexcept {
    return static_cast<phase>((word & phase_mask) >> phase_shift);
  }

  static constexpr std::uint64_t with_phase(std::uint64_t word,
                                            phase value) noexcept {
    return (word & ~phase_mask)
         | (static_cast<std::uint64_t>(value) << phase_shift);
  }

  static constexpr phase phase_after(queueing when) noexcept {
    return when == queueing::at_once ? phase::queued : phase::woken;
  }

  static constexpr std::uint16_t epoch_of(std::uint64_t word) noexcept {
    return static_cast<std::uint16_t>(word >> epoch_shift);
  }

  /// Cancelled, as far as the current suspension is concerned.
  static constexpr bool is_cancelled(std::uint64_t word) noexcept {
    return (word & (cancelled_flag | shielded_flag)) == cancelled_flag;
  }

  /// Cancelled, or closed by a walk that is on its way to cancel the task: it
  /// must not go on with what the walk did to the tasks below it as if that had
  /// come of itself. Who suspends then stays until it is signalled.
  static constexpr bool is_doomed(std::uint64_t word) noexcept {
    return (word & (cancelled_flag | announced_flag)) != 0
           && (word & shielded_flag) == 0;
  }

  /// Moves `word` to what follows a wake-up or an attempt to suspend.
  static verdict decide(std::uint64_t& word) noexcept {
    auto alone = live_of(word) == 1;
    auto delivered = (word & delivered_flag) != 0;
    auto joined = alone && (word & joining_flag) != 0 && !is_doomed(word);
    auto result = verdict::leave;
    if (is_cancelled(word) && !delivered) {
      if (alone) // invariant 2
        result = verdict::stop;
    } else if (delivered || joined || phase_of(word) == phase::queued) {
      result = verdict::go;
    }
    if (result == verdict::leave) {
      word = with_phase(word, phase::suspended);
    } else {
      word &= ~(delivered_flag | joining_flag | shielded_flag);
      word = with_phase(word, phase::running) + epoch_unit;
    }
    return result;
  }

  std::uint64_t load() const noexcept {
    return word_.load(std::memory_order_acquire);
  }

  bool exchange(std::uint64_t& expected, std::uint64_t desired) noexcept {
    return word_.compare_exchange_weak(
      expected, desired, std::memory_order_seq_cst, std::memory_order_acquire);
  }

  std::atomic<std::uint64_t> word_;
};

} // namespace axiom::detail
