#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "axiom/deploy/runner.hpp"

namespace axiom::tools {

/// How a run ended, for people and for the shell.
struct run_summary {
  std::string text; // empty if all is well
  int status = 0;
  bool stuck = false; // something outlived its grace
};

/// Sums up a run. `signal` is the one that stopped it, or 0;
/// `bytes_written` have gone to standard output.
run_summary make_report(const std::vector<deploy::runner::result>& results,
                        int signal, std::uint64_t bytes_written);

} // namespace axiom::tools
