// Scopes with a timeout: what comes in time, what is late, and whose deadline
// it was.

#include "support/delays.hpp"

using namespace test;
using axiom::with_deadline;
using axiom::with_timeout;

namespace {

/// Catches its cancellation and gives a value all the same.
async<int> swallowing(task_context& self) {
  co_await axiom::as_expected(self.sleep_for(24h));
  co_return 1;
}

} // namespace

BOOST_FIXTURE_TEST_SUITE(timeouts, stepwise)

BOOST_AUTO_TEST_CASE(leave_a_value_that_comes_in_time_alone) {
  auto t = start("t", [](task_context& self) -> async<int> {
    co_return co_await with_timeout(self, 2s, after(1s, 7));
  });
  advance(1s);
  BOOST_TEST(t.get() == 7);
  BOOST_TEST(pending_timers() == 0u);
}

BOOST_AUTO_TEST_CASE(throw_with_name_timeout_and_time_taken) {
  auto t = start("t", [](task_context& self) -> async<int> {
    co_return co_await with_timeout(self, 2s, {.name = "fetch"},
                                    stubborn(2500ms, 1));
  });
  advance(2s);
  BOOST_TEST(!t.done()); // not before the scope has ended
  advance(500ms);
  check_lines(errors_of(t), {"deadline_exceeded: 'fetch' did not end within 2 "
                             "s; it ended after 2.5 s"});
}

BOOST_AUTO_TEST_CASE(cancel_all_below_the_scope) {
  auto t = start("t", [](task_context& self) -> async<void> {
    auto op = [](task_context& me) -> async<void> {
      me.create_child_task("child", forever);
      co_await me.hierarchy().await_children();
    };
    co_await with_timeout(self, 1s, op);
  });
  advance(1s);
  BOOST_CHECK(code_thrown_by([&] { t.get(); }) == errc::deadline_exceeded);
  BOOST_CHECK(events().phases_of("child").back() == task_phase::cancelled);
  BOOST_CHECK(events().phases_of("timeout").back() == task_phase::failed);
}

BOOST_AUTO_TEST_CASE(leave_the_task_around_running) {
  auto t = start("t", [](task_context& self) -> async<int> {
    auto got =
      co_await axiom::as_expected(with_timeout(self, 1s, after(1h, 1)));
    BOOST_TEST(got.error().is(errc::deadline_exceeded));
    BOOST_TEST(!self.cancelled());
    co_return co_await with_timeout(self, 1s, after(500ms, 2));
  });
  advance(2s);
  BOOST_TEST(t.get() == 2);
}

BOOST_AUTO_TEST_CASE(count_from_the_wait_on) {
  auto t = start("t", [](task_context& self) -> async<int> {
    auto scope = with_timeout(self, 2s, after(1s, 1));
    co_await self.sleep_for(5s);
    co_return co_await std::move(scope);
  });
  advance(6s);
  BOOST_TEST(t.get() == 1);
}

BOOST_AUTO_TEST_CASE(do_not_take_a_value_that_a_cancelled_body_returns) {
  auto t = start("t", [](task_context& self) -> async<int> {
    co_return co_await with_timeout(self, 1s, swallowing);
  });
  advance(1s);
  BOOST_CHECK(code_thrown_by([&] { t.get(); }) == errc::deadline_exceeded);
}

BOOST_AUTO_TEST_CASE(see_through_a_body_that_passes_its_cancellation_on) {
  auto t = start("t", [](task_context& self) -> async<int> {
    auto op = [](task_context& me) -> async<int> {
      auto got = co_await axiom::as_expected(me.sleep_for(24h));
      co_return tl::unexpected{got.error()};
    };
    co_return co_await with_timeout(self, 1s, op);
  });
  advance(1s);
  BOOST_CHECK(code_thrown_by([&] { t.get(); }) == errc::deadline_exceeded);
}

BOOST_AUTO_TEST_CASE(that_pass_before_the_children_have_ended_do_count) {
  auto t = start("t", [](task_context& self) -> async<int> {
    auto op = [](task_context& me) {
      me.create_child_task("child", forever);
      return 1;
    };
    co_return co_await with_timeout(self, 1s, op);
  });
  advance(1s);
  BOOST_CHECK(code_thrown_by([&] { t.get(); }) == errc::deadline_exceeded);
}

