#pragma once

#include <string>
#include <vector>

#include "axiom/coordination/limiter_options.hpp"
#include "axiom/deploy/problem.hpp"
#include "axiom/deploy/types.hpp"

namespace axiom::deploy {

/// What `limiters:` takes: limiters by name.
type<std::vector<limiter_options>> limiters_type();

/// That one of `known` has this name.
void check_limiter(const std::string& name, position where, std::string path,
                   const std::vector<limiter_options>& known,
                   problem_list& problems);

} // namespace axiom::deploy
