#include "axiom/error/supervisor/earliest_restart.hpp"

#include <algorithm>

#include "axiom/error/circuit_breaker.hpp"
#include "axiom/error/error_walk.hpp"

namespace axiom::detail {

namespace {

runtime::time_point due_of(const failure& why) {
  constexpr auto never = runtime::time_point::min();
  if (!why.cause() || !why.is(errc::circuit_open))
    return never;
  try {
    std::rethrow_exception(why.cause());
  } catch (const circuit_open_error& ex) {
    return ex.due().value_or(never);
  } catch (...) {
    return never;
  }
}

} // namespace

runtime::time_point earliest_restart(const failure& why) {
  const task_error top{{}, why, {}, {}};
  const auto* several = top.nested();
  if (several == nullptr)
    return due_of(why);
  auto result = runtime::time_point::min();
  for (error_walk at{several->errors()}; at.next();)
    if (at.below() == nullptr && !at.within_suppressed())
      result = std::max(result, due_of(at.error().error));
  return result;
}

} // namespace axiom::detail
