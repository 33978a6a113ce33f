// What does it cost to take an object from a pool and give it back, beside a
// pool as programs without tasks have one: a mutex, a condition variable and a
// vector of idle objects?
//
//   alone        one task takes an idle object and gives it back
//   alone_idle   the same in a pool whose objects expire: a time stamp each
//   alone_keyed  the same under a key with a quota
//   plain        a thread does that with the plain pool
//   shared       N tasks share 2 objects, and let others run while they have
//   one condition    N threads share 2 objects of the plain pool
//
// alone should stay below 100 ns, which is nothing next to whatever is worth
// pooling, and its ratio to plain says what priorities, cancellation, deadlock
// detection and the actor cost those who do not use them just now. shared is to
// be compared with condition: a waiting task costs no thread. A gap of less
// than 20 % means nothing on a machine with two noisy cores. Run with
// `--benchmark_repetitions=5 --benchmark_report_aggregates_only=true`.

#include <chrono>
#include <condition_variable>
#include <mutex>
#include <stdexcept>
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

struct item {
  long uses = 0;
};

/// Seconds a pair, as the benchmark's own time.
template <class F>
void report(benchmark::State& state, F seconds) {
  for (auto _ : state)
    state.SetIterationTime(seconds() / pairs);
}

void require(bool x, const char* what) {
  if (!x)
    throw std::logic_error{what};
}

// -- the plain pool -----------------------------------------------------------

class plain_pool {
public:
  explicit plain_pool(std::size_t max) : room_(max) {
    // nop
  }

  item* take() {
    std::unique_lock guard{mutex_};
    changed_.wait(guard, [this] { return !idle_.empty() || room_ > 0; });
    if (idle_.empty()) {
      --room_;
      return new item;
    }
    auto* result = idle_.back();
    idle_.pop_back();
    return result;
  }

  void give_back(item* x) {
    {
      std::lock_guard guard{mutex_};
      idle_.push_back(x);
    }
    changed_.notify_one();
  }

  ~plain_pool() {
    for (auto* x : idle_)
      delete x;
  }

private:
  std::mutex mutex_;
  std::condition_variable changed_;
  std::vector<item*> idle_;
  std::size_t room_;
};

// -- alone --------------------------------------------------------------------

void measure_alone(benchmark::State& state, axiom::pool_options options,
                   std::string_view key = {}) {
  axiom_system env;
  auto pool = axiom::resource_pool<item>::spawn(env.sys, std::move(options),
                                                [] { return item{}; });
  auto op = [&](axiom::task_context&) -> axiom::async<double> {
    long uses = 0;
    auto start = clock_type::now();
    for (int i = 0; i < pairs; ++i) {
      auto x = co_await pool.take(key);
      uses = ++x->uses;
    }
    auto end = clock_type::now();
    require(uses >= pairs && uses % pairs == 0, "one object is used again");
    co_return std::chrono::duration<double>(end - start).count();
  };
  report(state,
         [&] { return env.coordinator.create_child_task("alone", op).get(); });
}

void alone(benchmark::State& state) {
  measure_alone(state, {.name = "bench", .max = 2});
}

void alone_idle(benchmark::State& state) {
  measure_alone(
    state,
    {.name = "bench", .max = 2, .idle_timeout = std::chrono::minutes{1}});
}

void alone_keyed(benchmark::State& state) {
  measure_alone(state, {.name = "bench", .max = 2, .key_quota = 1}, "tenant");
}

void plain(benchmark::State& state) {
  plain_pool pool{2};
  report(state, [&] {
    auto start = clock_type::now();
    for (int i = 0; i < pairs; ++i) {
      auto* x = pool.take();
      benchmark::DoNotOptimize(++x->uses);
      pool.give_back(x);
    }
    return std::chrono::duration<double>(clock_type::now() - start).count();
  });
}

// -- shared -------------------------------------------------------------------

void shared(benchmark::State& state) {
  axiom_system env;
  auto pool = axiom::resource_pool<item>::spawn(
    env.sys, {.name = "bench", .max = 2}, [] { return item{}; });
  const auto users = static_cast<int>(state.range(0));
  auto use = [&](axiom::task_context& self) -> axiom::async<void> {
    for (int i = 0; i < pairs / users; ++i) {
      auto x = co_await pool.take();
      ++x->uses;
      co_await self.yield();
    }
  };
  report(state, [&] {
    auto start = clock_type::now();
    std::vector<axiom::task<void>> all;
    for (int i = 0; i < users; ++i)
      all.push_back(env.coordinator.create_child_task("user", use));
    for (auto& t : all)
      t.get();
    return std::chrono::duration<double>(clock_type::now() - start).count();
  });
  require(pool.stats().in_use == 0, "all are back");
}

void condition(benchmark::State& state) {
  const auto users = static_cast<int>(state.range(0));
  report(state, [&] {
    plain_pool pool{2};
    auto start = clock_type::now();
    {
      std::vector<std::jthread> all;
      for (int i = 0; i < users; ++i)
        all.emplace_back([&] {
          for (int n = 0; n < pairs / users; ++n) {
            auto* x = pool.take();
            ++x->uses;
            std::this_thread::yield();
            pool.give_back(x);
          }
        });
    }
    return std::chrono::duration<double>(clock_type::now() - start).count();
  });
}

/// A fixed number: the library would look for one by which the time of a pair
/// adds up to seconds.
void configure(benchmark::internal::Benchmark* x) {
  x->UseManualTime()->Iterations(20);
}

BENCHMARK(alone)->Apply(configure);
BENCHMARK(alone_idle)->Apply(configure);
BENCHMARK(alone_keyed)->Apply(configure);
BENCHMARK(plain)->Apply(configure);
BENCHMARK(shared)->Arg(2)->Arg(8)->Arg(64)->Apply(configure);
BENCHMARK(condition)->Arg(2)->Arg(8)->Arg(64)->Apply(configure);

} // namespace
