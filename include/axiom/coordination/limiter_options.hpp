#pragma once

#include <cstdint>
#include <map>
#include <string>

#include "axiom/coordination/limiter/adaptive.hpp"
#include "axiom/runtime/timer_service.hpp"
#include "axiom/task/defaults.hpp"

namespace axiom {

/// What one key of a limiter that is shared by key is entitled to.
struct key_share {
  /// Of what is beyond the minima, in proportion to the other keys' weights.
  /// From 1 to 65,536.
  std::uint32_t weight = 1;

  /// So many permits it gets before anybody gets more than his minimum. The
  /// minima add up to no more than the limit.
  std::uint32_t minimum = 0;

  friend bool operator==(const key_share&, const key_share&) = default;
};

/// Whether a limiter has one queue, or one for each key.
enum class limiter_sharing : std::uint8_t {
  /// One queue.
  together,
  /// By key: see `concurrency_limiter::partition`. Each permit costs a lock.
  by_key
};

/// How a limiter is made.
struct limiter_options {
  /// At most 64 bytes; shows in errors, in the dump and at `/metrics`.
  std::string name = "limiter";

  /// How many permits there are, at first if the limit adapts. From 1 to
  /// 2^31 - 1.
  std::uint32_t max_concurrency = 1;

  /// Whether and how the limit finds its value by itself, from how long permits
  /// are held. Each return then costs a lock. `min` must not be below the
  /// largest weight that is to be served.
  adaptive_options adaptive{};

  /// After how long a request counts as one priority more urgent, so that
  /// urgent newcomers do not keep it waiting for ever. Not negative; 0 turns
  /// that off.
  runtime::duration ageing = defaults::limiter_ageing;

  limiter_sharing sharing = limiter_sharing::together;

  /// The shares of keys that have another than the default one; only with
  /// `limiter_sharing::by_key`.
  std::map<std::string, key_share> shares{};
};

} // namespace axiom
