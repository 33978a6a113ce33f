#include "axiom/resource/memory_reading.hpp"

#include <array>
#include <cstdio>

namespace axiom {

namespace {

template <class... Ts>
std::string printed(const char* format, Ts... xs) {
  std::array<char, 64> buf{};
  std::snprintf(buf.data(), buf.size(), format, xs...);
  return buf.data();
}

std::string percent(double share) {
  return printed("%.1f %%", share * 100);
}

} // namespace

std::string bytes_in_words(std::uint64_t n) {
  static constexpr std::array units{"KiB", "MiB", "GiB", "TiB", "PiB", "EiB"};
  if (n < 1024)
    return std::to_string(n) + " B";
  auto value = static_cast<double>(n) / 1024;
  std::size_t unit = 0;
  for (; value >= 1024; ++unit)
    value /= 1024;
  return printed("%.1f %s", value, units[unit]);
}

std::string to_string(const memory_reading& x) {
  if (x.measure == memory_measure::nothing)
    return "nothing is known about memory";
  auto threshold = ", threshold " + percent(x.threshold);
  if (x.measure == memory_measure::stalls)
    return x.source + " says that " + percent(x.share)
         + " of the time were lost to stalls" + threshold;
  auto result = x.source + " uses " + bytes_in_words(x.used) + " of "
              + bytes_in_words(x.limit) + " (" + percent(x.share) + threshold
              + ")";
  if (x.failures > 0)
    result += "; allocations failed: " + std::to_string(x.failures);
  return result;
}

} // namespace axiom
