#pragma once

#include <cstdint>
#include <string>

#include "axiom/runtime/timer_service.hpp"
#include "axiom/task/defaults.hpp"

namespace axiom {

/// How a pool is made.
struct pool_options {
  /// At most 64 bytes; shows in errors and at `/metrics`, also as the name of
  /// the pool's limiter.
  std::string name = "pool";

  /// So many objects are created beforehand and kept, idle or not.
  std::uint32_t min = 0;

  /// No more objects than this at a time, idle ones included. From 1 to
  /// 2^31 - 1, and not below `min`.
  std::uint32_t max = 1;

  /// After how long an idle object beyond `min` is destroyed; 0: never. It may
  /// be half as long again where requests wait at that moment.
  runtime::duration idle_timeout{0};

  /// How often every idle object is asked whether it is healthy; 0: only when
  /// it is taken. Needs the hook `healthy`.
  runtime::duration health_interval{0};

  /// How many objects one key may have at a time; 0: as many as there are.
  std::uint32_t key_quota = 0;

  /// After how long a request counts as one priority more urgent. Not negative;
  /// 0 turns that off.
  runtime::duration ageing = defaults::limiter_ageing;

  /// How long after a failed creation the pool tries again to come up to
  /// `min`; twice as long after each further failure in a row, up to 64 times
  /// this. Positive.
  runtime::duration retry_delay = defaults::pool_retry_delay;
};

} // namespace axiom
