#pragma once

#include "axiom/deploy/task_types.hpp"

namespace axiom::deploy {

/// Adds the task type `drill`: work that does nothing, and fails when it is told
/// to, so that restarts, alerts and dashboards can be seen to work before they
/// are needed.
///
/// It counts a step each `interval`, ends well after its `lifetime`, if it has
/// one, and on each `fail_every`th start it fails, `fail_after` after that
/// start, with `fail_text`. It says that it is started `start_after` its start,
/// for supervisors that wait for that; the rest counts from there.
void add_drill(task_type_registry& registry);

} // namespace axiom::deploy
