#include "command_line.hpp"

#include <algorithm>
#include <iterator>
#include <sstream>

#include <CLI/CLI.hpp>
#include <fmt/format.h>
#include <fmt/ranges.h>

namespace bench {

namespace {

constexpr int misuse = 2;

using names = std::vector<std::string>;

bool contains(const names& all, std::string_view name) {
  return std::find(all.begin(), all.end(), name) != all.end();
}

names workload_names() {
  names result;
  for (const auto& x : all_workloads())
    result.emplace_back(x.name);
  return result;
}

names peer_names() {
  names result;
  for (auto x : {peer::axiom, peer::caf_stealing, peer::caf_sharing})
    result.emplace_back(name_of(x));
  return result;
}

std::string list_of_workloads() {
  std::string result = "Workloads:\n";
  for (const auto& x : all_workloads())
    result += fmt::format("  {:<16} {}\n", x.name, x.question);
  return result
       + "\nPeers: axiom (this framework), caf_stealing and caf_sharing (plain "
         "CAF under\nits own schedulers, where there is such an arm).\n\n"
         "Exit status: 0 all well, 1 a wrong result or another failure, 2 a "
         "wrong argument.";
}

std::string list_of_arms() {
  std::string result;
  for (const auto& x : all_workloads())
    for (const auto& how : x.arms)
      result += fmt::format("{} {}\n", x.name, name_of(how.who));
  return result;
}

/// A complaint for each name that is not among `known`.
std::string check(const names& given, const char* what, const names& known) {
  std::string problems;
  for (const auto& x : given)
    if (!contains(known, x))
      problems += fmt::format("workloads: there is no {} '{}'; there are: {}\n",
                              what, x, fmt::join(known, ", "));
  return problems;
}

/// No names stand for all.
std::vector<selection> select(const names& workloads, const names& peers) {
  std::vector<selection> result;
  for (const auto& x : all_workloads()) {
    if (!workloads.empty() && !contains(workloads, x.name))
      continue;
    selection chosen{x.name, {}};
    std::copy_if(x.arms.begin(), x.arms.end(), std::back_inserter(chosen.arms),
                 [&](const arm& how) {
                   return peers.empty() || contains(peers, name_of(how.who));
                 });
    if (!chosen.arms.empty())
      result.push_back(std::move(chosen));
  }
  return result;
}

} // namespace

std::variant<command_line, early_exit> parse_command_line(int argc,
                                                          char** argv) {
  command_line result;
  names workloads;
  names peers;
  bool list = false;
  CLI::App app{"Measures tasks beside plain CAF actors: for each figure the "
               "minimum, median and maximum of some runs.",
               "workloads"};
  app.footer(list_of_workloads());
  app
    .add_option("NAME", workloads, "The workloads to run; all if none is given")
    ->type_name("");
  app.add_flag("--json", result.how.json,
               "Print a JSON object a line instead of a table");
  app
    .add_option("--runs", result.how.runs,
                "How many runs count, after one that does not")
    ->check(CLI::Range(1, 1'000))
    ->type_name("N")
    ->capture_default_str();
  app.add_option("--peer", peers, "Only this peer; may be given several times")
    ->type_name("NAME")
    ->expected(1)
    ->allow_extra_args(false)
    ->take_all();
  app
    .add_option("--scale", result.how.scale,
                "Multiply all sizes, to try the program out; figures are "
                "comparable at 1 only")
    ->check(CLI::Range(1e-6, 1.0))
    ->type_name("FACTOR")
    ->capture_default_str();
  app.add_flag("--list", list, "Print each workload with each peer it has");
  try {
    app.parse(argc, argv);
  } catch (const CLI::Success& done) {
    std::ostringstream text; // CLI11 prints to streams
    app.exit(done, text, text);
    return early_exit{0, std::move(text).str()};
  } catch (const CLI::ParseError& err) {
    return early_exit{misuse, fmt::format("workloads: {}\n"
                                          "workloads: see workloads --help\n",
                                          err.what())};
  }
  if (list)
    return early_exit{0, list_of_arms()};
  const auto problems = check(workloads, "workload", workload_names())
                      + check(peers, "peer", peer_names());
  if (!problems.empty())
    return early_exit{misuse, problems};
  result.what = select(workloads, peers);
  if (result.what.empty())
    return early_exit{misuse, fmt::format("workloads: {} has no arm {}\n",
                                          fmt::join(workloads, ", "),
                                          fmt::join(peers, ", "))};
  return result;
}

} // namespace bench
