#pragma once

#include "axiom/deploy/deployment.hpp"
#include "axiom/deploy/types.hpp"

namespace axiom::deploy {

/// What a task's `retry:` takes.
type<task_retry> retry_type();

/// What `retry_budget:` takes: how often all tasks together may try again.
type<retry_budget_options> retry_budget_type();

/// That what is said about the attempts of `task` fits to the rest of it; from
/// the task's mapping, once it has been read.
void check_retry(const task_spec& task, const node& from, reader& in);

} // namespace axiom::deploy
