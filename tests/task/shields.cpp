// Shielded work: clean-up that a cancellation does not end, within a budget.

#include "support/tasks.hpp"

using namespace test;

namespace {

async<int> slow_cleanup(task_context& self) {
  co_await self.sleep_for(100ms);
  co_return 7;
}

} // namespace

BOOST_FIXTURE_TEST_SUITE(shields, stepwise)

BOOST_AUTO_TEST_CASE(deliver_their_result_without_a_cancellation) {
  auto t = start("t", [](task_context& self) -> async<int> {
    co_return co_await self.shielded(slow_cleanup);
  });
  advance(100ms);
  BOOST_TEST(t.get() == 7);
}

BOOST_AUTO_TEST_CASE(run_on_and_deliver_under_a_cancellation) {
  int got = 0;
  auto t = start("t", [&](task_context& self) -> async<void> {
    got = co_await self.shielded(slow_cleanup);
    BOOST_TEST(self.cancelled());
    co_await self.yield();
    BOOST_ERROR("a wait after the shield returned");
  });
  run();
  t.cancel();
  run();
  BOOST_TEST(!t.done());
  advance(100ms);
  BOOST_TEST(got == 7);
  BOOST_TEST(t.done());
  BOOST_CHECK(events().phases_of("t").back() == task_phase::cancelled);
  BOOST_CHECK(events().phases_of("shield").back() == task_phase::completed);
}

BOOST_AUTO_TEST_CASE(can_be_started_after_the_cancellation) {
  int got = 0;
  auto t = start("t", [&](task_context& self) -> async<void> {
    auto ended = co_await axiom::as_expected(self.sleep_for(1h));
    BOOST_TEST(ended.error().is(errc::cancelled));
    got = co_await self.shielded(slow_cleanup);
  });
  run();
  t.cancel();
  advance(100ms);
  BOOST_TEST(got == 7);
  BOOST_TEST(t.done());
}

BOOST_AUTO_TEST_CASE(allow_children_groups_and_timeouts_inside) {
  int got = 0;
  auto t = start({.name = "t", .timeout = 1s}, [&](task_context& self)
                                                 -> async<void> {
    auto ended = co_await axiom::as_expected(self.sleep_for(1h));
    BOOST_TEST(!ended);
    auto cleanup = [&](task_context& me) -> async<void> {
      BOOST_TEST(!me.cancelled());
      auto child = me.create_child_task("child", slow_cleanup);
      got += co_await child;
      auto body = [](axiom::coordinated_task_group<int>& group) -> async<int> {
        co_await group.add_task("member", slow_cleanup);
        co_await group.add_task("member", slow_cleanup);
        auto all = co_await group.wait_for_all();
        co_return all[0] + all[1];
      };
      got += co_await axiom::with_task_group<int>(me, body);
      auto limited = me.create_child_task(
        {.name = "limited", .timeout = 50ms}, slow_cleanup);
      auto late = co_await axiom::as_expected(limited);
      BOOST_TEST(!late); // its own timeout holds
      got += 1;
    };
    co_await self.shielded(cleanup);
  });
  advance(1s);
  BOOST_TEST(t.cancelled());
  advance(250ms);
  BOOST_TEST(got == 22);
  BOOST_TEST(t.done());
}

BOOST_AUTO_TEST_CASE(do_not_inherit_the_deadline_that_has_passed) {
  std::optional<axiom::runtime::time_point> seen = axiom::runtime::time_point{};
  auto t = start({.name = "t", .timeout = 1s}, [&](task_context& self)
                                                 -> async<void> {
    co_await axiom::as_expected(self.sleep_for(1h));
    co_await self.shielded([&](task_context& me) { seen = me.deadline(); });
  });
  advance(1s);
  BOOST_TEST(t.done());
  BOOST_TEST(!seen.has_value());
}

