#pragma once

#include <chrono>
#include <optional>
#include <type_traits>
#include <utility>

#include <caf/message_id.hpp>

#include "axiom/task/detail/awaiter.hpp"
#include "axiom/task/detail/blocking_wait.hpp"
#include "axiom/task/detail/typed_task.hpp"

namespace axiom::detail {

/// Blocks until `task` has ended, or `timeout` of real time has passed.
/// Returns whether it has ended. See task<T>::get for what is refused.
bool wait_for_end(task_actor& task,
                  std::optional<std::chrono::nanoseconds> timeout,
                  interest wanted);

/// Sends `observer` the response `id` when `task` has ended.
void notify_end(task_actor& task, caf::actor_control_block* observer,
                caf::message_id id);

void cancel_from_handle(task_actor& task, cancel_reason reason);

/// Throws `errc::self_join` if `task` cannot end before `waiting` does.
void refuse_self_join(task_actor& waiting, task_actor& task);

/// Has `task` wait for the end of `goal`, which inherits its urgency. Returns
/// false if `goal` has ended.
bool begin_wait(task_actor& task, task_actor& goal, waiter& link) noexcept;

/// Ends that wait.
void end_wait(task_actor& task, task_actor& goal, waiter& link) noexcept;

/// Why an ended task has no value, as its failure or one that stands for its
/// cancellation; nothing if it has one. Marks it as seen.
std::optional<failure> why_no_value(task_actor& end);

/// The result of an ended task as a value; marks it as seen.
template <class T>
expected<T> expected_outcome(typed_task<T>& end) {
  if (auto why = why_no_value(end))
    return tl::unexpected<failure>{std::move(*why)};
  if constexpr (std::is_void_v<T>)
    return {};
  else
    return end.value();
}

/// The same where nobody else asks for it: the value is moved out.
template <class T>
expected<T> take_outcome(typed_task<T>& end) {
  if (auto why = why_no_value(end))
    return tl::unexpected<failure>{std::move(*why)};
  if constexpr (std::is_void_v<T>)
    return {};
  else
    return std::move(end.value());
}

/// A coroutine's wait for the end of a task.
class join_awaiter : public awaiter<join_awaiter> {
public:
  explicit join_awaiter(task_ptr target = nullptr) noexcept
    : target_(std::move(target)) {
    // nop
  }

  ~join_awaiter() {
    if (link_.waiting != nullptr)
      end_wait(*link_.waiting, target(), link_);
  }

  bool arm(task_actor& task) {
    auto& goal = target();
    if (goal.state().terminal())
      return false;
    refuse_self_join(task, goal);
    link_.epoch = task.state().epoch();
    link_.waiting = &task;
    if (shielded())
      task.state().expect_shield();
    task.next(task_actor::step::suspend);
    if (begin_wait(task, goal, link_))
      return true;
    if (shielded())
      task.state().forget_shield();
    return false;
  }

  /// Waiting for clean-up goes on when the waiting task is cancelled.
  bool shielded() const noexcept {
    return target().node_kind() == task_kind::shield;
  }

protected:
  /// Awaits `value`; for who makes its target when it is awaited.
  bool await_made(task_actor& task, task_ptr value) {
    target(std::move(value));
    return arm(task) || ends_here(task);
  }

  task_actor& target() const noexcept {
    return *as_task(target_);
  }

  void target(task_ptr value) noexcept {
    target_ = std::move(value);
  }

private:
  /// A member of a final class, not a base: it may fire until the destructor has
  /// removed it, and a base would change its dynamic type before that.
  struct link final : waiter {
    bool fire(task_actor&) noexcept override {
      return waiting->wake(epoch);
    }

    runtime::job_level urgency() const noexcept override {
      return waiting->level();
    }

    task_actor* waiting = nullptr;
    std::uint16_t epoch = 0;
  };

  task_ptr target_;
  link link_;
};

/// Awaits a task's value.
/// @tparam R `T` to move it out, `const T&` to look at it
template <class T, class R>
class task_awaiter final : public join_awaiter {
public:
  task_awaiter(task_ptr target, typed_task<T>& end) noexcept
    : join_awaiter(std::move(target)), end_(end) {
    // nop
  }

  R await_resume() {
    end_.mark_observed();
    end_.throw_unless_value();
    if constexpr (std::is_reference_v<R>)
      return end_.value();
    else
      return std::move(end_.value());
  }

private:
  typed_task<T>& end_;
};

template <class R>
class task_awaiter<void, R> final : public join_awaiter {
public:
  task_awaiter(task_ptr target, typed_task<void>& end) noexcept
    : join_awaiter(std::move(target)), end_(end) {
    // nop
  }

  void await_resume() {
    end_.mark_observed();
    end_.throw_unless_value();
  }

private:
  typed_task<void>& end_;
};

} // namespace axiom::detail
