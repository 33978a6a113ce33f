#pragma once

#include <optional>
#include <utility>

#include "axiom/coordination/detail/group_site.hpp"
#include "axiom/coordination/detail/group_state.hpp"
#include "axiom/coordination/detail/limited_operation.hpp"
#include "axiom/task/detail/awaiter.hpp"
#include "axiom/task/detail/make_task.hpp"
#include "axiom/task/operation.hpp"

namespace axiom::detail {

/// Throws `errc::not_in_scope` unless `task` is the group or below it.
void require_in_scope(const task_actor& task, const task_actor& group);

/// A place in a group and the slot that belongs to it, until a child has them.
template <class State>
class group_place {
public:
  using slot_ptr = typename State::slot_ptr;

  group_place(State& group, slot_ptr slot) noexcept
    : group_(&group), slot_(slot) {
    // nop
  }

  group_place(group_place&& other) noexcept
    : group_(std::exchange(other.group_, nullptr)), slot_(other.slot_) {
    // nop
  }

  group_place& operator=(group_place&&) = delete;

  ~group_place() {
    if (group_ != nullptr)
      group_->give_up(slot_);
  }

  State& group() const noexcept {
    return *group_;
  }

  slot_ptr slot() const noexcept {
    return slot_;
  }

  /// The child has it now.
  void pass_on() noexcept {
    group_ = nullptr;
  }

private:
  State* group_;
  slot_ptr slot_;
};

/// Waits for a place in a group.
template <class State, class Derived>
class place_awaiter : public awaiter<Derived> {
public:
  explicit place_awaiter(State& group) noexcept : group_(group) {
    // nop
  }

  ~place_awaiter() {
    if (waiter_.task != nullptr)
      waiter_.task->waits_at(nullptr);
    // What was granted later is written under the lock.
    if (at_once_ && waiter_.granted)
      group_.give_up(slot_); // cancelled while others went first
    else if (waiter_.task != nullptr)
      group_.abandon(waiter_);
  }

  bool arm(task_actor& task) {
    require_in_scope(task, group_.owner());
    at_once_ = group_.enter(waiter_, task, slot_);
    if (at_once_) {
      // A loop that adds many would otherwise fill the memory with children
      // before the first of them runs.
      auto crowded = task.host().crowded();
      if (crowded)
        task.next(task_actor::step::yield);
      return crowded;
    }
    task.waits_at(&site_);
    task.next(group_.how_to_wait(task));
    return true;
  }

protected:
  State& group() const noexcept {
    return group_;
  }

  /// The place waited for. Throws if there is none.
  group_place<State> take_place() {
    if (!waiter_.granted)
      group_.throw_no_place();
    if (!at_once_)
      slot_ = group_.add_slot();
    waiter_.granted = false; // this is not its owner any more
    return {group_, slot_};
  }

private:
  State& group_;
  group_site site_{group_.owner()};
  group_waiter waiter_; ///< has a task once it was queued
  typename State::slot_ptr slot_{};
  bool at_once_ = false; ///< with the slot
};

/// The awaiter of a place alone.
template <class State>
class bare_place_awaiter final
  : public place_awaiter<State, bare_place_awaiter<State>> {
public:
  using place_awaiter<State, bare_place_awaiter>::place_awaiter;

  group_place<State> await_resume() {
    return this->take_place();
  }
};

template <class State>
struct place_request : awaitable_tag {
  explicit place_request(State& x) noexcept : group(x) {
    // nop
  }

  friend bare_place_awaiter<State> as_awaiter(const place_request& x) noexcept {
    return bare_place_awaiter<State>{x.group};
  }

  State& group;
};

/// Adds a child to a group, waiting for a place.
template <class State, class F>
class add_task_awaiter final
  : public place_awaiter<State, add_task_awaiter<State, F>> {
public:
  add_task_awaiter(State& group, const task_options& options, F op)
    : place_awaiter<State, add_task_awaiter>(group),
      options_(options),
      op_(std::move(op)) {
    // nop
  }

  task_id await_resume() {
    auto place = this->take_place();
    auto& group = this->group();
    auto* limiter = group.limiter();
    auto result = limiter != nullptr
                    ? spawn(limited(*limiter, std::move(op_)), place)
                    : spawn(std::move(op_), place);
    group.cancel_if_draining();
    return result;
  }

private:
  template <class Op>
  task_id spawn(Op op, group_place<State>& place) {
    using child = typename State::template child<operation_result_t<Op>>;
    using impl = operation_task<child, Op>;
    auto& group = this->group();
    auto result = spawn_unowned_task<impl>(group.owner(), options_, kind_of<Op>,
                                           std::move(op), group, place.slot());
    place.pass_on();
    return result;
  }

  task_options options_;
  F op_;
};

/// What `add_task` returns, to be awaited.
template <class State, class F>
struct add_task_request : awaitable_tag {
  add_task_request(State& where, const task_options& how, F what)
    : group(where), options(how), op(std::move(what)) {
    // nop
  }

  friend add_task_awaiter<State, F> as_awaiter(add_task_request&& x) {
    return {x.group, x.options, std::move(x.op)};
  }

  State& group;
  task_options options;
  F op;
};

/// Awaits a result in a group, or that none will come.
template <class T>
class next_awaiter final : public awaiter<next_awaiter<T>> {
public:
  explicit next_awaiter(group_state<T>& group) noexcept : group_(group) {
    // nop
  }

  ~next_awaiter() {
    if (reader_.task == nullptr)
      return;
    reader_.task->waits_at(nullptr);
    group_.abandon_result(reader_);
  }

  bool arm(task_actor& task) {
    require_in_scope(task, group_.owner());
    task.next(group_.how_to_wait(task));
    if (group_.await_result(reader_, task))
      return false;
    task.waits_at(&site_);
    return true;
  }

  std::optional<expected<T>> await_resume() {
    return group_.take_result(reader_);
  }

private:
  group_state<T>& group_;
  group_site site_{group_.owner()};
  typename group_state<T>::reader reader_; ///< has a task once it was queued
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
