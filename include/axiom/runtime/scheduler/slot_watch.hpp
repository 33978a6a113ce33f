#pragma once

#include <atomic>
#include <optional>

#include "axiom/runtime/scheduler/atomics.hpp"

namespace axiom::runtime {

/// Who sees to it that a job in a slot does not wait for long.
///
/// The problem: a job in a worker's slot usually runs within a microsecond, so
/// announcing it would wake a worker for nothing; but when the job before it
/// goes on for long it waits beside workers that have nothing to do. So one of
/// those that sleep, the *watch*, wakes from time to time and looks at all
/// slots. There is one at most:
///
///     vacant --begin--> kept --notified, a slot stuck, all at rest--> vacant
///
/// The rule: *as long as a slot is full and a worker parked, there is a watch,
/// or somebody awake who will be or name one.*
///
/// Why: whoever fills a slot stores the job, then loads `kept_` in `vacant`,
/// and announces the slot as a job in a queue if there is no watch (see
/// idle_set); the watch stores `kept_` when it ends, then looks at the slots:
/// itself if it wants to sleep on; else, as it is searching by then, the last
/// searcher when it ends its search. All are sequentially consistent, so one
/// sees the other.
///
/// Thread-safe and lock-free.
template <class Atomics = std_atomics>
class slot_watch {
public:
  /// Whether nobody watches. If so, whoever has filled a slot has to announce
  /// it, and whoever ends a search to announce those that are full.
  bool vacant() const noexcept {
    return !kept_.load(std::memory_order_seq_cst);
  }

  /// Keeps the watch, unless somebody does; for a worker that is parked.
  /// Returns nothing if there is no need to: then it may sleep until it is
  /// notified. Else it is awake.
  /// @param steps what the worker does at each point:
  ///   - `nap()` sleeps for one period, then looks for slots that are full
  ///     since it began. Returns nothing if there is none; else the job of one,
  ///     or null if it was notified;
  ///   - `at_rest()` says whether nobody works;
  ///   - `patience` is after how many periods of that the watch ends;
  ///   - `any_slot()` says whether a slot is full; sequentially consistent.
  template <class Steps>
  auto keep(Steps& steps) -> decltype(steps.nap()) {
    while (begin()) {
      for (auto left = Steps::patience; left > 0;) {
        if (auto woken = steps.nap()) {
          end();
          return woken;
        }
        left = steps.at_rest() ? left - 1 : Steps::patience;
      }
      end();
      if (!steps.any_slot())
        break;
    }
    return std::nullopt;
  }

private:
  /// Not relaxed in its first look either: a worker that takes the watch for
  /// kept by somebody who has left would leave a slot that is announced to it.
  bool begin() noexcept {
    return vacant() && !kept_.exchange(true, std::memory_order_seq_cst);
  }

  void end() noexcept {
    kept_.store(false, std::memory_order_seq_cst);
  }

  typename Atomics::template atomic<bool> kept_{false};
};

} // namespace axiom::runtime
