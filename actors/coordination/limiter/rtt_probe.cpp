#include "axiom/coordination/limiter/rtt_probe.hpp"

#include <algorithm>
#include <cmath>

namespace axiom::detail {

namespace {

/// A round is as long as so many windows and takes as many samples. A base that
/// is wrong stays for long, so it deserves more than one window.
constexpr int windows_per_round = 10;

/// How long a queue may take to drain, in the round trips it caused.
constexpr double draining = 2;

/// Calls are notably faster at less than this share of the time. Where half the
/// calls in flight still queue, they take half the time; where none do any
/// more, this or longer is enough to know it, and noise seldom reaches it.
constexpr double notable = 0.7;

/// The weight of a window in the average that the base may not exceed. The base
/// would become the luckiest of many windows without it, too low, and so would
/// the limit.
constexpr int weight = 8; // one part in so many

/// The least pause between two probes, in times of the last one's length.
constexpr int pauses = 10;

double ratio(runtime::duration a, runtime::duration b) noexcept {
  return static_cast<double>(a.count()) / static_cast<double>(b.count());
}

/// The first multiple of `period` after `now`.
runtime::time_point next_multiple(runtime::duration period,
                                  runtime::time_point now) noexcept {
  auto last = now - now.time_since_epoch() % period;
  return std::min(last, runtime::time_point::max() - period) + period;
}

sampling_options for_round(sampling_options options) {
  options.min_samples *= windows_per_round;
  options.min_length *= windows_per_round;
  options.max_length *= windows_per_round;
  return options;
}

} // namespace

rtt_probe::rtt_probe(runtime::duration interval,
                     const sampling_options& sampling)
  : interval_(interval),
    max_length_(for_round(sampling).max_length),
    samples_(static_cast<double>(for_round(sampling).min_samples)),
    window_(for_round(sampling)) {
  // nop
}

// -- outside a probe ----------------------------------------------------------

double rtt_probe::slowdown(runtime::duration rtt) noexcept {
  if (base_ == runtime::duration::zero())
    base_ = recent_ = rtt;
  recent_ += (rtt - recent_) / weight;
  base_ = std::min(base_, recent_);
  return std::max(1.0, ratio(rtt, base_));
}

bool rtt_probe::due(runtime::time_point now, double slowdown,
                    double limit) const noexcept {
  if (now >= next_)
    return true;
  auto in_vain = slowdown * notable > 1 && limit <= restored_ / 2;
  return in_vain && now >= earliest_;
}

void rtt_probe::begin(const window_summary& window, double limit) noexcept {
  round_ =
    round{.begun = window.end,
          .restore = limit,
          .limit = limit,
          .in_use = std::min(limit, static_cast<double>(window.in_flight)),
          .since = window.end,
          .last = window.rtt};
}

// -- in a probe ---------------------------------------------------------------

double rtt_probe::add(const limit_sample& sample, runtime::time_point end,
                      double min) {
  auto& x = *round_;
  auto age = static_cast<double>((end - x.since).count());
  auto round_trip = static_cast<double>(x.last.count());
  // Calls from before the round are among those that end later, long ones that
  // never queued. To leave them out would favour the short ones.
  if (age < draining * round_trip)
    return x.limit;
  if (auto window = window_.add(sample, end)) {
    auto faster = !x.before || ratio(window->rtt, x.last) < notable;
    auto lowest = x.in_use <= min;
    x.last = window->rtt;
    if (x.before || lowest)
      x.unloaded = x.last;
    if (!x.before)
      x.before = x.last;
    if (!faster || lowest)
      return finish(end);
    x.limit = std::max(min, std::floor(x.in_use / 2));
    x.in_use = x.limit;
    x.since = end;
    return x.limit;
  }
  // Time enough for twice as many calls one after the other.
  auto patience = static_cast<double>(max_length_.count())
                + (draining + 2 * samples_) * round_trip;
  return age > patience ? finish(end) : x.limit;
}

void rtt_probe::abandon(runtime::time_point now) noexcept {
  end(now, round_->limit);
}

double rtt_probe::finish(runtime::time_point now) noexcept {
  auto result = round_->restore;
  if (round_->unloaded) {
    base_ = recent_ = *round_->unloaded;
    if (auto shorter = ratio(base_, *round_->before); shorter < notable)
      result = std::max(round_->limit, result * shorter);
  }
  end(now, result);
  return result;
}

void rtt_probe::end(runtime::time_point now, double limit) noexcept {
  auto pause = (now - round_->begun) * pauses;
  auto period = interval_;
  while (period < pause)
    period *= 2;
  next_ = next_multiple(period, now);
  earliest_ = now + pause;
  restored_ = limit;
  round_.reset();
  window_.clear();
}

} // namespace axiom::detail
