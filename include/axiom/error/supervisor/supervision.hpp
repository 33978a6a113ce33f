#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <random>
#include <set>
#include <utility>
#include <vector>

#include "axiom/error/supervisor/exit_class.hpp"
#include "axiom/error/supervisor/restart_window.hpp"
#include "axiom/error/supervisor_options.hpp"
#include "axiom/error/supervisor_stats.hpp"
#include "axiom/runtime/timer_service.hpp"

namespace axiom::detail {

/// Numbers the children of one supervisor, ascending in the order in which they
/// are started; never used again.
using child_key = std::uint64_t;

/// Stands for somebody who waits for an answer.
using supervision_ticket = std::uint64_t;

/// How a request was settled.
enum class supervision_verdict : std::uint8_t {
  done,
  start_failed, ///< the child did not start
  interrupted, ///< the child was stopped before it had started
  no_such_child,
  busy, ///< the child is not stopped
  closed, ///< the supervisor is ending
};

/// Something that the host has to do. It does so in order.
struct supervision_effect {
  enum class kind : std::uint8_t {
    start, ///< make an incarnation; answer with one of the reports
    overdue, ///< did not start in time; `ask` or `kill` follows
    ask, ///< ask the incarnation to end
    kill, ///< end it
    settle, ///< answer a request
    forget, ///< the child is no more
    up, ///< the first start of all children is over
    end, ///< no child is left that runs; the supervisor ends
  };

  kind what;
  child_key child = 0;
  std::uint64_t incarnation = 0;
  supervision_ticket ticket = 0;
  supervision_verdict verdict = supervision_verdict::done;
};

/// Why a supervisor ends.
enum class supervision_end : std::uint8_t {
  requested,
  start_failed, ///< a child did not start when the supervisor did
  too_many, ///< restarts
  auto_shutdown, ///< significant children have ended
};

/// What a supervisor decides: a state machine without actors, clocks and
/// threads. Events go in, effects come out.
///
/// The problem: OTP's supervisor does one thing after the other, and blocks
/// meanwhile. An actor must not, so children fail, requests come and time
/// passes while others are being stopped and started. Here nothing is a
/// procedure that could be interrupted. Each child has a state and a goal, and
/// after each event `proceed` does what brings the goals nearer, in the order
/// that the strategy demands.
///
///     waiting --its time and turn--> starting --says so--> running
///        ^                              |                    |
///        |                              +-----its turn to----+
///        |                              |     stop, or late  |
///        |                              v                    v
///        |                            stopping --late--> killing
///        |
///     (from each of the four, when the incarnation is dead)
///        |
///        +-- it failed and is to be restarted, or `wanted`
///        |
///     stopped or forgotten: otherwise
///
/// A stopped one is waiting again by request, or with a sibling; a waiting one
/// is stopped by request, or when all ends.
///
/// - waiting: it is to be started, when its time and its turn have come;
/// - starting, running, stopping, killing: alive, there is an incarnation;
/// - stopped: it is not to run; its specification stays.
///
/// A child in `marked_` is alive and to be stopped; it is in `pending_` if it
/// is waiting and starts in its turn. `wanted` says what comes after its stop.
///
/// Invariants:
/// 1. A child has one incarnation at most: `start` is said of a dead one only,
///    and reports of an incarnation that is over change nothing.
/// 2. Of the marked children, the youngest is stopped first, and the next when
///    it is dead. (With `simple_one_for_one` all are, at once; and who is to
///    be stopped by request.)
/// 3. In its turn, a child is started when all older ones have been; with
///    `one_for_all` and `rest_for_one` when moreover no child is marked.
/// 4. Every ticket is settled once, at the latest before `end`.
/// 5. Once it is closing, no child is waiting, all alive are marked, and no
///    start is said.
/// 6. `end` is said once, with no child alive; the host does nothing after it.
/// 7. Between two events, what could be done is done: a supervisor that does
///    nothing waits for a report, or for `next_due`, or for requests.
///
/// As with OTP:
/// - A restart of several starts those too that had been stopped before.
/// - What fails to start in a restart is tried again, and counts again; by
///   request, it is not. The first start of all is given up with the first
///   failure.
/// - A failure of a child that is being stopped restarts nothing.
/// - With `simple_one_for_one`, a child that is not to run any more is
///   forgotten, whatever its kind.
///
/// Unlike OTP:
/// - A child may be removed while it runs; it is stopped first.
/// - Restarts may wait.
///
/// Costs O(log children) an event, and O(those concerned) for several.
class supervision {
public:
  // -- member types -----------------------------------------------------------

