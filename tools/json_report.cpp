#include "json_report.hpp"

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

constexpr std::array<std::string_view, 3> states{"completed", "failed",
                                                 "cancelled"};
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

/// An error that is one of several already, or by itself.
std::string error_of(const result& one) {
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
  append_text(out, "state", states.at(static_cast<std::size_t>(one.outcome)));
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

} // namespace

std::string json_report(const std::vector<result>& results, int status) {
  std::array<std::uint64_t, states.size()> counts{};
  std::uint64_t attempts = 0;
  std::string out = "{\"status\":" + std::to_string(status) + ",\"tasks\":[";
  for (const auto& one : results) {
    if (&one != &results.front())
      out += ",";
    out += "\n";
    append_task(out, one);
    ++counts.at(static_cast<std::size_t>(one.outcome));
    attempts += one.attempts;
  }
  out += "\n],\"total\":{";
  append_number(out, "tasks", results.size());
  for (std::size_t i = 0; i < states.size(); ++i) {
    out += ",";
    append_number(out, states.at(i), counts.at(i));
  }
  out += ",";
  append_number(out, "attempts", attempts);
  out += "}}\n";
  return out;
}

void write_report(const std::string& path, const std::vector<result>& results,
                  int& status) {
  try {
    deploy::output_file file{path};
    file.write(json_report(results, status), [] { return false; });
    file.commit();
  } catch (const exception& err) {
    print_error("axiom: the report: " + std::string{err.what()} + '\n');
    if (status == success)
      status = failed;
  }
}

} // namespace axiom::tools
