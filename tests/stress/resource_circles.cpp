// Holders of resources that wait for each other. The interleavings looked for:
//
// - a hundred tasks want two forks each, all of them shared with a neighbour:
//   both at once, and one after the other, so that circles of any length close
//   on several threads at a time, and each is broken once;
// - circles through two monitors, a limiter and awaited children, while others
//   wait in none.
//
// AXIOM_SOAK=n in the environment asks for n / 10 meals at each table.

#include <algorithm>
#include <iostream>
#include <string>

#include "axiom/coordination/concurrency_limiter.hpp"
#include "axiom/resource/resource_monitor.hpp"
#include "soak.hpp"
#include "support/watchdog.hpp"

using namespace stress;

using axiom::resource_lease;
using axiom::resource_monitor;
using axiom::resource_requirements;
using axiom::task_priority;

BOOST_AUTO_TEST_SUITE(stress_resource_circles)

namespace {

// -- philosophers -------------------------------------------------------------

constexpr std::size_t seats = 100;

struct table {
  table(caf::actor_system& sys, std::uint64_t meals)
    : left(static_cast<std::int64_t>(meals)), forks(lay(sys)) {
    // nop
  }

  static resource_monitor lay(caf::actor_system& sys) {
    resource_requirements all;
    for (std::size_t i = 0; i < seats; ++i)
      all.add(fork(i));
    return resource_monitor::spawn(sys, {.name = "table", .capacities = all});
  }

  static axiom::resource_requirement fork(std::size_t i) {
    return axiom::custom("fork " + std::to_string(i % seats), 1);
  }

  /// The philosopher has both forks.
  void eat(std::size_t i) {
    if (taken[i].exchange(true) || taken[(i + 1) % seats].exchange(true))
      ++fights;
    ++meals[i];
  }

  void put_down(std::size_t i) {
    taken[i] = false;
    taken[(i + 1) % seats] = false;
  }

  /// Whoever came first would have eaten it all before the last sits down.
  async<void> sit_down(task_context& self) {
    for (++seated; seated < seats;)
      co_await self.yield();
  }

  bool go_on() {
    return left.fetch_sub(1, std::memory_order_relaxed) > 0;
  }

  std::atomic<std::int64_t> left; ///< meals to be begun
  std::atomic<std::size_t> seated{0};
  resource_monitor forks;
  std::array<std::atomic<bool>, seats> taken{};
  std::array<std::atomic<std::uint64_t>, seats> meals{};
  std::atomic<std::uint64_t> fights{0};
  std::atomic<std::uint64_t> refusals{0};
};

async<void> take_both(task_context& self, table& x, std::size_t i) {
  const resource_requirements both{table::fork(i), table::fork(i + 1)};
  co_await x.sit_down(self);
  while (x.go_on()) {
    auto forks = co_await x.forks.acquire(both);
    x.eat(i);
    co_await self.yield();
    x.put_down(i);
  }
}

async<void> take_one_after_the_other(task_context& self, table& x,
                                     std::size_t i) {
  const resource_requirements left{table::fork(i)};
  const resource_requirements right{table::fork(i + 1)};
  co_await x.sit_down(self);
  while (x.go_on()) {
    for (auto eaten = false; !eaten;) {
      auto first = co_await x.forks.acquire(left);
      co_await self.yield();
      auto wait = x.forks.acquire(right);
      auto second = co_await axiom::as_expected(wait);
      if (second) {
        x.eat(i);
        co_await self.yield();
        x.put_down(i);
        eaten = true;
      } else if (second.error().is(errc::resource_deadlock)) {
        ++x.refusals;
        first.release();
        co_await self.yield(); // others go on
      } else {
        second.error().rethrow();
      }
    }
  }
}

template <class Philosopher>
void dine(const char* how, std::uint64_t meals, Philosopher philosopher) {
  const test::watchdog bites{how, patience(10 * meals)};
  plain_system env;
  table x{env.system, meals};
  const auto begin = std::chrono::steady_clock::now();
  std::vector<axiom::task<void>> all;
  for (std::size_t i = 0; i < seats; ++i)
    all.push_back(env.coordinator.create_child_task(
      "philosopher " + std::to_string(i),
      [&x, i, philosopher](task_context& self) {
        return philosopher(self, x, i);
      }));
  for (auto& t : all)
    t.get();
  const std::chrono::duration<double> took =
    std::chrono::steady_clock::now() - begin;
  const auto [least, most] =
    std::minmax_element(x.meals.begin(), x.meals.end(),
                        [](auto& a, auto& b) { return a.load() < b.load(); });
  std::uint64_t sum = 0;
  for (auto& n : x.meals)
    sum += n;
  const auto stats = x.forks.stats();
  std::cout << how << ": " << sum << " meals in " << took.count() << " s, from "
            << *least << " to " << *most << " each, " << x.refusals
            << " circles" << std::endl;
  BOOST_TEST(sum == meals);
  BOOST_TEST(*least > 0u);
  BOOST_TEST(x.fights == 0u);
  BOOST_TEST(stats.deadlocks == x.refusals);
  BOOST_TEST(stats.leases == 0u);
}

} // namespace

