#pragma once

#include <cstdint>
#include <optional>

#include "axiom/error/circuit/outcome_window.hpp"
#include "axiom/error/circuit_state.hpp"
#include "axiom/runtime/timer_service.hpp"

namespace axiom::detail {

/// The numbers among a breaker's options.
struct circuit_rules {
  std::uint32_t failures_in_a_row;
  double failure_rate;
  std::uint32_t minimum_calls;
  runtime::duration window;
  runtime::duration open_for;
  runtime::duration max_open_for;
  std::uint32_t probes;
};

/// Why a circuit is not closed.
enum class circuit_cause : std::uint8_t {
  none,
  failures_in_a_row,
  failure_rate,
  probe_failed,
  by_hand,
};

/// How a call ended, as far as the breaker is concerned.
enum class call_outcome : std::uint8_t { succeeded, failed, ignored };

/// The permission for one call.
struct circuit_ticket {
  std::uint64_t period = 0; ///< in which it began
};

/// When a circuit opens and closes: the whole of that decision, without
/// threads, actors or errors. Calls enter and leave; what happens to them goes
/// by the state they began in.
///
///             too many failures, trip                   due
///     closed ------------------------> open ----------------------> half-open
///       ^  ^                            ^  |                          |  |
///       |  +------------ reset ---------|--+                          |  |
///       |                               +---------- a probe fails ----+  |
///       +----------------- as many probes succeed as are wanted ---------+
///
/// The time between two changes of state is a period; they are numbered.
///
/// Invariants:
/// 1. In a period that is open nobody enters.
/// 2. In a half-open one, those under way and those that have succeeded are
///    together at most `probes`; so it is decided by `probes` calls, but for
///    those of which nothing can be learnt, whose place is free again.
/// 3. The end of a call that began in another period changes nothing but a
///    count: a failure that was long on its way neither opens a circuit that
///    has closed since, nor is a late success taken for a probe.
/// 4. Each change of state is reported by the event that made it.
///
/// Not thread-safe: the owner's lock protects it. Time that goes back stands
/// still.
class circuit_core {
public:
  struct figures {
    std::uint64_t succeeded = 0;
    std::uint64_t failed = 0;
    std::uint64_t ignored = 0;
    std::uint64_t late = 0;
    std::uint64_t refused = 0;
    std::uint64_t opened = 0;
  };

  explicit circuit_core(const circuit_rules& rules) noexcept
    : rules_(rules), window_(rules.window) {
    // nop
  }

  // -- events; true if the state has changed ----------------------------------

  /// Somebody asks for permission. An open circuit that is due becomes
  /// half-open by that.
  bool enter(runtime::time_point now,
             std::optional<circuit_ticket>& result) noexcept;

  /// A call has ended.
  bool leave(circuit_ticket ticket, call_outcome how,
             runtime::time_point now) noexcept;

  /// Time has passed.
  bool advance(runtime::time_point now) noexcept;

  /// Opens it, or lets one that is open begin anew.
  bool trip(runtime::time_point now) noexcept;

  /// Closes it, and forgets all failures.
  bool reset() noexcept;

  // -- properties -------------------------------------------------------------

  circuit_state state() const noexcept {
    return state_;
  }

  /// Whether it would let a call through.
  bool admits() const noexcept {
    return state_ == circuit_state::closed
        || (state_ == circuit_state::half_open
            && under_way_ + probed_ < rules_.probes);
  }

  std::uint64_t period() const noexcept {
    return period_;
  }

  /// When an open circuit is due.
  runtime::time_point due() const noexcept {
    return due_;
  }

  runtime::duration opened_for() const noexcept {
    return open_for_;
  }

  circuit_cause cause() const noexcept {
    return cause_;
  }

  /// What opened it: the failures, and the calls that they were of.
  std::uint64_t cause_failures() const noexcept {
    return cause_failures_;
  }

  std::uint64_t cause_calls() const noexcept {
    return cause_calls_;
  }

  std::uint64_t in_a_row() const noexcept {
    return in_a_row_;
  }

  std::uint32_t probes_under_way() const noexcept {
    return under_way_;
  }

  const outcome_window& window() const noexcept {
    return window_;
  }

  const figures& counts() const noexcept {
    return counts_;
  }

private:
  bool left_closed(call_outcome how, runtime::time_point now) noexcept;
  bool left_half_open(call_outcome how, runtime::time_point now) noexcept;
  void open(circuit_cause why, runtime::time_point now) noexcept;
  void close() noexcept;
  void become(circuit_state to) noexcept;

  circuit_rules rules_;
  outcome_window window_;
  circuit_state state_ = circuit_state::closed;
  std::uint64_t period_ = 1;
  circuit_cause cause_ = circuit_cause::none;
  std::uint64_t cause_failures_ = 0;
  std::uint64_t cause_calls_ = 0;
  std::uint64_t in_a_row_ = 0; ///< while it is closed
  std::uint32_t under_way_ = 0; ///< while it is half-open
  std::uint32_t probed_ = 0; ///< successes, while it is half-open
  runtime::duration open_for_{}; ///< the last time; 0 since it was closed
  runtime::time_point due_{};
  figures counts_;
};

} // namespace axiom::detail
