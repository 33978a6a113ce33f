#pragma once

#include <atomic>
#include <functional>

#include "axiom/coordination/detail/group_core.hpp"
#include "axiom/coordination/detail/group_state.hpp"
#include "axiom/coordination/group_options.hpp"
#include "axiom/task/detail/typed_task.hpp"

namespace axiom::detail {

template <class R>
class discarding_child;

/// A group that keeps nothing of a child that has ended: what it holds grows
/// with the children that run at once, not with those that ever ran.
///
/// With `throw_on_first` it keeps the failures: the first ends the group, and
/// the others come from children that ran at that time.
class discarding_state : public group_core {
public:
  /// A child has a place, but no slot.
  struct slot_ptr {};

  template <class R>
  using child = discarding_child<R>;

  discarding_state(task_actor& owner, const discarding_group_options& options);

  static group_limits limits_of(
    const discarding_group_options& options) noexcept;

  // -- for adders and children: see group_state -------------------------------

  bool enter(group_waiter& adder, task_actor& task, slot_ptr&);

  slot_ptr add_slot() const noexcept {
    return {};
  }

  void give_up(slot_ptr) noexcept {
    child_done();
  }

  void child_done() noexcept;

  /// Reports a failure, or cancels the group with it.
  void child_failed(const task_actor& child, const failure& why) noexcept;

  /// A child was cancelled: maybe since the group's time is over.
  void child_cancelled(const cancel_cause& cause) noexcept;

  /// How many children have failed.
  std::uint64_t failures() const noexcept {
    return failures_.load(std::memory_order_relaxed);
  }

  group_remains take_remains();

private:
  void report(const task_actor& child, const task_error& error) noexcept;

  const std::function<void(const task_error&)> on_error_;
  // Neither orders anything: the last child's end comes before `take_remains`.
  std::atomic<std::uint64_t> failures_{0};
  std::atomic<bool> in_time_{true};
};

/// A child of a discarding group.
template <class R>
class discarding_child : public typed_task<R> {
public:
  discarding_child(caf::actor_config& cfg, const task_seed& seed,
                   discarding_state& group, discarding_state::slot_ptr)
    : typed_task<R>(cfg, seed), group_(group) {
    // nop
  }

protected:
  void deliver() noexcept override {
    this->mark_observed(); // the group answers for it
    this->value_.reset(); // somebody may hold the task as an actor
    if (this->outcome() == outcome_kind::failed)
      group_.child_failed(*this, this->why_failed());
    else if (this->outcome() == outcome_kind::cancelled)
      group_.child_cancelled(*this->cause());
    group_.child_done();
  }

  /// Somebody else has the outcome.
  void leave_group() noexcept {
    group_.child_done();
  }

private:
  discarding_state& group_;
};

} // namespace axiom::detail
