#pragma once

#include <cstddef>
#include <cstdint>
#include <limits>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <prometheus/client_metric.h>
#include <prometheus/metric_family.h>

#include "axiom/runtime/histogram.hpp"

namespace axiom::observe {

using label_list = std::vector<prometheus::ClientMetric::Label>;

/// A count as Prometheus has it; exact up to 2^53.
inline double number(std::uint64_t n) {
  return static_cast<double>(n);
}

/// A family without metrics. @pre `help` has no line breaks: they are not
/// escaped on the way out
inline prometheus::MetricFamily family(std::string name, std::string help,
                                       prometheus::MetricType type) {
  prometheus::MetricFamily result;
  result.name = std::move(name);
  result.help = std::move(help);
  result.type = type;
  return result;
}

inline void add_counter(prometheus::MetricFamily& into, double value,
                        label_list labels = {}) {
  prometheus::ClientMetric metric;
  metric.counter.value = value;
  metric.label = std::move(labels);
  into.metric.push_back(std::move(metric));
}

inline void add_gauge(prometheus::MetricFamily& into, double value,
                      label_list labels = {}) {
  prometheus::ClientMetric metric;
  metric.gauge.value = value;
  metric.label = std::move(labels);
  into.metric.push_back(std::move(metric));
}

inline void add_histogram(prometheus::MetricFamily& into,
                          const runtime::histogram& from,
                          label_list labels = {}) {
  prometheus::ClientMetric metric;
  metric.label = std::move(labels);
  auto& histogram = metric.histogram;
  // Prometheus wants cumulative buckets, the last one without a bound.
  std::uint64_t sum = 0;
  for (std::size_t i = 0; i < from.buckets.size(); ++i) {
    sum += from.buckets[i];
    const auto bound = i < runtime::histogram_edges.size()
                       ? runtime::histogram_edges[i]
                       : std::numeric_limits<double>::infinity();
    histogram.bucket.push_back({sum, bound});
  }
  // The buckets may be summed while others count: the total has to fit to them,
  // not to a counter read a moment before.
  histogram.sample_count = sum;
  histogram.sample_sum = from.sum_seconds;
  into.metric.push_back(std::move(metric));
}

} // namespace axiom::observe
