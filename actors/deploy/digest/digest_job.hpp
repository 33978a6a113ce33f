#pragma once

#include "axiom/deploy/digest/digest_tree.hpp"
#include "axiom/deploy/run_services.hpp"
#include "axiom/task/async.hpp"
#include "axiom/task/context.hpp"

namespace axiom::deploy::digest {

/// The body of a `digest_tree` task. All arguments outlive the coroutine.
async<void> run_digest(task_context& self, run_services& services,
                       const digest_options& options);

} // namespace axiom::deploy::digest
