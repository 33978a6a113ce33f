// What does a timeout cost, with none, thousands and a million others pending?
//
//   (no suffix)   armed, and cancelled at once
//   turnover      one of those pending, at random, cancelled and armed again
//   expire        a million come due: the cost of each
//
//   wheel      the wheel alone; the threads of a system share it under a lock
//   steady     the timer service, with its lock; its thread sleeps
//   clock      CAF's clock on it: a request timeout, set and cancelled by id
//   multimap   what CAF keeps its timeouts in, alone: erased by iterator
//   caf_clock  the structure of CAF's own clock, on one thread; in a system
//              there are a lock, a queue and a second thread in addition
//
// Those pending are due within a minute, in random order, and a new one within
// a second. What matters is whether the cost grows with the number of pending
// ones, and that it stays well below 1 us, since every request with a timeout
// pays it; `expire` is paid by the timer's thread, by few. A gap of less than
// 20 % means nothing on a machine with two noisy cores. Run with
// `--benchmark_repetitions=5 --benchmark_report_aggregates_only=true`.

#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <map>
#include <memory>
#include <random>
#include <vector>

#include <benchmark/benchmark.h>
#include <caf/actor_config.hpp>
#include <caf/actor_system.hpp>
#include <caf/actor_system_config.hpp>
#include <caf/detail/simple_actor_clock.hpp>
#include <caf/make_actor.hpp>
#include <caf/monitorable_actor.hpp>

#include "axiom/runtime/actor_clock.hpp"
#include "axiom/runtime/steady_timer.hpp"

using namespace std::chrono_literals;
using namespace axiom::runtime;

namespace {

void require(bool condition, const char* what) {
  if (!condition) {
    std::fprintf(stderr, "wrong result: %s\n", what);
    std::abort();
  }
}

/// Due times, drawn before anything is measured.
class due_times {
public:
  due_times(time_point base, duration span) {
    std::mt19937_64 engine{42};
    std::uniform_int_distribution<duration::rep> distance{0, span.count()};
    for (auto& x : times_)
      x = base + duration{distance(engine)};
  }

  time_point next() {
    return times_[++index_ % times_.size()];
  }

private:
  std::vector<time_point> times_ = std::vector<time_point>(1 << 16);
  std::size_t index_ = 0;
};

struct entry final : timer_entry {
  void fire() noexcept override {
    // nop
  }
};

/// Ignores all that it is sent.
class receiver final : public caf::monitorable_actor {
public:
  explicit receiver(caf::actor_config& cfg) : monitorable_actor(cfg) {
    // nop
  }

  using monitorable_actor::enqueue;

