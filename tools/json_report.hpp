#pragma once

#include <string>
#include <vector>

#include "axiom/deploy/runner.hpp"

namespace axiom::tools {

/// How a run ended, for programs, as one JSON object:
///
/// - `status`: what the program returns
/// - `tasks`: an object for each, in the order of the file: `name`, `path`,
///   `state` ("completed", "failed", "cancelled"), `attempts` (0: it never
///   began), `started` (ISO 8601, UTC) and `seconds` if it began and has ended,
///   `progress` (`found`, `done`, `failed`, `bytes`, `unit`), `output` ("none",
///   "partial", "complete"), `error` where it failed, and `earlier` where
///   attempts failed before it succeeded or was cancelled: both as `to_json`
///   prints `concurrent_errors`
/// - `supervisors`: an object for each that is not below another, in the order
///   of the file: `name`, `state`, how many `starts`, `restarts` and `errors`
///   there were of its children and of those below them, `overdue` (its children
///   that did not die in time) where it did not end, and `error` where it
///   failed, like a task's
/// - `total`: how many `tasks` there are, and how many of them `completed`,
///   `failed`, were `cancelled`; their `attempts`
std::string
json_report(const std::vector<deploy::runner::result>& results,
            const std::vector<deploy::supervisor_runner::result>& supervisors,
            int status);

/// Writes that to the file at `path`, which appears complete or not at all.
/// If it cannot, says so, and `status` becomes `failed` unless it is worse.
void write_report(
  const std::string& path, const std::vector<deploy::runner::result>& results,
  const std::vector<deploy::supervisor_runner::result>& supervisors,
  int& status);

} // namespace axiom::tools
