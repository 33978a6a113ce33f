#pragma once

#include <cstddef>

#include <caf/fwd.hpp>

#include "axiom/task/cancellation.hpp"
#include "axiom/task/detail/task_actor.hpp"

namespace axiom::detail {

/// Cancels a subtree in one pass on the caller's thread.
///
/// The pass goes depth-first by the tree's own pointers: no recursion, no
/// allocation a task. On the way down it closes admission, so that a task that
/// still runs cannot create children behind its back; on the way up it
/// signals, children before their parent. When every task has its flag, those
/// that were suspended go to the scheduler as one batch, and then the
/// on_cancel handlers run, with no lock held.
///
/// Why it is safe against tasks that end meanwhile: it pins the child it
/// stands on, under the parent's lock. A pinned child that ends stays in the
/// list; the walk takes it out when it moves on. So the next sibling is
/// always reachable, and a parent cannot end, nor go away, under the walk.
///
/// A shielded child is spared in `cancel` mode: its budget starts to run.
class tree_walk {
public:
  enum class mode {
    cancel, ///< ask the tasks to end
    kill    ///< the grace is over: shields and `as_expected` no longer hold
  };

  /// Where user code (handlers, ends of tasks, destructors of values) may run.
  enum class context {
    open,  ///< here, at the end of the pass
    locked ///< not here: the caller may hold locks of CAF's; a worker does it
  };

  struct result {
    std::size_t signalled = 0; ///< tasks that were not signalled before
    runtime::duration took{};  ///< until the last flag was set
  };

  /// @pre the caller holds a reference to `target`
  static result run(task_actor& target, const cancel_cause_ptr& cause,
                    mode how, context where, caf::execution_unit* unit);

private:
  tree_walk(const cancel_cause_ptr& cause, mode how)
    : cause_(cause), mode_(how) {
    // nop
  }

  void pass(task_actor& target);
  bool enter(task_actor& node, bool is_target);
  void leave(task_actor& node);
  static task_actor* pin_first(task_actor& parent);
  task_actor* pin_next(task_actor& parent, task_actor& child);

  const cancel_cause_ptr& cause_;
  const mode mode_;
  result result_;
  task_actor* woken_ = nullptr;
  task_actor* to_call_ = nullptr;
  task_actor* to_settle_ = nullptr;
  task_actor* to_release_ = nullptr; ///< ended children it took out of lists
};

} // namespace axiom::detail