  void enqueue(caf::mailbox_element_ptr, caf::execution_unit*) override {
    // nop
  }
};

struct one_actor {
  caf::actor_system_config cfg;
  caf::actor_system sys{cfg};
  caf::actor_config options;
  caf::strong_actor_ptr actor =
    caf::make_actor<receiver, caf::strong_actor_ptr>(sys.next_actor_id(),
                                                     sys.node(), &sys, options);
};

// -- the arms -----------------------------------------------------------------

void wheel(benchmark::State& state) {
  const auto start = clock_type::now();
  std::vector<entry> pending(state.range(0));
  timer_wheel timers{start};
  due_times later{start, 60s};
  for (auto& x : pending)
    timers.insert(x, later.next());
  due_times soon{start, 1s};
  entry x;
  for (auto _ : state) {
    timers.insert(x, soon.next());
    timers.remove(x);
  }
  require(timers.size() == pending.size(), "entries of the wheel");
}

void multimap(benchmark::State& state) {
  const auto start = clock_type::now();
  std::vector<entry> pending(state.range(0));
  std::multimap<time_point, entry*> timers;
  due_times later{start, 60s};
  for (auto& x : pending)
    timers.emplace(later.next(), &x);
  due_times soon{start, 1s};
  entry x;
  for (auto _ : state)
    timers.erase(timers.emplace(soon.next(), &x));
  require(timers.size() == pending.size(), "entries of the map");
}

void wheel_turnover(benchmark::State& state) {
  const auto start = clock_type::now();
  std::vector<entry> pending(state.range(0));
  timer_wheel timers{start};
  due_times later{start, 60s};
  for (auto& x : pending)
    timers.insert(x, later.next());
  std::mt19937_64 engine{7};
  for (auto _ : state) {
    auto& x = pending[engine() % pending.size()];
    timers.remove(x);
    timers.insert(x, later.next());
  }
  require(timers.size() == pending.size(), "entries of the wheel");
}

void multimap_turnover(benchmark::State& state) {
  const auto start = clock_type::now();
  std::multimap<time_point, entry*> timers;
  due_times later{start, 60s};
  std::vector<decltype(timers)::iterator> pending(state.range(0));
  for (auto& x : pending)
    x = timers.emplace(later.next(), nullptr);
  std::mt19937_64 engine{7};
  for (auto _ : state) {
    auto& x = pending[engine() % pending.size()];
    timers.erase(x);
    x = timers.emplace(later.next(), nullptr);
  }
  require(timers.size() == pending.size(), "entries of the map");
}

/// Seconds an entry, printed with a prefix: `80n`.
void per_entry(benchmark::State& state) {
  state.counters["per_entry"] =
    benchmark::Counter(static_cast<double>(state.range(0)),
                       benchmark::Counter::kIsIterationInvariantRate
                         | benchmark::Counter::kInvert);
}

void wheel_expire(benchmark::State& state) {
  const auto start = clock_type::now();
  due_times later{start, 60s};
  std::vector<entry> pending(state.range(0));
  for (auto _ : state) {
    state.PauseTiming();
    timer_wheel timers{start};
    for (auto& x : pending)
      timers.insert(x, later.next());
    state.ResumeTiming();
    std::size_t budget = pending.size() * 9;
    for (auto until = start; timers.size() > 0; until += 65us)
      while (timers.pop(until, budget) != nullptr) {
        // nop
      }
  }
  per_entry(state);
}

void multimap_expire(benchmark::State& state) {
  const auto start = clock_type::now();
  due_times later{start, 60s};
  for (auto _ : state) {
    state.PauseTiming();
    std::multimap<time_point, entry*> timers;
    for (std::int64_t i = 0; i < state.range(0); ++i)
      timers.emplace(later.next(), nullptr);
    state.ResumeTiming();
    for (auto until = start; !timers.empty(); until += 65us)
      while (!timers.empty() && timers.begin()->first <= until)
        timers.erase(timers.begin());
  }
  per_entry(state);
}

void steady(benchmark::State& state) {
  // An hour away, so that none is due before the end.
  std::vector<entry> pending(state.range(0));
  steady_timer timers;
  const auto start = timers.now() + 1h;
  entry first;
  timers.arm(first, start - 1s);
  due_times later{start, 60s};
  for (auto& x : pending)
    timers.arm(x, later.next());
  due_times soon{start, 1s};
  entry x;
  for (auto _ : state) {
    timers.arm(x, soon.next());
    timers.cancel(x);
  }
  require(timers.pending() == pending.size() + 1, "entries of the service");
  require(timers.wakeups() <= 1, "wake-ups of the timer's thread");
}

/// Request timeouts of one actor, numbered from 1; the last one comes and goes.
void set_and_cancel(benchmark::State& state, caf::actor_clock& clock,
                    caf::abstract_actor* self, time_point start) {
  const auto n = static_cast<std::uint64_t>(state.range(0));
  auto id = [](std::uint64_t x) {
    return caf::make_message_id(x).response_id();
  };
  due_times later{start, 60s};
  for (std::uint64_t i = 1; i <= n; ++i)
    clock.set_request_timeout(later.next(), self, id(i));
  due_times soon{start, 1s};
  for (auto _ : state) {
    clock.set_request_timeout(soon.next(), self, id(n + 1));
    clock.cancel_request_timeout(self, id(n + 1));
  }
}

void clock(benchmark::State& state) {
  one_actor env;
  steady_timer timers;
  actor_clock x{timers};
  set_and_cancel(state, x, env.actor->get(), timers.now() + 1h);
  require(x.pending() == static_cast<std::size_t>(state.range(0)),
          "timeouts of the clock");
}

void caf_clock(benchmark::State& state) {
  one_actor env;
  caf::detail::simple_actor_clock x;
  set_and_cancel(state, x, env.actor->get(), x.now() + 1h);
  require(x.schedule().size() == static_cast<std::size_t>(state.range(0)),
          "timeouts of CAF's clock");
}

} // namespace

BENCHMARK(wheel)->Arg(0)->Arg(1'000)->Arg(1'000'000);
BENCHMARK(multimap)->Arg(0)->Arg(1'000)->Arg(1'000'000);
BENCHMARK(wheel_turnover)->Arg(1'000)->Arg(1'000'000);
BENCHMARK(multimap_turnover)->Arg(1'000)->Arg(1'000'000);
BENCHMARK(wheel_expire)->Arg(1'000'000)->Unit(benchmark::kMillisecond);
BENCHMARK(multimap_expire)->Arg(1'000'000)->Unit(benchmark::kMillisecond);
BENCHMARK(steady)->Arg(0)->Arg(1'000)->Arg(1'000'000)->UseRealTime();
BENCHMARK(clock)->Arg(0)->Arg(1'000)->Arg(1'000'000)->UseRealTime();
// A thousand is enough: it looks through all timeouts of the actor.
BENCHMARK(caf_clock)->Arg(0)->Arg(1'000)->UseRealTime();
