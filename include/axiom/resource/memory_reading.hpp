#pragma once

#include <cstdint>
#include <limits>
#include <string>

#include <caf/meta/type_name.hpp>

#include "axiom/resource/memory_pressure_level.hpp"

namespace axiom {

/// What a source of readings measures.
enum class memory_measure : std::uint8_t {
  nothing, ///< there is no source
  usage, ///< how much of a limit is used
  stalls ///< for what part of the time tasks wait for memory
};

/// What all sources together said at one time, in terms of the one that counts
/// most: of those with the highest level, the one that is farthest beyond its
/// threshold, or nearest to it.
struct memory_reading {
  memory_measure measure = memory_measure::nothing;

  /// The directory of a control group, or a file.
  std::string source;

  /// The part of the limit that is used, or of the time that was lost to stalls
  /// in the last 10 seconds. More than 1 where a limit was lowered below what
  /// is in use.
  double share = 0;

  /// What the share is measured against: the threshold of the source's level,
  /// or of `warning` if that is normal.
  double threshold = 0;

  /// Of a usage, in bytes: what is in use and cannot be taken back by the
  /// kernel at once, and the limit of that.
  std::uint64_t used = 0;
  std::uint64_t limit = 0;

  /// Of a usage: allocations that failed, or would have but for a process that
  /// was killed, since the reading before.
  std::uint64_t failures = 0;

  /// No limit is known. (Nobody has so many bytes.)
  static constexpr auto unlimited = std::numeric_limits<std::uint64_t>::max();

  /// How many bytes there are left below the nearest limit of all.
  std::uint64_t headroom = unlimited;

  template <class Inspector>
  friend typename Inspector::result_type inspect(Inspector& f,
                                                 memory_reading& x) {
    return f(caf::meta::type_name("axiom::memory_reading"), x.measure, x.source,
             x.share, x.threshold, x.used, x.limit, x.failures, x.headroom);
  }
};

/// In words, such as `/sys/fs/cgroup/app uses 973.0 MiB of 1024.0 MiB (95.0 %,
/// threshold 95.0 %)`.
std::string to_string(const memory_reading& x);

/// A number of bytes for people, in the largest unit of which there is one.
std::string bytes_in_words(std::uint64_t n);

} // namespace axiom
