#pragma once

#include <utility>

#include "axiom/coordination/detail/group_scope.hpp"
#include "axiom/coordination/group.hpp"
#include "axiom/task/operation.hpp"

namespace axiom {

/// Runs `body(group)` in a scope whose children have results of type `T`, and
/// gives what the body returns. Awaitable; nothing happens before.
///
///     auto sum = co_await axiom::with_task_group<int>(self, {.name = "sum"},
///       [&](auto& group) -> axiom::async<int> {
///         for (auto& part : parts)
///           co_await group.add_task("part", [&](auto& self) { ... });
///         co_return total(co_await group.wait_for_all());
///       });
///
/// When it returns or throws, all children have ended and given back what they
/// held. Errors: `concurrent_errors` by the failure mode (also with a single
/// error), what the body threw, `errc::deadline_exceeded` after the timeout,
/// `cancelled_error` if the group alone was cancelled. A body that throws
/// cancels the children; their errors are kept as suppressed.
template <class T, class F>
detail::group_request<coordinated_task_group<T>, detail::operation_t<F>>
with_task_group(task_context&, const group_options& options, F&& body) {
  return {options, detail::take_operation<F>(std::forward<F>(body))};
}

template <class T, class F>
detail::group_request<coordinated_task_group<T>, detail::operation_t<F>>
with_task_group(task_context& self, F&& body) {
  return with_task_group<T>(self, group_options{}, std::forward<F>(body));
}

} // namespace axiom
