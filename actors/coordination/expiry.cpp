#include "axiom/coordination/detail/expiry.hpp"

#include <array>
#include <chrono>
#include <cstdio>
#include <string>
#include <utility>
#include <vector>

#include "axiom/error/concurrent_errors.hpp"

namespace axiom::detail {

namespace {

std::string seconds(runtime::duration x) {
  std::array<char, 32> buf{};
  std::snprintf(buf.data(), buf.size(), "%g s",
                std::chrono::duration<double>(x).count());
  return buf.data();
}

/// Whether the scope's own deadline has cancelled it.
bool expired(const task_actor& scope) noexcept {
  if (!scope.state().cancelled())
    return false;
  auto cause = scope.cause();
  return cause->reason == cancel_reason::deadline
      && cause->target == scope.identity();
}

} // namespace

expiry::expiry(const task_actor& scope, runtime::duration timeout) noexcept
  : timeout_(timeout), start_(scope.host().timers().now()) {
  // nop
}

void expiry::body_ended(const task_actor& scope) noexcept {
  in_time_ = !scope.state().cancelled() && scope.state().children() == 0;
}

std::optional<failure> expiry::verdict(const task_actor& scope) const {
  if (in_time_ || !expired(scope))
    return std::nullopt;
  auto ran = scope.host().timers().now() - start_;
  failure late{errc::deadline_exceeded,
               quoted(scope.task_name()) + " did not end within "
                 + seconds(timeout_) + "; it ended after " + seconds(ran)};
  // A body that passes its own cancellation on as an error has none.
  if (scope.outcome() != outcome_kind::failed
      || scope.why_failed().is(errc::cancelled))
    return late;
  auto who = scope.reference();
  std::vector<task_error> noted;
  const auto at = scope.wall_time();
  noted.push_back({who, std::move(late), at, {}});
  return with_suppressed(scope.why_failed(), who, std::move(noted), at);
}

failure entered_late(std::string_view name, runtime::duration late) {
  return {errc::deadline_exceeded, quoted(name) + " was to begin "
                                     + seconds(late) + " after its deadline"};
}

void require_timeout(std::string_view name, runtime::duration timeout) {
  if (timeout <= runtime::duration::zero())
    throw exception{errc::invalid_argument,
                    "the timeout of " + quoted(name) + " must be positive"};
}

} // namespace axiom::detail
