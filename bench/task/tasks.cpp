// What does a task cost, beside the same thing done with plain CAF actors?
//
//   create            one more child of a running task, until it is in the tree
//                     and handed to the scheduler
//   spawn_join        a group of N children: created, run, joined
//   cancel_signalled  cancelling a tree of N suspended tasks, until each of them
//                     can see it
//   cancel_ended      the same, until all have ended
//   memory            resident bytes a suspended coroutine task
//
// The arm `caf` does it with event-based actors: `spawn<linked>` children of an
// actor, ended by an exit message to it. A gap of less than 20 % means nothing
// on a machine with two noisy cores. Run with
// `--benchmark_repetitions=5 --benchmark_report_aggregates_only=true`.

#include <atomic>
#include <chrono>
#include <fstream>
#include <latch>
#include <thread>
#include <vector>

#include <sys/wait.h>
#include <unistd.h>

#include <benchmark/benchmark.h>
#include <caf/all.hpp>

#include "axiom/axiom.hpp"

using namespace std::chrono_literals;

namespace {

using clock_type = std::chrono::steady_clock;

double seconds(clock_type::duration value) {
  return std::chrono::duration<double>(value).count();
}

void require(bool condition, const char* what) {
  if (!condition) {
    std::fprintf(stderr, "wrong result: %s\n", what);
    std::abort();
  }
}

/// Seconds a task, printed with a prefix: `380n`.
void per_task(benchmark::State& state, int n) {
  state.counters["per_task"]
    = benchmark::Counter(n, benchmark::Counter::kIsIterationInvariantRate
                              | benchmark::Counter::kInvert);
}

struct axiom_system {
  axiom::config cfg;
  caf::actor_system sys{cfg};
  axiom::structured_task_coordinator coordinator
    = axiom::structured_task_coordinator::spawn(sys, {.name = "bench"});
};

/// The scheduler that `axiom::config` selects, with CAF's own module.
struct caf_config : caf::actor_system_config {
  caf_config() {
    set("scheduler.policy", caf::atom("sharing"));
    set("scheduler.max-threads", axiom::runtime::usable_processors());
  }
};

// -- create -------------------------------------------------------------------

void create(benchmark::State& state) {
  axiom_system env;
  auto n = static_cast<int>(state.range(0));
  for (auto _ : state) {
    auto task = env.coordinator.create_child_task(
      "parent", [n](axiom::task_context& self) {
        auto start = clock_type::now();
        for (int i = 0; i < n; ++i)
          self.create_child_task("child", [] { return 1; });
        return clock_type::now() - start;
      });
    state.SetIterationTime(seconds(std::move(task).get()));
  }
  per_task(state, n);
}

void create_caf(benchmark::State& state) {
  caf_config cfg;
  caf::actor_system sys{cfg};
  auto n = static_cast<int>(state.range(0));
  for (auto _ : state) {
    std::latch done{1};
    double time = 0;
    sys.spawn([&, n](caf::event_based_actor* self) {
      auto start = clock_type::now();
      for (int i = 0; i < n; ++i)
        self->spawn<caf::linked>([](caf::event_based_actor*) {});
      time = seconds(clock_type::now() - start);
      done.count_down();
    });
    done.wait();
    state.SetIterationTime(time);
    sys.await_all_actors_done();
  }
  per_task(state, n);
}

BENCHMARK(create)->Arg(1'000)->Arg(100'000)->UseManualTime();
BENCHMARK(create_caf)->Arg(1'000)->UseManualTime();

// -- spawn and join -----------------------------------------------------------

void spawn_join(benchmark::State& state) {
  axiom_system env;
  auto n = static_cast<int>(state.range(0));
  for (auto _ : state) {
    auto task = env.coordinator.create_child_task(
      "parent", [n](axiom::task_context& self) -> axiom::async<long> {
        co_return co_await axiom::with_task_group<int>(
          self, [n](auto& group) -> axiom::async<long> {
            for (int i = 0; i < n; ++i)
              co_await group.add_task("child", [i] { return i; });
            long sum = 0;
            for (auto x : co_await group.wait_for_all())
              sum += x;
            co_return sum;
          });
      });
    require(task.get() == static_cast<long>(n) * (n - 1) / 2, "sum");
  }
  per_task(state, n);
}

void spawn_join_caf(benchmark::State& state) {
  caf_config cfg;
  caf::actor_system sys{cfg};
  auto n = static_cast<int>(state.range(0));
  for (auto _ : state) {
    std::latch done{1};
    // Held, since CAF destroys an idle actor that nobody references.
    auto parent = sys.spawn([&, n](caf::event_based_actor* self)
                              -> caf::behavior {
      auto left = std::make_shared<int>(n);
      self->set_down_handler([=, &done](caf::down_msg&) {
        if (--*left == 0) {
          done.count_down();
          self->quit();
        }
      });
      for (int i = 0; i < n; ++i)
        self->spawn<caf::monitored>([](caf::event_based_actor*) {});
      return {[](caf::unit_t) {}};
    });
    done.wait();
    parent = nullptr;
    sys.await_all_actors_done();
  }
  per_task(state, n);
}

BENCHMARK(spawn_join)
  ->RangeMultiplier(10)
  ->Range(1'000, 1'000'000)
  ->UseRealTime();
BENCHMARK(spawn_join_caf)
  ->RangeMultiplier(10)
  ->Range(1'000, 100'000)
  ->UseRealTime();

// -- cancel -------------------------------------------------------------------

/// A tree of tasks ten wide, all suspended.
axiom::async<void> suspended_tree(axiom::task_context& self, int depth,
                                  std::atomic<long>& up) {
  for (int i = 0; depth > 0 && i < 10; ++i)
    self.create_child_task("node", [depth, &up](axiom::task_context& child) {
      return suspended_tree(child, depth - 1, up);
    });
  ++up;
  co_await self.sleep_for(1h);
}

long nodes(long depth) {
  long result = 1;
  for (long width = 10; depth > 0; --depth, width *= 10)
    result += width;
  return result;
}

/// Calls `cancel(coordinator, root)` on a fresh tree each time, on a machine at
/// rest; `cancel` gives the time to report.
template <class F>
void cancel_trees(benchmark::State& state, F cancel) {
  axiom_system env;
  auto depth = static_cast<int>(state.range(0));
  for (auto _ : state) {
    std::atomic<long> up{0};
    auto root = env.coordinator.create_child_task(
      "root", [depth, &up](axiom::task_context& self) {
        return suspended_tree(self, depth, up);
      });
    while (up != nodes(depth))
      std::this_thread::yield();
    std::this_thread::sleep_for(5ms); // until the last one is suspended
    state.SetIterationTime(cancel(env.coordinator, root));
    root.wait();
  }
  state.counters["tasks"] = static_cast<double>(nodes(depth));
}

void cancel_signalled(benchmark::State& state) {
  cancel_trees(state, [](auto& coordinator, auto& root) {
    auto report = coordinator.cancel_task_tree(root.reference()).get();
    require(report.overdue_count == 0, "overdue tasks");
    return seconds(report.signalled);
  });
}

void cancel_ended(benchmark::State& state) {
  cancel_trees(state, [](auto& coordinator, auto& root) {
    auto ref = root.reference();
    auto start = clock_type::now();
    auto request = coordinator.cancel_task_tree(ref);
    root.wait();
    auto time = clock_type::now() - start;
    require(request.get().overdue_count == 0, "overdue tasks");
    return seconds(time);
  });
}

caf::behavior caf_node(caf::event_based_actor* self, int depth,
                       std::atomic<long>* up, std::atomic<long>* down) {
  self->attach_functor([down] { ++*down; });
  std::vector<caf::actor> children; // held: nobody else references them
  for (int i = 0; depth > 0 && i < 10; ++i)
    children.push_back(
      self->spawn<caf::linked>(caf_node, depth - 1, up, down));
  ++*up;
  return {[children](caf::unit_t) {}};
}

void cancel_ended_caf(benchmark::State& state) {
  caf_config cfg;
  caf::actor_system sys{cfg};
  auto depth = static_cast<int>(state.range(0));
  for (auto _ : state) {
    std::atomic<long> up{0};
    std::atomic<long> down{0};
    auto root = sys.spawn(caf_node, depth, &up, &down);
    while (up != nodes(depth))
      std::this_thread::yield();
    std::this_thread::sleep_for(5ms);
    auto start = clock_type::now();
    caf::anon_send_exit(root, caf::exit_reason::user_shutdown);
    while (down != nodes(depth))
      std::this_thread::yield();
    state.SetIterationTime(seconds(clock_type::now() - start));
    root = nullptr;
    sys.await_all_actors_done();
  }
  state.counters["tasks"] = static_cast<double>(nodes(depth));
}

BENCHMARK(cancel_signalled)->DenseRange(1, 4)->UseManualTime()->Iterations(20);
BENCHMARK(cancel_ended)->DenseRange(1, 4)->UseManualTime()->Iterations(20);
BENCHMARK(cancel_ended_caf)->DenseRange(1, 4)->UseManualTime()->Iterations(20);

// -- memory -------------------------------------------------------------------

long resident_bytes() {
  std::ifstream in{"/proc/self/statm"};
  long total = 0;
  long resident = 0;
  in >> total >> resident;
  return resident * sysconf(_SC_PAGESIZE);
}

/// Measures in a process of its own, whose heap nobody has grown before.
template <class F>
double in_fresh_process(F measure) {
  int ends[2];
  require(pipe(ends) == 0, "pipe");
  auto child = fork();
  if (child == 0) {
    auto result = measure();
    auto written = write(ends[1], &result, sizeof(result));
    _exit(written == sizeof(result) ? 0 : 1);
  }
  double result = 0;
  require(read(ends[0], &result, sizeof(result)) == sizeof(result), "read");
  close(ends[0]);
  close(ends[1]);
  waitpid(child, nullptr, 0);
  return result;
}

void memory(benchmark::State& state) {
  auto n = state.range(0);
  double bytes = 0;
  for (auto _ : state)
    bytes = in_fresh_process([n] {
      axiom_system env;
      std::atomic<long> up{0};
      auto before = resident_bytes();
      auto root = env.coordinator.create_child_task(
        "root", [&, n](axiom::task_context& self) -> axiom::async<void> {
          for (long i = 0; i < n; ++i)
            self.create_child_task(
              "child", [&](axiom::task_context& child) -> axiom::async<void> {
                ++up;
                co_await child.sleep_for(1h);
              });
          co_await self.sleep_for(1h);
        });
      while (up != n)
        std::this_thread::yield();
      auto result = static_cast<double>(resident_bytes() - before)
                    / static_cast<double>(n);
      root.cancel();
      root.wait();
      return result;
    });
  state.counters["bytes_per_task"] = bytes;
}

void memory_caf(benchmark::State& state) {
  auto n = state.range(0);
  double bytes = 0;
  for (auto _ : state)
    bytes = in_fresh_process([n] {
      caf_config cfg;
      caf::actor_system sys{cfg};
      std::atomic<long> up{0};
      std::vector<caf::actor> children;
      children.reserve(static_cast<std::size_t>(n));
      auto before = resident_bytes();
      for (long i = 0; i < n; ++i)
        children.push_back(
          sys.spawn([&](caf::event_based_actor*) -> caf::behavior {
            ++up;
            return {[](caf::unit_t) {}};
          }));
      while (up != n)
        std::this_thread::yield();
      return static_cast<double>(resident_bytes() - before)
             / static_cast<double>(n);
    });
  state.counters["bytes_per_task"] = bytes;
}

BENCHMARK(memory)->Arg(100'000)->Iterations(1);
BENCHMARK(memory_caf)->Arg(100'000)->Iterations(1);

} // namespace
