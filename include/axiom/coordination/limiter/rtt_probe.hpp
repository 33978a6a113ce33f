#pragma once

#include <cstddef>
#include <optional>

#include "axiom/coordination/limiter/sample_window.hpp"

namespace axiom::detail {

/// Knows how long a call takes without a queue, and how that is found out.
///
/// An algorithm that reacts to slower calls needs to know the speed of calls
/// that do not wait for each other, and under steady load no sample shows it.
/// To take the best of late (Vegas, whose memory is replaced by whatever comes
/// next from time to time) or a long average (Gradient2) lets the queue itself
/// become the measure: each step up makes the next one look harmless.
///
/// So the measure, the base, falls when calls get faster, and *rises only by a
/// probe*: a bounded time during which the limit is half of what was in use, so
/// that a queue drains. If that makes calls notably faster, there was a queue
/// longer than what is in flight now, and the limit is halved again. When
/// halving does not help any more, the probe ends: its round-trip time is the
/// base, and the limit returns to what it was; or, if the queue was long, to
/// what Little's law has room for, the old limit shortened as the round trips
/// were.
///
///     idle --due--> draining --2 round trips--> measuring --> idle (new base)
///                      ^                            |
///                      +------notably faster--------+--> idle (old base)
///                                          a drop, or out of time
///
/// A probe comes at the start, when the limit may be far off, and then at the
/// multiples of `interval`; or of two, four, eight, ... times that, where a
/// probe takes so long that it would cost more than a few per cent of the
/// throughput. The multiples matter: several limits before one service have to
/// probe it together, as the flows of BBR do (Cardwell et al., ACM Queue,
/// 2016). Each of them alone takes the queue of the others for the service,
/// adds its own, and so they push each other up without bound. Hence no jitter.
///
/// One comes early, so that calls that became slower by themselves do not keep
/// the limit low until the next multiple: when the limit has been halved since
/// the last probe, and calls are as slow as ever.
///
/// Not thread-safe.
class rtt_probe {
public:
  /// @pre `interval` is positive, `sampling` has no problems
  rtt_probe(runtime::duration interval, const sampling_options& sampling);

  // -- outside a probe --------------------------------------------------------

  /// How many times the base the `rtt` of a window is, at least 1. Several that
  /// are faster lower the base.
  double slowdown(runtime::duration rtt) noexcept;

  /// Whether it is time for a probe, after a window with `slowdown`.
  bool due(runtime::time_point now, double slowdown,
           double limit) const noexcept;

  /// Starts one, after a window with `limit`, which holds for the first round.
  void begin(const window_summary& window, double limit) noexcept;

  // -- in a probe -------------------------------------------------------------

  bool running() const noexcept {
    return round_.has_value();
  }

  /// Takes a sample that was not dropped and ended at `end`; that may end the
  /// probe. Returns the limit to go on with, at least `min`.
  double add(const limit_sample& sample, runtime::time_point end, double min);

  /// Ends the probe without a result.
  void abandon(runtime::time_point now) noexcept;

  // -- properties -------------------------------------------------------------

  /// The round-trip time without a queue; 0 if nothing is known.
  runtime::duration base() const noexcept {
    return base_;
  }

private:
  struct round {
    runtime::time_point begun; // the probe
    double restore; // the limit before the probe
    double limit; // the limit in this round
    double in_use; // how much of it is, at most
    runtime::time_point since; // of this round
    runtime::duration last; // round trips before this round
    std::optional<runtime::duration> before{}; // those of the first round
    std::optional<runtime::duration> unloaded{}; // of the last one below it
  };

  double finish(runtime::time_point now) noexcept;
  void end(runtime::time_point now, double limit) noexcept;

  runtime::duration interval_;
  runtime::duration max_length_;
  double samples_; // that a round takes
  sample_window window_;
  runtime::duration base_{};
  runtime::duration recent_{}; // an average of the last windows
  runtime::time_point next_ = runtime::time_point::min();
  runtime::time_point earliest_{}; // if the limit went down in vain
  double restored_ = 0; // the limit after the last probe
  std::optional<round> round_;
};

} // namespace axiom::detail
