#include "axiom/resource/pressure/pressure_gauge.hpp"

#include <algorithm>
#include <chrono>

namespace axiom::detail {

using level = memory_pressure_level;

namespace {

double share_of(const memory_use& x) {
  if (x.limit == 0)
    return 1;
  return static_cast<double>(x.used) / static_cast<double>(x.limit);
}

double microseconds(runtime::duration x) {
  return std::chrono::duration<double, std::micro>(x).count();
}

} // namespace

pressure_gauge::pressure_gauge(const memory_pressure_options& options)
  : options_(options) {
  // nop
}

gauge_result pressure_gauge::read(std::span<const memory_sample> samples,
                                  runtime::time_point now) {
  gauge_result result;
  for (auto& x : sources_)
    x.seen = false;
  for (const auto& sample : samples) {
    auto& x = state_of(sample.source, now);
    x.seen = true;
    const auto had_problem = x.problem.has_value();
    std::visit([&](auto& said) { apply(x, said, now); }, sample.said);
    if (x.problem.has_value() != had_problem)
      result.changes.push_back(
        {x.name, !had_problem, x.problem.value_or(std::string{})});
  }
  for (const auto& x : sources_)
    if (!x.seen && x.problem)
      result.changes.push_back({x.name, false, {}});
  std::erase_if(sources_, [](auto& x) { return !x.seen; }); // invariant 2
  result.level = level();
  result.acute = std::any_of(sources_.begin(), sources_.end(),
                             [](auto& x) { return x.acute; });
  result.reading = summary(now);
  return result;
}

memory_pressure_level pressure_gauge::level() const noexcept {
  auto result = level::normal;
  for (const auto& x : sources_)
    result = std::max(result, x.level);
  return result;
}

std::vector<pressure_gauge::source_status> pressure_gauge::sources() const {
  std::vector<source_status> result;
  for (const auto& x : sources_)
    result.push_back({x.name, x.problem.value_or(std::string{})});
  return result;
}

pressure_gauge::source_state& pressure_gauge::state_of(
  const std::string& name, runtime::time_point now) {
  auto i = std::find_if(sources_.begin(), sources_.end(),
                        [&name](auto& x) { return x.name == name; });
  if (i != sources_.end())
    return *i;
  auto& fresh = sources_.emplace_back();
  fresh.name = name;
  fresh.good_at = now;
  return fresh;
}

void pressure_gauge::apply(source_state& x, const memory_use& now_used,
                           runtime::time_point now) const {
  // Counted since ever, so that there is no telling from the first reading.
  const auto known = x.measure == memory_measure::usage;
  x.failures = known && now_used.failures > x.use.failures
               ? now_used.failures - x.use.failures
               : 0;
  x.problem.reset();
  x.good_at = now;
  x.measure = memory_measure::usage;
  x.use = now_used;
  const auto used = share_of(now_used);
  auto judge = [&](double margin) {
    return used >= options_.critical - margin ? level::critical
         : used >= options_.warning - margin  ? level::warning
                                              : level::normal;
  };
  verdict seen{judge(0), judge(options_.margin)};
  x.acute = seen.reached == level::critical;
  if (x.failures > 0) // invariant 3
    seen = {level::critical, level::critical};
  settle(x, seen, now);
}

void pressure_gauge::apply(source_state& x, const stall_times& stalls,
                           runtime::time_point now) const {
  auto judge = [&](double margin) {
    return stalls.full >= options_.stall_critical - margin ? level::critical
         : stalls.some >= options_.stall_warning - margin  ? level::warning
                                                           : level::normal;
  };
  const verdict seen{judge(0), judge(options_.stall_margin)};
  // The average tells of 10 s that are over; what can be done now depends on
  // whether time is still lost.
  const auto known = x.measure == memory_measure::stalls;
  const auto lost =
    known && stalls.full_total > x.stalls.full_total
      ? static_cast<double>(stalls.full_total - x.stalls.full_total)
      : 0;
  x.acute = seen.reached == level::critical && lost > 0
         && lost >= options_.stall_critical * microseconds(now - x.good_at);
  x.problem.reset();
  x.good_at = now;
  x.measure = memory_measure::stalls;
  x.stalls = stalls;
  settle(x, seen, now);
}

void pressure_gauge::apply(source_state& x, const source_problem& problem,
                           runtime::time_point now) const {
  x.problem = problem.what;
  x.acute = false;
  x.failures = 0;
  for (auto& hold : x.holds)
    hold.calm = 0;
  if (stale(x, now)) { // invariant 1
    x.holds = {};
    x.level = level::normal;
  }
}

void pressure_gauge::settle(source_state& x, verdict seen,
                            runtime::time_point now) const {
  x.level = level::normal;
  for (auto l : {level::warning, level::critical}) {
    auto& hold = x.holds[static_cast<std::size_t>(l) - 1];
    if (seen.reached >= l)
      hold.on = true;
    if (seen.kept >= l) {
      hold.calm = 0;
    } else {
      if (hold.calm++ == 0)
        hold.calm_since = now;
      if (hold.calm >= options_.calm_readings
          && now - hold.calm_since >= options_.calm_for)
        hold.on = false;
    }
    if (hold.on)
      x.level = l;
  }
}

bool pressure_gauge::stale(const source_state& x,
                           runtime::time_point now) const {
  return x.problem && now - x.good_at >= options_.stale_after;
}

double pressure_gauge::threshold(const source_state& x) const {
  const auto critical = x.level == level::critical;
  if (x.measure == memory_measure::stalls)
    return critical ? options_.stall_critical : options_.stall_warning;
  return critical ? options_.critical : options_.warning;
}

double pressure_gauge::share(const source_state& x) {
  if (x.measure == memory_measure::stalls)
    return x.level == level::critical ? x.stalls.full : x.stalls.some;
  return share_of(x.use);
}

memory_reading pressure_gauge::summary(runtime::time_point now) const {
  memory_reading result;
  const source_state* first = nullptr;
  auto rank = [this](auto& x) {
    return std::pair{x.level, share(x) / threshold(x)};
  };
  for (const auto& x : sources_) {
    if (x.measure == memory_measure::nothing || stale(x, now))
      continue;
    if (first == nullptr || rank(x) > rank(*first))
      first = &x;
    if (x.measure == memory_measure::usage)
      result.headroom = std::min(result.headroom, x.use.headroom());
  }
  if (first == nullptr)
    return result;
  result.measure = first->measure;
  result.source = first->name;
  result.share = share(*first);
  result.threshold = threshold(*first);
  if (first->measure == memory_measure::usage) {
    result.used = first->use.used;
    result.limit = first->use.limit;
    result.failures = first->failures;
  }
  return result;
}

} // namespace axiom::detail
