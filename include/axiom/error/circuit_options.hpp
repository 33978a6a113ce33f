#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "axiom/error/failure.hpp"
#include "axiom/runtime/timer_service.hpp"

namespace axiom {

/// How a circuit breaker is made.
struct circuit_options {
  /// At most 64 bytes; shows in errors and events.
  std::string name = "circuit";

  // -- when it opens ----------------------------------------------------------

  /// After so many failures one after the other. 0: not for that.
  std::uint32_t failures_in_a_row = 5;

  /// When this part of the calls within `window` has failed, from above 0 to 1,
  /// as soon as there are `minimum_calls`. 0: not for that.
  double failure_rate = 0.5;

  /// At least 1.
  std::uint32_t minimum_calls = 20;

  /// How far back calls count: they are counted by tenths of it, and a tenth
  /// ends its life as a whole. At least 10 ns.
  runtime::duration window = std::chrono::seconds{10};

  /// A call that succeeds after longer than this counts as failed.
  std::optional<runtime::duration> slow_call{};

  /// Which errors count as failures. The others say nothing about what is
  /// called, for good or bad. Empty: `is_transient`, so that the mistakes of
  /// one caller do not shut out all others. Called by any thread.
  std::function<bool(const failure&)> counts{};

  // -- when it closes again ---------------------------------------------------

  /// How long it stays open before it lets somebody try. Positive.
  runtime::duration open_for = std::chrono::seconds{5};

  /// Each time that a probe fails, it stays open twice as long as before, up to
  /// this. Nothing: always `open_for`; else not below it.
  std::optional<runtime::duration> max_open_for{};

  /// How many probes have to succeed to close it, and may be under way at once.
  /// At least 1.
  std::uint32_t probes = 1;
};

/// What is wrong with the options, a sentence each.
std::vector<std::string> problems_of(const circuit_options& options);

} // namespace axiom