  struct policy {
    supervision_strategy strategy = supervision_strategy::one_for_one;
    std::size_t max_restarts = 0;
    runtime::duration within{0};
    restart_backoff backoff{};
    axiom::auto_shutdown auto_shutdown = axiom::auto_shutdown::never;
    std::uint64_t seed = 0;
  };

  struct child_policy {
    restart_kind restart = restart_kind::permanent;
    bool significant = false;
    runtime::duration shutdown = shutdown_infinity;

    /// For one that says when it is started; else it is reported at once.
    runtime::duration start_timeout = runtime::duration::max();
  };

  // -- constructors -----------------------------------------------------------

  explicit supervision(const policy& how);

  // -- requests ---------------------------------------------------------------

  /// Adds a child that is started with the others by `begin`.
  /// @pre `begin` was not called
  child_key add(const child_policy& how);

  /// Adds a child, which is to start now. If it does not, it is forgotten. The
  /// ticket is settled as `closed` and nothing else happens if it is closing.
  child_key add(const child_policy& how, supervision_ticket who,
                runtime::time_point now);

  /// Starts the children.
  void begin(runtime::time_point now);

  /// Stops a child; it stays, unless it is temporary.
  void terminate(child_key child, supervision_ticket who,
                 runtime::time_point now);

  /// Stops a child and forgets it.
  void remove(child_key child, supervision_ticket who, runtime::time_point now);

  /// Starts a child that is stopped.
  void restart(child_key child, supervision_ticket who,
               runtime::time_point now);

  /// Stops all and ends. If it is closing already, nothing changes.
  void close(runtime::time_point now);

  // -- reports ----------------------------------------------------------------

  void started(child_key child, std::uint64_t incarnation,
               runtime::time_point now);

  /// There is no incarnation, and that is no failure.
  void ignored(child_key child, std::uint64_t incarnation,
               runtime::time_point now);

  /// There is no incarnation, since it could not be made.
  /// @param earliest as for `ended`
  void start_failed(child_key child, std::uint64_t incarnation,
                    runtime::time_point now,
                    runtime::time_point earliest = runtime::time_point::min());

  /// The incarnation is dead.
  /// @param earliest if that leads to a restart: not before this
  void ended(child_key child, std::uint64_t incarnation, exit_class how,
             runtime::time_point now,
             runtime::time_point earliest = runtime::time_point::min());

  /// Does what is due.
  void time_passed(runtime::time_point now);

  // -- properties -------------------------------------------------------------

  /// What is to be done since the last call.
  std::vector<supervision_effect> take_effects() {
    return std::exchange(effects_, {});
  }

  /// When to call `time_passed`, if nothing happens before.
  std::optional<runtime::time_point> next_due() const;

  /// Nothing for a child that is no more.
  std::optional<child_state> state_of(child_key child) const;

  /// The incarnation that is alive; 0 if there is none.
  std::uint64_t incarnation_of(child_key child) const;

  std::size_t size() const noexcept {
    return children_.size();
  }

  /// How many have an incarnation.
  std::size_t alive() const noexcept {
    return alive_;
  }

  /// Restarts because of failures.
  std::uint64_t restarts() const noexcept {
    return restarts_;
  }

  /// Why it is ending; nothing if it is not.
  std::optional<supervision_end> closing() const noexcept {
    return closing_;
  }

