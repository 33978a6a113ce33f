#include "axiom/runtime/recent_time.hpp"

#include <cstdint>

#if defined(__x86_64__)
#  include <x86intrin.h>
#endif

namespace axiom::runtime {

#if defined(__x86_64__)

time_point recent_time() noexcept {
  struct look {
    std::uint64_t ticks = 0;
    std::int64_t time = 0;
  };
  static thread_local constinit look last;
  // Some microseconds at any usual frequency. The counter need not be steady:
  // one that jumps only makes us look again.
  constexpr std::uint64_t soon = 20'000;
  const auto ticks = __rdtsc();
  if (ticks - last.ticks > soon)
    last = {ticks, clock_type::now().time_since_epoch().count()};
  return time_point{duration{last.time}};
}

#else

time_point recent_time() noexcept {
  return clock_type::now();
}

#endif

} // namespace axiom::runtime
