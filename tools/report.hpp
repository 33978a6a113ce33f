#pragma once

#include <string>
#include <vector>

#include "axiom/deploy/runner.hpp"

namespace axiom::tools {

/// How a run ended, for people and for the shell.
struct run_summary {
  std::string text; // lines; empty if all is well
  int status = 0;
  bool stuck = false; // something outlived its grace
};

/// Sums up a run. `signal` is the one that stopped it, or 0.
run_summary make_report(const std::vector<deploy::runner::result>& results,
                        int signal);

} // namespace axiom::tools
