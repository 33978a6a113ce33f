#include "command_line.hpp"

#include <cstring>
#include <sstream>
#include <string_view>

#include <CLI/CLI.hpp>

#include "axiom/deploy/deployment.hpp"
#include "axiom/deploy/output.hpp"
#include "axiom/deploy/types.hpp"
#include "axiom/deploy/variables.hpp"
#include "axiom/observe/printable.hpp"
#include "axiom/version.hpp"

namespace axiom::tools {

using observe::in_quotes;

namespace {

constexpr auto description
  = "Runs the tasks of a deployment file as one tree.";

constexpr auto footer = R"(Exit status:
  0    all is well
  1    a task failed, or the output could not be written
  2    the file or the command line is wrong
  128+N  stopped by signal N after an orderly cancel (130: Ctrl-C);
         a second signal ends the program at once

Example:
  axiom run config/digest.yaml --set ROOT=/usr/include > digest.sha256)";

std::string version_text() {
  return "axiom " + std::string{version()} + " (CAF "
         + std::string{caf_version()} + ")\n";
}

/// The values of the command line as text, before they are checked.
struct raw_values {
  std::string file;
  std::vector<std::string> variables;
  std::string metrics;
  std::string threads;
  std::string progress = "auto";
  std::string report;
  bool no_environment = false;
};

void add_common(CLI::App& command, raw_values& raw) {
  command.add_option("FILE", raw.file, "The deployment file")->required();
  command
    .add_option("--set", raw.variables,
                "Set a variable for ${KEY} in the file; comes before the "
                "environment. May be given several times.")
    ->type_name("KEY=VALUE")
    ->expected(1)
    ->allow_extra_args(false)
    ->take_all();
}

/// Checks everything that CLI11 does not, all of it.
std::string check(const raw_values& raw, bool has_metrics, bool has_threads,
                  bool has_report, command_line& into) {
  std::string problems;
  auto report = [&](const std::string& what) {
    problems += "axiom: " + what + '\n';
  };
  into.file = raw.file;
  for (const auto& text : raw.variables) {
    const auto equals = text.find('=');
    const auto name = text.substr(0, equals);
    if (equals == std::string::npos || !deploy::is_variable_name(name))
      report("--set " + in_quotes(text)
             + ": expected KEY=VALUE with a key of letters, digits and "
               "underscores");
    else
      into.variables.emplace_back(name, text.substr(equals + 1));
  }
  if (has_metrics) {
    into.metrics = deploy::parse_address(raw.metrics);
    if (!into.metrics)
      report("--metrics " + in_quotes(raw.metrics) + ": expected "
             + deploy::types::address().info.expected);
  }
  if (has_threads) {
    const auto n = deploy::parse_integer(raw.threads);
    if (raw.threads == "auto")
      into.threads.emplace();
    else if (n && *n >= 1 && *n <= deploy::max_threads)
      into.threads.emplace(static_cast<std::size_t>(*n));
    else
      report("--threads " + in_quotes(raw.threads)
             + ": expected \"auto\" or an integer from 1 to "
             + std::to_string(deploy::max_threads));
  }
  if (raw.progress == "auto")
    into.progress = deploy::progress_mode::automatic;
  else if (raw.progress == "plain")
    into.progress = deploy::progress_mode::plain;
  else if (raw.progress == "none")
    into.progress = deploy::progress_mode::none;
  else
    report("--progress " + in_quotes(raw.progress)
           + ": expected auto, plain or none");
  if (has_report) {
    into.report = raw.report;
    if (raw.report.empty())
      report("--report is empty (expected the path of a file)");
    else if (const auto reason = deploy::output_file::obstacle(raw.report);
             reason != 0)
      report("--report " + in_quotes(raw.report)
             + ": cannot be created: " + std::strerror(reason));
  }
  into.look_at_environment = !raw.no_environment;
  return problems;
}

} // namespace

std::variant<command_line, early_exit> parse_command_line(int argc,
                                                          char** argv) {
  raw_values raw;
  CLI::App app{description, "axiom"};
  app.footer(footer);
  app.set_version_flag("--version", [] { return version_text(); });
  app.require_subcommand(1);
  auto* run = app.add_subcommand("run", "Run the tasks of a deployment file");
  add_common(*run, raw);
  auto* metrics
    = run
        ->add_option("--metrics", raw.metrics,
                     "Serve metrics here, whatever the file says; port 0 "
                     "takes a free one")
        ->type_name("HOST:PORT");
  run->add_option("--progress", raw.progress,
                  "How progress is shown: auto (a bar on a terminal, else "
                  "lines), plain (lines) or none")
    ->type_name("auto|plain|none");
  auto* threads = run
                    ->add_option("--threads", raw.threads,
                                 "Worker threads, whatever the file says")
                    ->type_name("auto|N");
  auto* report = run
                   ->add_option("--report", raw.report,
                                "Write here how each task ended, as JSON")
                   ->type_name("FILE");
  auto* check_only = app.add_subcommand(
    "check", "Say everything that is wrong with a deployment file");
  add_common(*check_only, raw);
  check_only->add_flag("--no-environment", raw.no_environment,
                       "Look at the file only, not at what it needs here");
  try {
    app.parse(argc, argv);
  } catch (const CLI::Success& done) {
    // Help or the version was asked for; CLI11 prints to streams.
    std::ostringstream text;
    app.exit(done, text, text);
    return early_exit{success, std::move(text).str()};
  } catch (const CLI::ParseError& err) {
    return early_exit{misuse, "axiom: " + observe::printable(err.what())
                                + "\naxiom: see axiom --help\n"};
  }
  command_line result;
  result.what = run->parsed() ? command_line::verb::run
                              : command_line::verb::check;
  auto problems = check(raw, metrics->count() > 0, threads->count() > 0,
                        report->count() > 0, result);
  if (!problems.empty())
    return early_exit{misuse, std::move(problems)};
  return result;
}

} // namespace axiom::tools