BOOST_AUTO_TEST_CASE(give_way_to_an_error_in_time) {
  struct own_error : std::runtime_error {
    using runtime_error::runtime_error;
  };
  auto t = start("t", [](task_context& self) -> async<int> {
    auto op = [](task_context& me) -> async<int> {
      co_await me.sleep_for(500ms);
      throw own_error("own");
    };
    co_return co_await with_timeout(self, 1s, op);
  });
  advance(1s);
  BOOST_CHECK_THROW(t.get(), own_error);
}

BOOST_AUTO_TEST_CASE(are_noted_beside_an_error_that_came_later) {
  auto t = start("t", [](task_context& self) -> async<int> {
    co_return co_await with_timeout(self, 1s, {.name = "fetch"},
                                    failing_when_cancelled(500ms, "broken"));
  });
  advance(1500ms);
  check_lines(errors_of(t), {"fetch: invalid_argument: broken",
                             "+fetch: deadline_exceeded: 'fetch' did not end "
                             "within 1 s; it ended after 1.5 s"});
}

BOOST_AUTO_TEST_CASE(of_the_inner_scope_throw_there_if_they_are_earlier) {
  auto t = start("t", [](task_context& self) -> async<int> {
    auto outer = [](task_context& me) -> async<int> {
      auto inner = with_timeout(me, 1s, {.name = "inner"}, after(1h, 1));
      auto got = co_await axiom::as_expected(std::move(inner));
      BOOST_TEST(got.error().is(errc::deadline_exceeded));
      co_return 5;
    };
    co_return co_await with_timeout(self, 2s, {.name = "outer"}, outer);
  });
  advance(1s);
  BOOST_TEST(t.get() == 5);
}

BOOST_AUTO_TEST_CASE(of_the_outer_scope_pass_through_the_inner_one) {
  for (auto inner_timeout : {2s, 1s}) { // the outer one's, if they are equal
    std::optional<axiom::failure> inner_error;
    auto t = start("t", [&](task_context& self) -> async<int> {
      auto outer = [&](task_context& me) -> async<int> {
        auto inner =
          with_timeout(me, inner_timeout, {.name = "inner"}, after(1h, 1));
        auto got = co_await axiom::as_expected(std::move(inner));
        inner_error = got.error();
        co_return 5;
      };
      co_return co_await with_timeout(self, 1s, {.name = "outer"}, outer);
    });
    advance(1s);
    BOOST_TEST_REQUIRE(inner_error.has_value());
    BOOST_TEST(inner_error->is(errc::cancelled));
    check_lines(errors_of(t), {"deadline_exceeded: 'outer' did not end within "
                               "1 s; it ended after 1 s"});
    BOOST_CHECK(events().phases_of("inner").back() == task_phase::cancelled);
  }
}

BOOST_AUTO_TEST_CASE(of_the_task_around_are_a_cancellation) {
  auto t =
    start({.name = "t", .timeout = 1s}, [](task_context& self) -> async<int> {
      co_return co_await with_timeout(self, 2s, after(1h, 1));
    });
  advance(1s);
  BOOST_CHECK(code_thrown_by([&] { t.get(); }) == errc::cancelled);
}

BOOST_AUTO_TEST_CASE(leave_a_scope_cancelled_that_somebody_cancelled) {
  auto t = start("t", [](task_context& self) -> async<int> {
    co_return co_await with_timeout(self, 5s, {.name = "scope"}, swallowing);
  });
  run();
  for (auto& x : coordinator().snapshot().tasks)
    if (x.task.name == "scope")
      coordinator().cancel_task_tree(x.task);
  run();
  BOOST_TEST(t.get() == 1); // what its body made of it
}

BOOST_AUTO_TEST_CASE(end_with_the_task_that_awaits_them) {
  auto t = start("t", [](task_context& self) -> async<int> {
    co_return co_await with_timeout(self, 5s, after(1h, 1));
  });
  run();
  t.cancel();
  run();
  BOOST_TEST(t.done());
  BOOST_TEST(t.cancelled());
  BOOST_TEST(pending_timers() == 0u);
}

BOOST_AUTO_TEST_CASE(that_are_not_positive_are_refused) {
  for (auto timeout : {0s, -1s}) {
    bool ran = false;
    auto t = start("t", [&](task_context& self) -> async<void> {
      co_await with_timeout(self, timeout, {.name = "fetch"},
                            [&] { ran = true; });
    });
    run();
    check_lines(errors_of(t), {"invalid_argument: the timeout of 'fetch' must "
                               "be positive"});
    BOOST_TEST(!ran);
  }
}

