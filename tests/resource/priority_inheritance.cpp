// Who holds what a more urgent task waits for is as urgent, in the scheduler
// and wherever it queues itself; and not any longer than that.

#include <ostream>

#include "axiom/coordination/concurrency_limiter.hpp"
#include "support/monitored.hpp"

using namespace test;

namespace axiom {

/// For BOOST_TEST.
static std::ostream& operator<<(std::ostream& out, task_priority x) {
  return out << to_string(x);
}

} // namespace axiom

namespace {

struct inheriting : monitored {
  /// The priority of a task that counts now.
  task_priority now_of(std::string_view name) {
    for (auto& x : coordinator().snapshot().tasks)
      if (x.task.name == name)
        return x.effective_priority;
    BOOST_FAIL("no task '" << name << "'");
    return {};
  }

  template <class Op>
  auto with(std::string_view name, task_priority priority, Op op) {
    return start({.name = name, .priority = priority}, std::move(op));
  }
};

} // namespace

BOOST_FIXTURE_TEST_SUITE(priority_inheritance_of_holders, inheriting)

BOOST_AUTO_TEST_CASE(of_a_lease) {
  auto host = spawn(memory(100));
  lines order;
  auto low = with("low", task_priority::low, user(host, order, memory(60), 1s));
  auto other =
    with("other", task_priority::low, user(host, order, memory(40), 2s));
  run();
  auto high =
    with("high", task_priority::high, user(host, order, memory(50), 0s));
  run();
  BOOST_TEST(now_of("low") == task_priority::high);
  BOOST_TEST(now_of("other") == task_priority::high);
  advance(1s);
  BOOST_TEST((order == lines{"low", "other", "high"}));
  BOOST_TEST(now_of("other") == task_priority::low);
  advance(1s);
}

BOOST_AUTO_TEST_CASE(not_of_a_resource_that_nobody_is_short_of) {
  auto host = spawn({memory(100), custom("licence", 2)});
  lines order;
  auto memory_user =
    with("memory", task_priority::low, user(host, order, memory(100), 1s));
  auto licence_user = with("licence", task_priority::low,
                           user(host, order, custom("licence", 1), 1s));
  run();
  auto high = with("high", task_priority::high,
                   user(host, order, {memory(50), custom("licence", 1)}, 0s));
  run();
  BOOST_TEST(now_of("memory") == task_priority::high);
  BOOST_TEST(now_of("licence") == task_priority::low);
  advance(1s);
}

BOOST_AUTO_TEST_CASE(not_of_what_only_somebody_less_urgent_is_short_of) {
  auto host = spawn({memory(100), custom("licence", 1)});
  lines order;
  auto memory_user = with("memory", task_priority::background,
                          user(host, order, memory(50), 1s));
  auto licence_user = with("licence", task_priority::background,
                           user(host, order, custom("licence", 1), 1s));
  run();
  auto low = with("low", task_priority::low, user(host, order, memory(60), 0s));
  auto high = with("high", task_priority::high,
                   user(host, order, {memory(10), custom("licence", 1)}, 0s));
  run();
  BOOST_TEST(now_of("memory") == task_priority::low);
  BOOST_TEST(now_of("licence") == task_priority::high);
  advance(1s);
}

BOOST_AUTO_TEST_CASE(of_what_somebody_who_goes_before_is_short_of) {
  auto host = spawn({memory(100), custom("licence", 1)}, "host", 1s);
  lines order;
  auto licence_user = with("licence", task_priority::background,
                           user(host, order, custom("licence", 1), 10s));
  run();
  auto old = with("old", task_priority::background,
                  user(host, order, {memory(60), custom("licence", 1)}, 0s));
  run();
  advance(3s); // it has risen to the top
  auto high =
    with("high", task_priority::high, user(host, order, memory(60), 0s));
  run();
  // There is memory enough for 'high', but it is set aside for 'old'.
  BOOST_TEST(host.stats().waiting == 2u);
  BOOST_TEST(now_of("licence") == task_priority::high);
  high.cancel();
  run();
  BOOST_TEST(now_of("licence") == task_priority::background);
  advance(10s);
}

