#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "axiom/runtime/timer_service.hpp"

namespace axiom {

/// Random numbers that a seed determines, for what has to spread rather than to
/// be unpredictable. Source: G. Steele, D. Lea, C. Flood, "Fast splittable
/// pseudorandom number generators" (OOPSLA 2014), the generator SplitMix64.
///
/// Thread-compatible, as an int is.
class uniform_source {
public:
  explicit uniform_source(std::uint64_t seed) noexcept : state_(seed) {
    // nop
  }

  /// One whose seed nobody knows.
  static uniform_source unpredictable();

  /// A number from [0, 1).
  double next() noexcept;

private:
  std::uint64_t state_;
};

/// How the waits between attempts develop.
enum class backoff_shape : std::uint8_t {
  /// `initial` each time.
  constant,
  /// `initial`, then `factor` times as much each time.
  exponential,
  /// Anything from `initial` to three times what it was last.
  decorrelated,
};

/// The enumerator's name.
std::string to_string(backoff_shape shape);

/// How long to wait before something is tried again. Trivially copyable.
struct backoff_options {
  backoff_shape shape = backoff_shape::exponential;

  /// The first wait. Not negative; 0 is no wait at all.
  runtime::duration initial = std::chrono::milliseconds{100};

  /// No wait is longer. Not below `initial`.
  runtime::duration max = std::chrono::seconds{10};

  /// Of the exponential shape. From 1.
  double factor = 2;

  /// Which part of each wait is random, from 0 to 1, so that those who failed
  /// together do not come back together: a wait of `d` takes from `(1 - jitter)
  /// * d` to `d`. (Decorrelated waits are random by themselves.)
  double jitter = 0.2;
};

/// What is wrong with the options, a sentence each.
std::vector<std::string> problems_of(const backoff_options& options);

/// The waits of one operation, one after the other. A pure function of options
/// and random numbers.
///
/// Why random at all, and the decorrelated shape: M. Brooker, "Exponential
/// backoff and jitter" (AWS Architecture Blog, 2015); its "full jitter" is
/// `jitter = 1`, its "equal jitter" 0.5.
///
/// Every wait is from [0, max], and no call overflows, whatever the options.
class backoff {
public:
  /// @pre `problems_of(options)` is empty
  explicit backoff(const backoff_options& options) noexcept;

  /// The next wait.
  runtime::duration next(uniform_source& random) noexcept;

  /// Begins anew.
  void reset() noexcept;

private:
  backoff_options options_;
  double current_; ///< in units of `runtime::duration`
};

} // namespace axiom