BOOST_AUTO_TEST_CASE(philosophers_that_take_both_forks_at_once_all_eat) {
  dine("both at once", operations(200'000) / 10, take_both);
}

BOOST_AUTO_TEST_CASE(philosophers_that_are_refused_try_again_and_all_eat) {
  dine("one after the other", operations(100'000) / 10,
       take_one_after_the_other);
}

// -- circles of all kinds -----------------------------------------------------

namespace {

struct world {
  explicit world(caf::actor_system& sys)
    : hosts{resource_monitor::spawn(sys, {.name = "left",
                                          .capacities = {axiom::custom("a", 2),
                                                         axiom::custom("b", 2)},
                                          .ageing = 1ms}),
            resource_monitor::spawn(sys, {.name = "right",
                                          .capacities = {axiom::custom("a", 2),
                                                         axiom::custom("b", 1)},
                                          .ageing = 1ms})},
      io(axiom::concurrency_limiter::spawn(
        sys, {.name = "io", .max_concurrency = 2, .ageing = 1ms})) {
    // nop
  }

  /// Whether a request of `self` was refused in the one way it may be, and the
  /// text says whose it was.
  void check(const task_context& self, const axiom::failure& why) {
    const auto text = why.what();
    if (!why.is(errc::resource_deadlock)
        || text.find("'" + std::string{self.name()} + "' asks for")
             == std::string::npos
        || text.find("it would wait for itself") == std::string::npos) {
      ++wrong;
      std::cerr << text << std::endl;
    }
    ++refusals;
  }

  std::array<resource_monitor, 2> hosts;
  axiom::concurrency_limiter io;
  std::atomic<std::uint64_t> refusals{0};
  std::atomic<std::uint64_t> wrong{0};
};

async<void> nest(task_context& self, world& x, std::uint64_t stream,
                 std::size_t depth);

/// What is done with something in hand: more is asked for, here or by a child
/// that is awaited.
async<void> go_deeper(task_context& self, world& x, std::uint64_t stream,
                      std::size_t depth, chooser& choose) {
  for (auto n = choose.below(3); n > 0; --n)
    co_await self.yield();
  if (depth == 0)
    co_return;
  const auto next = stream + 1 + choose.below(1000);
  if (choose.one_in(2)) {
    co_await nest(self, x, next, depth - 1);
  } else {
    auto child = self.create_child_task(std::string{self.name()} + "'",
                                        [&x, next, depth](task_context& me) {
                                          return nest(me, x, next, depth - 1);
                                        });
    co_await child;
  }
}

async<void> nest(task_context& self, world& x, std::uint64_t stream,
                 std::size_t depth) {
  chooser choose{stream};
  if (choose.one_in(3)) {
    auto wait = x.io.acquire();
    auto held = co_await axiom::as_expected(wait);
    if (held)
      co_await go_deeper(self, x, stream, depth, choose);
    else
      x.check(self, held.error());
    co_return;
  }
  auto& host = x.hosts[choose.below(2)];
  resource_requirements wanted{axiom::custom(choose.one_in(2) ? "a" : "b", 1)};
  if (choose.one_in(3))
    wanted = {axiom::custom("a", 1 + choose.below(2)), axiom::custom("b", 1)};
  auto wait = host.acquire(wanted);
  auto held = co_await axiom::as_expected(wait);
  if (held)
    co_await go_deeper(self, x, stream, depth, choose);
  else
    x.check(self, held.error());
}

} // namespace

BOOST_AUTO_TEST_CASE(circles_of_all_kinds_are_broken_and_nothing_hangs) {
  std::uint64_t refusals = 0;
  under_each_scheduler(real_time, [&refusals](auto& fix) {
    for (rounds r{200}; r.next();) {
      const test::watchdog bites{"circles of all kinds"};
      world x{fix.system()};
      const auto stream = r.stream();
      std::vector<axiom::task<void>> all;
      for (std::uint64_t i = 0; i < 8; ++i)
        all.push_back(fix.coordinator().create_child_task(
          "t" + std::to_string(i),
          [&x, stream, i](task_context& self) -> async<void> {
            for (std::uint64_t n = 0; n < 10; ++n)
              co_await nest(self, x, (stream + i) * 16 + n, 3);
          }));
      for (auto& t : all)
        t.get();
      BOOST_TEST(x.wrong == 0u);
      std::uint64_t counted = x.io.stats().deadlocks;
      for (auto& host : x.hosts) {
        const auto stats = host.stats();
        BOOST_TEST(stats.leases == 0u);
        BOOST_TEST(stats.waiting == 0u);
        counted += stats.deadlocks;
      }
      BOOST_TEST(x.io.stats().in_use == 0u);
      BOOST_TEST(counted == x.refusals);
      refusals += x.refusals;
    }
  });
  BOOST_TEST(refusals > 0u);
}

BOOST_AUTO_TEST_SUITE_END()
