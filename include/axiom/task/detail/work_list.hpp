#pragma once

#include "axiom/task/detail/task_actor.hpp"

namespace axiom::detail {

/// The tasks that this thread has to settle, one after the other.
///
/// Settling a task may end its parent, run functors that end other tasks, and
/// destroy values that own the last reference to yet others. Each of these
/// would recurse as deep as the tree; instead they append here, and whoever
/// came first drains.
class work_list {
public:
  /// Settles `task` now, or when the settling in progress on this thread is
  /// done.
  static void settle(task_actor& task) noexcept;

  /// Destroys the object of `task`, its last reference being gone, now or
  /// after the destruction in progress on this thread.
  static void destroy(task_actor& task) noexcept;
};

} // namespace axiom::detail
