// What does a lease cost, beside the primitives that a program without tasks
// would take?
//
//   alone<n>        one task takes n resources at once and gives them back
//   alone_known<n>  the same with what it asks for made up once
//   mutex<n>        a thread does the sums under a std::mutex, with a condition
//                   variable for whoever might wait
//   shared<n>       N tasks share what is enough for 2 of them, and let others
//                   run while they have it
//   condition<n>    N threads do the same with a mutex and a condition variable
//
// alone has to stay below 100 ns for one resource, and should below 50: it
// looks the names up, writes down who holds what, and knows about queues,
// priorities and cancellation. shared is to be compared with condition: a
// waiting task costs no thread. A gap of less than 20 % means nothing on a
// machine with two noisy cores. Run with
// `--benchmark_repetitions=5 --benchmark_report_aggregates_only=true`.

#include <array>
#include <chrono>
#include <condition_variable>
#include <ctime>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include <benchmark/benchmark.h>
#include <caf/actor_system.hpp>

#include "axiom/axiom.hpp"
#include "axiom/resource/resource_monitor.hpp"

namespace {

constexpr int pairs = 100'000;

using clock_type = std::chrono::steady_clock;

struct axiom_system {
  axiom::config cfg;
  caf::actor_system sys{cfg};
  axiom::structured_task_coordinator coordinator =
    axiom::structured_task_coordinator::spawn(sys, {.name = "bench"});
};

/// Seconds a pair, as the benchmark's own time.
template <class F>
void report(benchmark::State& state, F seconds) {
  for (auto _ : state)
    state.SetIterationTime(seconds() / pairs);
}

/// What this thread has had of a processor: others' share of a busy machine
/// does not count.
double processor_seconds() {
  timespec x{};
  ::clock_gettime(CLOCK_THREAD_CPUTIME_ID, &x);
  return static_cast<double>(x.tv_sec) + 1e-9 * static_cast<double>(x.tv_nsec);
}

double seconds_since(clock_type::time_point start) {
  return std::chrono::duration<double>(clock_type::now() - start).count();
}

/// One piece of each of the first n resources.
template <int N>
axiom::resource_requirements wanted() {
  static_assert(N == 1 || N == 2 || N == 4);
  if constexpr (N == 1)
    return axiom::memory(1);
  else if constexpr (N == 2)
    return {axiom::memory(1), axiom::cpu(1)};
  else
    return {axiom::memory(1), axiom::cpu(1), axiom::custom("licence", 1),
            axiom::custom("gpu", 1)};
}

axiom::resource_monitor spawn(caf::actor_system& sys) {
  return axiom::resource_monitor::spawn(
    sys,
    {.name = "bench",
     .capacities = {axiom::memory(2), axiom::cpu(2),
                    axiom::custom("licence", 2), axiom::custom("gpu", 2)}});
}

// -- alone --------------------------------------------------------------------

template <int N>
void alone(benchmark::State& state) {
  axiom_system env;
  auto monitor = spawn(env.sys);
  auto op = [&](axiom::task_context&) -> axiom::async<double> {
    const auto start = processor_seconds();
    for (int i = 0; i < pairs; ++i) {
      auto held = co_await monitor.acquire(wanted<N>());
    }
    co_return processor_seconds() - start;
  };
  report(state,
         [&] { return env.coordinator.create_child_task("alone", op).get(); });
}

template <int N>
void alone_known(benchmark::State& state) {
  axiom_system env;
  auto monitor = spawn(env.sys);
  const auto known = wanted<N>();
  auto op = [&](axiom::task_context&) -> axiom::async<double> {
    const auto start = processor_seconds();
    for (int i = 0; i < pairs; ++i)
      auto held = co_await monitor.acquire(known);
    co_return processor_seconds() - start;
  };
  report(state,
         [&] { return env.coordinator.create_child_task("alone", op).get(); });
}

/// The same sums, by hand.
template <int N>
struct by_hand {
  std::mutex lock;
  std::condition_variable changed;
  std::array<int, 4> free{2, 2, 2, 2};

