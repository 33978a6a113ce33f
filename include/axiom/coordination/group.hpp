#pragma once

#include <optional>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

#include "axiom/coordination/detail/group_join.hpp"
#include "axiom/coordination/detail/start.hpp"
#include "axiom/coordination/group_options.hpp"
#include "axiom/task/async.hpp"
#include "axiom/task/context_ops.hpp"
#include "axiom/task/hierarchy.hpp"

namespace axiom {

/// A scope for concurrent children with results of type `T`, inside
/// `with_task_group`.
///
/// A group is a task of its own, the parent of its children, and its body runs
/// in it; so cancelling the group reaches all of them, and the scope is left
/// only when all have ended. Children may use the variables around the
/// `with_task_group` expression by reference, for that reason; those of the
/// body itself only if it awaits the children.
///
/// Where the first failure cancels the group, the body is cancelled too: its
/// waits do not return, and the scope throws the error.
///
/// A stream of results in bounded memory: `max_unread`, one task that adds, and
/// another that takes results as they come. Commonly a child adds and the body
/// takes:
///
///     auto body = [&](auto& group) -> axiom::async<void> {
///       auto produce = [&](axiom::task_context&) -> axiom::async<void> {
///         while (auto job = source.next())
///           co_await group.add_task("job", *job); // waits for room
///       };
///       group.context().create_child_task("producer", produce);
///       while (auto result = co_await group.next()) // until nobody can add
///         consume(*result);
///     };
///     co_await axiom::with_task_group<int>(self, {.max_unread = 16},
///                                          axiom::named(body));
///
/// Or the body adds, and calls `close` when it has added all, while a child
/// takes. An error of the producer is one of the group like any other. A body
/// that leaves early calls `cancel_all` first; a producer still at work fails
/// otherwise with `errc::scope_closed`, for nobody would take what it adds. Who
/// takes must not wait in another way for who adds: a body that awaits its
/// producer before it takes may wait for ever. Where the body itself adds too
/// much and nobody else is left to take, `add_task` throws `errc::self_join`.
///
/// `add_task`, `start`, `next` and `close` may be used by any task in the
/// group's subtree; the other members are for the body.
template <class T>
class coordinated_task_group {
public:
  using values = std::conditional_t<std::is_void_v<T>, void, std::vector<T>>;
  using options_type = group_options;
  using state_type = detail::group_state<T>;

  /// For the framework.
  explicit coordinated_task_group(state_type& state) noexcept : state_(state) {
    // nop
  }

  coordinated_task_group(const coordinated_task_group&) = delete;
  coordinated_task_group& operator=(const coordinated_task_group&) = delete;

  /// The context of the group's own task.
  task_context& context() noexcept {
    return state_.owner().context();
  }

  /// Starts `op` as a child of the group when one of `max_concurrency` places
  /// is free, and one of `max_unread`; places go to those who wait in order.
  /// Awaitable; gives the child's identity. Throws `errc::not_in_scope` when
  /// awaited from outside the group's subtree, and `errc::scope_closed` after
  /// `close`.
  template <class F>
  detail::add_task_request<state_type, detail::operation_t<F>> add_task(
    const task_options& options, F&& op) {
    static_assert(std::is_same_v<operation_result_t<detail::operation_t<F>>, T>,
                  "the operation's result is not of the group's type");
    return {state_, options, detail::take_operation<F>(std::forward<F>(op))};
  }

  template <class F>
  detail::add_task_request<state_type, detail::operation_t<F>> add_task(
    std::string_view name, F&& op) {
    return add_task(task_options{.name = name}, std::forward<F>(op));
  }

  /// Like `add_task`, and waits until the child calls `self.started(value)`,
  /// whose value of type `V` it gives; the child goes on as one of the group.
  /// For a service that has to be ready before others use it: its address, say.
  ///
  /// If the child ends without that, its outcome is thrown here and counts as
  /// seen: its error, `cancelled_error`, or `errc::never_started`. After
  /// `timeout` (counted from when it has a place) it is cancelled, and when it
  /// has ended this throws `errc::deadline_exceeded`, together with its error
  /// if it had one. If the task that waits here is cancelled, the child is too.
  template <class V = void, class F>
  async<V> start(const task_options& options, F&& op,
                 runtime::duration timeout = runtime::duration::max()) {
    static_assert(std::is_same_v<operation_result_t<detail::operation_t<F>>, T>,
                  "the operation's result is not of the group's type");
    return detail::start_in_group<V>(
      state_, options, detail::take_operation<F>(std::forward<F>(op)), timeout);
  }

  template <class V = void, class F>
  async<V> start(std::string_view name, F&& op,
                 runtime::duration timeout = runtime::duration::max()) {
    return start<V>(task_options{.name = name}, std::forward<F>(op), timeout);
  }

  /// Awaitable: the result that came first among those not taken yet, waiting
  /// for one if none is there; each goes to one who asks, in the order of
  /// asking. Nothing when none will come any more: when no child runs, and
  /// `close` was called or nobody is left who could add. To the body that is
  /// when it has no child at all, of `create_child_task` or otherwise; to
  /// another task, when the body has returned.
  detail::next_result<T> next() noexcept {
    return detail::next_result<T>{state_};
  }

