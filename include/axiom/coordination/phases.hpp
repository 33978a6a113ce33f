#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "axiom/coordination/phase_plan.hpp"
#include "axiom/runtime/timer_service.hpp"

namespace axiom {

/// Where a phase is.
enum class phase_state : std::uint8_t {
  waiting, ///< for others, or for the start of the whole
  running,
  done,
  overrun, ///< not done within its budget, and none of the run's business since
  skipped, ///< never started, because a phase without `recover` overran
};

/// The enumerator's name.
std::string to_string(phase_state state);

/// What the owner of a run has to do, or to tell.
struct phase_effect {
  enum class kind : std::uint8_t {
    start, ///< run this phase, now, besides those that run already
    overran, ///< tell that this phase is not done within its budget
    aborted, ///< tell that because of this phase no other starts any more
    finished, ///< the run is over; always the last but for `ignored`
    ignored, ///< tell that the event was of no use; `text` says why
  };

  kind what;
  std::size_t phase = 0; ///< unless it is `finished` or `ignored`
  std::string text{}; ///< of `ignored`
};

/// One run of a plan, as Pekko's coordinated shutdown: events go in, with the
/// time at which they happened, and what has to be done comes out.
///
/// A shutdown that waits for ever is worse than one that leaves something
/// behind, and one that says nothing about it is worse still. So a phase has a
/// budget; it is reported once when it overruns, and counts as ended from then
/// on. What the overdue phase still holds is the owner's to find out.
///
///     waiting --all it waits for ended--> running --phase_done--> done
///        |                                   |
///        | a phase without recover overran   | tick at or after its deadline
///        v                                   v
///     skipped                             overrun
///
/// Invariants:
/// 1. Every phase is started once, after the end (done or overrun) of all that
///    it waits for, at the event which brought the last of these ends; or, when
///    a phase without `recover` overran, it is skipped.
/// 2. `finished` comes once: when no phase runs and none is to start. Phases
///    that run beside one that aborts keep their budgets.
/// 3. With ticks no later than `next_deadline()`, the run takes no longer than
///    the plan's critical path.
///
/// A phase that fails is done: its error is the owner's to keep.
/// Not thread-safe; time must not go back.
class phase_run {
public:
  using effects = std::vector<phase_effect>;

  explicit phase_run(phase_plan plan);

  // -- events -----------------------------------------------------------------

  /// Begins. A run begins once: another start is ignored, and says so.
  effects start(runtime::time_point now);

  /// The work of a phase has ended. Ignored, with a word, unless it runs: it
  /// may have overrun before, and then its end changes nothing.
  effects phase_done(std::string_view name, runtime::time_point now);

  /// Time has passed.
  effects tick(runtime::time_point now);

  // -- properties -------------------------------------------------------------

  const phase_plan& plan() const noexcept {
    return plan_;
  }

  phase_state state(std::size_t index) const noexcept {
    return entries_[index].state;
  }

  /// When the next tick has something to do; none if no phase runs.
  std::optional<runtime::time_point> next_deadline() const noexcept;

  bool started() const noexcept {
    return started_;
  }

  bool finished() const noexcept {
    return finished_;
  }

  /// The phase without `recover` that overran first, if one did.
  std::optional<std::size_t> aborted_by() const noexcept {
    return aborted_by_;
  }

private:
  struct entry {
    phase_state state = phase_state::waiting;
    std::size_t waits_for = 0; // phases that have not ended
    runtime::time_point deadline{}; // while it runs
  };

  void begin(std::size_t index, runtime::time_point now, effects& out);
  void end(std::size_t index, phase_state how) noexcept;
  void start_behind(std::size_t index, runtime::time_point now, effects& out);
  void abort(std::size_t index, effects& out);
  void finish_if_idle(effects& out);

  phase_plan plan_;
  std::vector<entry> entries_;
  std::size_t running_ = 0;
  std::optional<std::size_t> aborted_by_;
  bool started_ = false;
  bool finished_ = false;
};

} // namespace axiom
