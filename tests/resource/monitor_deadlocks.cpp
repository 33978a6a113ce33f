// Waits for resources that would never end: which ones are refused, what the
// error says, and that those which may end are not.

#include "axiom/coordination/concurrency_limiter.hpp"
#include "support/monitored.hpp"

using namespace test;

namespace {

struct circles : monitored {
  template <class T>
  static std::string why(axiom::task<T>& t) {
    return thrown(errc::resource_deadlock, [&t] { t.get(); });
  }
};

/// Takes `first`, lets others run, takes `then`, and gives both back.
async<void> take_both(task_context& self, const resource_monitor& monitor,
                      resource_requirements first, resource_requirements then) {
  auto a = co_await monitor.acquire(first);
  co_await self.sleep_for(1s);
  auto b = co_await monitor.acquire(then);
}

} // namespace

BOOST_FIXTURE_TEST_SUITE(monitor_deadlocks, circles)

BOOST_AUTO_TEST_CASE(two_tasks_in_opposite_order) {
  auto host = spawn({custom("a", 1), custom("b", 1)});
  auto one = start("one", [&](task_context& self) {
    return take_both(self, host, custom("a", 1), custom("b", 1));
  });
  auto two = start("two", [&](task_context& self) {
    return take_both(self, host, custom("b", 1), custom("a", 1));
  });
  run();
  advance(1s);
  BOOST_TEST(
    why(two)
    == "resource_deadlock: 'two' asks for 1 of 'a' of resource monitor "
       "'host', held by 'one', which waits for 1 of 'b' of resource "
       "monitor 'host', held by 'two': it would wait for itself");
  one.get();
  BOOST_TEST(host.stats().deadlocks == 1u);
  BOOST_TEST(in_use(host, "a") + in_use(host, "b") == 0u);
}

BOOST_AUTO_TEST_CASE(a_task_that_asks_for_more_than_is_left_beside_its_own) {
  auto host = spawn(memory(100));
  auto t = start("t", [&](task_context&) -> async<void> {
    auto a = co_await host.acquire(memory(60));
    auto b = co_await host.acquire(memory(50));
  });
  run();
  BOOST_TEST(why(t)
             == "resource_deadlock: 't' asks for 50 B of memory of resource "
                "monitor 'host', held by 't': it would wait for itself");
}

BOOST_AUTO_TEST_CASE(a_task_behind_one_that_waits_for_what_it_holds) {
  // 'small' would fit, but 'large' goes first, and waits for 'small' itself.
  auto host = spawn(memory(100));
  auto small = start("small", [&](task_context& self) -> async<void> {
    auto a = co_await host.acquire(memory(10));
    co_await self.sleep_for(1s);
    auto b = co_await host.acquire(memory(10));
  });
  run();
  auto large = start("large", [&](task_context&) -> async<void> {
    auto a = co_await host.acquire(memory(100));
  });
  run();
  advance(1s);
  BOOST_TEST(why(small).find("'small' asks for 10 B of memory of resource "
                             "monitor 'host', held by")
             != std::string::npos);
  large.get();
}

BOOST_AUTO_TEST_CASE(a_task_behind_a_less_urgent_one_that_has_risen) {
  // As before, but 'large' goes first since it has waited for so long.
  auto host = spawn(memory(100));
  auto small = start("small", [&](task_context& self) -> async<void> {
    auto a = co_await host.acquire(memory(10));
    co_await self.sleep_for(1s);
    auto b = co_await host.acquire(memory(10), task_priority::high);
  });
  run();
  auto large = start("large", [&](task_context&) -> async<void> {
    auto a = co_await host.acquire(memory(100), task_priority::background);
  });
  run();
  advance(1s);
  BOOST_TEST_REQUIRE(small.done());
  BOOST_TEST(why(small).find("'small' asks for 10 B of memory of resource "
                             "monitor 'host', held by")
             != std::string::npos);
  large.get();
}

BOOST_AUTO_TEST_CASE(through_an_awaited_child) {
  auto host = spawn(memory(100));
  auto t = start("parent", [&](task_context& self) -> async<void> {
    auto lease = co_await host.acquire(memory(100));
    auto op = [&](task_context&) -> async<void> {
      auto more = co_await host.acquire(memory(1));
    };
    auto child = self.create_child_task("child", op);
    co_await child;
  });
  run();
  BOOST_TEST(why(t)
             == "resource_deadlock: 'child' asks for 1 B of memory of resource "
                "monitor 'host', held by 'parent', which waits for the end of "
                "its child 'child': it would wait for itself");
}

