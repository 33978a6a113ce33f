// What do errors and the ways to recover from them cost?
//
//   child_succeeds    a child of a group of 10,000 that returns a value
//   child_returns_error   the same, but it returns an error (`axiom::fail`)
//   child_throws      the same, but it throws: what the compiler's exceptions
//                     take, twice (out of the body, and in the group)
//   kept_errors       10,000 errors sorted by time: what the next one wraps
//   aggregate         10,000 errors of a group in one concurrent_errors, until
//                     it can be thrown
//   print, to_json    such an aggregate: the first 100 lines, the first 1,000
//   bare_call         a coroutine that awaits another: what the next ones wrap
//   child_call        the same as a child task
//   retry_call        under `retry`, which never has to: beside child_call, the
//                     budget and its binding
//   breaker_call      through a closed circuit breaker: beside bare_call, a
//                     load to begin and a lock to end
//   breaker_pass      permission and verdict alone, without a coroutine
//   breaker_refuses   an open one: `try_enter`, with the look at the time
//   bulkhead_call     with a permit of a limiter that has some
//
// A gap of less than 20 % means nothing on a machine with two noisy cores. Run
// with `--benchmark_repetitions=5 --benchmark_report_aggregates_only=true`.

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <stdexcept>
#include <string>
#include <vector>

#include <benchmark/benchmark.h>

#include "axiom/axiom.hpp"

using namespace std::chrono_literals;

