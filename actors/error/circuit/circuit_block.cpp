#include "axiom/error/circuit/circuit_block.hpp"

#include <algorithm>
#include <cmath>
#include <mutex>
#include <new>
#include <utility>

#include <caf/send.hpp>

#include "axiom/coordination/detail/problems.hpp"
#include "axiom/error/circuit_breaker.hpp"
#include "axiom/error/error_filter.hpp"

namespace axiom {

std::vector<std::string> problems_of(const circuit_options& options) {
  std::vector<std::string> result;
  const auto who = "circuit " + quoted(options.name) + ": ";
  auto wrong = [&](bool is_wrong, const char* what) {
    if (is_wrong)
      result.push_back(who + what);
  };
  const auto zero = runtime::duration::zero();
  wrong(!(options.failure_rate >= 0 && options.failure_rate <= 1),
        "failure_rate must be from 0 to 1");
  wrong(options.failure_rate == 0 && options.failures_in_a_row == 0,
        "it would never open: give it failures_in_a_row, or a failure_rate");
  wrong(options.minimum_calls == 0, "minimum_calls is 0; use at least 1");
  wrong(options.window < std::chrono::nanoseconds{10},
        "window must be at least 10 ns");
  wrong(options.slow_call && *options.slow_call <= zero,
        "slow_call must be positive");
  wrong(options.open_for <= zero, "open_for must be positive");
  wrong(options.max_open_for && *options.max_open_for < options.open_for,
        "max_open_for is below open_for");
  wrong(options.probes == 0,
        "probes is 0: it would never close again; use at least 1");
  return result;
}

namespace detail {

namespace {

circuit_options checked(circuit_options options) {
  refuse_if_any(problems_of(options));
  if (options.name.size() > max_task_name)
    throw exception{errc::name_too_long,
                    "the name of a circuit breaker is longer than "
                      + std::to_string(max_task_name) + " bytes"};
  return options;
}

circuit_rules rules_of(const circuit_options& x) {
  return {x.failures_in_a_row,
          x.failure_rate,
          x.minimum_calls,
          x.window,
          x.open_for,
          x.max_open_for.value_or(x.open_for),
          x.probes};
}

/// The point in time `span` after `start`; the end of time if it is beyond.
timestamp wall_time_after(timestamp start, runtime::duration span) noexcept {
  const auto left = timestamp::max() - start;
  return span < left
         ? start + std::chrono::duration_cast<timestamp::duration>(span)
         : timestamp::max();
}

} // namespace

std::string why_not_closed(const circuit_standing& x) {
  std::string result;
  switch (x.cause) {
    case circuit_cause::none:
      return result;
    case circuit_cause::failures_in_a_row:
      result = std::to_string(x.cause_failures) + " failures in a row";
      break;
    case circuit_cause::failure_rate:
      result = std::to_string(x.cause_failures) + " of the last "
             + std::to_string(x.cause_calls) + " calls failed";
      break;
    case circuit_cause::probe_failed:
      result = "a probe failed";
      break;
    case circuit_cause::by_hand:
      return "opened by hand";
  }
  if (x.last_failure)
    result += "; the last: " + x.last_failure->what();
  return result;
}

circuit_block::circuit_block(runtime::host& where, circuit_options options)
  : host_(where),
    timers_(where.timers()),
    options_(checked(std::move(options))),
    closed_period_(0),
    core_(rules_of(options_)) {
  closed_period_.store(core_.period(), std::memory_order_relaxed);
  standing_.since = wall_time(timers_.now());
  changes_.reserve(8);
}

circuit_block::~circuit_block() = default;

// -- its actor ----------------------------------------------------------------

void circuit_block::begin(circuit_actor actor) {
  actor_ = std::move(actor);
  host_.residents().add(*this);
}

std::vector<circuit_block::change> circuit_block::take_changes() {
  std::vector<change> result;
  result.reserve(8);
  std::lock_guard guard{lock_};
  result.swap(changes_);
  return result;
}

void circuit_block::actor_ended() noexcept {
  host_.residents().remove(*this);
  circuit_actor ended; // goes without the lock, as what it was not told
  std::vector<change> untold;
  std::lock_guard guard{lock_};
  std::swap(ended, actor_);
  untold.swap(changes_);
}

// -- events -------------------------------------------------------------------

timestamp circuit_block::wall_time(runtime::time_point at) const noexcept {
  return host_.info().wall_time(at);
}

void circuit_block::note_change(circuit_state from, timestamp at,
                                forgotten& old) noexcept {
  closed_period_.store(core_.state() == circuit_state::closed ? core_.period()
                                                              : 0,
                       std::memory_order_relaxed);
  const auto to = core_.state();
  auto& x = standing_;
  x.state = to;
  x.since = at;
  x.until = {};
  x.cause = core_.cause();
  if (to == circuit_state::open) {
    x.until = wall_time_after(x.since, core_.opened_for());
    x.cause_failures = core_.cause_failures();
    x.cause_calls = core_.cause_calls();
    old.standing = std::exchange(
      x.last_failure,
      x.cause == circuit_cause::by_hand ? std::nullopt : last_failure_);
  } else if (to == circuit_state::closed) {
    old.standing = std::exchange(x.last_failure, std::nullopt);
    old.last = std::exchange(last_failure_, std::nullopt);
  }
  if (!actor_)
    return;
  try {
    changes_.push_back({from, x, core_.due()});
  } catch (const std::bad_alloc&) {
    // The state is what counts; its announcement is lost.
  }
}

template <class F>
void circuit_block::happens(runtime::time_point now, F event) noexcept {
  const auto at = wall_time(now);
  circuit_actor to_tell;
  forgotten old;
  {
    std::lock_guard guard{lock_};
    const auto from = core_.state();
    if (event(core_)) {
      note_change(from, at, old);
      to_tell = actor_;
    }
  }
  if (to_tell)
    caf::anon_send(to_tell, changed_atom_v);
}

void circuit_block::advance() noexcept {
  const auto now = timers_.now();
  happens(now, [now](auto& core) { return core.advance(now); });
}

std::optional<circuit_ticket> circuit_block::enter_unless_closed() noexcept {
  const auto now = timers_.now();
  std::optional<circuit_ticket> result;
  happens(now, [&](auto& core) { return core.enter(now, result); });
  return result;
}

void circuit_block::leave(circuit_ticket ticket, call_outcome how,
                          const failure* why) noexcept {
  // A stamp that is some microseconds late will do, as long as no call seems to
  // have ended before the circuit opened.
  const auto now =
    how == call_outcome::failed ? timers_.now() : timers_.recently();
  std::optional<failure> old; // destroyed without the lock
  happens(now, [&](auto& core) {
    if (why != nullptr && ticket.period == core.period())
      old = std::exchange(last_failure_, *why);
    return core.leave(ticket, how, now);
  });
}

bool circuit_block::counts(const failure& why) const noexcept {
  try {
    return options_.counts ? options_.counts(why) : is_transient(why);
  } catch (...) {
    return true; // rather open for nothing than never
  }
}

void circuit_block::trip() noexcept {
  const auto now = timers_.now();
  happens(now, [now](auto& core) { return core.trip(now); });
}

void circuit_block::reset() noexcept {
  happens(timers_.now(), [](auto& core) { return core.reset(); });
}

// -- observing ----------------------------------------------------------------

void circuit_block::refuse() {
  circuit_standing x;
  runtime::time_point due;
  {
    std::lock_guard guard{lock_};
    x = standing_;
    due = core_.due();
  }
  throw circuit_open_error{options_.name, x, due, timers_.now()};
}

circuit_state circuit_block::state() noexcept {
  if (closed_period_.load(std::memory_order_relaxed) != 0)
    return circuit_state::closed;
  advance();
  std::lock_guard guard{lock_};
  return core_.state();
}

bool circuit_block::admits() noexcept {
  if (closed_period_.load(std::memory_order_relaxed) != 0)
    return true;
  advance();
  std::lock_guard guard{lock_};
  return core_.admits();
}

circuit_stats circuit_block::stats() {
  advance();
  const auto now = timers_.now();
  circuit_standing standing;
  circuit_stats result;
  {
    std::lock_guard guard{lock_};
    standing = standing_;
    auto window = core_.window();
    window.forget(now);
    const auto& counts = core_.counts();
    result.succeeded = counts.succeeded;
    result.failed = counts.failed;
    result.ignored = counts.ignored;
    result.late = counts.late;
    result.refused = counts.refused;
    result.opened = counts.opened;
    result.recent_calls = window.calls();
    result.recent_failures = window.failures();
    result.failures_in_a_row = core_.in_a_row();
    result.probes = core_.probes_under_way();
  }
  result.subscribers = subscribers_.load(std::memory_order_relaxed);
  result.name = options_.name;
  result.state = standing.state;
  result.since = standing.since;
  result.until = standing.until;
  result.why = why_not_closed(standing);
  return result;
}

} // namespace detail

} // namespace axiom