  /// Says that all is added. `add_task` throws `errc::scope_closed` from now
  /// on, also for those who wait in it; children that run go on.
  void close() noexcept {
    state_.close();
  }

  /// Awaits all children and gives their values in order of submission (as
  /// far as `next` has not taken them). Throws `concurrent_errors` with the
  /// failures; in the modes `partial` and `isolate` it returns the successes
  /// and leaves the failures for `collect_results` and `take_isolated`. Since it is to have them all, it suspends
  /// `max_unread`; so does `collect_results`.
  async<values> wait_for_all() {
    const detail::unbounded_scope all{state_};
    co_await context().hierarchy().await_children();
    co_return take_values();
  }

  /// Awaits all children and gives every outcome, in order of submission.
  async<std::vector<expected<T>>> collect_results() {
    const detail::unbounded_scope all{state_};
    co_await context().hierarchy().await_children();
    std::vector<expected<T>> result;
    state_.take_all().for_each([&](auto& x) { result.push_back(x.take()); });
    co_return result;
  }

  /// Cancels every child there is now; their outcomes are left out of
  /// `wait_for_all`. The body goes on and may add others.
  void cancel_all(cancel_reason reason = cancel_reason::user) {
    state_.forgive_cancelled();
    context().hierarchy().propagate_cancellation(reason);
  }

  // -- joins -----------------------------------------------------------------
  //
  // Each awaits the outcomes of children in order of completion (those that
  // `next` has not taken, and those of children added meanwhile) until it is
  // decided, cancels every child of the group that is left, and returns or
  // throws when all of them have ended. After that the group may be filled
  // again.
  //
  // A failure does not end these joins by itself, so the group's mode must be
  // another than `throw_on_first`; with that they are refused with
  // `errc::invalid_argument`. A child that was cancelled has failed, but for
  // those the join cancels. A join that fails throws `concurrent_errors` with
  // the errors up to its decision in order of time; what failed after it is
  // suppressed by the first. What failed beside a success: `take_suppressed`.
  // (If the group is cancelled meanwhile, it ends as cancelled, in spite of
  // failures that the join has taken so far; after a timeout they are
  // suppressed by `errc::deadline_exceeded`.)
  //
  // Children that only will be added do not count: a join fails when those that
  // run could not make it succeed. Without a chance from the start it throws
  // `errc::invalid_argument`.

  /// The first value. Fails with all the errors if no child has one.
  async<T> first_success() {
    co_return detail::joined<T, T>(co_await detail::join_children(
      state_, "first_success", join_policy::first_success()));
  }

  /// The first outcome: returns the value or throws the error.
  async<T> race() {
    co_return detail::joined<T, T>(
      co_await detail::join_children(state_, "race", join_policy::race()));
  }

  /// The first `wanted` values, in order of completion. Fails as soon as the
  /// children left are too few. 0 is refused with `errc::invalid_argument`, and
  /// so is more than there are children.
  async<values> quorum(std::size_t wanted) {
    co_return detail::joined<values, T>(co_await detail::join_children(
      state_, "quorum", join_policy::quorum(wanted)));
  }

  /// The errors of the children that failed in joins that succeeded, in order
  /// of completion, and forgets them. Nobody has to ask: they do not fail the
  /// group.
  std::vector<task_error> take_suppressed() noexcept {
    return std::exchange(state_.tolerated(), {});
  }

  /// The errors of the children that have failed so far and that nobody has
  /// taken, in order of completion, and forgets them: the group answers for
  /// them no more. Meant for the mode `isolate`, in which those that are left
  /// go to the coordinator when the group ends.
  std::vector<task_error> take_isolated() {
    return state_.take_errors();
  }

  // -- observers -------------------------------------------------------------

  /// How many children run or end at this moment.
  std::size_t running() const noexcept {
    return state_.running();
  }

  /// How many results there are that nobody has taken.
  std::size_t unread() const noexcept {
    return state_.unread();
  }

  /// For the framework.
  state_type& impl() noexcept {
    return state_;
  }

private:
  values take_values() {
    std::vector<task_error> errors;
    std::vector<std::conditional_t<std::is_void_v<T>, std::monostate, T>>
      result;
    state_.take_all().for_each([&](auto& x) {
      if (auto* error = x.error())
        errors.push_back(std::move(*error));
      else if (auto* cause = x.cause())
        note_cancelled(*cause, errors);
      else if constexpr (!std::is_void_v<T>)
        result.push_back(std::move(x.value()));
    });
    if (state_.mode() == failure_mode::partial
        || state_.mode() == failure_mode::isolate)
      for (auto& x : errors)
        state_.put_back(std::move(x));
    else if (!errors.empty())
      throw concurrent_errors{std::move(errors)};
    if constexpr (!std::is_void_v<T>)
      return result;
  }

  /// A child that was cancelled by itself has no value to return.
  void note_cancelled(const cancel_cause_ptr& cause,
                      std::vector<task_error>& errors) const {
    if (!state_.forgiven() && state_.mode() != failure_mode::isolate)
      errors.push_back(detail::cancelled_child(cause));
  }

  state_type& state_;
};

} // namespace axiom