  /// The child whose end it could not bear; 0 unless it gave up. It is dead,
  /// and not forgotten.
  child_key culprit() const noexcept {
    return culprit_;
  }

  /// Whether the first start of all children is over.
  bool is_up() const noexcept {
    return up_;
  }

private:
  struct child {
    child_key key;
    child_policy how;
    child_state state = child_state::stopped;
    bool marked = false; ///< to be stopped
    bool wanted = false; ///< to be started again after that
    bool initial = false; ///< one of `begin` that has not started yet
    bool fresh = false; ///< one added later that has not started yet
    bool discarded = false; ///< to be forgotten once dead
    bool start_overdue =
      false; ///< it is stopped since it did not start in time
    std::uint64_t incarnation = 0;
    std::uint64_t attempt = 0; ///< failures in a row
    std::optional<runtime::time_point> running_since{}; ///< the last time
    runtime::time_point due{}; ///< when it may start, if it is waiting
    std::optional<runtime::time_point> alarm{}; ///< its entry in `alarms_`
    std::optional<supervision_ticket> start_ticket{};
    std::vector<supervision_ticket> stop_tickets{};
  };

  using effect = supervision_effect::kind;

  bool simple() const noexcept {
    return how_.strategy == supervision_strategy::simple_one_for_one;
  }

  bool ordered() const noexcept {
    return how_.strategy == supervision_strategy::one_for_all
        || how_.strategy == supervision_strategy::rest_for_one;
  }

  static bool is_alive(child_state x) noexcept {
    return x != child_state::waiting && x != child_state::stopped;
  }

  child* find(child_key key);
  child* find_alive(child_key key, std::uint64_t incarnation);

  child& insert(const child_policy& how);
  void become(child& x, child_state next);
  void set_alarm(child& x, runtime::time_point when);
  void clear_alarm(child& x);
  void no_longer_initial(child& x);
  void settle_start(child& x, supervision_verdict how);
  void settle(supervision_ticket who, supervision_verdict how, child_key key);

  void pend(child& x, runtime::time_point due, runtime::time_point now);
  void unpend(child& x);
  void start(child& x, runtime::time_point now);
  void mark(child& x, bool wanted);
  void begin_stop(child& x, runtime::time_point now);
  child_state die(child& x, runtime::time_point now);

  void stopped_on_purpose(child& x, runtime::time_point now);
  void failed_to_start(child& x, runtime::time_point now,
                       runtime::time_point earliest);
  void exited(child& x, exit_class how, runtime::time_point now,
              runtime::time_point earliest);
  void restart_after_failure(child& x, runtime::time_point now,
                             runtime::time_point earliest);
  void delay(child& x, runtime::time_point due, runtime::time_point now);
  void rest(child& x, supervision_verdict how);
  void forget(child& x);
  void stop_by_request(child_key key, supervision_ticket who, bool discard,
                       runtime::time_point now);
  void give_up(supervision_end why, const child& because_of,
               runtime::time_point now);
  void close(supervision_end why, runtime::time_point now);
  void proceed(runtime::time_point now);

  const policy how_;
  restart_window window_;
  std::minstd_rand random_;
  std::map<child_key, child> children_;
  std::set<child_key> marked_;
  std::set<child_key> pending_;
  std::set<std::pair<runtime::time_point, child_key>> alarms_;
  std::optional<child_key> in_turn_; ///< whose start the others wait for
  child_key last_key_ = 0;
  std::size_t alive_ = 0;
  std::size_t initial_ = 0; ///< children of `begin` that have not started
  std::size_t significant_ = 0; ///< significant children that are not stopped
  std::uint64_t restarts_ = 0;
  std::optional<supervision_end> closing_;
  child_key culprit_ = 0;
  bool begun_ = false;
  bool up_ = false;
  bool ended_ = false;
  std::vector<supervision_effect> effects_;
};

} // namespace axiom::detail