BOOST_AUTO_TEST_CASE(
  while_one_request_is_granted_at_a_time_of_all_that_is_held) {
  auto host = spawn({memory(100), custom("licence", 2)});
  lines order;
  auto low = with("low", task_priority::low, user(host, order, memory(10), 1s));
  run();
  host.relief()->relieve(axiom::relief_stage::serialise);
  auto high = with("high", task_priority::high,
                   user(host, order, custom("licence", 1), 0s));
  run();
  BOOST_TEST(now_of("low") == task_priority::high);
  advance(1s);
  BOOST_TEST((order == lines{"low", "high"}));
}

/// A task that takes memory, draws on it for a child when told so, and awaits
/// the child, which takes a second.
struct sharing : inheriting {
  auto parent(const resource_monitor& host, std::uint64_t drawn) {
    return [this, &host, drawn](task_context& self) -> async<void> {
      auto lease = co_await host.acquire(memory(100));
      co_await self.sleep_for(1s);
      auto op = [&lease, drawn](task_context& me) -> async<void> {
        auto mine = lease.share(memory(drawn));
        co_await me.sleep_for(1s);
      };
      auto child = self.create_child_task(
        {.name = "child", .priority = task_priority::low}, op);
      co_await self.sleep_for(10s);
      co_await child;
    };
  }
};

BOOST_AUTO_TEST_CASE(of_a_share_that_was_drawn_while_others_wait) {
  auto host = spawn(memory(100));
  lines order;
  resource_lease lease;
  auto owner =
    with("owner", task_priority::low, [&](task_context& self) -> async<void> {
      lease = co_await host.acquire(memory(100));
      co_await self.sleep_for(3s);
      lease.release();
    });
  run();
  auto high =
    with("high", task_priority::high, user(host, order, memory(80), 0s));
  run();
  auto other =
    with("other", task_priority::low, [&](task_context& self) -> async<void> {
      auto mine = lease.share(memory(60));
      co_await self.sleep_for(1s);
    });
  run();
  BOOST_TEST(now_of("other") == task_priority::high);
  advance(3s);
  BOOST_TEST((order == lines{"high"}));
}

BOOST_FIXTURE_TEST_CASE(of_a_lease_that_is_all_drawn_on, sharing) {
  auto host = spawn(memory(100));
  lines order;
  auto t = with("parent", task_priority::low, parent(host, 100));
  run();
  advance(1s);
  auto high =
    with("high", task_priority::high, user(host, order, memory(80), 0s));
  run();
  BOOST_TEST(now_of("child") == task_priority::high);
  BOOST_TEST(now_of("parent") == task_priority::high);
  advance(10s);
}

BOOST_AUTO_TEST_CASE(ends_when_a_lease_that_nobody_holds_takes_over) {
  auto host = spawn(memory(100));
  lines order;
  auto mine = host.try_acquire(memory(10)); // of no task
  auto low =
    with("low", task_priority::low, [&](task_context& self) -> async<void> {
      auto held = co_await host.acquire(memory(60));
      co_await self.sleep_for(1s);
      mine.absorb(std::move(held));
      co_await self.sleep_for(1s);
    });
  run();
  auto high =
    with("high", task_priority::high, user(host, order, memory(50), 0s));
  run();
  BOOST_TEST(now_of("low") == task_priority::high);
  advance(1s);
  BOOST_TEST(now_of("low") == task_priority::low);
  advance(1s);
  low.get();
  low = {};
  mine.release();
  run();
  BOOST_TEST((order == lines{"high"}));
}

BOOST_AUTO_TEST_CASE(of_who_was_granted_and_has_not_run_yet) {
  auto bus = spawn(custom("bus", 1));
  lines order;
  auto held = bus.try_acquire(custom("bus", 1));
  auto using_it = [&](task_context& self) -> async<void> {
    auto mine = co_await bus.acquire(custom("bus", 1));
    order.push_back(std::string{self.name()});
  };
  auto low = with("low", task_priority::low, using_it);
  run();
  auto high = with("high", task_priority::high, using_it);
  held.release();
  BOOST_TEST(run_one()); // 'high' finds that 'low' has it, which has yet to run
  BOOST_TEST(bus.stats().waiting == 1u);
  BOOST_TEST(now_of("low") == task_priority::high);
  run();
  BOOST_TEST((order == lines{"low", "high"}));
}

