#pragma once

#include <string>

#include "axiom/deploy/deployment.hpp"
#include "axiom/deploy/node.hpp"
#include "axiom/deploy/problem.hpp"
#include "axiom/deploy/types.hpp"

namespace axiom::deploy {

/// What `resources:` takes: what there is.
type<resource_capacities> capacities_type();

/// What a task's `resources` takes: what it needs.
type<resource_requirements> requirements_type();

/// That there is as much as `wanted`, which was read from `where`.
void check_resources(const resource_requirements& wanted, const node& where,
                     const std::string& path, const resource_capacities& known,
                     problem_list& problems);

} // namespace axiom::deploy
