// Timeouts of tasks: a cancellation with reason deadline, inherited.

#include "support/tasks.hpp"

using namespace test;
using axiom::cancel_reason;

BOOST_FIXTURE_TEST_SUITE(deadlines, stepwise)

BOOST_AUTO_TEST_CASE(cancel_with_reason_deadline_when_they_pass) {
  auto t = start({.name = "t", .timeout = 1s}, forever);
  advance(999ms);
  BOOST_TEST(!t.cancelled());
  advance(1ms);
  BOOST_REQUIRE(t.done());
  try {
    t.get();
    BOOST_FAIL("no cancellation");
  } catch (const axiom::cancelled_error& ex) {
    BOOST_CHECK(ex.cause().reason == cancel_reason::deadline);
    BOOST_TEST(ex.cause().origin == "its deadline");
  }
}

BOOST_AUTO_TEST_CASE(leave_no_timer_when_the_task_ends_before) {
  auto t = start({.name = "t", .timeout = 1s}, [] { return 1; });
  BOOST_TEST(pending_timers() == 1u);
  run();
  BOOST_TEST(pending_timers() == 0u);
  advance(1s);
  BOOST_TEST(t.get() == 1);
}

BOOST_AUTO_TEST_CASE(are_the_least_of_the_parents_and_the_own) {
  auto begin = now();
  auto t = start({.name = "t", .timeout = 2s}, [&](task_context& self)
                                                 -> async<void> {
    BOOST_CHECK(self.deadline() == begin + 2s);
    auto sees = [&](axiom::runtime::duration own) {
      return self.create_child_task({.name = "child", .timeout = own},
                                    [](task_context& me) {
        return me.deadline().value();
      });
    };
    auto a = sees(1s);
    BOOST_CHECK(co_await a == begin + 1s);
    auto b = sees(5s);
    BOOST_CHECK(co_await b == begin + 2s);
    auto heir = self.create_child_task("heir", [](task_context& me) {
      return me.deadline().value();
    });
    BOOST_CHECK(co_await heir == begin + 2s);
  });
  run();
  t.get();
}

BOOST_AUTO_TEST_CASE(of_a_task_without_one_are_none) {
  auto t = start("t", [](task_context& self) {
    return self.deadline().has_value();
  });
  run();
  BOOST_TEST(!t.get());
}

BOOST_AUTO_TEST_CASE(of_a_parent_cancel_the_children_with_its_cause) {
  axiom::task<void> child;
  auto t = start({.name = "parent", .timeout = 1s},
                 [&](task_context& self) -> async<void> {
    child = self.create_child_task({.name = "child", .timeout = 5s}, forever);
    co_await child;
  });
  advance(1s);
  BOOST_REQUIRE(child.done());
  auto why = child.get_expected().error().what();
  BOOST_TEST(why == "cancelled: deadline of 'parent' by its deadline");
}

BOOST_AUTO_TEST_CASE(of_a_child_leave_the_parent_alone) {
  auto t = start("parent", [](task_context& self) -> async<int> {
    auto child
      = self.create_child_task({.name = "child", .timeout = 1s}, forever);
    auto got = co_await axiom::as_expected(child);
    BOOST_TEST(!got);
    BOOST_TEST(got.error().is(errc::cancelled));
    BOOST_TEST(!self.cancelled());
    co_return 1;
  });
  advance(1s);
  BOOST_TEST(t.get() == 1);
}

BOOST_AUTO_TEST_CASE(that_pass_before_the_body_runs_keep_it_from_running) {
  bool ran = false;
  auto body = [&] { ran = true; };
  axiom::task<void> t;
  auto outer = start("outer", [&](task_context& self) -> async<void> {
    // Busy for longer than the child may take, before it can run.
    t = self.create_child_task({.name = "t", .timeout = 1s}, body);
    coordinator().cancel_task_tree(t.reference(), cancel_reason::deadline);
    co_await self.hierarchy().await_children();
  });
  run();
  BOOST_TEST(t.done());
  BOOST_TEST(!ran);
}

BOOST_AUTO_TEST_CASE(apply_to_blocking_and_plain_bodies_that_check) {
  auto t = start({.name = "t", .timeout = 1s}, [&](task_context& self)
                                                 -> async<void> {
    while (true) {
      self.check_cancelled();
      co_await axiom::as_expected(self.sleep_for(300ms));
    }
  });
  advance(2s);
  BOOST_TEST(t.done());
  BOOST_TEST(t.cancelled());
}

BOOST_AUTO_TEST_CASE(at_the_end_of_time_never_pass) {
  auto t = start({.name = "t", .timeout = axiom::runtime::duration::max()},
                 [](task_context& self) -> async<bool> {
                   co_await self.sleep_for(1h);
                   co_return self.deadline().has_value();
                 });
  advance(1h);
  BOOST_REQUIRE(t.done());
  BOOST_TEST(!t.get());
}

BOOST_AUTO_TEST_CASE(of_shields_may_be_at_the_end_of_time) {
  auto t = start({.name = "t", .grace = axiom::runtime::duration::max()},
                 [](task_context& self) -> async<void> {
                   auto work = [](task_context& me) -> async<void> {
                     co_await me.sleep_for(1h);
                   };
                   co_await axiom::as_expected(self.sleep_for(24h));
                   co_await self.shielded(axiom::named(work));
                 });
  run();
  t.cancel();
  advance(59min);
  BOOST_TEST(!t.done()); // the shield has its time
  advance(1min);
  BOOST_TEST(t.done());
}

BOOST_AUTO_TEST_SUITE_END()

// -- on the real clock --------------------------------------------------------

BOOST_FIXTURE_TEST_SUITE(deadlines_in_real_time, real_time)

BOOST_AUTO_TEST_CASE(at_the_end_of_time_never_pass) {
  auto t = coordinator().create_child_task(
    {.name = "t", .timeout = axiom::runtime::duration::max()},
    [](task_context& self) -> async<bool> {
      co_await self.sleep_for(1ms); // a timer that is due fires before
      co_return self.deadline().has_value();
    });
  BOOST_TEST(!t.get());
}

BOOST_AUTO_TEST_SUITE_END()
