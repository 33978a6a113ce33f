#include "json_report.hpp"

#include <algorithm>
#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <string_view>
#include <utility>

#include <fmt/core.h>

#include "axiom/deploy/output.hpp"
#include "axiom/error/concurrent_errors.hpp"
#include "axiom/error/json_text.hpp"
#include "command_line.hpp"
#include "streams.hpp"

namespace axiom::tools {

namespace {

using result = deploy::runner::result;
using supervisor_result = deploy::supervisor_runner::result;

/// `Kind`: that of a task's result or of a supervisor's.
template <class Kind>
std::string_view state_of(Kind x) {
  switch (x) {
    case Kind::completed:
      return "completed";
    case Kind::failed:
      return "failed";
    case Kind::cancelled:
      return "cancelled";
  }
  return "";
}

constexpr std::array<std::string_view, 3> outputs{"none", "partial",
                                                  "complete"};

void append_text(std::string& out, std::string_view name,
                 std::string_view value) {
  out.append("\"").append(name).append("\":");
  append_json(out, value);
}

void append_number(std::string& out, std::string_view name,
                   std::uint64_t value) {
  out.append("\"").append(name).append("\":").append(std::to_string(value));
}

/// What ended `one`: several errors, or one by itself.
template <class Result>
std::string error_of(const Result& one) {
  task_error error{{}, *one.error, timestamp::clock::now(), {}};
  error.task.name = one.name;
  if (const auto* several = error.nested())
    return to_json(*several);
  return to_json(concurrent_errors{{std::move(error)}});
}

void append_task(std::string& out, const result& one) {
  out += "{";
  append_text(out, "name", one.name);
  out += ",";
  append_text(out, "path", one.name); // all of them are at the top
  out += ",";
  append_text(out, "state", state_of(one.outcome));
  out += ",";
  append_number(out, "attempts", one.attempts);
  if (one.started && one.elapsed) {
    out += ",";
    append_text(out, "started", iso_8601(*one.started));
    out += fmt::format(",\"seconds\":{:.6f}",
                       std::chrono::duration<double>(*one.elapsed).count());
  }
  out += ",\"progress\":{";
  append_number(out, "found", one.progress.found);
  out += ",";
  append_number(out, "done", one.progress.done);
  out += ",";
  append_number(out, "failed", one.progress.failed);
  out += ",";
  append_number(out, "bytes", one.progress.bytes);
  out += ",";
  append_text(out, "unit", one.unit);
  out += "},";
  append_text(out, "output", outputs.at(static_cast<std::size_t>(one.output)));
  if (one.outcome == result::kind::failed && one.error)
    out += ",\"error\":" + error_of(one);
  if (!one.earlier.empty())
    out += ",\"earlier\":" + to_json(concurrent_errors{one.earlier});
  out += "}";
}

void append_supervisor(std::string& out, const supervisor_result& one) {
  out += "{";
  append_text(out, "name", one.name);
  out += ",";
  append_text(out, "state", state_of(one.outcome));
  out += ",";
  append_number(out, "starts", one.stats.starts);
  out += ",";
  append_number(out, "restarts", one.stats.restarts);
  out += ",";
  append_number(out, "errors", one.stats.errors);
  if (one.stuck) {
    out += ",\"overdue\":[";
    for (const auto& child : one.overdue) {
      if (&child != &one.overdue.front())
        out += ",";
      append_json(out, child);
    }
    out += "]";
  }
  if (one.error)
    out += ",\"error\":" + error_of(one);
  out += "}";
}

/// Each of `results`, on a line of its own.
template <class Result>
void append_each(std::string& out, std::string_view name,
                 const std::vector<Result>& results,
                 void (*append)(std::string&, const Result&)) {
  out.append("\"").append(name).append("\":[");
  for (const auto& one : results) {
    out += &one != &results.front() ? ",\n" : "\n";
    append(out, one);
  }
  out += "\n]";
}

void append_total(std::string& out, const std::vector<result>& results) {
  using kind = result::kind;
  out += "\"total\":{";
  append_number(out, "tasks", results.size());
  for (auto state : {kind::completed, kind::failed, kind::cancelled}) {
    const auto n = std::count_if(
      results.begin(), results.end(),
      [state](const result& one) { return one.outcome == state; });
    out += ",";
    append_number(out, state_of(state), static_cast<std::uint64_t>(n));
  }
  std::uint64_t attempts = 0;
  for (const auto& one : results)
    attempts += one.attempts;
  out += ",";
  append_number(out, "attempts", attempts);
  out += "}";
}

} // namespace

std::string json_report(const std::vector<result>& results,
                        const std::vector<supervisor_result>& supervisors,
                        int status) {
  std::string out = "{\"status\":" + std::to_string(status) + ",";
  append_each(out, "tasks", results, append_task);
  out += ",";
  append_each(out, "supervisors", supervisors, append_supervisor);
  out += ",";
  append_total(out, results);
  out += "}\n";
  return out;
}

void write_report(const std::string& path, const std::vector<result>& results,
                  const std::vector<supervisor_result>& supervisors,
                  int& status) {
  try {
    deploy::output_file file{path};
    file.write(json_report(results, supervisors, status),
               [] { return false; });
    file.commit();
  } catch (const exception& err) {
    print_error("axiom: the report: " + std::string{err.what()} + '\n');
    if (status == success)
      status = failed;
  }
}

} // namespace axiom::tools
