#pragma once

// How a workload is measured, the same way for all of them.
//
// A workload measures one run at a time: it starts what it needs once, reads
// the clock around the work alone, checks the result after that, and gives a
// figure. `experiment::measure` repeats it, first once for nothing: the warm-up
// lets the heap grow, the threads start and the caches fill, since the question
// is always about a program that has been up for a while. Of the runs that
// count, minimum, median and maximum are reported and no average: on a busy
// machine an average is mostly about the neighbours. A gap smaller than the
// spread means nothing.

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <functional>
#include <stdexcept>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

namespace bench {

// -- figures ------------------------------------------------------------------

using clock_type = std::chrono::steady_clock;

using nanoseconds = std::chrono::duration<double, std::nano>;
using microseconds = std::chrono::duration<double, std::micro>;
using milliseconds = std::chrono::duration<double, std::milli>;

/// What a piece of work gave, and how long it took.
template <class T>
struct timed {
  clock_type::duration time;
  T value;
};

/// The middle one, or the mean of the two in the middle.
/// @pre `samples` is not empty
double median(std::vector<double> samples);

/// Whatever was measured does not count: the result was wrong.
class wrong_result : public std::runtime_error {
public:
  using std::runtime_error::runtime_error;
};

/// Throws `wrong_result` unless `condition`. Belongs outside the timed part.
void require(bool condition, const char* what);

// -- peers --------------------------------------------------------------------

/// Whose work is measured: this framework's, or plain CAF under one of its
/// own schedulers.
enum class peer { axiom, caf_stealing, caf_sharing };

std::string_view name_of(peer who) noexcept;

// -- experiments --------------------------------------------------------------

/// How the program was told to measure.
struct settings {
  std::size_t runs = 5; ///< that count, after one that does not
  double scale = 1; ///< sizes are multiplied by it; at most 1
  bool json = false; ///< a JSON object a line, instead of a table
};

/// One workload of one peer while it is measured.
class experiment {
public:
  experiment(std::string_view workload, peer who, const settings& how) noexcept
    : workload_(workload), peer_(who), how_(how) {
    // nop
  }

  peer who() const noexcept {
    return peer_;
  }

  double scale() const noexcept {
    return how_.scale;
  }

  /// `full` in the chosen scale, but never less than `least`.
  long scaled(long full, long least = 1) const noexcept;

  /// What `once()` gives in each of the runs that count, after a warm-up.
  template <class F>
  std::vector<std::invoke_result_t<F&>> measure(F once) const {
    once();
    return measure_cold(std::move(once));
  }

  /// The same without a warm-up, for runs that each start from nothing.
  template <class F>
  std::vector<std::invoke_result_t<F&>> measure_cold(F once) const {
    std::vector<std::invoke_result_t<F&>> result;
    result.reserve(how_.runs);
    while (result.size() < how_.runs)
      result.push_back(once());
    return result;
  }

  /// Prints one line: the spread of `metric` at size `n`.
  void report(long n, std::string_view metric,
              std::vector<double> samples) const;

  /// The same for one of several figures that each run gave.
  template <class Run, class Figure>
  void report(long n, std::string_view metric, const std::vector<Run>& runs,
              Figure figure) const {
    std::vector<double> samples(runs.size());
    std::transform(runs.begin(), runs.end(), samples.begin(),
                   [&](const Run& run) { return std::invoke(figure, run); });
    report(n, metric, std::move(samples));
  }

private:
  std::string_view workload_;
  peer peer_;
  settings how_;
};

/// The head of the table, for `settings` without `json`.
void print_table_head();

} // namespace bench