BOOST_AUTO_TEST_CASE(are_cancelled_when_their_budget_is_over) {
  axiom::runtime::time_point ended_at{};
  auto t = start("t", [&](task_context& self) -> async<void> {
    auto cleanup = [&](task_context& me) -> async<void> {
      co_await axiom::as_expected(me.sleep_for(1h));
      ended_at = now();
    };
    co_await self.shielded(cleanup, 300ms);
  });
  run();
  auto begin = now();
  t.cancel();
  advance(299ms);
  BOOST_TEST(!t.done());
  advance(1ms);
  BOOST_TEST(t.done());
  BOOST_CHECK(ended_at - begin == 300ms);
}

BOOST_AUTO_TEST_CASE(have_a_budget_of_at_most_the_grace) {
  auto t = start("t", [](task_context& self) -> async<void> {
    co_await self.shielded(forever, 1h);
  });
  run();
  t.cancel();
  advance(1999ms);
  BOOST_TEST(!t.done());
  advance(1ms);
  BOOST_TEST(t.done());
}

BOOST_AUTO_TEST_CASE(begin_their_budget_with_the_cancellation_not_before) {
  auto t = start("t", [](task_context& self) -> async<int> {
    auto cleanup = [](task_context& me) -> async<int> {
      co_await me.sleep_for(10s);
      co_return 1;
    };
    co_return co_await self.shielded(cleanup, 100ms);
  });
  advance(10s);
  BOOST_TEST(t.get() == 1);
}

BOOST_AUTO_TEST_CASE(show_in_a_snapshot) {
  auto t = start("t", [](task_context& self) -> async<void> {
    co_await self.shielded(forever);
  });
  run();
  auto tree = coordinator().snapshot();
  BOOST_REQUIRE(tree.tasks.size() == 2u);
  BOOST_TEST(!tree.tasks[0].shielded);
  BOOST_TEST(tree.tasks[1].shielded);
  BOOST_TEST(tree.tasks[1].depth == 1u);
  BOOST_TEST(to_string(tree).find("shield") != std::string::npos);
  t.cancel();
  run();
  tree = coordinator().snapshot();
  BOOST_REQUIRE(tree.tasks.size() == 2u);
  BOOST_TEST(tree.tasks[0].cancelled);
  BOOST_TEST(!tree.tasks[1].cancelled);
  advance(2s);
  BOOST_TEST(coordinator().snapshot().tasks.empty());
}

BOOST_AUTO_TEST_CASE(pass_their_failure_to_who_awaits_them) {
  bool caught = false;
  auto t = start("t", [&](task_context& self) -> async<void> {
    co_await axiom::as_expected(self.sleep_for(1h));
    try {
      co_await self.shielded(failing);
    } catch (const axiom::exception& ex) {
      caught = ex.is(errc::invalid_argument);
    }
  });
  run();
  t.cancel();
  run();
  BOOST_TEST(caught);
}

BOOST_AUTO_TEST_CASE(protect_plain_callables_too) {
  bool ran = false;
  auto t = start("t", [&](task_context& self) -> async<void> {
    co_await axiom::as_expected(self.sleep_for(1h));
    co_await self.shielded([&](task_context& me) { ran = !me.cancelled(); });
  });
  run();
  t.cancel();
  run();
  BOOST_TEST(ran);
}

BOOST_AUTO_TEST_CASE(nest) {
  lines order;
  auto t = start("t", [&](task_context& self) -> async<void> {
    auto outer = [&](task_context& me) -> async<void> {
      co_await axiom::as_expected(me.sleep_for(1h)); // until its budget is over
      auto inner = [&](task_context& x) -> async<void> {
        co_await x.sleep_for(100ms);
        order.push_back("inner");
      };
      co_await me.shielded(inner);
      order.push_back("outer");
    };
    co_await self.shielded(outer, 500ms);
  });
  run();
  t.cancel();
  advance(599ms);
  BOOST_TEST(order.empty());
  advance(1ms);
  BOOST_TEST(order == (lines{"inner", "outer"}),
             boost::test_tools::per_element());
  BOOST_TEST(t.done());
}

BOOST_AUTO_TEST_SUITE_END()
