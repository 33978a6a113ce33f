#pragma once

#include <algorithm>
#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>

#include <caf/meta/type_name.hpp>

#include "axiom/runtime/timer_entry.hpp"

namespace axiom::runtime {

/// Upper edges in seconds of every duration histogram; each latency that the
/// framework promises is an edge.
inline constexpr std::array<double, 16> histogram_edges{
  1e-7, 2.5e-7, 5e-7, 1e-6, 2.5e-6, 5e-6, 1e-5, 5e-5,
  1e-4, 5e-4,   1e-3, 5e-3, 2.5e-2, 0.1,  1,    10};

/// The bucket that `value` falls into; the last one is above all edges.
inline std::size_t histogram_bucket(duration value) noexcept {
  const auto seconds = std::chrono::duration<double>(value).count();
  const auto edge =
    std::lower_bound(histogram_edges.begin(), histogram_edges.end(), seconds);
  return static_cast<std::size_t>(edge - histogram_edges.begin());
}

/// How long something took, many times over. Not thread-safe.
struct histogram {
  /// Observations a bucket, not cumulative.
  std::array<std::uint64_t, histogram_edges.size() + 1> buckets{};
  std::uint64_t count = 0;
  double sum_seconds = 0;

  void observe(duration value, std::uint64_t times = 1) noexcept {
    buckets[histogram_bucket(value)] += times;
    count += times;
    sum_seconds +=
      std::chrono::duration<double>(value).count() * static_cast<double>(times);
  }

  histogram& operator+=(const histogram& other) noexcept {
    for (std::size_t i = 0; i < buckets.size(); ++i)
      buckets[i] += other.buckets[i];
    count += other.count;
    sum_seconds += other.sum_seconds;
    return *this;
  }

  template <class Inspector>
  friend typename Inspector::result_type inspect(Inspector& f, histogram& x) {
    return f(caf::meta::type_name("axiom::histogram"), x.buckets, x.count,
             x.sum_seconds);
  }
};

} // namespace axiom::runtime
