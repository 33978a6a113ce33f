#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "axiom/task/reference.hpp"

namespace axiom {

/// One task in a snapshot of the tree.
struct task_snapshot {
  task_reference task;
  std::uint32_t depth = 0; ///< 0 for a root task
  std::string state;       ///< queued, running, suspended, ending, external
  /// The one that counts now: that of a more urgent task, if one waits for it.
  task_priority effective_priority = task_priority::medium;
  bool cancelled = false;
  bool shielded = false;
  std::uint32_t children = 0;
};

template <class Inspector>
typename Inspector::result_type inspect(Inspector& f, task_snapshot& x) {
  return f(caf::meta::type_name("axiom::task_snapshot"), x.task, x.depth,
           x.state, x.effective_priority, x.cancelled, x.shielded, x.children);
}

/// The live tasks of a coordinator, each parent before its children. Tasks
/// come and go while it is made: every task that lives throughout is in it.
struct tree_snapshot {
  std::string coordinator;
  std::vector<task_snapshot> tasks;
};

template <class Inspector>
typename Inspector::result_type inspect(Inspector& f, tree_snapshot& x) {
  return f(caf::meta::type_name("axiom::tree_snapshot"), x.coordinator,
           x.tasks);
}

/// The snapshot as an indented tree.
std::string to_string(const tree_snapshot& x);

/// An error that nobody looked at: of a root task, or of a child in a
/// `discarding_task_group` without a handler.
struct unobserved_error {
  task_reference task;
  caf::error error;
  timestamp at;
};

template <class Inspector>
typename Inspector::result_type inspect(Inspector& f, unobserved_error& x) {
  return f(caf::meta::type_name("axiom::unobserved_error"), x.task, x.error,
           x.at);
}

/// Figures about a coordinator. The first five are of its whole system.
struct coordinator_stats {
  std::uint64_t created = 0;
  std::uint64_t completed = 0;
  std::uint64_t failed = 0;
  std::uint64_t cancelled = 0;
  std::uint64_t overdue = 0;
  std::uint64_t roots = 0;             ///< root tasks that have not ended
  std::uint64_t unobserved_errors = 0; ///< seen by nobody, in all
  std::vector<unobserved_error> recent_errors; ///< the last of these
};

template <class Inspector>
typename Inspector::result_type inspect(Inspector& f, coordinator_stats& x) {
  return f(caf::meta::type_name("axiom::coordinator_stats"), x.created,
           x.completed, x.failed, x.cancelled, x.overdue, x.roots,
           x.unobserved_errors, x.recent_errors);
}

} // namespace axiom
