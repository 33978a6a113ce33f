#pragma once

#include <chrono>
#include <functional>
#include <memory>
#include <type_traits>
#include <utility>

#include <caf/actor.hpp>
#include <caf/actor_cast.hpp>
#include <caf/behavior.hpp>
#include <caf/error.hpp>

#include "axiom/error/failure.hpp"
#include "axiom/task/cancellation.hpp"
#include "axiom/task/detail/awaiter.hpp"
#include "axiom/task/detail/join.hpp"
#include "axiom/task/detail/typed_task.hpp"
#include "axiom/task/hierarchy.hpp"
#include "axiom/task/message_types.hpp"

namespace axiom {

/// A handle to a running or ended task and, in the end, to its value.
///
/// Handles are cheap to copy and may be used from any thread. Dropping the last
/// one changes nothing for the task: its parent waits for it all the same, and
/// an error that nobody looked at surfaces there.
///
/// Ways to the result:
/// - in a coroutine: `T x = co_await t;` (a move with `co_await std::move(t)`);
/// - in an event-based actor: `t.then(self, on_value, on_error)`;
/// - elsewhere: `t.get()`, which blocks, and is refused on worker threads.
/// Each throws what the body threw, `axiom::exception` for an error returned,
/// or `cancelled_error`. Looking at a failure in one of these ways marks it as
/// seen.
///
/// A handle may outlive the actor system.
template <class T>
class task {
public:
  using value_type = T;
  using impl_type = detail::typed_task<T>;

  task() = default;

  /// For the framework.
  explicit task(detail::task_ptr ptr) noexcept : ptr_(std::move(ptr)) {
    // nop
  }

  explicit operator bool() const noexcept {
    return static_cast<bool>(ptr_);
  }

  // -- observers --------------------------------------------------------------

  /// Identity, name, priority, time of creation.
  task_reference reference() const {
    return impl().reference();
  }

  /// The task as an actor: to link to, monitor, attach to, send exits to.
  caf::actor actor() const {
    return caf::actor_cast<caf::actor>(ptr_);
  }

  /// Parent, children, cancelling them, waiting for them.
  task_hierarchy hierarchy() const {
    return task_hierarchy{impl()};
  }

  /// Whether the task and all its children have ended.
  bool done() const {
    return impl().state().terminal();
  }

  /// Whether its cancellation was asked for; it may have a value all the same.
  bool cancelled() const {
    return impl().state().cancelled();
  }

  // -- waiting ----------------------------------------------------------------

  /// Waits for the end and returns the value, moved out of the last handle's
  /// task when called on an rvalue. Blocks the thread: throws
  /// `errc::blocking_on_worker` on a thread of the scheduler, and
  /// `errc::self_join` in the task itself or below it.
  decltype(auto) get() const& {
    detail::wait_for_end(impl(), std::nullopt, detail::interest::outcome);
    return look();
  }

  T get() && {
    detail::wait_for_end(impl(), std::nullopt, detail::interest::outcome);
    return std::move(*this).look();
  }

  /// Waits for the end without looking at the result.
  void wait() const {
    detail::wait_for_end(impl(), std::nullopt, detail::interest::end);
  }

  /// Waits at most `timeout` (of real time). Returns whether the task has ended.
  bool wait_for(std::chrono::nanoseconds timeout) const {
    return detail::wait_for_end(impl(), timeout, detail::interest::end);
  }

  /// The result as a value: nothing is thrown but for misuse.
  expected<T> get_expected() const {
    detail::wait_for_end(impl(), std::nullopt, detail::interest::outcome);
    return detail::expected_outcome<T>(impl());
  }

  /// Has `self`, an event-based actor, call `on_value(T)` or `on_error(error)`
  /// when the task has ended, as a response to a request would: in order with
  /// its messages, and never if `self` ends first.
  template <class Self, class F, class G>
  void then(Self* self, F on_value, G on_error) const {
    auto id = self->new_request_id(caf::message_priority::normal).response_id();
    self->add_multiplexed_response_handler(
      id, caf::behavior{[alive = ptr_, &end = impl(), f = std::move(on_value),
                         g = std::move(on_error)](task_done_atom) mutable {
        end.mark_observed();
        if (end.outcome() != detail::outcome_kind::value)
          g(end.exit_error());
        else if constexpr (std::is_void_v<T>)
          f();
        else
          f(end.value());
      }});
    detail::notify_end(impl(), self->ctrl(), id);
  }

  // -- cancelling -------------------------------------------------------------

  /// Cancels the task and everything below it; returns when every task of the
  /// tree is signalled. The first reason given stays.
  void cancel(cancel_reason reason = cancel_reason::user) const {
    detail::cancel_from_handle(impl(), reason);
  }

  impl_type& impl() const {
    if (!ptr_)
      throw exception{errc::empty_handle, "this axiom::task has no task"};
    return static_cast<impl_type&>(*detail::as_task(ptr_));
  }

  friend detail::task_awaiter<T, std::add_lvalue_reference_t<const T>>
  as_awaiter(const task& x) {
    return {x.ptr_, x.impl()};
  }

  friend detail::task_awaiter<T, T> as_awaiter(task&& x) {
    auto& impl = x.impl();
    return detail::task_awaiter<T, T>{std::move(x.ptr_), impl};
  }

private:
  decltype(auto) look() const& {
    auto& end = impl();
    end.mark_observed();
    end.throw_unless_value();
    if constexpr (!std::is_void_v<T>)
      return static_cast<const T&>(end.value());
  }

  T look() && {
    auto& end = impl();
    end.mark_observed();
    end.throw_unless_value();
    if constexpr (!std::is_void_v<T>)
      return std::move(end.value());
  }

  detail::task_ptr ptr_;
};

namespace detail {

template <class T>
inline constexpr bool is_axiom_awaitable<task<T>> = true;

} // namespace detail

} // namespace axiom