BOOST_AUTO_TEST_CASE(through_a_limiter) {
  auto host = spawn(memory(100));
  auto io = axiom::concurrency_limiter::spawn(system(), {.name = "io"});
  auto one = start("one", [&](task_context& self) -> async<void> {
    auto lease = co_await host.acquire(memory(100));
    co_await self.sleep_for(1s);
    auto permit = co_await io.acquire();
  });
  auto two = start("two", [&](task_context& self) -> async<void> {
    auto permit = co_await io.acquire();
    co_await self.sleep_for(1s);
    auto lease = co_await host.acquire(memory(1));
  });
  run();
  advance(1s);
  BOOST_TEST(why(two)
             == "resource_deadlock: 'two' asks for 1 B of memory of resource "
                "monitor 'host', held by 'one', which waits for 1 permit of "
                "limiter 'io', held by 'two': it would wait for itself");
  one.get();
}

BOOST_AUTO_TEST_CASE(a_share_is_free_only_when_the_lease_is) {
  auto host = spawn(memory(100));
  auto t = start("parent", [&](task_context& self) -> async<void> {
    auto lease = co_await host.acquire(memory(100));
    auto sharing = [&](task_context& child) -> async<void> {
      auto mine = lease.share(memory(60));
      co_await child.sleep_for(1s); // it goes on, but that does not help
    };
    auto asking = [&](task_context&) -> async<void> {
      auto more = co_await host.acquire(memory(50));
    };
    auto a = self.create_child_task("sharing", sharing);
    co_await self.yield();
    auto b = self.create_child_task("asking", asking);
    co_await b;
    co_await a;
  });
  run();
  advance(2s);
  BOOST_TEST(why(t).find("'asking' asks for 50 B") != std::string::npos);
}

BOOST_AUTO_TEST_CASE(closed_by_a_join_behind_those_who_wait) {
  // 'last' waits for the two in the circle and is in none; it is looked at
  // before them.
  auto host = spawn(custom("a", 1), "host", 0s);
  axiom::task<void> asking;
  auto holder = start("holder", [&](task_context& self) -> async<void> {
    auto a = co_await host.acquire(custom("a", 1));
    co_await self.sleep_for(1s);
    co_await asking;
  });
  run();
  auto asks = [&](task_context&) -> async<void> {
    auto a = co_await host.acquire(custom("a", 1));
  };
  asking = start("asking", asks);
  run();
  auto last =
    start({.name = "last", .priority = task_priority::background}, asks);
  run();
  advance(2s);
  BOOST_TEST(why(asking)
             == "resource_deadlock: 'asking' asks for 1 of 'a' of resource "
                "monitor 'host', held by 'holder', which waits for the end of "
                "'asking': it would wait for itself");
  BOOST_TEST(
    (code_thrown_by([&] { holder.get(); }) == errc::resource_deadlock));
  last.get();
}

BOOST_AUTO_TEST_CASE(three_philosophers_with_one_fork_each) {
  auto table = spawn({custom("f0", 1), custom("f1", 1), custom("f2", 1)});
  std::vector<axiom::task<void>> all;
  for (int i = 0; i < 3; ++i)
    all.push_back(
      start("p" + std::to_string(i), [&table, i](task_context& self) {
        auto left = custom("f" + std::to_string(i), 1);
        auto right = custom("f" + std::to_string((i + 1) % 3), 1);
        return take_both(self, table, left, right);
      }));
  run();
  advance(1s);
  auto refused = 0;
  for (auto& t : all)
    refused += code_thrown_by([&t] { t.get(); }) == errc::resource_deadlock;
  BOOST_TEST(refused == 1);
}

BOOST_AUTO_TEST_CASE(who_holds_one_of_two_and_may_end_is_no_circle) {
  auto host = spawn(custom("a", 2));
  auto free = start("free", [&](task_context& self) -> async<void> {
    auto a = co_await host.acquire(custom("a", 1));
    co_await self.sleep_for(1s);
  });
  auto greedy = start("greedy", [&](task_context&) -> async<void> {
    auto a = co_await host.acquire(custom("a", 1));
    auto b = co_await host.acquire(custom("a", 1));
  });
  run();
  advance(1s);
  greedy.get();
  BOOST_TEST(host.stats().deadlocks == 0u);
}

BOOST_AUTO_TEST_CASE(a_disjoint_resource_of_the_same_monitor_is_no_circle) {
  auto host = spawn({custom("a", 1), custom("b", 1)});
  auto t = start("parent", [&](task_context& self) -> async<void> {
    auto a = co_await host.acquire(custom("a", 1));
    auto op = [&](task_context&) -> async<void> {
      auto b = co_await host.acquire(custom("b", 1));
    };
    auto child = self.create_child_task("child", op);
    co_await child;
  });
  run();
  t.get();
}

BOOST_AUTO_TEST_SUITE_END()
