#pragma once

#include "axiom/deploy/loader.hpp"
#include "command_line.hpp"

namespace axiom::tools {

/// Loads the file of the command line with its variables.
deploy::load_result load(const command_line& args, deploy::load_depth depth);

} // namespace axiom::tools
