#pragma once

#include <chrono>
#include <functional>
#include <memory>
#include <optional>
#include <string_view>

#include <caf/fwd.hpp>

#include "axiom/task/cancellation.hpp"
#include "axiom/task/reference.hpp"

namespace axiom {

namespace detail {
class cancel_handler;
struct sleep;
class task_actor;
struct yielding;
} // namespace detail

template <class T>
class task;
class task_hierarchy;
struct task_options;

/// Keeps an on_cancel handler registered while it lives.
///
/// Either/or: when the destructor returns, the handler has finished or will
/// never run. Inside the handler itself the destructor returns at once.
class [[nodiscard]] cancel_registration {
public:
  cancel_registration() = default;
  explicit cancel_registration(std::unique_ptr<detail::cancel_handler> impl);
  cancel_registration(cancel_registration&&) noexcept;
  cancel_registration& operator=(cancel_registration&&) noexcept;
  ~cancel_registration();

private:
  std::unique_ptr<detail::cancel_handler> impl_;
};

/// What the body of a task sees of its task, and of the framework. Passed to
/// every body as `axiom::task_context& self`; valid as long as the body runs.
///
/// Use it from the body and from what the body calls. What it returns to be
/// awaited works for whichever task awaits it.
class task_context {
public:
  explicit task_context(detail::task_actor& task) noexcept : task_(&task) {
    // nop
  }

  task_context(const task_context&) = delete;
  task_context& operator=(const task_context&) = delete;

  // -- identity ---------------------------------------------------------------

  task_reference reference() const;
  task_id id() const noexcept;
  std::string_view name() const noexcept;
  task_priority priority() const noexcept;
  caf::actor_system& system() const noexcept;

  /// Parent, children, cancelling them, waiting for them.
  task_hierarchy hierarchy() const noexcept;

  // -- cancellation -----------------------------------------------------------

  /// Whether this task, or the task running on this thread within it, is to
  /// end. Costs a load or two.
  bool cancelled() const noexcept;

  /// Throws `cancelled_error` if `cancelled()`: for loops that never suspend.
  void check_cancelled() const;

  /// Why; null unless `cancelled()`.
  cancel_cause_ptr cause() const noexcept;

  /// Runs `handler` when the task is cancelled, once, after the whole tree is
  /// signalled, on the thread that cancels or on a worker; now, if it is
  /// cancelled already. It must not throw, and cannot create tasks.
  cancel_registration on_cancel(std::function<void()> handler);

  /// The earliest deadline of this task and those above it, if any has one.
  std::optional<runtime::time_point> deadline() const noexcept;

  /// How long this task has to end once it is cancelled.
  runtime::duration grace() const noexcept;

  // -- awaitable --------------------------------------------------------------

  /// Suspends for at least `span`. Ends early when the task is cancelled.
  detail::sleep sleep_for(runtime::duration span) const;

  /// Suspends until `when` on the runtime's clock.
  detail::sleep sleep_until(runtime::time_point when) const;

  /// Lets others run first; a point where a cancellation takes effect.
  detail::yielding yield() const noexcept;

  /// Runs `op` (a callable as for a task) as clean-up that a cancellation of
  /// this task does not end, until `budget` has passed since the cancellation
  /// (at most the grace); then it is cancelled, and at the end of the grace
  /// killed. Returns an awaitable of its result.
  template <class F>
  auto shielded(F&& op, std::optional<runtime::duration> budget = std::nullopt);

  /// Sends a request to a CAF actor and awaits the response, at most for
  /// `timeout`. The result is what a typed actor's interface says; for untyped
  /// ones it is the `Rs` given, or `caf::message`. Errors of the receiver and
  /// the timeout are thrown as `axiom::exception`.
  template <class... Rs, class Handle, class... Ts>
  auto request(const Handle& receiver, runtime::duration timeout, Ts&&... xs);

  /// Tells the task that waits in a group's `start<V>` that this child is
  /// started, with a value of type `V` exactly (or none); it goes on at once.
  /// Throws `errc::invalid_argument` the second time, with a value of another
  /// type, and in a task that was not created by `start`. Thread-safe. If nobody
  /// waits any more, this task is being cancelled, and the value is dropped.
  template <class V>
  void started(V&& value);

  void started();

  // -- children ---------------------------------------------------------------

  /// Starts `op` as a child of this task. See
  /// `structured_task_coordinator::create_child_task`.
  template <class F>
  auto create_child_task(const task_options& options, F&& op);

  template <class F>
  auto create_child_task(std::string_view name, F&& op);

  template <class F>
  auto create_child_task(std::string_view name, task_priority priority,
                         F&& op);

  /// Spawns an ordinary CAF actor of class `Impl` as a linked child: this task
  /// does not end before it, a cancellation sends it an exit message
  /// (`exit_reason::user_shutdown`, and `kill` after the grace), and its
  /// failure is a failure of a child. Returns its handle.
  template <class Impl, class... Ts>
  auto spawn_child(Ts&&... xs);

  /// For the framework.
  detail::task_actor& impl() const noexcept {
    return *task_;
  }

private:
  detail::task_actor* task_;
};

} // namespace axiom