  bool enough() const {
    for (int i = 0; i < N; ++i)
      if (free[static_cast<std::size_t>(i)] < 1)
        return false;
    return true;
  }

  void add(int n) {
    for (int i = 0; i < N; ++i)
      free[static_cast<std::size_t>(i)] += n;
  }

  void take() {
    std::unique_lock guard{lock};
    changed.wait(guard, [this] { return enough(); });
    add(-1);
  }

  void give_back() {
    {
      std::lock_guard guard{lock};
      add(1);
    }
    changed.notify_one();
  }
};

template <int N>
void mutex(benchmark::State& state) {
  by_hand<N> x;
  report(state, [&] {
    const auto start = processor_seconds();
    for (int i = 0; i < pairs; ++i) {
      x.take();
      x.give_back();
      benchmark::DoNotOptimize(x.free);
    }
    return processor_seconds() - start;
  });
}

// -- shared -------------------------------------------------------------------

template <int N>
axiom::async<void> use(axiom::task_context& self,
                       const axiom::resource_monitor& monitor, int times) {
  const auto known = wanted<N>();
  for (int i = 0; i < times; ++i) {
    auto held = co_await monitor.acquire(known);
    co_await self.yield();
  }
}

template <int N>
void shared(benchmark::State& state) {
  axiom_system env;
  auto monitor = spawn(env.sys);
  const auto users = static_cast<int>(state.range(0));
  report(state, [&] {
    auto start = clock_type::now();
    std::vector<axiom::task<void>> all;
    for (int i = 0; i < users; ++i)
      all.push_back(env.coordinator.create_child_task(
        "user", [&monitor, times = pairs / users](axiom::task_context& self) {
          return use<N>(self, monitor, times);
        }));
    for (auto& t : all)
      t.get();
    return seconds_since(start);
  });
}

template <int N>
void condition(benchmark::State& state) {
  const auto users = static_cast<int>(state.range(0));
  report(state, [&] {
    by_hand<N> x;
    auto start = clock_type::now();
    {
      std::vector<std::jthread> all;
      for (int i = 0; i < users; ++i)
        all.emplace_back([&x, times = pairs / users] {
          for (int n = 0; n < times; ++n) {
            x.take();
            std::this_thread::yield();
            x.give_back();
          }
        });
    }
    return seconds_since(start);
  });
}

BENCHMARK(alone<1>)->Iterations(5)->UseManualTime();
BENCHMARK(alone<2>)->Iterations(5)->UseManualTime();
BENCHMARK(alone<4>)->Iterations(5)->UseManualTime();
BENCHMARK(alone_known<1>)->Iterations(5)->UseManualTime();
BENCHMARK(alone_known<2>)->Iterations(5)->UseManualTime();
BENCHMARK(alone_known<4>)->Iterations(5)->UseManualTime();
BENCHMARK(mutex<1>)->Iterations(5)->UseManualTime();
BENCHMARK(mutex<2>)->Iterations(5)->UseManualTime();
BENCHMARK(mutex<4>)->Iterations(5)->UseManualTime();
BENCHMARK(shared<1>)
  ->Arg(2)
  ->Arg(8)
  ->Arg(64)
  ->Arg(1000)
  ->Iterations(5)
  ->UseManualTime();
BENCHMARK(shared<4>)->Arg(2)->Arg(8)->Arg(64)->Iterations(5)->UseManualTime();
BENCHMARK(condition<1>)
  ->Arg(2)
  ->Arg(8)
  ->Arg(64)
  ->Iterations(5)
  ->UseManualTime();
BENCHMARK(condition<4>)
  ->Arg(2)
  ->Arg(8)
  ->Arg(64)
  ->Iterations(5)
  ->UseManualTime();

} // namespace
