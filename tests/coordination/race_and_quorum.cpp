// The joins of a group: race and quorum, as far as they differ from
// first_success.

#include "support/tolerant_group.hpp"

using namespace test;
using axiom::cancel_reason;

BOOST_FIXTURE_TEST_SUITE(race_in_a_group, stepwise)

BOOST_AUTO_TEST_CASE(is_won_by_a_first_value) {
  auto t = start_group(*this, [](int_group& group) -> async<int> {
    co_await group.add_task("bad", failing_after(2s, "broken"));
    co_await group.add_task("good", after(1s, 1));
    co_return co_await group.race();
  });
  advance(1s);
  BOOST_TEST(t.get() == 1);
}

BOOST_AUTO_TEST_CASE(is_lost_by_a_first_failure_which_suppresses_later_ones) {
  std::string why;
  auto t = start_group(*this, [&](int_group& group) -> async<int> {
    co_await group.add_task("bad", failing_after(1s, "broken"));
    co_await group.add_task("good", stubborn(2s, 2));
    co_await group.add_task("later", failing_when_cancelled(500ms, "later"));
    co_await group.add_task("late", failing_when_cancelled(100ms, "late"));
    auto loser = [&](task_context& self) -> async<int> {
      co_await axiom::as_expected(self.sleep_for(1h));
      BOOST_CHECK(self.cause()->reason == cancel_reason::sibling_failed);
      why = to_string(*self.cause());
      co_return 0;
    };
    co_await group.add_task("loser", loser);
    co_return co_await group.race();
  });
  advance(1999ms);
  BOOST_TEST(!t.done());
  advance(1ms);
  check_lines(errors_of(t),
              {"bad: invalid_argument: broken", "+late: invalid_argument: late",
               "+later: invalid_argument: later"});
  BOOST_TEST(why
             == "sibling_failed of 'loser' by the race in 'g' "
                "(invalid_argument: broken)");
}

BOOST_AUTO_TEST_SUITE_END()

BOOST_FIXTURE_TEST_SUITE(quorum_of_a_group, stepwise)

BOOST_AUTO_TEST_CASE(has_the_values_in_order_of_completion) {
  auto t = start_group(*this, [](int_group& group) -> async<std::vector<int>> {
    for (int i : {5, 3, 1, 4, 2})
      co_await group.add_task("child", after(i * 1s, i));
    co_await group.add_task("bad", failing_after(1500ms, "broken"));
    co_return co_await group.quorum(3);
  });
  advance(2s);
  BOOST_TEST(!t.done());
  advance(1s);
  BOOST_TEST(t.get() == (std::vector<int>{1, 2, 3}),
             boost::test_tools::per_element());
}

BOOST_AUTO_TEST_CASE(fails_as_soon_as_it_is_out_of_reach) {
  auto t = start_group(*this, [](int_group& group) -> async<std::vector<int>> {
    co_await group.add_task("good", after(1s, 1));
    co_await group.add_task("a", failing_after(2s, "a"));
    co_await group.add_task("b", failing_after(3s, "b"));
    co_await group.add_task("slow", after(1h, 1));
    co_return co_await group.quorum(3);
  });
  advance(3s);
  check_lines(errors_of(t),
              {"a: invalid_argument: a", "b: invalid_argument: b"});
}

BOOST_AUTO_TEST_CASE(of_none_or_of_more_than_there_are_is_refused) {
  auto none =
    start_group(*this, [](int_group& group) -> async<std::vector<int>> {
      co_await group.add_task("child", after(1h, 1));
      co_return co_await group.quorum(0);
    });
  auto many =
    start_group(*this, [](int_group& group) -> async<std::vector<int>> {
      co_await group.add_task("child", after(1h, 1));
      co_return co_await group.quorum(2);
    });
  run();
  check_lines(errors_of(none), {"invalid_argument: a quorum of 0 waits for "
                                "nothing: use at least 1"});
  check_lines(errors_of(many), {"invalid_argument: quorum in group 'g' needs 2 "
                                "values and has 1 child"});
}

BOOST_AUTO_TEST_SUITE_END()
