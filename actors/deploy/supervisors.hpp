#pragma once

#include <functional>
#include <string>
#include <vector>

#include "axiom/deploy/deployment.hpp"
#include "axiom/deploy/problem.hpp"
#include "axiom/deploy/types.hpp"
#include "deploy/task_entry.hpp"

namespace axiom::deploy {

/// The fields of a child of a supervisor, whatever it is, while they are read.
/// Those that others depend on are empty after a mistake, too, so that it is
/// not taken for another one.
struct child_entry {
  std::optional<restart_kind> restart;
  bool significant = false;
  std::optional<std::chrono::nanoseconds> shutdown;
  std::optional<child_start_mode> start;
  std::optional<std::chrono::nanoseconds> start_timeout;
};

/// A child that is a task or an actor while it is read.
struct worker_entry : task_entry, child_entry {
  actor_spec actor; // if `type` is one
};

/// What `supervisors:` takes: a list of trees.
///
/// A child with `children` is a supervisor; a bare word stands for a child of
/// this type and name, with all else as it is by default.
/// @param worker the fields of a task, to which those of a child are added
/// @param actors the types of actors that the application knows
type<std::vector<supervisor_spec>>
supervisors_type(section<worker_entry> worker,
                 std::vector<std::string> actors);

/// Checks a task below a supervisor against the rest of the deployment.
/// @param where its mapping, or the word that stands for it
using task_check = std::function<void(
  const task_spec& task, const node& where, const std::string& path)>;

/// That no two supervisors have one name, since that is what their metrics are
/// called by; and `check` for every task.
/// @param list the node that `all` was read from
void check_supervisors(const std::vector<supervisor_spec>& all,
                       const node& list, const task_check& check,
                       problem_list& problems);

} // namespace axiom::deploy
