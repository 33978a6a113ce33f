// What does a permit cost, taken and given back?
//
// sem_uncontended: one task takes a permit and gives it back, 1,000,000 times;
// nobody else wants any. That includes writing down who holds it, so that a dead
// holder's permits come back and a circle of waits is found. Nanoseconds a pair.
//
// sem_contended: 64 tasks share 8 permits; each takes one, lets the others run
// while it has it, and gives it back, over and over, so that nearly every request
// has to queue and nearly every return goes to a waiter. Nanoseconds a pair, the
// two switches of tasks included.
//
// What matters: below 100 ns a permit without contention costs nothing that
// anybody would see next to the least thing that it guards; with contention, a
// gap of more than a fifth to the last figures of the same machine.

#include <cstdint>

#include "systems.hpp"
#include "workloads.hpp"

namespace bench {

namespace {

axiom::concurrency_limiter spawn_limiter(axiom_system& env) {
  return axiom::concurrency_limiter::spawn(
    env.system(), {.name = "bench", .max_concurrency = 8});
}

axiom::async<timed<long>> pairs(const axiom::concurrency_limiter& limiter,
                                long n) {
  const auto start = clock_type::now();
  long taken = 0;
  for (long i = 0; i < n; ++i) {
    auto held = co_await limiter.acquire();
    taken += held.weight();
  }
  co_return timed<long>{clock_type::now() - start, taken};
}

axiom::async<timed<long>> crowd(axiom::task_context& self,
                                const axiom::concurrency_limiter& limiter,
                                long tasks, long pairs_each) {
  const auto start = clock_type::now();
  auto body = [&](auto& group) -> axiom::async<long> {
    for (long i = 0; i < tasks; ++i) {
      auto user = [&](axiom::task_context& self) -> axiom::async<long> {
        long taken = 0;
        for (long j = 0; j < pairs_each; ++j) {
          auto held = co_await limiter.acquire();
          taken += held.weight();
          co_await self.yield();
        }
        co_return taken;
      };
      co_await group.add_task("user", user);
    }
    long sum = 0;
    for (auto x : co_await group.wait_for_all())
      sum += x;
    co_return sum;
  };
  auto taken = co_await axiom::with_task_group<long>(self, {.name = "crowd"},
                                                     body);
  co_return timed<long>{clock_type::now() - start, taken};
}

} // namespace

void sem_uncontended(const experiment& run) {
  axiom_system env;
  const auto limiter = spawn_limiter(env);
  const auto n = run.scaled(1'000'000);
  run.report(n, "ns_per_op", run.measure([&] {
    const auto got
      = env.drive([&](axiom::task_context&) { return pairs(limiter, n); });
    require(got.value == n, "permits");
    require(limiter.in_use() == 0, "permits back");
    return nanoseconds{got.time}.count() / static_cast<double>(n);
  }));
}

void sem_contended(const experiment& run) {
  constexpr long tasks = 64;
  axiom_system env;
  const auto limiter = spawn_limiter(env);
  const auto each = run.scaled(5'000);
  const auto n = tasks * each;
  run.report(n, "ns_per_op", run.measure([&] {
    const auto got = env.drive([&](axiom::task_context& self) {
      return crowd(self, limiter, tasks, each);
    });
    require(got.value == n, "permits");
    require(limiter.in_use() == 0, "permits back");
    return nanoseconds{got.time}.count() / static_cast<double>(n);
  }));
}

} // namespace bench
