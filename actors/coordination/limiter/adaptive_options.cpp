#include "axiom/coordination/limiter/adaptive.hpp"
#include "axiom/error/enum_names.hpp"

namespace axiom {

namespace {

constexpr enum_names<adaptive_algorithm, 4> names{
  {"off", "aimd", "vegas", "gradient"}};

} // namespace

std::string to_string(adaptive_algorithm algorithm) {
  return names.print(algorithm);
}

std::optional<adaptive_algorithm> parse_adaptive_algorithm(
  std::string_view name) {
  return names.parse(name);
}

std::vector<std::string> problems_of(const adaptive_options& options,
                                     std::size_t initial) {
  std::vector<std::string> result;
  if (options.algorithm == adaptive_algorithm::off)
    return result;
  auto zero = runtime::duration::zero();
  // Comparisons are such that no NaN passes.
  if (options.min == 0)
    result.push_back("min is 0 (expected at least 1)");
  if (options.max < options.min)
    result.push_back("max is " + std::to_string(options.max)
                     + ", less than min (" + std::to_string(options.min) + ")");
  else if (initial < options.min || initial > options.max)
    result.push_back("the initial limit is " + std::to_string(initial)
                     + " (expected between " + std::to_string(options.min)
                     + " and " + std::to_string(options.max) + ")");
  if (!(options.backoff > 0 && options.backoff < 1))
    result.push_back("backoff is not between 0 and 1");
  if (options.timeout && *options.timeout <= zero)
    result.push_back("timeout is not positive");
  if (!(options.tolerance >= 1))
    result.push_back("tolerance is less than 1");
  if (!(options.smoothing > 0 && options.smoothing <= 1))
    result.push_back("smoothing is not above 0 and at most 1");
  if (options.probe_interval <= zero)
    result.push_back("probe_interval is not positive");
  for (auto& what : problems_of(options.sampling))
    result.push_back("sampling." + what);
  return result;
}

} // namespace axiom
