// What does a permit cost, beside the primitives that a program without tasks
// would take?
//
//   alone        one task takes a permit and gives it back
//   alone_keyed  the same of a limiter that is shared by key: a lock each
//   mutex        a thread locks and unlocks a std::mutex with a count under it
//   shared       N tasks share 2 permits, and let others run while they have one
//   priorities   the same with four priorities
//   keyed        the same with four keys
//   condition    N threads share 2 permits of a mutex, a count and a condition
//
// alone should not be far above mutex: it writes down who holds the permit, and
// knows about queues, priorities and cancellation. shared is to be compared with
// condition: a waiting task costs no thread. A gap of less than 20 % means
// nothing on a machine with two noisy cores. Run with
// `--benchmark_repetitions=5 --benchmark_report_aggregates_only=true`.

#include <chrono>
#include <condition_variable>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include <benchmark/benchmark.h>
#include <caf/actor_system.hpp>

#include "axiom/axiom.hpp"

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

// -- alone --------------------------------------------------------------------

void measure_alone(benchmark::State& state, axiom::limiter_sharing sharing) {
  axiom_system env;
  auto limiter = axiom::concurrency_limiter::spawn(
    env.sys, {.name = "bench", .max_concurrency = 2, .sharing = sharing});
  auto op = [&](axiom::task_context&) -> axiom::async<double> {
    auto start = clock_type::now();
    for (int i = 0; i < pairs; ++i)
      auto held = co_await limiter.acquire();
    co_return std::chrono::duration<double>(clock_type::now() - start).count();
  };
  report(state,
         [&] { return env.coordinator.create_child_task("alone", op).get(); });
}

void alone(benchmark::State& state) {
  measure_alone(state, axiom::limiter_sharing::together);
}

void alone_keyed(benchmark::State& state) {
  measure_alone(state, axiom::limiter_sharing::by_key);
}

void mutex(benchmark::State& state) {
  std::mutex lock;
  int free = 2;
  report(state, [&] {
    auto start = clock_type::now();
    for (int i = 0; i < pairs; ++i) {
      {
        std::lock_guard guard{lock};
        --free;
      }
      std::lock_guard guard{lock};
      ++free;
      benchmark::DoNotOptimize(free);
    }
    return std::chrono::duration<double>(clock_type::now() - start).count();
  });
}

// -- shared -------------------------------------------------------------------

/// @param source the permits that user `i` takes
template <class Source>
void measure_shared(benchmark::State& state, axiom::limiter_sharing sharing,
                    int priorities, Source source) {
  axiom_system env;
  auto limiter = axiom::concurrency_limiter::spawn(
    env.sys, {.name = "bench", .max_concurrency = 2, .sharing = sharing});
  const auto users = static_cast<int>(state.range(0));
  auto use = [users](axiom::task_context& self,
                     const axiom::permit_source& permits,
                     axiom::task_priority priority) -> axiom::async<void> {
    for (int i = 0; i < pairs / users; ++i) {
      auto held = co_await permits.acquire(1, priority);
      co_await self.yield();
    }
  };
  report(state, [&] {
    auto start = clock_type::now();
    std::vector<axiom::task<void>> all;
    for (int i = 0; i < users; ++i)
      all.push_back(env.coordinator.create_child_task(
        "user", [&, i](axiom::task_context& self) -> axiom::async<void> {
          auto permits = source(limiter, i);
          co_await use(self, permits,
                       static_cast<axiom::task_priority>(i % priorities));
        }));
    for (auto& t : all)
      t.get();
    return std::chrono::duration<double>(clock_type::now() - start).count();
  });
}

axiom::concurrency_limiter whole(const axiom::concurrency_limiter& x, int) {
  return x;
}

axiom::limiter_partition part(const axiom::concurrency_limiter& x, int i) {
  return x.partition("key " + std::to_string(i % 4));
}

void shared(benchmark::State& state) {
  measure_shared(state, axiom::limiter_sharing::together, 1, whole);
}

void priorities(benchmark::State& state) {
  measure_shared(state, axiom::limiter_sharing::together, 4, whole);
}

void keyed(benchmark::State& state) {
  measure_shared(state, axiom::limiter_sharing::by_key, 1, part);
}

void condition(benchmark::State& state) {
  const auto users = static_cast<int>(state.range(0));
  report(state, [&] {
    std::mutex lock;
    std::condition_variable changed;
    int free = 2;
    auto start = clock_type::now();
    {
      std::vector<std::jthread> all;
      for (int i = 0; i < users; ++i)
        all.emplace_back([&] {
          for (int n = 0; n < pairs / users; ++n) {
            {
              std::unique_lock guard{lock};
              changed.wait(guard, [&] { return free > 0; });
              --free;
            }
            std::this_thread::yield();
            {
              std::lock_guard guard{lock};
              ++free;
            }
            changed.notify_one();
          }
        });
    }
    return std::chrono::duration<double>(clock_type::now() - start).count();
  });
}

BENCHMARK(alone)->UseManualTime();
BENCHMARK(alone_keyed)->UseManualTime();
BENCHMARK(mutex)->UseManualTime();
BENCHMARK(shared)->Arg(2)->Arg(8)->Arg(64)->UseManualTime();
BENCHMARK(priorities)->Arg(8)->Arg(64)->UseManualTime();
BENCHMARK(keyed)->Arg(8)->Arg(64)->UseManualTime();
BENCHMARK(condition)->Arg(2)->Arg(8)->Arg(64)->UseManualTime();

} // namespace