namespace {

using axiom::async;
using axiom::task_context;
using clock_type = std::chrono::steady_clock;

void require(bool condition, const char* what) {
  if (!condition) {
    std::fprintf(stderr, "wrong result: %s\n", what);
    std::abort();
  }
}

struct axiom_system {
  axiom::config cfg;
  caf::actor_system sys{cfg};
  axiom::structured_task_coordinator coordinator =
    axiom::structured_task_coordinator::spawn(sys, {.name = "bench"});
};

/// Seconds a call, printed with a prefix: `380n`.
void per_call(benchmark::State& state, std::int64_t n) {
  state.counters["per_call"] = benchmark::Counter(
    static_cast<double>(n), benchmark::Counter::kIsIterationInvariantRate
                              | benchmark::Counter::kInvert);
}

double seconds(clock_type::duration value) {
  return std::chrono::duration<double>(value).count();
}

// -- children -----------------------------------------------------------------

template <class F>
void children(benchmark::State& state, F op, std::size_t failures) {
  constexpr std::size_t n = 10'000;
  axiom_system env;
  for (auto _ : state) {
    auto body =
      [op](axiom::coordinated_task_group<int>& group) -> async<std::size_t> {
      for (std::size_t i = 0; i < n; ++i)
        co_await group.add_task("child", op);
      std::size_t failed = 0;
      for (auto& x : co_await group.collect_results())
        failed += x ? 0 : 1;
      co_return failed;
    };
    auto main = [body](task_context& self) -> async<std::size_t> {
      co_return co_await axiom::with_task_group<int>(
        self, {.failure_mode = axiom::failure_mode::partial}, body);
    };
    const auto start = clock_type::now();
    auto t = env.coordinator.create_child_task("main", main);
    const auto failed = t.get();
    state.SetIterationTime(seconds(clock_type::now() - start));
    require(failed == failures, "failures");
  }
  per_call(state, n);
}

void child_succeeds(benchmark::State& state) {
  children(
    state, [](task_context&) -> async<int> { co_return 1; }, 0);
}

void child_returns_error(benchmark::State& state) {
  children(
    state,
    [](task_context&) -> async<int> {
      co_return axiom::fail(axiom::errc::node_down, "the node is gone");
    },
    10'000);
}

void child_throws(benchmark::State& state) {
  children(
    state,
    [](task_context&) -> async<int> {
      throw std::runtime_error("the node is gone");
      co_return 0;
    },
    10'000);
}

BENCHMARK(child_succeeds)->UseManualTime();
BENCHMARK(child_returns_error)->UseManualTime();
BENCHMARK(child_throws)->UseManualTime();

// -- aggregates ---------------------------------------------------------------

std::vector<axiom::task_error> many_errors() {
  std::vector<axiom::task_error> result;
  for (int i = 0; i < 10'000; ++i) {
    axiom::task_error x{{},
                        {axiom::errc::node_down, "call " + std::to_string(i)},
                        axiom::timestamp{std::chrono::seconds{i}},
                        {}};
    x.task.name = "child";
    result.push_back(std::move(x));
  }
  return result;
}

void kept_errors(benchmark::State& state) {
  const auto errors = many_errors();
  for (auto _ : state) {
    auto copy = errors;
    const auto start = clock_type::now();
    std::stable_sort(copy.begin(), copy.end(),
                     [](auto& a, auto& b) { return a.at < b.at; });
    const auto kept = std::move(copy);
    state.SetIterationTime(seconds(clock_type::now() - start));
    require(kept.size() == errors.size(), "errors");
  }
  per_call(state, 10'000);
}

void aggregate(benchmark::State& state) {
  const auto errors = many_errors();
  for (auto _ : state) {
    auto copy = errors;
    const auto start = clock_type::now();
    auto why = axiom::to_failure(axiom::concurrent_errors{std::move(copy)});
    state.SetIterationTime(seconds(clock_type::now() - start));
    require(why.is(axiom::errc::concurrent_errors), "code");
  }
  per_call(state, 10'000);
}

void print(benchmark::State& state) {
  const axiom::concurrent_errors all{many_errors()};
  for (auto _ : state)
    benchmark::DoNotOptimize(to_string(all));
}

void to_json(benchmark::State& state) {
  const axiom::concurrent_errors all{many_errors()};
  for (auto _ : state)
    benchmark::DoNotOptimize(axiom::to_json(all));
}

BENCHMARK(kept_errors)->UseManualTime();
BENCHMARK(aggregate)->UseManualTime();
BENCHMARK(print);
BENCHMARK(to_json);

// -- calls --------------------------------------------------------------------

async<int> callee(task_context&) {
  co_return 1;
}

/// Has a task make `n` calls, one after the other.
template <class F>
void calls(benchmark::State& state, F make) {
  constexpr int n = 10'000;
  axiom_system env;
  auto call = make(env);
  for (auto _ : state) {
    auto main = [&call](task_context& self) -> async<clock_type::duration> {
      const auto start = clock_type::now();
      int sum = 0;
      for (int i = 0; i < n; ++i)
        sum += co_await call(self);
      require(sum == n, "sum");
      co_return clock_type::now() - start;
    };
    auto t = env.coordinator.create_child_task("main", main);
    state.SetIterationTime(seconds(t.get()));
  }
  per_call(state, n);
}

void bare_call(benchmark::State& state) {
  calls(state, [](axiom_system&) { return &callee; });
}

void child_call(benchmark::State& state) {
  calls(state, [](axiom_system&) {
    return [](task_context& self) {
      return self.create_child_task("call", &callee);
    };
  });
}

void retry_call(benchmark::State& state) {
  calls(state, [](axiom_system&) {
    return [](task_context& self) {
      return axiom::retry(self, {.name = "call"}, &callee);
    };
  });
}

void breaker_call(benchmark::State& state) {
  calls(state, [](axiom_system& env) {
    auto breaker = axiom::circuit_breaker::spawn(env.sys);
    return
      [breaker](task_context& self) { return breaker.call(self, &callee); };
  });
}

void bulkhead_call(benchmark::State& state) {
  calls(state, [](axiom_system& env) {
    axiom::bulkhead walls{axiom::concurrency_limiter::spawn(
      env.sys, {.name = "l", .max_concurrency = 8})};
    return [walls](task_context& self) { return walls.call(self, &callee); };
  });
}

void breaker_pass(benchmark::State& state) {
  axiom_system env;
  auto breaker = axiom::circuit_breaker::spawn(env.sys);
  for (auto _ : state) {
    auto pass = breaker.try_enter();
    pass.succeeded();
  }
  require(breaker.stats().failed == 0, "no call has failed");
}

void breaker_refuses(benchmark::State& state) {
  axiom_system env;
  auto breaker = axiom::circuit_breaker::spawn(env.sys, {.open_for = 24h});
  breaker.trip();
  for (auto _ : state)
    require(!breaker.try_enter(), "refused");
}

BENCHMARK(bare_call)->UseManualTime();
BENCHMARK(child_call)->UseManualTime();
BENCHMARK(retry_call)->UseManualTime();
BENCHMARK(breaker_call)->UseManualTime();
BENCHMARK(bulkhead_call)->UseManualTime();
BENCHMARK(breaker_pass);
BENCHMARK(breaker_refuses);

} // namespace
