#include "axiom/coordination/limiter/sample_window.hpp"

#include <algorithm>
#include <bit>
#include <cmath>

namespace axiom {

std::vector<std::string> problems_of(const sampling_options& options) {
  std::vector<std::string> result;
  auto zero = runtime::duration::zero();
  if (options.min_length <= zero)
    result.push_back("min_length is not positive");
  if (options.max_length < options.min_length)
    result.push_back("max_length is less than min_length");
  if (options.max_length > std::chrono::hours{1})
    result.push_back("max_length is more than an hour");
  if (options.min_samples == 0 || options.min_samples > 1'000'000)
    result.push_back("min_samples is " + std::to_string(options.min_samples)
                     + " (expected between 1 and 1000000)");
  if (options.quantile && !(*options.quantile > 0 && *options.quantile < 1))
    result.push_back("quantile is not between 0 and 1");
  if (options.min_rtt <= zero)
    result.push_back("min_rtt is not positive");
  return result;
}

namespace detail {

namespace {

// Buckets for a quantile: 16 to each power of two, so that a bucket is at most
// 1/16 of its values wide and its middle at most 1/32 off.
constexpr int sub_bits = 4;
constexpr std::uint64_t sub_count = 1U << sub_bits;
constexpr std::size_t bucket_count = (64 - sub_bits) * sub_count;

std::size_t bucket_of(std::uint64_t ticks) noexcept {
  if (ticks < sub_count)
    return ticks;
  auto shift = std::bit_width(ticks) - 1 - sub_bits;
  auto octave = static_cast<std::uint64_t>(shift) + 1;
  return octave * sub_count + ((ticks >> shift) & (sub_count - 1));
}

/// The middle of a bucket.
runtime::duration::rep middle_of(std::size_t bucket) noexcept {
  if (bucket < sub_count)
    return static_cast<runtime::duration::rep>(bucket);
  auto shift = bucket / sub_count - 1;
  auto lowest = (sub_count + bucket % sub_count) << shift;
  auto width = std::uint64_t{1} << shift;
  return static_cast<runtime::duration::rep>(lowest + width / 2);
}

} // namespace

sample_window::sample_window(const sampling_options& options)
  : options_(options),
    length_(options.min_length),
    buckets_(options.quantile ? bucket_count : 0) {
  // nop
}

std::optional<window_summary> sample_window::add(const limit_sample& sample,
                                                 runtime::time_point end) {
  if (!sample.dropped && sample.rtt < options_.min_rtt)
    return std::nullopt;
  if (!opened_)
    opened_ = end;
  in_flight_ = std::max(in_flight_, sample.in_flight);
  if (sample.dropped)
    dropped_ = true;
  else
    count(sample.rtt);
  if (end - *opened_ < length_ || (count_ < options_.min_samples && !dropped_))
    return std::nullopt;
  window_summary result{end, typical_rtt(), in_flight_, dropped_};
  if (count_ > 0)
    length_ = std::clamp(std::min(shortest_, options_.max_length) * 2,
                         options_.min_length, options_.max_length);
  clear();
  return result;
}

void sample_window::clear() noexcept {
  opened_.reset();
  count_ = 0;
  sum_ = 0;
  in_flight_ = 0;
  dropped_ = false;
  std::fill(buckets_.begin(), buckets_.end(), 0U);
}

void sample_window::count(runtime::duration rtt) noexcept {
  shortest_ = count_ == 0 ? rtt : std::min(shortest_, rtt);
  ++count_;
  sum_ += static_cast<double>(rtt.count());
  if (!buckets_.empty())
    ++buckets_[bucket_of(static_cast<std::uint64_t>(rtt.count()))];
}

runtime::duration sample_window::typical_rtt() const noexcept {
  if (count_ == 0)
    return runtime::duration::zero();
  auto n = static_cast<double>(count_);
  if (!options_.quantile)
    return runtime::duration{static_cast<runtime::duration::rep>(sum_ / n)};
  auto rank = std::max(1.0, std::ceil(*options_.quantile * n));
  double below = 0;
  std::size_t i = 0;
  while ((below += buckets_[i]) < rank)
    ++i;
  return runtime::duration{middle_of(i)};
}

} // namespace detail

} // namespace axiom
