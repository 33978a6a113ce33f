#pragma once

#include "axiom/coordination/detail/group_site.hpp"
#include "axiom/coordination/detail/group_state.hpp"
#include "axiom/task/detail/awaiter.hpp"

namespace axiom::detail {

/// Awaits a result in a group, the end of its last child, or a point in time,
/// whichever comes first: the one that wakes the task claims its suspension,
/// and the other is disarmed before the next.
template <class T>
class result_awaiter final : public awaiter<result_awaiter<T>>,
                             private runtime::timer_entry {
public:
  result_awaiter(group_state<T>& group, runtime::time_point due) noexcept
    : group_(group), due_(due) {
    // nop
  }

  ~result_awaiter() {
    if (timed_)
      reader_.task->host().timers().cancel(*this);
    if (reader_.task == nullptr)
      return;
    reader_.task->waits_at(nullptr);
    group_.abandon_result(reader_);
  }

  bool arm(task_actor& task) {
    task.next(group_.how_to_wait(task));
    if (group_.await_result(reader_, task))
      return false;
    if (due_ != runtime::time_point::max()) {
      timed_ = true;
      task.host().timers().arm(*this, due_);
    } else {
      task.waits_at(&site_); // and for nothing else
    }
    return true;
  }

  /// What is there, the group says.
  void await_resume() noexcept {
    group_.return_result(reader_);
  }

private:
  void fire() noexcept override {
    reader_.task->wake(reader_.epoch);
  }

  group_state<T>& group_;
  const runtime::time_point due_;
  group_site site_{group_.owner()};
  typename group_state<T>::reader reader_; ///< has a task once it was queued
  bool timed_ = false;
};

/// A result, or a point in time without one, to be awaited.
template <class T>
struct result_wait : awaitable_tag {
  explicit result_wait(group_state<T>& x, runtime::time_point when =
                                            runtime::time_point::max()) noexcept
    : group(x), due(when) {
    // nop
  }

  friend result_awaiter<T> as_awaiter(const result_wait& x) noexcept {
    return {x.group, x.due};
  }

  group_state<T>& group;
  runtime::time_point due;
};

} // namespace axiom::detail
