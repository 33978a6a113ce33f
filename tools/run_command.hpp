#pragma once

#include "command_line.hpp"

namespace axiom::tools {

/// `axiom run`: loads the file, boots the actor system, serves metrics, runs
/// the tasks and reports. Returns the exit status.
int run_command(const command_line& args);

/// `axiom check`: says everything that is wrong with the file.
int check_command(const command_line& args);

} // namespace axiom::tools
