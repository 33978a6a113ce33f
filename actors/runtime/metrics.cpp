#include "axiom/runtime/metrics.hpp"

#include "axiom/runtime/host.hpp"

namespace axiom::runtime {

void metrics_cell::observe_cancellation(duration latency) noexcept {
  auto ns = std::chrono::duration_cast<std::chrono::nanoseconds>(latency);
  bump(cancellation_ns_, static_cast<std::uint64_t>(ns.count()));
  bump(cancellation_[histogram_bucket(latency)], std::uint64_t{1});
}

void metrics_cell::collect(metrics_snapshot& into) const noexcept {
  into.completed += get(counter::completed);
  into.failed += get(counter::failed);
  into.cancelled += get(counter::cancelled);
  into.overdue += get(counter::overdue);
  into.late_responses += get(counter::late_responses);
  into.retries += get(counter::retries);
  into.retries_refused += get(counter::retries_refused);
  for (std::size_t i = 0; i < errors_.size(); ++i)
    into.errors[i] += errors_[i].load(std::memory_order_acquire);
  auto& out = into.cancellation;
  for (std::size_t i = 0; i < cancellation_.size(); ++i) {
    auto n = cancellation_[i].load(std::memory_order_acquire);
    out.buckets[i] += n;
    out.count += n;
  }
  out.sum_seconds +=
    static_cast<double>(cancellation_ns_.load(std::memory_order_acquire))
    * 1e-9;
}

metrics_snapshot metrics_registry::snapshot() const {
  metrics_snapshot result;
  cells_.for_each([&](auto& x) { x.collect(result); });
  cells_.for_each([&](auto& x) { result.created += x.get(counter::created); });
  return result;
}

metrics_snapshot snapshot_metrics(caf::actor_system& sys) {
  auto* host = host::find(sys);
  return host != nullptr ? host->metrics().snapshot() : metrics_snapshot{};
}

} // namespace axiom::runtime