BOOST_AUTO_TEST_CASE(without_end_are_fine) {
  auto t = start("t", [](task_context& self) -> async<int> {
    co_return co_await with_timeout(self, duration::max(), after(1s, 1));
  });
  advance(1s);
  BOOST_TEST(t.get() == 1);
}

BOOST_AUTO_TEST_CASE(apply_to_plain_callables_and_void) {
  int ran = 0;
  auto t = start("t", [&](task_context& self) -> async<void> {
    co_await with_timeout(self, 1s, [&] { ++ran; });
    co_await with_timeout(self, 1s, [&](task_context&) { ++ran; });
  });
  run();
  t.get();
  BOOST_TEST(ran == 2);
}

BOOST_AUTO_TEST_CASE(move_values_and_operations) {
  auto t = start("t", [](task_context& self) -> async<int> {
    auto op = [x = std::make_unique<int>(6)](task_context&) mutable {
      return std::move(x);
    };
    auto value = co_await with_timeout(self, 1s, axiom::named(op));
    co_return *value;
  });
  run();
  BOOST_TEST(t.get() == 6);
}

BOOST_AUTO_TEST_SUITE_END()

BOOST_FIXTURE_TEST_SUITE(points_in_time, stepwise)

BOOST_AUTO_TEST_CASE(end_a_scope_when_they_come) {
  auto t = start("t", [this](task_context& self) -> async<int> {
    auto deadline = now() + 3s;
    co_await self.sleep_for(1s);
    auto in_time = co_await with_deadline(self, deadline, after(1s, 1));
    BOOST_TEST(in_time == 1);
    co_return co_await with_deadline(self, deadline, {.name = "second"},
                                     after(1h, 1));
  });
  advance(3s);
  check_lines(errors_of(t), {"deadline_exceeded: 'second' did not end within 1 "
                             "s; it ended after 1 s"});
}

BOOST_AUTO_TEST_CASE(that_have_passed_keep_the_operation_from_starting) {
  bool ran = false;
  auto t = start("t", [&](task_context& self) -> async<void> {
    auto deadline = now() + 1s;
    co_await self.sleep_for(3s);
    co_await with_deadline(self, deadline, {.name = "late"},
                           [&] { ran = true; });
  });
  advance(3s);
  check_lines(errors_of(t), {"deadline_exceeded: 'late' was to begin 2 s after "
                             "its deadline"});
  BOOST_TEST(!ran);
}

BOOST_AUTO_TEST_CASE(that_never_come_are_fine) {
  auto t = start("t", [](task_context& self) -> async<int> {
    co_return co_await with_deadline(self, axiom::runtime::time_point::max(),
                                     after(1s, 1));
  });
  advance(1s);
  BOOST_TEST(t.get() == 1);
}

BOOST_AUTO_TEST_SUITE_END()

// -- without end --------------------------------------------------------------

namespace {

constexpr auto without_end = axiom::runtime::duration::max();

/// Whether it has a deadline, asked when a timer that is due has fired.
async<bool> has_deadline(task_context& self) {
  co_await self.sleep_for(1ms);
  co_return self.deadline().has_value();
}

} // namespace

BOOST_FIXTURE_TEST_SUITE(timeouts_in_real_time, real_time)

BOOST_AUTO_TEST_CASE(of_the_longest_span_never_end_a_scope) {
  auto t = start("t", [](task_context& self) -> async<bool> {
    co_return co_await axiom::with_timeout(self, without_end, has_deadline);
  });
  BOOST_TEST(!t.get());
}

BOOST_AUTO_TEST_CASE(of_the_longest_span_never_end_a_group) {
  auto run = [](task_context& self) -> async<bool> {
    using group_type = axiom::coordinated_task_group<bool>;
    auto body = [](group_type& group) -> async<bool> {
      co_await group.add_task("child", has_deadline);
      co_return (co_await group.wait_for_all()).front();
    };
    co_return co_await axiom::with_task_group<bool>(
      self, {.timeout = without_end}, axiom::named(body));
  };
  auto t = start("t", run);
  BOOST_TEST(!t.get());
}

BOOST_AUTO_TEST_CASE(of_the_longest_span_never_end_a_hedge) {
  auto t = start("t", [](task_context& self) -> async<bool> {
    co_return co_await axiom::hedged(
      self, {.delay = without_end, .timeout = without_end}, has_deadline);
  });
  BOOST_TEST(!t.get());
}

BOOST_AUTO_TEST_SUITE_END()
