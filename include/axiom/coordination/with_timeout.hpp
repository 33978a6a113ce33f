#pragma once

#include <utility>

#include "axiom/coordination/detail/timeout_scope.hpp"
#include "axiom/task/operation.hpp"

namespace axiom {

/// Runs `op`, a callable as for a task, in a scope of its own and gives its
/// value, unless it takes longer than `timeout`. Awaitable; nothing happens
/// before, and the time counts from then.
///
///     auto page = co_await axiom::with_timeout(self, 2s, fetch);
///
/// When the time is over, the scope is cancelled with all below it; when it has
/// ended (at most its grace later, if it can be killed) the wait throws
/// `errc::deadline_exceeded`, with the scope's name, its timeout, and how long
/// it took. In detail:
/// - Either the scope has ended in time, or it has not: a value that was there
///   before the cancellation is returned, however long its delivery takes; one
///   that the body returns after it has seen, caught or overlooked the
///   cancellation is not. A body that returned while its children go on has not
///   ended.
/// - An error of the body wins: it is thrown, as `concurrent_errors` with the
///   expiry suppressed if that came before it.
/// - Errors that a `retry` or `fallback` in the scope had got over until the
///   time was over are suppressed by what is thrown, as `concurrent_errors`.
/// - The earliest of nested timeouts counts, and it is the scope it belongs to
///   which throws. The scopes inside see a cancellation; so does this one when
///   a task above it is cancelled, or runs out of time, before.
/// - A timeout that is not positive is refused with `errc::invalid_argument`,
///   as in `task_options`.
template <class F>
detail::timeout_request<detail::operation_t<F>> with_timeout(
  task_context&, runtime::duration timeout, const timeout_options& options,
  F&& op) {
  return {detail::time_limit{timeout}, options,
          detail::take_operation<F>(std::forward<F>(op))};
}

template <class F>
detail::timeout_request<detail::operation_t<F>> with_timeout(
  task_context& self, runtime::duration timeout, F&& op) {
  return with_timeout(self, timeout, timeout_options{}, std::forward<F>(op));
}

/// The same with a point in time on the runtime's clock, as `task_context`'s
/// `deadline` gives. One that has passed is no mistake, since it was not
/// written here: `errc::deadline_exceeded`, and `op` does not start.
template <class F>
detail::timeout_request<detail::operation_t<F>> with_deadline(
  task_context&, runtime::time_point deadline, const timeout_options& options,
  F&& op) {
  return {detail::time_limit{deadline}, options,
          detail::take_operation<F>(std::forward<F>(op))};
}

template <class F>
detail::timeout_request<detail::operation_t<F>> with_deadline(
  task_context& self, runtime::time_point deadline, F&& op) {
  return with_deadline(self, deadline, timeout_options{}, std::forward<F>(op));
}

} // namespace axiom
