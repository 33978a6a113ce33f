#include "axiom/coordination/limiter/adaptive.hpp"

#include <algorithm>

#include "axiom/coordination/detail/problems.hpp"
#include "axiom/coordination/limiter/limit_targets.hpp"

namespace axiom {

namespace {

adaptive_options checked(adaptive_options options, std::size_t initial) {
  detail::refuse_if_any(problems_of(options, initial));
  if (options.algorithm == adaptive_algorithm::off)
    options.min = options.max = initial;
  return options;
}

} // namespace

adaptive_limit::adaptive_limit(const adaptive_options& options,
                               std::size_t initial)
  : options_(checked(options, initial)),
    estimate_(static_cast<double>(initial)),
    window_(options_.sampling),
    probe_(options_.probe_interval, options_.sampling) {
  // nop
}

std::size_t adaptive_limit::limit() const noexcept {
  // Beyond 2^53 the estimate is not exact, and its conversion may not fit.
  return estimate_ < static_cast<double>(options_.max)
         ? static_cast<std::size_t>(estimate_)
         : options_.max;
}

std::size_t adaptive_limit::add(const limit_sample& sample) {
  if (options_.algorithm == adaptive_algorithm::off)
    return limit();
  auto end = sample.start + sample.rtt;
  auto counted = sample;
  if (options_.timeout && sample.rtt > *options_.timeout)
    counted.dropped = true;
  if (probe_.running() && !counted.dropped) {
    move_to(probe_.add(counted, end, static_cast<double>(options_.min)));
    return limit();
  }
  if (probe_.running())
    probe_.abandon(end); // the limit stays as low as it is, at most
  if (auto window = window_.add(counted, end))
    on_window(*window);
  return limit();
}

void adaptive_limit::on_window(const detail::window_summary& window) {
  if (window.dropped)
    return shrink();
  if (2 * static_cast<double>(window.in_flight) < estimate_)
    return;
  if (options_.algorithm == adaptive_algorithm::aimd)
    return move_to(detail::aimd_target(estimate_));
  auto slowdown = probe_.slowdown(window.rtt);
  if (probe_.due(window.end, slowdown, estimate_))
    return probe_.begin(window, estimate_);
  if (options_.algorithm == adaptive_algorithm::vegas)
    return move_to(detail::vegas_target(estimate_, slowdown));
  move_to(detail::gradient_target(estimate_, slowdown, options_.tolerance,
                                  options_.smoothing));
}

void adaptive_limit::shrink() noexcept {
  move_to(
    std::min(estimate_ * options_.backoff, static_cast<double>(limit()) - 1));
}

void adaptive_limit::move_to(double target) noexcept {
  estimate_ = std::clamp(target, static_cast<double>(options_.min),
                         static_cast<double>(options_.max));
}

} // namespace axiom
