#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "axiom/runtime/timer_service.hpp"

namespace axiom {

/// What one holder of a permit tells when it gives it back.
struct limit_sample {
  /// When it got the permit.
  runtime::time_point start;

  /// How long it then took.
  runtime::duration rtt;

  /// How many permits were taken when it had got its own.
  std::size_t in_flight;

  /// Whether it was turned away or timed out for want of capacity. A failure of
  /// another kind, or a cancellation, says nothing about that and is no sample.
  bool dropped = false;
};

/// How samples are gathered into windows.
struct sampling_options {
  /// A window lasts twice the shortest round trip of the one before it, within
  /// these bounds, an hour at most, and until it has `min_samples`.
  runtime::duration min_length = std::chrono::milliseconds{100};
  runtime::duration max_length = std::chrono::seconds{1};
  std::size_t min_samples = 10;

  /// What stands for the round trips of a window: their average, or this
  /// quantile of them, between 0 and 1 (to within 3 %).
  std::optional<double> quantile{};

  /// Shorter round trips are passed over: cache hits, and calls that failed
  /// before they began. Positive.
  runtime::duration min_rtt{1};
};

/// What is wrong with the options, a sentence each, beginning with the name of
/// the option. Empty if nothing is.
std::vector<std::string> problems_of(const sampling_options& options);

namespace detail {

/// What a window says.
struct window_summary {
  runtime::time_point end; ///< of the sample that closed it
  runtime::duration rtt; ///< average or quantile; meaningless if `dropped`
  std::size_t in_flight; ///< the most there were
  bool dropped; ///< at least one was
};

/// Makes one measurement out of many samples, so that neither an outlier nor
/// the rate of the calls decides how fast a limit moves.
///
/// A window closes with the first sample that ends after its length, if it has
/// enough of them; else it stays open, however long that takes, so that slow
/// calls count as well. A dropped call is evidence enough on its own: it needs
/// no others, and how long it took is no measure of the service.
///
/// Takes 4 KB for a quantile, nothing per sample. Not thread-safe.
class sample_window {
public:
  /// @pre `problems_of(options)` is empty
  explicit sample_window(const sampling_options& options);

  /// Takes `sample`, which ended at `end`. Gives the summary if that closes the
  /// window; the next one begins with the next sample.
  std::optional<window_summary> add(const limit_sample& sample,
                                    runtime::time_point end);

  /// Forgets the samples of the open window.
  void clear() noexcept;

private:
  void count(runtime::duration rtt) noexcept;
  runtime::duration typical_rtt() const noexcept;

  sampling_options options_;
  runtime::duration length_;
  std::vector<std::uint32_t> buckets_; // for a quantile

  // The open window.
  std::optional<runtime::time_point> opened_;
  std::size_t count_ = 0; // without the dropped ones
  double sum_ = 0; // of the counted ones, in ticks
  runtime::duration shortest_{};
  std::size_t in_flight_ = 0;
  bool dropped_ = false;
};

} // namespace detail

} // namespace axiom
