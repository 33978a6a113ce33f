#pragma once

#include <string>
#include <vector>

#include "axiom/deploy/deployment.hpp"
#include "axiom/deploy/problem.hpp"
#include "axiom/deploy/types.hpp"

namespace axiom::deploy {

/// What `pools:` takes: pools of buffers by name.
type<std::vector<buffer_pool_options>> pools_type();

/// That the pool of `task` is one of `known` and has blocks for it.
void check_pool(const task_spec& task, position where, std::string path,
                const std::vector<buffer_pool_options>& known,
                problem_list& problems);

} // namespace axiom::deploy
