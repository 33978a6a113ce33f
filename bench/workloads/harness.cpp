#include "harness.hpp"

#include <cmath>
#include <cstdio>

#include <fmt/format.h>

namespace bench {

namespace {

/// The same columns for the head and the lines.
constexpr auto row = "{:<17} {:<13} {:>9}  {:<12} {:>11} {:>11} {:>11}\n";

/// Each line as soon as it is known: a run of all takes a minute.
void print(const std::string& text) {
  if (std::fputs(text.c_str(), stdout) == EOF || std::fflush(stdout) != 0)
    throw std::runtime_error("cannot write to standard output");
}

} // namespace

double median(std::vector<double> samples) {
  auto upper =
    samples.begin() + static_cast<std::ptrdiff_t>(samples.size() / 2);
  std::nth_element(samples.begin(), upper, samples.end());
  if (samples.size() % 2 != 0)
    return *upper;
  return (*std::max_element(samples.begin(), upper) + *upper) / 2;
}

void require(bool condition, const char* what) {
  if (!condition)
    throw wrong_result(fmt::format("wrong result: {}", what));
}

std::string_view name_of(peer who) noexcept {
  switch (who) {
    case peer::caf_stealing:
      return "caf_stealing";
    case peer::caf_sharing:
      return "caf_sharing";
    default:
      return "axiom";
  }
}

long experiment::scaled(long full, long least) const noexcept {
  return std::max(least, std::lround(static_cast<double>(full) * how_.scale));
}

void experiment::report(long n, std::string_view metric,
                        std::vector<double> samples) const {
  const auto [min, max] = std::minmax_element(samples.begin(), samples.end());
  require(std::isfinite(*min) && std::isfinite(*max), "a figure is no number");
  if (how_.json)
    // Names of a closed set, of which none needs escaping.
    print(fmt::format(R"({{"peer":"{}","workload":"{}","n":{},"metric":"{}",)"
                      R"("min":{:.6g},"median":{:.6g},"max":{:.6g}}})"
                      "\n",
                      name_of(peer_), workload_, n, metric, *min,
                      median(samples), *max));
  else
    print(fmt::format(
      row, workload_, name_of(peer_), n, metric, fmt::format("{:.6g}", *min),
      fmt::format("{:.6g}", median(samples)), fmt::format("{:.6g}", *max)));
}

void print_table_head() {
  print(fmt::format(row, "workload", "peer", "n", "metric", "min", "median",
                    "max"));
}

} // namespace bench
