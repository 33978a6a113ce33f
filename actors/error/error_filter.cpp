#include "axiom/error/error_filter.hpp"

#include <stdexcept>

#include <caf/sec.hpp>

#include "axiom/error/error_walk.hpp"

namespace axiom {

namespace {

bool code_may_pass(errc code) noexcept {
  switch (code) {
    case errc::cancelled:
    case errc::scope_closed:
    case errc::not_in_scope:
    case errc::blocking_on_worker:
    case errc::self_join:
    case errc::name_too_long:
    case errc::invalid_argument:
    case errc::no_such_task:
    case errc::not_a_service:
    case errc::not_installed:
    case errc::empty_handle:
    case errc::exceeds_capacity:
    case errc::retries_exhausted:
    case errc::restarts_exhausted:
    case errc::no_such_child:
    case errc::child_not_stopped:
    case errc::name_taken:
      return false;
    case errc::deadline_exceeded:
    case errc::child_failed:
    case errc::concurrent_errors:
    case errc::unhandled_exception:
    case errc::resource_deadlock: // what was held is given back by now
    case errc::never_started:
    case errc::node_down:
    case errc::circuit_open:
    case errc::queue_full:
      return true;
  }
  return true;
}

bool says_the_program_is_wrong(const failure& why) noexcept {
  if (!why.cause() || !why.is(errc::unhandled_exception))
    return false;
  try {
    std::rethrow_exception(why.cause());
  } catch (const std::logic_error&) {
    return true;
  } catch (...) {
    return false;
  }
}

bool one_may_pass(const failure& why) noexcept {
  if (auto code = code_of(why.error()))
    return code_may_pass(*code) && !says_the_program_is_wrong(why);
  return why.error() != caf::sec::unexpected_message
      && why.error() != caf::sec::invalid_argument;
}

} // namespace

bool is_transient(const failure& why) {
  const task_error top{{}, why, {}, {}};
  const auto* several = top.nested();
  if (several == nullptr)
    return one_may_pass(why);
  for (error_walk at{several->errors()}; at.next();) {
    const auto& error = at.error().error;
    if (error.is(errc::retries_exhausted)) // noted beside the last error
      return false;
    if (at.below() == nullptr && !at.within_suppressed()
        && !one_may_pass(error))
      return false;
  }
  return true;
}

} // namespace axiom
