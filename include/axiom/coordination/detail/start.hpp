#pragma once

#include <type_traits>
#include <utility>

#include "axiom/coordination/detail/group_awaiters.hpp"
#include "axiom/task/async.hpp"
#include "axiom/task/detail/join.hpp"
#include "axiom/task/detail/start_signal.hpp"

namespace axiom::detail {

/// A child of a group for which somebody waits until it has started.
/// @tparam Base the group's class of children
template <class Base, class V>
class starting_child : public Base {
public:
  template <class... Ts>
  explicit starting_child(Ts&&... xs)
    : Base(std::forward<Ts>(xs)...), signal_(*this) {
    // nop
  }

  typed_start_signal<V>& signal() noexcept {
    return signal_;
  }

  start_signal* starting() noexcept override {
    return &signal_;
  }

protected:
  void deliver() noexcept override {
    if (!signal_.ended())
      return Base::deliver();
    this->mark_observed(); // by the starter
    this->leave_group();
  }

private:
  typed_start_signal<V> signal_;
};

/// Throws `errc::invalid_argument` for a timeout that is not positive.
void require_start_timeout(runtime::duration timeout);

/// What the wait for a start ends with if there is no value.
[[noreturn]] void throw_not_started(const task_actor& child, bool timed_out,
                                    runtime::duration timeout);

/// Cancels a child whose starter goes away, cancelled.
void cancel_with_starter(task_actor& child, const task_actor& starter);

/// Makes a child and waits until it has started. The child inherits the urgency
/// of who waits.
template <class V, class State, class F>
class start_awaiter final : public awaiter<start_awaiter<V, State, F>> {
public:
  using base = typename State::template child<operation_result_t<F>>;
  using child_type = starting_child<base, V>;

  start_awaiter(group_place<State> place, const task_options& options, F op,
                runtime::duration timeout)
    : place_(std::move(place)),
      options_(options),
      op_(std::move(op)),
      timeout_(timeout) {
    // nop
  }

  ~start_awaiter() {
    if (starter_ == nullptr)
      return;
    end_wait(*starter_, child(), link_);
    if (child().signal().forget_starter())
      cancel_with_starter(child(), *starter_);
  }

  bool arm(task_actor& task) {
    auto& group = place_.group();
    auto* limiter = group.limiter();
    auto made = limiter != nullptr ? make(limited(*limiter, std::move(op_)))
                                   : make(std::move(op_));
    auto& signal = static_cast<child_type&>(*as_task(made)).signal();
    task.next(task_actor::step::suspend);
    signal.expect(task);
    as_task(made)->launch();
    child_ = std::move(made);
    place_.pass_on();
    starter_ = &task;
    if (timeout_ != runtime::duration::max())
      signal.limit(timeout_);
    link_.starter = &task;
    begin_wait(task, child(), link_);
    group.cancel_if_draining();
    return true;
  }

  V await_resume() {
    auto& signal = child().signal();
    if (!signal.told())
      throw_not_started(child(), signal.timed_out(), timeout_);
    if constexpr (!std::is_void_v<V>)
      return std::move(signal.value());
  }

private:
  /// Lends urgency; the wake-up is the signal's.
  struct link final : waiter {
    bool fire(task_actor&) noexcept override {
      return false;
    }

    runtime::job_level urgency() const noexcept override {
      return starter->level();
    }

    task_actor* starter = nullptr;
  };

  template <class Op>
  task_ptr make(Op op) {
    using impl = operation_task<child_type, Op>;
    auto& group = place_.group();
    return task_storage<impl>::make(
      make_seed(group.owner(), options_, kind_of<Op>), std::move(op), group,
      place_.slot());
  }

  child_type& child() const noexcept {
    return static_cast<child_type&>(*as_task(child_));
  }

  group_place<State> place_;
  task_options options_;
  F op_;
  runtime::duration timeout_;
  task_ptr child_;
  task_actor* starter_ = nullptr; ///< once there is a child
  link link_;
};

template <class V, class State, class F>
struct start_request : awaitable_tag {
  start_request(group_place<State> where, const task_options& how, F what,
                runtime::duration limit)
    : place(std::move(where)),
      options(how),
      op(std::move(what)),
      timeout(limit) {
    // nop
  }

  friend start_awaiter<V, State, F> as_awaiter(start_request&& x) {
    return {std::move(x.place), x.options, std::move(x.op), x.timeout};
  }

  group_place<State> place;
  task_options options;
  F op;
  runtime::duration timeout;
};

/// Waits for a place, then for the start of a child in it.
template <class V, class State, class F>
async<V> start_in_group(State& group, task_options options, F op,
                        runtime::duration timeout) {
  require_start_timeout(timeout);
  auto place = co_await place_request<State>{group};
  start_request<V, State, F> start{std::move(place), options, std::move(op),
                                   timeout};
  co_return co_await std::move(start);
}

} // namespace axiom::detail
