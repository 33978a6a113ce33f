// Waits for permits that would never end: which ones are refused, what the
// error says, and that those which may end are not.

#include "support/tasks.hpp"

using namespace test;
using axiom::concurrency_limiter;
using axiom::permit;

namespace {

struct circles : stepwise {
  concurrency_limiter spawn(const char* name, std::uint32_t n = 1) {
    return concurrency_limiter::spawn(system(),
                                      {.name = name, .max_concurrency = n});
  }

  /// The text that `t` failed with.
  template <class T>
  static std::string why(axiom::task<T>& t) {
    try {
      t.get();
    } catch (const axiom::exception& ex) {
      BOOST_TEST(ex.is(errc::resource_deadlock), ex.what());
      return ex.what();
    }
    BOOST_ERROR("nothing thrown");
    return "";
  }
};

/// Takes one permit and keeps it until the coroutine ends.
async<void> take(const concurrency_limiter& limiter) {
  auto p = co_await limiter.acquire();
}

} // namespace

BOOST_FIXTURE_TEST_SUITE(limiter_deadlocks, circles)

BOOST_AUTO_TEST_CASE(a_task_that_asks_for_what_it_holds_itself_is_refused) {
  auto limiter = spawn("io");
  auto t = start("worker", [&](task_context&) -> async<void> {
    auto first = co_await limiter.acquire();
    auto second = co_await limiter.acquire();
  });
  run();
  BOOST_TEST(why(t)
             == "resource_deadlock: 'worker' asks for 1 permit of limiter "
                "'io', held by 'worker': it would wait for itself");
  BOOST_TEST(limiter.in_use() == 0u);
  BOOST_TEST(limiter.stats().deadlocks == 1u);
}

BOOST_AUTO_TEST_CASE(a_nested_group_on_one_limiter_is_refused_at_once) {
  auto limiter = spawn("io");
  auto t = start("parent", [&](task_context& self) -> async<std::string> {
    auto held = co_await limiter.acquire();
    std::string text;
    auto body = [&](auto& group) -> async<void> {
      auto op = [&](task_context&) -> async<int> {
        co_await take(limiter);
        co_return 1;
      };
      co_await group.add_task("child", op);
      for (auto& x : co_await group.collect_results())
        text = x.error().what();
    };
    co_await axiom::with_task_group<int>(
      self, {.name = "group", .failure_mode = axiom::failure_mode::partial},
      body);
    co_return text;
  });
  run();
  BOOST_TEST(t.get()
             == "resource_deadlock: 'child' asks for 1 permit of limiter "
                "'io', held by 'parent', which waits for the end of its child "
                "'group', which does not end before its child 'child': it "
                "would wait for itself");
}

BOOST_AUTO_TEST_CASE(a_circle_that_a_join_closes_is_found_soon) {
  auto limiter = spawn("io");
  std::optional<axiom::task<void>> child;
  auto t = start("parent", [&](task_context& self) -> async<void> {
    auto held = co_await limiter.acquire();
    child = self.create_child_task(
      "child", [&](task_context&) { return take(limiter); });
    co_await self.yield(); // the child queues while this task runs
    co_await self.yield();
    auto ended = co_await axiom::as_expected(*child);
    BOOST_TEST(ended.error().is(errc::resource_deadlock));
  });
  run();
  BOOST_TEST(limiter.stats().deadlocks == 0u);
  advance(10ms);
  BOOST_TEST(limiter.stats().deadlocks == 1u);
  t.get();
}

BOOST_AUTO_TEST_CASE(a_circle_through_the_wait_for_all_children_is_found) {
  auto limiter = spawn("io");
  auto t = start("parent", [&](task_context& self) -> async<void> {
    auto held = co_await limiter.acquire();
    self.create_child_task("child",
                           [&](task_context&) { return take(limiter); });
    co_await self.hierarchy().await_children();
  });
  run();
  advance(10ms);
  BOOST_TEST(limiter.stats().deadlocks == 1u);
  BOOST_CHECK(code_thrown_by([&] { t.get(); }) == errc::concurrent_errors);
}

BOOST_AUTO_TEST_CASE(two_limiters_taken_in_opposite_order_are_named) {
  auto a = spawn("a");
  auto b = spawn("b");
  auto both = [](const concurrency_limiter& x, const concurrency_limiter& y) {
    return [&x, &y](task_context& self) -> async<void> {
      auto first = co_await x.acquire();
      co_await self.yield();
      auto second = co_await y.acquire();
    };
  };
  auto one = start("one", both(a, b));
  auto two = start("two", both(b, a));
  run();
  one.get(); // goes on when the other is refused
  BOOST_TEST(why(two)
             == "resource_deadlock: 'two' asks for 1 permit of limiter 'a', "
                "held by 'one', which waits for 1 permit of limiter 'b', held "
                "by 'two': it would wait for itself");
}

BOOST_AUTO_TEST_CASE(holders_who_wait_for_something_else_are_trusted) {
  auto a = spawn("a", 2);
  auto sleeper = start("sleeper", [&](task_context& self) -> async<void> {
    auto held = co_await a.acquire();
    co_await self.sleep_for(1h);
  });
  auto t = start("t", [&](task_context&) -> async<void> {
    auto first = co_await a.acquire();
    auto second = co_await a.acquire(); // the sleeper's, some day
  });
  run();
  advance(1min);
  BOOST_TEST(a.stats().deadlocks == 0u);
  advance(1h);
  t.get();
  sleeper.get();
}