BOOST_AUTO_TEST_CASE(ends_when_the_waiter_gives_up) {
  auto host = spawn(memory(100));
  lines order;
  auto low = with("low", task_priority::low, user(host, order, memory(60), 1s));
  run();
  auto high =
    with("high", task_priority::high, user(host, order, memory(50), 0s));
  run();
  BOOST_TEST(now_of("low") == task_priority::high);
  high.cancel();
  run();
  BOOST_TEST(now_of("low") == task_priority::low);
  advance(1s);
}

/// Two that hold some and ask for more, and one that only holds: who wait for
/// what others hold may themselves be waited for.
struct growing : inheriting {
  growing() {
    for (auto* name : {"one", "two"})
      growers.push_back(with(name, task_priority::low,
                             [this](task_context& self) -> async<void> {
                               auto some = co_await host.acquire(memory(20));
                               co_await self.sleep_for(1s);
                               auto more = co_await host.acquire(memory(20));
                             }));
    holder =
      with("holder", task_priority::low, user(host, order, memory(60), 10s));
    run();
    advance(1s);
    BOOST_TEST(host.stats().waiting == 2u);
    high = with("high", task_priority::high, user(host, order, memory(10), 0s));
    run();
    for (auto* name : {"one", "two", "holder"})
      BOOST_TEST(now_of(name) == task_priority::high);
  }

  resource_monitor host = spawn(memory(100));
  lines order;
  std::vector<axiom::task<void>> growers;
  axiom::task<void> holder;
  axiom::task<void> high;
};

BOOST_FIXTURE_TEST_CASE(of_those_who_wait_for_each_other_ends_with_its_cause,
                        growing) {
  high.cancel();
  run();
  for (auto* name : {"one", "two", "holder"})
    BOOST_TEST(now_of(name) == task_priority::low);
  advance(10s);
}

BOOST_AUTO_TEST_CASE(ends_when_the_waiters_time_is_over) {
  auto host = spawn(memory(100));
  lines order;
  auto low = with("low", task_priority::low, user(host, order, memory(60), 1h));
  run();
  auto high =
    with("high", task_priority::high, [&](task_context&) -> async<void> {
      auto x = co_await host.acquire_for(1s, memory(50));
    });
  run();
  BOOST_TEST(now_of("low") == task_priority::high);
  advance(1s);
  BOOST_TEST((code_thrown_by([&] { high.get(); }) == errc::deadline_exceeded));
  BOOST_TEST(now_of("low") == task_priority::low);
  low.cancel();
}

BOOST_AUTO_TEST_CASE(ends_with_the_lease) {
  auto host = spawn(memory(100));
  lines order;
  auto low =
    with("low", task_priority::low, [&](task_context& self) -> async<void> {
      auto held = co_await host.acquire(memory(60));
      co_await self.sleep_for(1s);
      held.release();
      co_await self.sleep_for(1s);
    });
  run();
  auto high =
    with("high", task_priority::high, user(host, order, memory(50), 5s));
  run();
  BOOST_TEST(now_of("low") == task_priority::high);
  advance(1s);
  BOOST_TEST(now_of("low") == task_priority::low);
  advance(5s);
}

BOOST_AUTO_TEST_CASE(of_a_permit) {
  auto io = axiom::concurrency_limiter::spawn(system(), {.name = "io"});
  auto using_it = [&io](axiom::runtime::duration span) {
    return [&io, span](task_context& self) -> async<void> {
      auto held = co_await io.acquire();
      co_await self.sleep_for(span);
    };
  };
  auto low = with("low", task_priority::low, using_it(1s));
  run();
  auto high = with("high", task_priority::high, using_it(1s));
  run();
  BOOST_TEST(now_of("low") == task_priority::high);
  high.cancel();
  run();
  BOOST_TEST(now_of("low") == task_priority::low);
  advance(1s);
}

