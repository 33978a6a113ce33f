#include "axiom/error/circuit/circuit_core.hpp"

#include <algorithm>

#include "axiom/runtime/later.hpp"

namespace axiom::detail {

// -- events -------------------------------------------------------------------

bool circuit_core::enter(runtime::time_point now,
                         std::optional<circuit_ticket>& result) noexcept {
  const auto changed = advance(now);
  if (!admits()) {
    ++counts_.refused;
    result.reset();
    return changed;
  }
  if (state_ == circuit_state::half_open)
    ++under_way_;
  result = circuit_ticket{period_};
  return changed;
}

bool circuit_core::leave(circuit_ticket ticket, call_outcome how,
                         runtime::time_point now) noexcept {
  switch (how) {
    case call_outcome::succeeded:
      ++counts_.succeeded;
      break;
    case call_outcome::failed:
      ++counts_.failed;
      break;
    case call_outcome::ignored:
      ++counts_.ignored;
      break;
  }
  if (ticket.period != period_) {
    ++counts_.late;
    return false;
  }
  return state_ == circuit_state::closed ? left_closed(how, now)
                                         : left_half_open(how, now);
}

bool circuit_core::advance(runtime::time_point now) noexcept {
  if (state_ != circuit_state::open || now < due_)
    return false;
  become(circuit_state::half_open);
  return true;
}

bool circuit_core::trip(runtime::time_point now) noexcept {
  cause_failures_ = cause_calls_ = 0;
  open(circuit_cause::by_hand, now);
  return true;
}

bool circuit_core::reset() noexcept {
  const auto changed = state_ != circuit_state::closed;
  if (changed)
    close();
  window_.clear();
  in_a_row_ = 0;
  return changed;
}

// -- what they lead to --------------------------------------------------------

bool circuit_core::left_closed(call_outcome how,
                               runtime::time_point now) noexcept {
  if (how == call_outcome::ignored)
    return false;
  const auto failed = how == call_outcome::failed;
  in_a_row_ = failed ? in_a_row_ + 1 : 0;
  if (rules_.failure_rate > 0)
    window_.add(now, failed);
  if (!failed)
    return false;
  if (rules_.failures_in_a_row > 0 && in_a_row_ >= rules_.failures_in_a_row) {
    cause_failures_ = cause_calls_ = in_a_row_;
    open(circuit_cause::failures_in_a_row, now);
    return true;
  }
  const auto calls = window_.calls();
  if (rules_.failure_rate > 0 && calls >= rules_.minimum_calls
      && static_cast<double>(window_.failures())
           >= rules_.failure_rate * static_cast<double>(calls)) {
    cause_failures_ = window_.failures();
    cause_calls_ = calls;
    open(circuit_cause::failure_rate, now);
    return true;
  }
  return false;
}

bool circuit_core::left_half_open(call_outcome how,
                                  runtime::time_point now) noexcept {
  --under_way_;
  switch (how) {
    case call_outcome::ignored:
      return false;
    case call_outcome::failed:
      cause_failures_ = 1;
      cause_calls_ = probed_ + 1;
      open(circuit_cause::probe_failed, now);
      return true;
    default:
      if (++probed_ < rules_.probes)
        return false;
      close();
      return true;
  }
}

void circuit_core::open(circuit_cause why, runtime::time_point now) noexcept {
  // Doubled without an overflow: it is at most what it may be.
  const auto longer =
    open_for_ > rules_.max_open_for / 2 ? rules_.max_open_for : 2 * open_for_;
  open_for_ = why == circuit_cause::probe_failed
              ? std::max(longer, rules_.open_for)
              : rules_.open_for;
  due_ = runtime::later(now, open_for_);
  cause_ = why;
  ++counts_.opened;
  become(circuit_state::open);
}

void circuit_core::close() noexcept {
  cause_ = circuit_cause::none;
  open_for_ = {};
  become(circuit_state::closed);
}

void circuit_core::become(circuit_state to) noexcept {
  state_ = to;
  ++period_;
  window_.clear();
  in_a_row_ = 0;
  under_way_ = 0;
  probed_ = 0;
}

} // namespace axiom::detail