BOOST_AUTO_TEST_CASE(one_of_several_holders_in_the_circle_is_no_deadlock) {
  auto a = spawn("a", 2);
  auto b = spawn("b");
  auto held = start("free", [&](task_context& self) -> async<void> {
    auto mine = co_await a.acquire();
    co_await self.sleep_for(1s);
  });
  auto one = start("one", [&](task_context& self) -> async<void> {
    auto first = co_await a.acquire();
    co_await self.yield();
    co_await take(b);
  });
  auto two = start("two", [&](task_context& self) -> async<void> {
    auto first = co_await b.acquire();
    co_await self.yield();
    co_await take(a);
  });
  run();
  advance(1s);
  one.get();
  two.get();
  held.get();
  BOOST_TEST(a.stats().deadlocks + b.stats().deadlocks == 0u);
}

BOOST_AUTO_TEST_CASE(waiting_behind_a_request_that_waits_for_me_is_refused) {
  auto a = spawn("a", 2);
  auto b = spawn("b");
  auto one = start("one", [&](task_context& self) -> async<void> {
    auto mine = co_await b.acquire();
    co_await self.yield();
    co_await self.yield();
    co_await take(a); // one is free, but behind "large"
  });
  auto large = start("large", [&](task_context& self) -> async<void> {
    co_await self.yield();
    auto all = co_await a.acquire(2);
  });
  auto holder = start("holder", [&](task_context&) -> async<void> {
    auto half = co_await a.acquire();
    co_await take(b);
  });
  run();
  BOOST_TEST(why(one).find("held by 'holder'") != std::string::npos);
  large.get();
  holder.get();
}

BOOST_AUTO_TEST_CASE(a_permit_held_outside_of_tasks_is_trusted) {
  auto limiter = spawn("io", 2);
  auto outside = limiter.try_acquire();
  auto t = start("t", [&](task_context&) -> async<void> {
    auto first = co_await limiter.acquire();
    auto second = co_await limiter.acquire();
  });
  run();
  advance(1s);
  BOOST_TEST(limiter.stats().deadlocks == 0u);
  outside.release();
  run();
  t.get();
}

BOOST_AUTO_TEST_CASE(lowering_the_limit_may_close_a_circle) {
  auto limiter = spawn("io", 2);
  auto outside = limiter.try_acquire();
  auto t = start("t", [&](task_context&) -> async<void> {
    auto first = co_await limiter.acquire();
    co_await take(limiter);
  });
  run();
  limiter.set_limit(1);
  outside.release();
  advance(10ms);
  BOOST_TEST(why(t).find("held by 't'") != std::string::npos);
}

BOOST_AUTO_TEST_CASE(a_permit_whose_task_has_ended_is_nobodys) {
  auto limiter = spawn("io");
  auto first = start("first", [&](task_context&) -> async<permit> {
    co_return co_await limiter.acquire();
  });
  auto held = std::move(first).get();
  first = {};
  auto t = start("second", [&](task_context&) { return take(limiter); });
  run();
  advance(1s);
  held.release();
  run();
  t.get();
}

BOOST_AUTO_TEST_CASE(a_body_that_waits_for_results_of_who_waits_for_it) {
  auto limiter = spawn("io");
  auto t = start("owner", [&](task_context& self) -> async<void> {
    auto body = [&](auto& group) -> async<void> {
      auto held = co_await limiter.acquire();
      auto op = [&](task_context&) -> async<int> {
        co_await take(limiter);
        co_return 1;
      };
      for (int i = 0; i < 2; ++i)
        co_await group.add_task("child", op);
      while (co_await group.next()) {
        // never
      }
    };
    co_await axiom::with_task_group<int>(self, {.name = "group"}, body);
  });
  run();
  advance(10ms);
  try {
    t.get();
    BOOST_ERROR("nothing thrown");
  } catch (const axiom::concurrent_errors& ex) {
    BOOST_TEST(ex.matches(errc::resource_deadlock));
    BOOST_TEST(
      to_string(ex).find("held by 'group', which waits for one of the children "
                         "of group 'group', such as 'child'")
        != std::string::npos,
      to_string(ex));
  }
  BOOST_TEST(limiter.stats().deadlocks >= 1u);
}

BOOST_AUTO_TEST_CASE(a_body_that_any_child_wakes_is_trusted) {
  auto limiter = spawn("io");
  auto t = start("owner", [&](task_context& self) -> async<int> {
    auto body = [&](auto& group) -> async<int> {
      auto held = co_await limiter.acquire();
      auto sleeper = [&](task_context& self) -> async<int> {
        co_await self.sleep_for(1min);
        co_return 1;
      };
      auto waiting = [&](task_context&) -> async<int> {
        co_await take(limiter);
        co_return 2;
      };
      co_await group.add_task("sleeper", sleeper);
      co_await group.add_task("waiting", waiting);
      auto first = co_await group.next();
      held.release();
      auto second = co_await group.next();
      co_return **first + **second;
    };
    co_return co_await axiom::with_task_group<int>(self, body);
  });
  run();
  advance(1min);
  BOOST_TEST(t.get() == 3);
  BOOST_TEST(limiter.stats().deadlocks == 0u);
}

BOOST_AUTO_TEST_CASE(a_place_that_who_waits_for_me_has_is_part_of_the_circle) {
  auto limiter = spawn("io");
  auto t = start("owner", [&](task_context& self) -> async<void> {
    auto body = [&](auto& group) -> async<void> {
      auto held = co_await limiter.acquire();
      auto op = [&](task_context&) { return take(limiter); };
      co_await group.add_task("first", op);
      co_await group.add_task("second", op); // when the first has ended
    };
    co_await axiom::with_task_group<void>(
      self, {.name = "group", .max_concurrency = 1}, body);
  });
  run();
  advance(10ms);
  BOOST_CHECK(code_thrown_by([&] { t.get(); }) == errc::concurrent_errors);
  BOOST_TEST(limiter.stats().deadlocks >= 1u);
}

BOOST_AUTO_TEST_SUITE_END()
