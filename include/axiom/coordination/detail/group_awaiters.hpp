#pragma once

#include <optional>
#include <utility>

#include "axiom/coordination/detail/group_state.hpp"
#include "axiom/task/detail/awaiter.hpp"
#include "axiom/task/detail/make_task.hpp"
#include "axiom/task/operation.hpp"

namespace axiom::detail {

/// Throws `errc::not_in_scope` unless `task` is the group or below it.
void require_in_scope(const task_actor& task, const task_actor& group);

/// Adds a child to a group, waiting for a place.
template <class T, class F>
class add_task_awaiter final : public awaiter<add_task_awaiter<T, F>> {
public:
  add_task_awaiter(group_state<T>& group, const task_options& options, F op)
    : group_(group), options_(options), op_(std::move(op)) {
    // nop
  }

  ~add_task_awaiter() {
    if (place_.granted && slot_ != nullptr)
      group_.drop_slot(*slot_); // cancelled while others went first
    else if (place_.task != nullptr)
      group_.abandon(place_);
  }

  bool arm(task_actor& task) {
    require_in_scope(task, group_.owner());
    if ((slot_ = group_.enter_with_slot(place_, task))) {
      // A loop that adds many would otherwise fill the memory with children
      // before the first of them runs.
      auto crowded = task.host().crowded();
      if (crowded)
        task.next(task_actor::step::yield);
      return crowded;
    }
    task.next(task_actor::step::suspend);
    return true;
  }

  task_id await_resume() {
    using impl = operation_task<group_child<T>, F>;
    place_.granted = false; // the child has the place now
    auto& slot = slot_ != nullptr ? *slot_ : group_.add_slot();
    try {
      return spawn_unowned_task<impl>(group_.owner(), options_, kind_of<F>,
                                      std::move(op_), group_, slot);
    } catch (...) {
      group_.drop_slot(slot);
      throw;
    }
  }

private:
  group_state<T>& group_;
  task_options options_;
  F op_;
  group_waiter place_;
  group_slot<T>* slot_ = nullptr; ///< if there was a place at once
};

/// What `add_task` returns, to be awaited.
template <class T, class F>
struct add_task_request : awaitable_tag {
  add_task_request(group_state<T>& where, const task_options& how, F what)
    : group(where), options(how), op(std::move(what)) {
    // nop
  }

  friend add_task_awaiter<T, F> as_awaiter(add_task_request&& x) {
    return {x.group, x.options, std::move(x.op)};
  }

  group_state<T>& group;
  task_options options;
  F op;
};

/// Awaits a result in a group, or the end of its last child.
template <class T>
class next_awaiter final : public awaiter<next_awaiter<T>> {
public:
  explicit next_awaiter(group_state<T>& group) noexcept : group_(group) {
    // nop
  }

  ~next_awaiter() {
    if (place_.task != nullptr)
      group_.abandon_result(place_);
  }

  bool arm(task_actor& task) noexcept {
    task.next(task_actor::step::suspend);
    return !group_.await_result(place_, task);
  }

  std::optional<expected<T>> await_resume() {
    return group_.pop_done();
  }

private:
  group_state<T>& group_;
  group_waiter place_;
};

/// What `next` returns, to be awaited.
template <class T>
struct next_result : awaitable_tag {
  explicit next_result(group_state<T>& x) noexcept : group(x) {
    // nop
  }

  friend next_awaiter<T> as_awaiter(const next_result& x) noexcept {
    return next_awaiter<T>{x.group};
  }

  group_state<T>& group;
};

} // namespace axiom::detail