BOOST_AUTO_TEST_CASE(goes_on_through_places_and_joins) {
  // high waits for memory, held by middle, which waits for a child, which
  // waits for a permit, held by low.
  auto host = spawn(memory(100));
  auto io = axiom::concurrency_limiter::spawn(system(), {.name = "io"});
  auto low = with("low", task_priority::background,
                  [&](task_context& self) -> async<void> {
                    auto held = co_await io.acquire();
                    co_await self.sleep_for(1s);
                  });
  run();
  auto middle =
    with("middle", task_priority::low, [&](task_context& self) -> async<void> {
      auto held = co_await host.acquire(memory(100));
      auto op = [&](task_context&) -> async<void> {
        auto permit = co_await io.acquire();
      };
      auto child = self.create_child_task("child", op);
      co_await child;
    });
  run();
  BOOST_TEST(now_of("low") == task_priority::low); // for the child
  lines order;
  auto high =
    with("high", task_priority::high, user(host, order, memory(1), 0s));
  run();
  for (auto* name : {"middle", "child", "low"})
    BOOST_TEST(now_of(name) == task_priority::high, name);
  advance(1s);
  BOOST_TEST((order == lines{"high"}));
}

BOOST_AUTO_TEST_CASE(moves_a_waiter_up_in_the_queue_it_stands_in) {
  auto host = spawn(memory(100), "host", 0s);
  lines order;
  auto holder =
    with("holder", task_priority::high, user(host, order, memory(100), 1s));
  run();
  auto low =
    with("low", task_priority::low, user(host, order, memory(100), 1s));
  auto medium =
    with("medium", task_priority::medium, user(host, order, memory(100), 1s));
  run();
  auto high = with("high", task_priority::high,
                   [low](task_context&) -> async<void> { co_await low; });
  run();
  advance(3s);
  BOOST_TEST((order == lines{"holder", "low", "medium"}));
}

BOOST_AUTO_TEST_CASE(falls_back_in_the_queue_when_it_is_over) {
  auto host = spawn(memory(100), "host", 0s);
  lines order;
  auto holder =
    with("holder", task_priority::high, user(host, order, memory(100), 1s));
  run();
  auto low =
    with("low", task_priority::low, user(host, order, memory(100), 1s));
  auto medium =
    with("medium", task_priority::medium, user(host, order, memory(100), 1s));
  run();
  auto high = with("high", task_priority::high,
                   [low](task_context&) -> async<void> { co_await low; });
  run();
  high.cancel();
  run();
  advance(3s);
  BOOST_TEST((order == lines{"holder", "medium", "low"}));
}

// The shape of the failure on Mars Pathfinder (1997): a low task holds a bus
// that a high one wants, and medium ones keep the low one from running.
BOOST_AUTO_TEST_CASE(a_high_task_waits_for_the_critical_section_alone) {
  auto bus = spawn(custom("bus", 1));
  lines order;
  auto low =
    with("low", task_priority::low, [&](task_context& self) -> async<void> {
      auto held = co_await bus.acquire(custom("bus", 1));
      for (int i = 0; i < 10; ++i)
        co_await self.yield();
      order.emplace_back("low is done with the bus");
    });
  BOOST_TEST(run_one());
  std::vector<axiom::task<void>> medium;
  auto high =
    with("high", task_priority::high, [&](task_context&) -> async<void> {
      auto held = co_await bus.acquire(custom("bus", 1));
      order.emplace_back("high has the bus");
    });
  for (int i = 0; i < 5; ++i)
    medium.push_back(with("medium", task_priority::medium,
                          [&](task_context& self) -> async<void> {
                            for (int n = 0; n < 100; ++n)
                              co_await self.yield();
                            order.emplace_back("medium");
                          }));
  run();
  BOOST_TEST(order.size() == 7u);
  BOOST_TEST(order.at(0) == "low is done with the bus");
  BOOST_TEST(order.at(1) == "high has the bus");
}

BOOST_AUTO_TEST_SUITE_END()
