#include "report.hpp"

#include <algorithm>
#include <csignal>

#include "axiom/deploy/error_tree.hpp"
#include "axiom/observe/printable.hpp"
#include "command_line.hpp"

namespace axiom::tools {

using deploy::grouped;
using deploy::human_duration;
using observe::printable;
using result = deploy::runner::result;
using supervisor_result = deploy::supervisor_runner::result;

namespace {

std::string signal_name(int number) {
  switch (number) {
    case SIGINT:
      return "SIGINT";
    case SIGTERM:
      return "SIGTERM";
    case SIGHUP:
      return "SIGHUP";
    default:
      return "signal " + std::to_string(number);
  }
}

template <class Result>
std::uint64_t count(const std::vector<Result>& results,
                    typename Result::kind what) {
  return static_cast<std::uint64_t>(
    std::count_if(results.begin(), results.end(),
                  [=](const Result& one) { return one.outcome == what; }));
}

/// "2 of 3 tasks failed", as a line.
std::string failed_of(std::uint64_t n, std::size_t all, const char* what) {
  return "axiom: " + grouped(n) + " of " + grouped(all) + ' ' + what
       + (all == 1 ? "" : "s") + " failed\n";
}

std::string starts_and_restarts(std::uint64_t starts, std::uint64_t restarts) {
  return grouped(starts)
       + (starts == 1 ? " start of a child, " : " starts of children, ")
       + grouped(restarts) + (restarts == 1 ? " restart" : " restarts");
}

/// What became of a supervisor that did not do all it was there for.
void append_supervisor(std::string& out, const supervisor_result& one) {
  if (one.outcome != supervisor_result::kind::cancelled)
    return;
  out += "  " + printable(one.name) + ": stopped; "
       + starts_and_restarts(one.stats.starts, one.stats.restarts) + '\n';
}

/// What keeps a supervisor from its end.
void append_stuck(std::string& out, const supervisor_result& one) {
  out += "  " + printable(one.name) + ": has not ended in time\n";
  for (const auto& child : one.overdue)
    out += "    overdue: " + printable(one.name + '/' + child) + '\n';
}

/// What a cancelled task did and did not do.
void append_cancelled(std::string& out, const result& one) {
  const auto& at = one.progress;
  // While it is discovered how much there is, there may be more.
  const auto* more = at.discovering ? "+ " : " ";
  out += "  " + printable(one.name) + ": cancelled; done: "
         + grouped(at.done - at.failed) + " of " + grouped(at.found) + more
         + one.unit + ", " + deploy::human_bytes(at.bytes) + "; not done: "
         + grouped(at.found - at.done) + more + one.unit;
  if (at.failed > 0)
    out += "; failed before: " + grouped(at.failed);
  switch (one.output) {
    case deploy::output_state::none:
      out += "; its output was not written\n";
      break;
    case deploy::output_state::partial:
      out += "; its output is not complete\n";
      break;
    case deploy::output_state::complete:
      out += "; its output is complete\n";
      break;
  }
  if (!one.cancellation)
    return;
  const auto& report = *one.cancellation;
  out += "  " + printable(one.name) + ": "
         + grouped(report.acknowledged) + " of " + grouped(report.requested)
         + " tasks ended within " + human_duration(report.elapsed) + '\n';
  for (const auto& late : report.overdue)
    out += "    overdue: " + printable(late.path) + '\n';
  if (report.overdue_count > report.overdue.size())
    out += "    overdue: "
           + grouped(report.overdue_count - report.overdue.size())
           + " more\n";
}

/// The errors of attempts that others followed.
void append_earlier(std::string& out, const result& one) {
  for (const auto& x : one.earlier)
    deploy::append_error_tree(out, x.task.name, x.error, 4);
}

} // namespace

run_summary make_report(const std::vector<result>& results,
                        const std::vector<supervisor_result>& supervisors,
                        int signal) {
  run_summary summary;
  const auto n_failed = count(results, result::kind::failed);
  const auto n_given_up = count(supervisors, supervisor_result::kind::failed);
  const auto n_cancelled =
    count(results, result::kind::cancelled)
    + count(supervisors, supervisor_result::kind::cancelled);
  if (n_cancelled > 0 && signal != 0) {
    summary.status = 128 + signal;
    summary.text += "axiom: stopped by " + signal_name(signal) + '\n';
  } else if (n_failed > 0 || n_given_up > 0 || n_cancelled > 0) {
    summary.status = failed;
  }
  for (const auto& one : results) {
    if (one.outcome != result::kind::cancelled)
      continue;
    append_cancelled(summary.text, one);
    append_earlier(summary.text, one);
    if (one.cancellation && !one.cancellation->all_acknowledged())
      summary.stuck = true;
  }
  for (const auto& one : results) {
    if (one.outcome != result::kind::completed || one.earlier.empty())
      continue;
    summary.text += "  " + printable(one.name) + ": completed at attempt "
                  + grouped(one.attempts) + "; before that:\n";
    append_earlier(summary.text, one);
  }
  for (const auto& one : supervisors) {
    append_supervisor(summary.text, one);
    if (one.stuck) {
      append_stuck(summary.text, one);
      summary.stuck = true;
      if (summary.status == 0)
        summary.status = failed;
    }
  }
  if (n_given_up > 0)
    summary.text += failed_of(n_given_up, supervisors.size(), "supervisor");
  for (const auto& one : supervisors)
    if (one.error)
      deploy::append_error_tree(summary.text, one.name, *one.error, 2);
  if (n_failed > 0)
    summary.text += failed_of(n_failed, results.size(), "task");
  for (const auto& one : results)
    if (one.outcome == result::kind::failed && one.error)
      deploy::append_error_tree(summary.text, one.name, *one.error, 2);
  return summary;
}

std::string sum_of(const std::vector<supervisor_result>& supervisors) {
  if (supervisors.empty())
    return {};
  std::uint64_t starts = 0;
  std::uint64_t restarts = 0;
  for (const auto& one : supervisors) {
    starts += one.stats.starts;
    restarts += one.stats.restarts;
  }
  return starts_and_restarts(starts, restarts);
}

std::string describe(const shutdown_report& report) {
  auto shown = report;
  for (auto& coordinator : shown.coordinators)
    for (auto& task : coordinator.tree.tasks)
      task.task.name = printable(task.task.name);
  return "axiom: " + to_string(shown);
}

} // namespace axiom::tools
