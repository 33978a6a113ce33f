#pragma once

#include <cstddef>
#include <optional>
#include <vector>

#include "axiom/task/cancellation.hpp"
#include "axiom/task/detail/sleep.hpp"

namespace axiom {

/// The place of a task in its tree: what every task offers to whoever looks
/// after it.
///
/// A handle; thread-safe, and valid after the task has ended (it then has no
/// children).
class task_hierarchy {
public:
  explicit task_hierarchy(detail::task_actor& task);

  /// The task above, whether or not it is still there; none for a root task.
  std::optional<task_id> parent() const;

  /// The children that have not ended, oldest first. A snapshot: O(children).
  std::vector<task_reference> children() const;

  /// How many children have not ended. O(1).
  std::size_t child_count() const noexcept;

  /// Cancels every child with all below it, but not the task itself: it goes
  /// on, and may create other children. Returns when all are signalled.
  void propagate_cancellation(cancel_reason reason
                              = cancel_reason::parent_cancelled) const;

  /// Awaitable: the end of all children, including those created meanwhile.
  /// Only the task itself may await it; a failure of a child does not show
  /// here, but where that child is awaited or where the task ends.
  detail::children_end await_children() const noexcept;

private:
  detail::task_ptr task_;
};

} // namespace axiom
