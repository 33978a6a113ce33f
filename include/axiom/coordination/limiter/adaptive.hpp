#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "axiom/coordination/limiter/rtt_probe.hpp"
#include "axiom/coordination/limiter/sample_window.hpp"
#include "axiom/runtime/timer_service.hpp"

namespace axiom {

/// How a limit finds its value. The descriptions say where it settles before a
/// service that can do c calls at once and makes others queue.
enum class adaptive_algorithm : std::uint8_t {
  /// The limit stays what it is.
  off,
  /// One up after each window, a factor down after one with drops: a saw tooth
  /// below the point where the service drops. Does not look at the time calls
  /// take, so it needs drops or a timeout.
  aimd,
  /// c and a queue of three to six times the decimal logarithm of the limit.
  vegas,
  /// c times the tolerance: calls take that much longer than without a queue.
  gradient,
};

/// The enumerator's name.
std::string to_string(adaptive_algorithm algorithm);

/// The algorithm of this name; none if there is no such name.
std::optional<adaptive_algorithm> parse_adaptive_algorithm(
  std::string_view name);

/// How a limit adapts.
struct adaptive_options {
  adaptive_algorithm algorithm = adaptive_algorithm::off;

  /// The bounds of the limit, both included. At least 1.
  std::size_t min = 1;
  std::size_t max = 1000;

  /// What a window with drops multiplies the limit by, between 0 and 1.
  double backoff = 0.9;

  /// A call that took longer counts as dropped. Positive.
  std::optional<runtime::duration> timeout{};

  /// For `gradient`: how many times longer than without a queue calls may take
  /// before the limit goes down. At least 1.
  double tolerance = 1.25;

  /// For `gradient`: how much of the way to its target the limit goes after one
  /// window. Above 0, at most 1.
  double smoothing = 0.2;

  /// For `vegas` and `gradient`: how often the limit is halved for a moment to
  /// see how long calls take without a queue: at the multiples of this. So
  /// limits before one service should have the same. Positive; the longest
  /// duration there is means once, at the start.
  runtime::duration probe_interval = std::chrono::seconds{30};

  sampling_options sampling{};
};

/// What is wrong with the options together with an initial limit, a sentence
/// each, beginning with the name of the option. Empty if nothing is, and where
/// the algorithm is `off`, which uses none.
std::vector<std::string> problems_of(const adaptive_options& options,
                                     std::size_t initial);

/// A concurrency limit that finds the number of calls which keep a service busy
/// without making them queue, from how long they take and whether they are
/// dropped.
///
/// A fixed limit is right for one day's capacity. This one follows it, with the
/// algorithms of Netflix's concurrency-limits, and must not do what those are
/// known to do under load. Threads of Netflix/concurrency-limits say what:
///
/// - *The limit grows under a mild overload, without bound* (#134, #165): calls
///   become slower step by step, and the long-term average or the latest
///   minimum that they are compared with follows. Here the time without a queue
///   is never raised by a sample, only measured by a bounded probe
///   (`detail::rtt_probe`), and the gradient's room for a queue is added only
///   where none is seen.
/// - *It grows although nobody uses it.* Nothing moves it up, or down for
///   slowness, after a window with less than half of it in use. So it never
///   grows beyond twice the demand and one step.
/// - *Several before one service push each other up*, each taking the queue of
///   the others for the service. Here they probe together, if their clocks
///   agree: those on one machine do; to have others agree, their owners stamp
///   the samples with the time of day.
/// - *It grows under constant timeouts* (#137): all calls take as long as the
///   timeout, no longer than before, so all seems well; Gradient2 does not look
///   at drops. Here a window with a drop shrinks the limit, whatever else is in
///   it and however few samples it has. (A caller who reports a timeout as an
///   ordinary sample has to set `timeout`.)
///
/// Invariants, after every sample:
/// 1. `min` <= limit <= `max`.
/// 2. A dropped sample never raises the limit. One that closes a window lowers
///    it by at least 1, down to `min`.
/// 3. Of two windows that differ in their round-trip time alone the slower one
///    never leads to the higher limit, unless it begins a probe.
///
/// A pure function of the samples: no clock, no randomness, no threads. Samples
/// go in when calls end; O(1), no allocation. Not thread-safe.
class adaptive_limit {
public:
  /// Throws `errc::invalid_argument` with all of `problems_of(options,
  /// initial)`.
  adaptive_limit(const adaptive_options& options, std::size_t initial);

  /// Takes a sample; returns the limit that holds from now on.
  std::size_t add(const limit_sample& sample);

  /// How many calls may be in flight.
  std::size_t limit() const noexcept;

  /// Whether it is measured how long calls take without a queue, for which the
  /// limit may be low.
  bool probing() const noexcept {
    return probe_.running();
  }

  /// How long calls take without a queue; 0 if that is not known.
  runtime::duration base_rtt() const noexcept {
    return probe_.base();
  }

private:
  void on_window(const detail::window_summary& window);
  void shrink() noexcept;
  void move_to(double target) noexcept;

  adaptive_options options_;
  double estimate_; // within the bounds; its integral part is the limit
  detail::sample_window window_;
  detail::rtt_probe probe_;
};

} // namespace axiom
