#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "axiom/resource/memory_pressure_options.hpp"
#include "axiom/resource/memory_reading.hpp"
#include "axiom/resource/pressure/memory_files.hpp"

namespace axiom::detail {

/// A source of readings that was lost, or is back.
struct source_change {
  std::string source;
  bool lost = false;
  std::string what; ///< is wrong with it, if it was lost

  friend bool operator==(const source_change&, const source_change&) = default;
};

/// What a reading means.
struct gauge_result {
  memory_pressure_level level = memory_pressure_level::normal;

  /// Whether a source is beyond its threshold for `critical` at this very
  /// moment: not before, as a level that has still to be calm, nor on average.
  bool acute = false;

  memory_reading reading;
  std::vector<source_change> changes;
};

/// From readings to a level.
///
/// The problem: numbers that go up and down around a threshold must not turn
/// the response on and off, and a number that is missing or nonsense must not
/// count as a small one.
///
/// So each source has a level of its own, which rises at once and falls late;
/// the level of all is the highest.
///
///     normal --at the threshold--> warning --at the threshold--> critical
///       ^  \______________________________________________________^  |
///       |                                                            |
///       +---- below the threshold minus the margin, for a while -----+
///
/// Each of the two thresholds is watched by itself, so it falls to the highest
/// level that a reading of late kept up. (With one calm for the level as it is,
/// lower readings could lead to a higher level: what fell by two steps would
/// have to be calm twice.)
///
/// Invariants:
/// 1. A source that cannot be read neither rises nor falls, until what it said
///    last is stale; then its level is `normal`.
/// 2. A source that is gone has no level: a limit that was lifted limits
///    nothing.
/// 3. An allocation that failed makes the level `critical`, whatever the usage:
///    who was killed for it has made room only for now.
/// 4. Readings that are all at least as high give levels that are at least as
///    high.
///
/// A value, and nothing but a function of the samples it was given.
class pressure_gauge {
public:
  /// @pre the options have no problems
  explicit pressure_gauge(const memory_pressure_options& options);

  /// @param now does not go back
  gauge_result read(std::span<const memory_sample> samples,
                    runtime::time_point now);

  memory_pressure_level level() const noexcept;

  /// A source and what is wrong with it, if anything.
  struct source_status {
    std::string source;
    std::string problem;
  };

  std::vector<source_status> sources() const;

private:
  /// Whether a source is above a level's threshold, and its margin.
  struct verdict {
    memory_pressure_level reached; ///< the level whose threshold was reached
    memory_pressure_level kept; ///< the same, less the margin
  };

  /// What keeps a level up that was reached.
  struct hold {
    bool on = false;
    std::size_t calm = 0; ///< readings in a row, below threshold and margin
    runtime::time_point calm_since{};
  };

  struct source_state {
    std::string name;
    std::optional<std::string> problem{};
    runtime::time_point good_at{}; ///< when it could last be read
    memory_measure measure = memory_measure::nothing;
    memory_use use{}; ///< the last one
    stall_times stalls{}; ///< the last ones
    std::uint64_t failures = 0; ///< since the reading before
    std::array<hold, 2> holds{}; ///< of `warning` and `critical`
    memory_pressure_level level = memory_pressure_level::normal; ///< by these
    bool acute = false;
    bool seen = false; ///< in the samples at hand
  };

  source_state& state_of(const std::string& name, runtime::time_point now);
  void apply(source_state& x, const memory_use& now_used,
             runtime::time_point now) const;
  void apply(source_state& x, const stall_times& stalls,
             runtime::time_point now) const;
  void apply(source_state& x, const source_problem& problem,
             runtime::time_point now) const;
  void settle(source_state& x, verdict seen, runtime::time_point now) const;
  bool stale(const source_state& x, runtime::time_point now) const;
  double threshold(const source_state& x) const;
  static double share(const source_state& x);
  memory_reading summary(runtime::time_point now) const;

  memory_pressure_options options_;
  std::vector<source_state> sources_; ///< a few
};

} // namespace axiom::detail
