#pragma once

#include <cstdint>
#include <string_view>
#include <utility>

#include "axiom/coordination/detail/discarding_state.hpp"
#include "axiom/coordination/detail/group_awaiters.hpp"
#include "axiom/coordination/detail/group_scope.hpp"
#include "axiom/coordination/detail/start.hpp"
#include "axiom/coordination/group_options.hpp"
#include "axiom/task/async.hpp"
#include "axiom/task/context_ops.hpp"
#include "axiom/task/hierarchy.hpp"

namespace axiom {

/// A scope for children whose results nobody wants, inside
/// `with_discarding_group`: for a server that has a child for each connection
/// and runs for months. A `coordinated_task_group` would keep every result
/// until somebody takes it.
///
/// A value is dropped when its child ends, and nothing is kept of the child:
/// the memory is O(children that run), however many ever ran. Errors are not
/// dropped: see `discarding_group_options::failure_mode`. A child that was
/// cancelled by itself is no error.
///
/// As in any group, the scope is left when all children have ended. The
/// children may have results of any type. There is no `next`: there is nothing
/// to take.
///
/// `add_task` and `start` may be used by any task in the group's subtree; the
/// other members are for the body, but for the counts, which are for any
/// thread.
class discarding_task_group {
public:
  using options_type = discarding_group_options;
  using state_type = detail::discarding_state;

  /// For the framework.
  explicit discarding_task_group(state_type& state) noexcept : state_(state) {
    // nop
  }

  discarding_task_group(const discarding_task_group&) = delete;
  discarding_task_group& operator=(const discarding_task_group&) = delete;

  /// The context of the group's own task.
  task_context& context() noexcept {
    return state_.owner().context();
  }

  /// As in `coordinated_task_group`.
  template <class F>
  detail::add_task_request<state_type, detail::operation_t<F>> add_task(
    const task_options& options, F&& op) {
    return {state_, options, detail::take_operation<F>(std::forward<F>(op))};
  }

  template <class F>
  detail::add_task_request<state_type, detail::operation_t<F>> add_task(
    std::string_view name, F&& op) {
    return add_task(task_options{.name = name}, std::forward<F>(op));
  }

  /// As in `coordinated_task_group`.
  template <class V = void, class F>
  async<V> start(const task_options& options, F&& op,
                 runtime::duration timeout = runtime::duration::max()) {
    return detail::start_in_group<V>(
      state_, options, detail::take_operation<F>(std::forward<F>(op)), timeout);
  }

  template <class V = void, class F>
  async<V> start(std::string_view name, F&& op,
                 runtime::duration timeout = runtime::duration::max()) {
    return start<V>(task_options{.name = name}, std::forward<F>(op), timeout);
  }

  /// Awaits the end of all children, those added meanwhile included. Throws
  /// nothing for them: an error was reported, or cancels the body too.
  async<void> wait_for_all() {
    co_await context().hierarchy().await_children();
  }

  /// Cancels every child there is now. The body goes on and may add others.
  void cancel_all(cancel_reason reason = cancel_reason::user) {
    context().hierarchy().propagate_cancellation(reason);
  }

  /// How many children run or end at this moment.
  std::size_t running() const noexcept {
    return state_.running();
  }

  /// How many children have failed.
  std::uint64_t failures() const noexcept {
    return state_.failures();
  }

private:
  state_type& state_;
};

/// Runs `body(group)` in a scope whose children's results are dropped, and
/// gives what the body returns. Awaitable; otherwise as `with_task_group`.
///
///     co_await axiom::with_discarding_group(
///       self,
///       {.name = "server",
///        .failure_mode = axiom::failure_mode::partial,
///        .max_concurrency = 1000},
///       [&](axiom::discarding_task_group& group) -> axiom::async<void> {
///         for (;;) {
///           auto socket = co_await accept(self);
///           auto serve = handler(std::move(socket));
///           co_await group.add_task("connection", axiom::named(serve));
///         }
///       });
template <class F>
detail::group_request<discarding_task_group, detail::operation_t<F>>
with_discarding_group(task_context&, const discarding_group_options& options,
                      F&& body) {
  return {options, detail::take_operation<F>(std::forward<F>(body))};
}

template <class F>
detail::group_request<discarding_task_group, detail::operation_t<F>>
with_discarding_group(task_context& self, F&& body) {
  return with_discarding_group(self, discarding_group_options{},
                               std::forward<F>(body));
}

} // namespace axiom
