#pragma once

#include <string>
#include <variant>
#include <vector>

#include "workloads.hpp"

namespace bench {

/// A workload that was asked for, with the arms that were.
struct selection {
  std::string_view name;
  std::vector<arm> arms;
};

/// What the program was asked to do.
struct command_line {
  settings how;
  std::vector<selection> what; ///< in the order of all_workloads()
};

/// There is nothing to measure: the text goes to standard output if `status`
/// is 0 (help, the list), else to standard error.
struct early_exit {
  int status;
  std::string text;
};

std::variant<command_line, early_exit> parse_command_line(int argc,
                                                          char** argv);

} // namespace bench
