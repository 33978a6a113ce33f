#include "axiom/error/backoff.hpp"

#include <algorithm>
#include <cmath>
#include <random>

#include "axiom/error/enum_names.hpp"

namespace axiom {

namespace {

constexpr enum_names<backoff_shape, 3> names{
  {"constant", "exponential", "decorrelated"}};

double count(runtime::duration x) noexcept {
  return static_cast<double>(x.count());
}

} // namespace

std::string to_string(backoff_shape shape) {
  return names.print(shape);
}

// -- uniform_source -----------------------------------------------------------

uniform_source uniform_source::unpredictable() {
  // One draw from the system a thread, since each may be a system call.
  static thread_local uniform_source seeds{
    (std::uint64_t{std::random_device{}()} << 32) ^ std::random_device{}()};
  seeds.next();
  return uniform_source{seeds.state_ ^ (seeds.state_ >> 31)};
}

double uniform_source::next() noexcept {
  state_ += 0x9e3779b97f4a7c15ULL;
  auto z = state_;
  z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9ULL;
  z = (z ^ (z >> 27)) * 0x94d049bb133111ebULL;
  z ^= z >> 31;
  return static_cast<double>(z >> 11) * 0x1.0p-53;
}

// -- options ------------------------------------------------------------------

std::vector<std::string> problems_of(const backoff_options& options) {
  std::vector<std::string> result;
  if (options.initial < runtime::duration::zero())
    result.emplace_back("the initial backoff is negative");
  if (options.max < options.initial)
    result.emplace_back("the longest backoff is below the initial one");
  if (!(options.factor >= 1) || !std::isfinite(options.factor))
    result.emplace_back("the factor of the backoff must be 1 or more");
  if (!(options.jitter >= 0 && options.jitter <= 1))
    result.emplace_back("the jitter of the backoff must be from 0 to 1");
  return result;
}

// -- backoff ------------------------------------------------------------------

backoff::backoff(const backoff_options& options) noexcept
  : options_(options), current_(count(options.initial)) {
  // nop
}

void backoff::reset() noexcept {
  current_ = count(options_.initial);
}

runtime::duration backoff::next(uniform_source& random) noexcept {
  const auto low = count(options_.initial);
  const auto high = count(options_.max);
  double wait = 0;
  switch (options_.shape) {
    case backoff_shape::decorrelated:
      current_ = std::min(high, low + random.next() * (3 * current_ - low));
      wait = current_;
      break;
    case backoff_shape::exponential:
      wait = std::min(high, current_);
      current_ = std::min(high, current_ * options_.factor);
      wait *= 1 - options_.jitter * random.next();
      break;
    case backoff_shape::constant:
      wait = low * (1 - options_.jitter * random.next());
      break;
  }
  // A double cannot tell the greatest durations apart: not by a conversion.
  return wait >= high
         ? options_.max
         : runtime::duration{static_cast<runtime::duration::rep>(wait)};
}

} // namespace axiom
