// What does it cost to run an operation for each element of a range, beside a
// loop that does it and beside a task for each?
//
//   map          map_with_limit over N elements, at most L at a time
//   map_waiting  the same where each operation gives way to others once
//   stream       transform_stream, read to its end
//   group        a group's child for each element, at most L at a time: what
//                there was before
//   loop         a plain loop
//
// The loop says how much of it is the work itself (nothing worth mentioning). A
// map that is not well below the group is not worth having: its reason is that
// it makes no task an element. A gap of less than 20 % means nothing on a
// machine with two noisy cores. Run with
// `--benchmark_repetitions=5 --benchmark_report_aggregates_only=true`.

#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <numeric>
#include <vector>

#include <benchmark/benchmark.h>
#include <caf/actor_system.hpp>

#include "axiom/axiom.hpp"

namespace {

constexpr int elements = 100'000;

using values = std::vector<long>;

struct axiom_system {
  axiom::config cfg;
  caf::actor_system sys{cfg};
  axiom::structured_task_coordinator coordinator =
    axiom::structured_task_coordinator::spawn(sys, {.name = "bench"});
};

values numbers() {
  values result(elements);
  std::iota(result.begin(), result.end(), 0L);
  return result;
}

/// Measures `run(self, items, limit)`, a coroutine that gives the sum of its
/// results, in a task; seconds an element.
template <class F>
void measure(benchmark::State& state, F run) {
  axiom_system env;
  auto items = numbers();
  auto limit = static_cast<std::size_t>(state.range(0));
  for (auto _ : state) {
    auto task = env.coordinator.create_child_task(
      "owner", [&](axiom::task_context& self) -> axiom::async<double> {
        auto start = std::chrono::steady_clock::now();
        auto sum = co_await run(self, items, limit);
        auto took = std::chrono::steady_clock::now() - start;
        if (sum != static_cast<long>(elements) * (elements + 1) / 2) {
          std::fprintf(stderr, "wrong result: %ld\n", sum);
          std::abort();
        }
        co_return std::chrono::duration<double>(took).count();
      });
    state.SetIterationTime(task.get());
  }
  state.counters["per_element"] =
    benchmark::Counter(elements, benchmark::Counter::kIsIterationInvariantRate
                                   | benchmark::Counter::kInvert);
}

long sum_of(const values& all) {
  return std::accumulate(all.begin(), all.end(), 0L);
}

// -- arms ---------------------------------------------------------------------

void map(benchmark::State& state) {
  measure(state,
          [](axiom::task_context& self, const values& items,
             std::size_t limit) -> axiom::async<long> {
            auto all = co_await axiom::map_with_limit(
              self, items, limit, [](long x) { return x + 1; });
            co_return sum_of(all);
          });
}

void map_waiting(benchmark::State& state) {
  measure(state,
          [](axiom::task_context& self, const values& items,
             std::size_t limit) -> axiom::async<long> {
            auto all = co_await axiom::map_with_limit(
              self, items, limit,
              [](axiom::task_context& me, long x) -> axiom::async<long> {
                co_await me.yield();
                co_return x + 1;
              });
            co_return sum_of(all);
          });
}

void stream(benchmark::State& state) {
  measure(state,
          [](axiom::task_context& self, const values& items,
             std::size_t limit) -> axiom::async<long> {
            co_return co_await axiom::transform_stream(
              self, items, limit, [](long x) { return x + 1; },
              [](auto& results) -> axiom::async<long> {
                long sum = 0;
                for (auto x = co_await results.next(); x;
                     x = co_await results.next())
                  sum += *x;
                co_return sum;
              });
          });
}

void group(benchmark::State& state) {
  measure(state,
          [](axiom::task_context& self, const values& items,
             std::size_t limit) -> axiom::async<long> {
            auto body = [&items](auto& children) -> axiom::async<long> {
              for (auto x : items)
                co_await children.add_task("child", [x] { return x + 1; });
              co_return sum_of(co_await children.wait_for_all());
            };
            co_return co_await axiom::with_task_group<long>(
              self, {.max_concurrency = limit}, body);
          });
}

void loop(benchmark::State& state) {
  measure(state,
          [](axiom::task_context&, const values& items,
             std::size_t) -> axiom::async<long> {
            values all;
            for (auto x : items)
              all.push_back(x + 1);
            co_return sum_of(all);
          });
}

BENCHMARK(map)->Arg(1)->Arg(64)->Arg(1'024)->UseManualTime();
BENCHMARK(map_waiting)->Arg(1)->Arg(64)->Arg(1'024)->UseManualTime();
BENCHMARK(stream)->Arg(1)->Arg(64)->Arg(1'024)->UseManualTime();
BENCHMARK(group)->Arg(1)->Arg(64)->Arg(1'024)->UseManualTime();
BENCHMARK(loop)->Arg(1)->UseManualTime();

} // namespace
