#pragma once

#include <atomic>
#include <cstddef>
#include <optional>
#include <vector>

#include "axiom/coordination/failure_mode.hpp"
#include "axiom/error/concurrent_errors.hpp"
#include "axiom/task/detail/task_actor.hpp"

namespace axiom::detail {

/// What went wrong in a scope that runs an operation for each element of a
/// source: in which items, and in the source itself. Part of the scope's task,
/// since it must outlive the scope's coroutine, which a cancellation unwinds.
///
/// Thread-safe; `lock_` guards the lists, and no user code runs under it.
class item_failures {
public:
  struct of_item {
    std::size_t index;
    task_error error;
  };

  item_failures(task_actor& scope, failure_mode mode) noexcept
    : scope_(scope), mode_(mode) {
    // nop
  }

  /// Whether no further item is to be taken because of a failure.
  bool closed() const noexcept {
    // Relaxed: an early notice. What stops a lane for sure is the cancellation.
    return closed_.load(std::memory_order_relaxed);
  }

  /// The item failed with `why`. If that ends the scope, it is cancelled.
  void note(std::size_t index, task_error why) noexcept;

  /// A lane failed where no item is to blame: nothing can go on.
  void note_lane(task_error why) noexcept;

  /// The source threw: there are no further items.
  void note_source(failure why) noexcept;

  /// Whether anything was noted.
  bool any() const noexcept;

  /// Whether the source threw.
  bool in_source() const noexcept;

  /// What the source threw, for the first who asks.
  std::optional<failure> take_source();

  /// What is known of the items, in their order.
  std::vector<of_item> take_items();

  /// The same as the errors of the scope: if the first one ended it, the others
  /// are suppressed.
  std::vector<task_error> take();

private:
  void end_scope(const task_error& why) noexcept;

  task_actor& scope_;
  const failure_mode mode_;
  std::atomic<bool> closed_{false};
  mutable runtime::small_mutex lock_;
  std::vector<of_item> items_;
  std::optional<failure> source_;
};

} // namespace axiom::detail
