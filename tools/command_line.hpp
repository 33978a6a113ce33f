#pragma once

#include <optional>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "axiom/deploy/progress_display.hpp"
#include "axiom/deploy/scalar.hpp"

namespace axiom::tools {

/// What the program returns to its caller.
enum exit_status : int {
  success = 0,
  failed = 1, // a task, or writing the output
  misuse = 2, // the file or the command line is wrong
  // 128 + number of the signal that stopped it
};

/// What the command line asks for, checked.
struct command_line {
  enum class verb { run, check };

  verb what = verb::run;
  std::string file;
  std::vector<std::pair<std::string, std::string>> variables; // --set
  std::optional<deploy::endpoint_address> metrics;
  std::optional<std::optional<std::size_t>> threads; // inner none: auto
  deploy::progress_mode progress = deploy::progress_mode::automatic;
  std::optional<std::string> report; // a file
  bool look_at_environment = true;
};

/// Nothing to do but to say something and leave: help, the version, or what
/// is wrong.
struct early_exit {
  int status = success;
  std::string text; // for standard output if all is well, else for errors
};

std::variant<command_line, early_exit> parse_command_line(int argc,
                                                          char** argv);

} // namespace axiom::tools
