// What becomes of two processors when tasks compute?
//
// fib(32) the naive way, a task a call above 18 and serial from there on: two
// thousand tasks, half of which compute for some microseconds while the other
// half wait for their two children. Milliseconds with one worker and with two
// (`n`), the speed-up
// (`ratio`), and how busy two workers kept their processors (`utilisation`: the
// process's processor time by wall time and workers).
//
// The ratio is taken pair by pair, a run with one worker right before a run
// with two: a neighbour on the machine who takes one processor for a while
// spoils some pairs, not the comparison.
//
// What matters: a ratio near 2 and a utilisation near 1 on a machine at rest.
// Utilisation without speed-up is a scheduler that spins. One half is a worker
// that got nothing to do, or a kernel that ran both on one processor, as it
// does when the other one is taken: no matter of ours.

#include <cmath>

#include <sys/resource.h>
#include <sys/time.h>

#include "systems.hpp"
#include "workloads.hpp"

namespace bench {

namespace {

constexpr int serial_from = 18;

/// One computation takes some milliseconds, within which the kernel may well
/// leave both workers on the processor where they started, beside a busy one.
/// Half a second is enough for it to spread them, if it will.
constexpr int times_a_run = 200;
constexpr int times_for_warm_up = 20;

long serial_fib(int n) {
  return n < 2 ? n : serial_fib(n - 1) + serial_fib(n - 2);
}

axiom::async<long> fib(axiom::task_context& self, int n) {
  if (n <= serial_from)
    co_return serial_fib(n);
  auto first = self.create_child_task(
    "fib", [n](axiom::task_context& child) { return fib(child, n - 1); });
  auto second = self.create_child_task(
    "fib", [n](axiom::task_context& child) { return fib(child, n - 2); });
  const auto sum = co_await first;
  co_return sum + co_await second;
}

clock_type::duration processor_time() {
  rusage usage;
  require(::getrusage(RUSAGE_SELF, &usage) == 0, "getrusage");
  auto sum = [](const timeval& x) {
    return std::chrono::seconds{x.tv_sec}
         + std::chrono::microseconds{x.tv_usec};
  };
  return sum(usage.ru_utime) + sum(usage.ru_stime);
}

struct computed {
  clock_type::duration wall;
  clock_type::duration processor;
  long sum;
};

axiom::async<computed> compute(axiom::task_context& self, int n, int times) {
  const auto processor = processor_time();
  const auto start = clock_type::now();
  long sum = 0;
  for (int i = 0; i < times; ++i)
    sum += co_await fib(self, n);
  const auto wall = clock_type::now() - start;
  co_return computed{wall, processor_time() - processor, sum};
}

/// Some computations in a system of its own, after one for its warm-up.
computed compute_with(std::size_t workers, int n) {
  const axiom_system env{workers};
  auto times = [&](int count) {
    return env.drive([n, count](axiom::task_context& self) {
      return compute(self, n, count);
    });
  };
  times(times_for_warm_up);
  const auto result = times(times_a_run);
  require(result.sum == times_a_run * serial_fib(n), "fib");
  return result;
}

struct pair {
  double one; // ms
  double two; // ms
  double utilisation; // of two workers

  double ratio() const noexcept {
    return one / two;
  }
};

pair measure_pair(int n) {
  auto ms = [](clock_type::duration wall) {
    return milliseconds{wall}.count() / times_a_run;
  };
  const auto one = compute_with(1, n);
  const auto two = compute_with(2, n);
  return {ms(one.wall), ms(two.wall),
          nanoseconds{two.processor} / nanoseconds{two.wall} / 2};
}

/// The work of fib(n) grows by the golden ratio with n.
int scaled_index(const experiment& run) {
  const auto less = std::log(run.scale()) / std::log(1.618);
  return std::max(serial_from + 4, 32 + static_cast<int>(less));
}

} // namespace

void fork_join_cpu(const experiment& run) {
  const auto n = scaled_index(run);
  const auto pairs = run.measure([n] { return measure_pair(n); });
  run.report(1, "ms", pairs, &pair::one);
  run.report(2, "ms", pairs, &pair::two);
  run.report(2, "ratio", pairs, &pair::ratio);
  run.report(2, "utilisation", pairs, &pair::utilisation);
}

} // namespace bench
