#include "axiom/deploy/progress.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <utility>

#include <fmt/core.h>

namespace axiom::deploy {

namespace {

using seconds = std::chrono::duration<double>;

/// The rate forgets the past with this time constant.
constexpr double smoothing_seconds = 3;

/// No rate is shown before this much time has passed: it would be noise.
constexpr double first_rate_seconds = 0.2;

/// A bar shorter than this says nothing.
constexpr std::size_t min_bar = 10;
constexpr std::size_t max_bar = 40;

} // namespace

progress_snapshot&
progress_snapshot::operator+=(const progress_snapshot& other) noexcept {
  found += other.found;
  done += other.done;
  failed += other.failed;
  bytes += other.bytes;
  discovering = discovering || other.discovering;
  return *this;
}

progress_snapshot progress_counters::read() const noexcept {
  progress_snapshot result;
  // In this order: the end of discovery before what was found, and what is
  // done before what was found, which only grows.
  result.discovering = discovering_.load(std::memory_order_acquire);
  result.done = done_.load(std::memory_order_acquire);
  result.failed = failed_.load(std::memory_order_relaxed);
  result.bytes = bytes_.load(std::memory_order_relaxed);
  result.found = std::max(found_.load(std::memory_order_relaxed),
                          result.done);
  result.failed = std::min(result.failed, result.done);
  return result;
}

progress_text::progress_text(std::string unit) : unit_(std::move(unit)) {
  last_.discovering = true;
}

void progress_text::update(const progress_snapshot& now, duration elapsed,
                           std::string note) {
  note_ = std::move(note);
  const auto passed = seconds{elapsed - elapsed_}.count();
  if (passed > 0) {
    const auto current
      = static_cast<double>(now.done - std::min(now.done, last_.done))
        / passed;
    // The weight of the past decays with time, however often this is called.
    const auto keep = std::exp(-passed / smoothing_seconds);
    if (rate_ == 0)
      rate_ = static_cast<double>(now.done)
              / std::max(seconds{elapsed}.count(), 1e-9);
    else
      rate_ = keep * rate_ + (1 - keep) * current;
    elapsed_ = elapsed;
  }
  last_ = now;
}

std::string progress_text::counts() const {
  auto result = last_.discovering
                  ? fmt::format("{} of {}+ {}", grouped(last_.done),
                                grouped(last_.found), unit_)
                  : fmt::format("{} of {} {}", grouped(last_.done),
                                grouped(last_.found), unit_);
  if (last_.failed > 0)
    result += fmt::format(", {} failed", grouped(last_.failed));
  return result;
}

std::string progress_text::estimate() const {
  if (last_.discovering)
    return "discovering";
  if (last_.done >= last_.found)
    return "ETA 0:00";
  if (rate_ <= 0 || seconds{elapsed_}.count() < first_rate_seconds)
    return "ETA -:--";
  const auto left
    = static_cast<double>(last_.found - last_.done) / rate_;
  constexpr double longest = 359'999; // 99:59:59
  const auto whole = std::chrono::seconds{
    static_cast<std::int64_t>(std::ceil(std::min(left, longest)))};
  const auto total = whole.count();
  if (total < 3600)
    return fmt::format("ETA {}:{:02}", total / 60, total % 60);
  return fmt::format("ETA {}:{:02}:{:02}", total / 3600, total / 60 % 60,
                     total % 60);
}

std::string progress_text::with_note(std::string text) const {
  return note_.empty() ? text : std::move(text) + "; " + note_;
}

std::string progress_text::bar(std::size_t width) const {
  if (unit_.empty())
    return note_.substr(0, width);
  // The most important comes first, the bar takes what is left.
  std::string text = counts();
  auto append = [&](const std::string& more) {
    if (text.size() + 2 + more.size() <= width)
      text += "  " + more;
  };
  if (!last_.discovering && last_.found > 0)
    append(fmt::format("{}%", last_.done * 100 / last_.found));
  append(estimate());
  if (seconds{elapsed_}.count() >= first_rate_seconds)
    append(fmt::format("{}/s", grouped(static_cast<std::uint64_t>(rate_))));
  append(human_bytes(last_.bytes));
  if (!note_.empty())
    append(note_);
  if (text.size() > width)
    return text.substr(0, width);
  const auto room = width - text.size();
  if (room < min_bar + 4)
    return text;
  const auto length = std::min(room - 4, max_bar);
  std::string result = "[";
  if (last_.discovering || last_.found == 0) {
    result.append(length, '.');
  } else {
    const auto filled
      = static_cast<std::size_t>(last_.done * length / last_.found);
    result.append(filled, '#');
    result.append(length - filled, '-');
  }
  return result + "]  " + text;
}

std::string progress_text::line() const {
  if (unit_.empty())
    return note_;
  auto result = counts();
  if (!last_.discovering && last_.found > 0)
    result += fmt::format(" ({}%)", last_.done * 100 / last_.found);
  result += ", " + human_bytes(last_.bytes);
  if (seconds{elapsed_}.count() >= first_rate_seconds)
    result += fmt::format(", {}/s", grouped(static_cast<std::uint64_t>(rate_)));
  return with_note(result + ", " + estimate());
}

std::string progress_text::total() const {
  if (unit_.empty())
    return note_ + ", " + human_duration(elapsed_);
  auto result = fmt::format("{} of {} {}", grouped(last_.done),
                            grouped(last_.found), unit_);
  if (last_.failed > 0)
    result += fmt::format(", {} failed", grouped(last_.failed));
  result += fmt::format(", {}, {}", human_bytes(last_.bytes),
                        human_duration(elapsed_));
  const auto passed = seconds{elapsed_}.count();
  if (passed > 0)
    result += fmt::format(
      ", {}/s", grouped(static_cast<std::uint64_t>(
                  static_cast<double>(last_.done) / passed)));
  return with_note(std::move(result));
}

std::string grouped(std::uint64_t n) {
  auto digits = std::to_string(n);
  for (auto i = digits.size(); i > 3; i -= 3)
    digits.insert(i - 3, 1, ',');
  return digits;
}

std::string human_bytes(std::uint64_t n) {
  static constexpr std::array units{"B", "kB", "MB", "GB", "TB", "PB", "EB"};
  if (n < 1000)
    return fmt::format("{} B", n);
  auto value = static_cast<double>(n);
  std::size_t unit = 0;
  // 999,950 B would be rounded to "1000.0 kB".
  while (value >= 999.95 && unit + 1 < units.size()) {
    value /= 1000;
    ++unit;
  }
  return fmt::format("{:.1f} {}", value, units[unit]);
}

std::string human_duration(std::chrono::nanoseconds d) {
  const auto exact = seconds{d}.count();
  if (exact < 0.001)
    return fmt::format("{:.1f} us", exact * 1e6);
  if (exact < 0.1)
    return fmt::format("{:.1f} ms", exact * 1e3);
  if (exact < 59.995)
    return fmt::format("{:.2f} s", exact);
  const auto total = static_cast<std::int64_t>(std::llround(exact));
  if (total < 3600)
    return fmt::format("{}:{:02}", total / 60, total % 60);
  return fmt::format("{}:{:02}:{:02}", total / 3600, total / 60 % 60,
                     total % 60);
}

} // namespace axiom::deploy
