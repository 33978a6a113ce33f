#pragma once

#include <string>
#include <vector>

#include "axiom/coordination/shutdown_report.hpp"
#include "axiom/deploy/runner.hpp"

namespace axiom::tools {

/// How a run ended, for people and for the shell.
struct run_summary {
  std::string text; // lines; empty if all went well the first time
  int status = 0;
  bool stuck = false; // something outlived its grace
};

/// Sums up a run. `signal` is the one that stopped it, or 0.
run_summary
make_report(const std::vector<deploy::runner::result>& results,
            const std::vector<deploy::supervisor_runner::result>& supervisors,
            int signal);

/// What all supervisors did, for the end of a line; empty without any.
std::string
sum_of(const std::vector<deploy::supervisor_runner::result>& supervisors);

/// Why the process does not end, as lines that are safe to print: tasks are
/// named after files.
std::string describe(const shutdown_report& report);

} // namespace axiom::tools
