#pragma once

#include <cstddef>
#include <ranges>
#include <utility>

#include "axiom/coordination/detail/map_run.hpp"
#include "axiom/coordination/item_options.hpp"
#include "axiom/task/operation.hpp"

namespace axiom {

/// Calls `op` with each element of `items`, at most `limit` calls at a time,
/// and gives the results in the order of the elements. Awaitable; nothing
/// happens before.
///
///     auto pages = co_await axiom::map_with_limit(self, urls, 8,
///       [](axiom::task_context& self, const url& x) { return fetch(self, x);
///       });
///
/// @param items any input range, whose length need not be known. An lvalue is
///   used by reference, an rvalue moved in. It is read lazily: an element is
///   taken only when its call can start, so at most `limit` are out. The
///   iterator is used by one thread at a time, but by different ones. It must
///   not block: workers that come for the next element would wait with it. What
///   `op` gets of an element: a reference into a range whose elements stay where
///   they are, an rvalue if the range was moved in, else a copy.
/// @param limit at least 1
/// @param op `op(task_context&, item)` or `op(item)`: a plain callable, one
///   marked `blocking`, or a coroutine (a function that returns `async<R>`);
///   `expected<R>` is unboxed as for a task. One object is called from several
///   threads at once. `R` may be move-only.
///
/// Each call is a scope as a task would be: children that it creates through
/// its context end before it counts as done, and a failure among them that
/// nobody looked at is its own. But calls share tasks (lanes, at most `limit`
/// of them), one after the other; so the context's identity, and what lifecycle
/// events are about, is the lane. Cancelling a lane alone cancels the call it
/// is at, which then fails with `errc::cancelled`.
///
/// Errors: `concurrent_errors`, in which an item is named by its index, as in
/// `map[17]`. In the mode `throw_on_first` the first failure cancels the other
/// calls, no further element is taken, and later failures are suppressed errors
/// of the first; in the mode `collect_all` all elements are run and all
/// failures thrown. An exception of the iterator, or of the copy of an element,
/// ends the elements: what was started is completed, then it is thrown, with
/// failures of items as suppressed errors. `errc::invalid_argument` for a limit
/// of 0, `errc::deadline_exceeded` after the timeout. Whatever happens, when it
/// returns or throws all calls have ended, `op` and what was moved in are
/// destroyed. A cancellation of the caller ends the calls first.
///
/// Order: calls start in the order of the elements. Fairness: a lane whose
/// calls never wait gives way to other tasks every some ten microseconds, or
/// after each call that takes longer.
///
/// Costs less than a task an element; memory for the results, and for `limit`
/// calls at most.
template <std::ranges::input_range Range, class F>
auto map_with_limit(task_context&, const item_options& options, Range&& items,
                    std::size_t limit, F&& op) {
  using body =
    detail::map_body<detail::kept_range<Range>, detail::operation_t<F>>;
  return detail::item_scope_request<body>{
    options, limit,
    body{std::forward<Range>(items),
         detail::take_operation<F>(std::forward<F>(op))}};
}

template <std::ranges::input_range Range, class F>
auto map_with_limit(task_context& self, Range&& items, std::size_t limit,
                    F&& op) {
  return map_with_limit(self, item_options{}, std::forward<Range>(items), limit,
                        std::forward<F>(op));
}

/// The same for every outcome: a vector of `expected<R>`, in which element `i`
/// is what became of item `i`. All elements are run. Failures of items are not
/// thrown, unless the iterator throws; the failure mode is not looked at.
template <std::ranges::input_range Range, class F>
auto map_collect(task_context&, item_options options, Range&& items,
                 std::size_t limit, F&& op) {
  using body =
    detail::collect_body<detail::kept_range<Range>, detail::operation_t<F>>;
  options.failure_mode = failure_mode::collect_all;
  return detail::item_scope_request<body>{
    options, limit,
    body{std::forward<Range>(items),
         detail::take_operation<F>(std::forward<F>(op))}};
}

template <std::ranges::input_range Range, class F>
auto map_collect(task_context& self, Range&& items, std::size_t limit, F&& op) {
  return map_collect(self, item_options{}, std::forward<Range>(items), limit,
                     std::forward<F>(op));
}

/// The same for the effect of the calls: what they return is dropped at once,
/// and memory does not grow with the number of elements.
template <std::ranges::input_range Range, class F>
auto for_each_with_limit(task_context&, const item_options& options,
                         Range&& items, std::size_t limit, F&& op) {
  using body =
    detail::for_each_body<detail::kept_range<Range>, detail::operation_t<F>>;
  return detail::item_scope_request<body>{
    options, limit,
    body{std::forward<Range>(items),
         detail::take_operation<F>(std::forward<F>(op))}};
}

template <std::ranges::input_range Range, class F>
auto for_each_with_limit(task_context& self, Range&& items, std::size_t limit,
                         F&& op) {
  return for_each_with_limit(self, item_options{}, std::forward<Range>(items),
                             limit, std::forward<F>(op));
}

} // namespace axiom
