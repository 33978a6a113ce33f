// What does supervision cost?
//
//   restart_actor     from the crash of a child that is an actor to the start of
//                     its next incarnation, without backoff
//   restart_task      the same for a child that is a task, which throws
//   spawn_actor       an actor that ends at once, without a supervisor: what
//                     restart_actor has to make too
//   temporary_actors  10,000 temporary children that are started, each by a
//                     message, and end at once: starts and ends a second
//   temporary_tasks   the same with tasks
//
// The first two are what a client sees of a crash; a gap that matters is one of
// ten microseconds, which is two changes of threads. In the last ones it is 20 %.
// Run with `--benchmark_repetitions=5 --benchmark_report_aggregates_only=true`.

#include <atomic>
#include <condition_variable>
#include <cstdio>
#include <cstdlib>
#include <limits>
#include <mutex>
#include <stdexcept>

#include <benchmark/benchmark.h>
#include <caf/event_based_actor.hpp>
#include <caf/scoped_actor.hpp>
#include <caf/send.hpp>

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

double seconds(clock_type::duration value) {
  return std::chrono::duration<double>(value).count();
}

/// When children began and crashed. A start ends a round.
class rounds {
public:
  void crashes() {
    crashed_ = clock_type::now();
  }

  /// The first start ends none.
  void starts() {
    const auto now = clock_type::now();
    const std::lock_guard guard{mutex_};
    if (count_ > 0)
      total_ += now - crashed_;
    ++count_;
    changed_.notify_all();
  }

  void wait_for(std::uint64_t n) {
    std::unique_lock lock{mutex_};
    changed_.wait(lock, [&] { return count_ >= n; });
  }

  clock_type::duration total() {
    const std::lock_guard guard{mutex_};
    return total_;
  }

private:
  clock_type::time_point crashed_; // by one incarnation, read by the next
  std::mutex mutex_;
  std::condition_variable changed_;
  std::uint64_t count_ = 0;
  clock_type::duration total_{0};
};

axiom::supervisor_options restarts_for_ever(axiom::child_spec child) {
  axiom::supervisor_options result;
  result.name = "bench";
  result.max_restarts = std::numeric_limits<std::size_t>::max();
  result.within = 1ms; // so that little is remembered
  result.error_history = 1;
  result.children = {std::move(child)};
  return result;
}

/// Crashes, a round each, and reports the latency of a restart.
void measure_restarts(benchmark::State& state, axiom::child_spec child,
                      rounds& all) {
  constexpr std::uint64_t n = 2'000;
  axiom::config cfg;
  caf::actor_system sys{cfg};
  auto sup =
    axiom::supervisor::spawn(sys, restarts_for_ever(std::move(child)));
  std::uint64_t done = 1;
  all.wait_for(done);
  auto before = all.total();
  for (auto _ : state) {
    done += n;
    all.wait_for(done);
    const auto now = all.total();
    state.SetIterationTime(seconds(now - before) / n);
    before = now;
  }
  const auto stats = sup.stop().get();
  require(stats.restarts + 1 >= done, "fewer restarts than starts");
}

// -- restarts -----------------------------------------------------------------

void restart_actor(benchmark::State& state) {
  rounds all;
  auto make = [&all](axiom::child_start& start) {
    all.starts();
    auto result =
      start.system().spawn([&all](caf::event_based_actor* self) -> caf::behavior {
        return {[self, &all](int) {
          all.crashes();
          self->quit(caf::make_error(caf::sec::runtime_error));
        }};
      });
    caf::anon_send(result, 1);
    return result;
  };
  measure_restarts(state, axiom::actor_child({.name = "child"}, make), all);
}

void restart_task(benchmark::State& state) {
  rounds all;
  auto body = [&all](task_context& self) -> async<void> {
    all.starts();
    co_await self.yield();
    all.crashes();
    throw std::runtime_error("crash");
  };
  measure_restarts(state, axiom::task_child({.name = "child"}, body), all);
}

void spawn_actor(benchmark::State& state) {
  axiom::config cfg;
  caf::actor_system sys{cfg};
  caf::scoped_actor self{sys};
  for (auto _ : state) {
    auto x = sys.spawn([](caf::event_based_actor*) {});
    self->wait_for(x);
  }
}

// -- temporary children -------------------------------------------------------

/// Starts so many children of one kind, which end by themselves.
void measure_temporary(benchmark::State& state, axiom::child_spec child,
                       std::atomic<std::uint64_t>& ended) {
  constexpr std::uint64_t n = 10'000;
  axiom::config cfg;
  caf::actor_system sys{cfg};
  axiom::supervisor_options options;
  options.name = "bench";
  options.strategy = axiom::supervision_strategy::simple_one_for_one;
  options.children = {std::move(child)};
  auto sup = axiom::supervisor::spawn(sys, options);
  caf::scoped_actor self{sys};
  for (auto _ : state) {
    ended = 0;
    for (std::uint64_t i = 0; i < n; ++i)
      caf::anon_send(sup.actor(), axiom::start_child_atom_v);
    // Answered after all of those, and until none is left.
    std::uint64_t left = 1;
    while (left > 0 || ended < n)
      self
        ->request(sup.actor(), caf::infinite, axiom::count_children_atom_v)
        .receive([&](const axiom::child_counts& x) { left = x.specs; },
                 [](const caf::error&) { require(false, "no answer"); });
  }
  require(sup.stats().errors == 0, "a child failed");
  state.SetItemsProcessed(state.iterations() * static_cast<std::int64_t>(n));
}

void temporary_actors(benchmark::State& state) {
  std::atomic<std::uint64_t> ended{0};
  auto make = [&ended](axiom::child_start& start) {
    return start.system().spawn(
      [&ended](caf::event_based_actor*) { ++ended; });
  };
  measure_temporary(
    state,
    axiom::actor_child({.name = "child",
                        .restart = axiom::restart_kind::temporary},
                       make),
    ended);
}

void temporary_tasks(benchmark::State& state) {
  std::atomic<std::uint64_t> ended{0};
  auto body = [&ended](task_context&) { ++ended; };
  measure_temporary(
    state,
    axiom::task_child({.name = "child",
                       .restart = axiom::restart_kind::temporary},
                      body),
    ended);
}

BENCHMARK(restart_actor)->UseManualTime()->Unit(benchmark::kMicrosecond);
BENCHMARK(restart_task)->UseManualTime()->Unit(benchmark::kMicrosecond);
BENCHMARK(spawn_actor)->UseRealTime()->Unit(benchmark::kMicrosecond);
BENCHMARK(temporary_actors)->UseRealTime()->Unit(benchmark::kMillisecond);
BENCHMARK(temporary_tasks)->UseRealTime()->Unit(benchmark::kMillisecond);

} // namespace
