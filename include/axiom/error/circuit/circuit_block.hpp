#pragma once

#include <atomic>
#include <optional>
#include <string>
#include <vector>

#include <boost/smart_ptr/intrusive_ptr.hpp>
#include <boost/smart_ptr/intrusive_ref_counter.hpp>

#include "axiom/error/circuit/circuit_core.hpp"
#include "axiom/error/circuit_actor.hpp"
#include "axiom/error/circuit_options.hpp"
#include "axiom/runtime/host.hpp"
#include "axiom/runtime/small_mutex.hpp"

namespace axiom::detail {

/// Where a circuit stands, and why.
struct circuit_standing {
  circuit_state state = circuit_state::closed;
  timestamp since;
  timestamp until; ///< of an open one
  circuit_cause cause = circuit_cause::none;
  std::uint64_t cause_failures = 0;
  std::uint64_t cause_calls = 0;
  std::optional<failure> last_failure{}; ///< that counted, before it opened
};

/// In words; "" for a closed one.
std::string why_not_closed(const circuit_standing& x);

/// A circuit breaker behind its handles and its actor: the core under a lock,
/// beside one word that tells whether it is closed.
///
/// A call asks the word; only while the circuit is not closed does it need the
/// lock to begin. To end, a call always takes it, for a few instructions. A
/// call that sees the word just before the circuit opens has begun before it
/// opened, and its ticket says so.
///
/// Changes of state are put into a list under the lock, in order, and the actor
/// is told: it announces them, and looks after the time. Whoever calls an open
/// circuit that is due makes it half-open by itself, so nothing depends on the
/// actor but the announcements.
///
/// Invariants:
/// 1. `closed_period_` is the core's period if that is closed, else 0; written
///    under the lock.
/// 2. The actor is told of each change, in order, unless it has ended.
/// 3. The actor is written before its first message, and after its timer was
///    cancelled for good, so that the timer may read it.
/// 4. Neither time is asked for nor a message sent under the lock, nor does a
///    failure end there: an exception may own a pass of this circuit.
///
/// Thread-safe.
class circuit_block final : public runtime::resident,
                            public boost::intrusive_ref_counter<circuit_block> {
public:
  struct change {
    circuit_state from;
    circuit_standing now;
    runtime::time_point due; ///< when an open one is half-open
  };

  /// Throws `errc::invalid_argument` and `errc::name_too_long` with all that is
  /// wrong.
  circuit_block(runtime::host& where, circuit_options options);
  ~circuit_block() override;

  const std::string& name() const noexcept {
    return options_.name;
  }

  runtime::host& host() const noexcept {
    return host_;
  }

  // -- its actor --------------------------------------------------------------

  /// Before anybody else has this.
  void begin(circuit_actor actor);

  /// For the actor, as long as it runs.
  const circuit_actor& actor() const noexcept {
    return actor_;
  }

  /// The changes since the last call.
  std::vector<change> take_changes();

  /// Time has passed.
  void advance() noexcept;

  /// How many it tells of them.
  void subscribers(std::size_t n) noexcept {
    subscribers_.store(n, std::memory_order_relaxed);
  }

  /// From now on nobody takes changes.
  void actor_ended() noexcept;

  // -- calls ------------------------------------------------------------------

  /// Permission for a call; nothing if it is refused.
  std::optional<circuit_ticket> enter() noexcept {
    // Relaxed: nothing else is read by it. The ticket is looked at under the
    // lock when the call ends.
    if (auto period = closed_period_.load(std::memory_order_relaxed))
      return circuit_ticket{period};
    return enter_unless_closed();
  }

  /// Throws `circuit_open_error`.
  [[noreturn]] void refuse();

  /// The call has ended. `why`, if it failed.
  void leave(circuit_ticket ticket, call_outcome how,
             const failure* why = nullptr) noexcept;

  /// Whether an error counts.
  bool counts(const failure& why) const noexcept;

  /// After how long a success is none.
  const std::optional<runtime::duration>& slow_call() const noexcept {
    return options_.slow_call;
  }

  // -- everybody --------------------------------------------------------------

  circuit_state state() noexcept;

  /// Whether a call would be let through at this moment.
  bool admits() noexcept;

  void trip() noexcept;
  void reset() noexcept;

  circuit_stats stats();

private:
  std::optional<circuit_ticket> enter_unless_closed() noexcept;

  /// Failures that were forgotten under the lock, to end without it.
  struct forgotten {
    std::optional<failure> last;
    std::optional<failure> standing;
  };

  /// Has `event(core)`, which returns whether the state has changed, happen.
  template <class F>
  void happens(runtime::time_point now, F event) noexcept;

  void note_change(circuit_state from, timestamp at, forgotten& old) noexcept;

  timestamp wall_time(runtime::time_point at) const noexcept;

  runtime::host& host_; ///< for the actor, which keeps it
  runtime::timer_service& timers_;
  const circuit_options options_;
  std::atomic<std::uint64_t> closed_period_;
  std::atomic<std::size_t> subscribers_{0}; ///< for the figures alone
  runtime::small_mutex lock_; ///< of what follows
  circuit_core core_;
  circuit_standing standing_;
  std::optional<failure> last_failure_;
  std::vector<change> changes_;
  circuit_actor actor_; ///< none once it has ended, since it keeps this
};

using circuit_ptr = boost::intrusive_ptr<circuit_block>;

/// Starts the actor of a breaker.
circuit_actor spawn_circuit_actor(caf::actor_system& sys, circuit_ptr block);

} // namespace axiom::detail
