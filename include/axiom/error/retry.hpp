#pragma once

#include <optional>
#include <type_traits>
#include <utility>

#include "axiom/error/detail/attempt.hpp"
#include "axiom/error/detail/retry_run.hpp"
#include "axiom/error/retry_policy.hpp"
#include "axiom/task/async.hpp"
#include "axiom/task/operation.hpp"

namespace axiom {

namespace detail {

template <class F>
async<operation_result_t<F>> run_retry(retry_policy policy, F op) {
  using value_type = operation_result_t<F>;
  retry_run run{policy};
  for (;;) {
    attempt<F> next{op, run.next()};
    auto end = co_await next;
    if (end) {
      run.succeeded();
      if constexpr (std::is_void_v<value_type>)
        co_return;
      else
        co_return std::move(*end);
    }
    auto pause = run.failed(next.who, end.error());
    if (!pause)
      break;
    co_await *pause;
  }
  auto why = run.why_failed();
  if constexpr (std::is_void_v<value_type>)
    why.rethrow();
  else
    co_return tl::unexpected<failure>{std::move(why)};
}

} // namespace detail

/// Runs `op`, a callable as for a task, and when it fails runs it again, as the
/// policy says; gives the value of the first attempt that has one. Awaitable;
/// nothing happens before.
///
///     auto page = co_await axiom::retry(
///       self, {.name = "fetch", .attempts = 5}, fetch);
///
/// In detail:
/// - Each attempt is a child task, "fetch #1" and so on, with all that it
///   starts: it has ended, and given back what it held, before the next begins.
///   It is one and the same object that is called each time.
/// - Between attempts the task waits as the backoff says. A cancellation ends
///   the whole at once, in an attempt or between two.
/// - The errors of the attempts until then are not lost: where the task, or the
///   scope above that cancels it (`with_timeout`, a group), fails, they are
///   suppressed by its error. A task that is only cancelled, by its handle or
///   by a deadline of its own, has no error to keep them beside: for that there
///   is `retry_policy::suppressed`.
/// - It gives up when the attempts are used up, when an error is not worth
///   another (`is_transient`, unless the policy has a condition of its own),
///   when the task's deadline would pass before the next attempt, or when the
///   budget has nothing left.
/// - It fails with the last attempt's error. If there were several attempts, or
///   it would have gone on, that is `concurrent_errors` with this one error:
///   the earlier ones are suppressed by it, and so is an
///   `errc::retries_exhausted` that says why there was no further attempt.
///   (`ex.matches(errc::retries_exhausted)`.) An outer `retry` then does not
///   try again either, unless its condition says so.
///
/// Throws `errc::invalid_argument` and `errc::name_too_long` for a policy that
/// cannot work. O(1) and a task for each attempt.
template <class F>
async<operation_result_t<detail::operation_t<F>>> retry(
  task_context&, const retry_policy& policy, F&& op) {
  return detail::run_retry<detail::operation_t<F>>(
    policy, detail::take_operation<F>(std::forward<F>(op)));
}

/// The same with the default policy.
template <class F>
async<operation_result_t<detail::operation_t<F>>> retry(task_context& self,
                                                        F&& op) {
  return retry(self, retry_policy{}, std::forward<F>(op));
}

} // namespace axiom
