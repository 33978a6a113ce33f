// The free functions first_success, race and quorum: groups around a join.

#include <list>

#include "support/delays.hpp"

using namespace test;
using axiom::first_success;
using axiom::quorum;
using axiom::race;

BOOST_FIXTURE_TEST_SUITE(joiners, stepwise)

BOOST_AUTO_TEST_CASE(take_operations_as_a_range) {
  auto t = start("t", [](task_context& self) -> async<int> {
    std::vector ops{after(2s, 2), after(1s, 1), after(3s, 3)};
    auto first = co_await first_success(self, {.name = "mirrors"}, ops);
    // A vector that is passed as it stands has been copied.
    auto all = co_await quorum(self, 3, {.name = "mirrors"}, ops);
    BOOST_TEST(all == (std::vector<int>{1, 2, 3}),
               boost::test_tools::per_element());
    co_return first;
  });
  advance(4s);
  BOOST_TEST(t.get() == 1);
}

BOOST_AUTO_TEST_CASE(take_operations_as_any_range) {
  auto t = start("t", [](task_context& self) -> async<int> {
    std::list ops{after(3s, 3), after(1s, 1), after(2s, 2)};
    co_return co_await first_success(self, {}, ops);
  });
  advance(1s);
  BOOST_TEST(t.get() == 1);
}

BOOST_AUTO_TEST_CASE(take_operations_of_different_types) {
  auto t = start("t", [](task_context& self) -> async<int> {
    auto a = after(3s, 3);
    auto b = after(1s, 1);
    auto c = failing_after(1500ms, "broken");
    auto d = [] { return 0; };
    auto first = co_await first_success(self, {}, a, b, c);
    auto two = co_await quorum(self, 2, {}, a, b, c, d);
    co_return first * 100 + two[0] * 10 + two[1];
  });
  advance(2s);
  BOOST_TEST(t.get() == 101);
}

BOOST_AUTO_TEST_CASE(move_operations_that_cannot_be_copied) {
  struct source {
    std::unique_ptr<int> value;
    async<std::unique_ptr<int>> operator()(task_context& self) {
      co_await self.sleep_for(*value * 1s);
      co_return std::move(value);
    }
  };
  auto t = start("t", [](task_context& self) -> async<int> {
    std::vector<source> ops;
    for (int i : {3, 1, 2})
      ops.push_back({std::make_unique<int>(i)});
    auto winner = co_await first_success(self, {}, std::move(ops));
    auto a = source{std::make_unique<int>(5)};
    auto b = source{std::make_unique<int>(4)};
    auto other = co_await race(self, {}, axiom::named(a), axiom::named(b));
    co_return *winner * 10 + *other;
  });
  advance(5s);
  BOOST_TEST(t.get() == 14);
}

BOOST_AUTO_TEST_CASE(show_in_the_tree_by_name_and_number) {
  auto t = start("t", [](task_context& self) -> async<int> {
    std::vector ops{after(1s, 1), after(2s, 2)};
    co_return co_await first_success(self, {.name = "mirrors"}, ops);
  });
  run();
  lines names;
  for (auto& x : coordinator().snapshot().tasks)
    names.push_back(x.task.name);
  check_lines(names, {"t", "mirrors", "#0", "#1"});
  advance(1s);
  t.get();
}

BOOST_AUTO_TEST_CASE(throw_all_errors_by_the_numbers_of_the_operations) {
  auto t = start("t", [](task_context& self) -> async<int> {
    co_return co_await first_success(self, {}, failing_after(2s, "b"),
                                     failing_after(1s, "a"));
  });
  advance(2s);
  check_lines(errors_of(t),
              {"#1: invalid_argument: a", "#0: invalid_argument: b"});
}

BOOST_AUTO_TEST_CASE(hand_over_what_failed_beside_a_success) {
  auto t = start("t", [](task_context& self) -> async<int> {
    std::vector<axiom::task_error> lost;
    auto value = co_await first_success(self, {.suppressed = &lost},
                                        failing_after(1s, "a"), after(2s, 2),
                                        failing_when_cancelled(100ms, "late"));
    check_lines(listed(lost),
                {"#0: invalid_argument: a", "#2: invalid_argument: late"});
    co_return value;
  });
  advance(3s);
  BOOST_TEST(t.get() == 2);
}

BOOST_AUTO_TEST_CASE(lose_a_race_with_the_first_error) {
  auto t = start("t", [](task_context& self) -> async<int> {
    co_return co_await race(self, {}, after(3s, 3),
                            failing_after(1500ms, "broken"), after(2s, 2));
  });
  advance(1500ms);
  check_lines(errors_of(t), {"#1: invalid_argument: broken"});
}

BOOST_AUTO_TEST_CASE(never_start_what_is_not_needed_any_more) {
  int ran = 0;
  int running = 0;
  int most = 0;
  auto t = start("t", [&](task_context& self) -> async<int> {
    auto op = [&](duration span, bool good) {
      return [&, span, good](task_context& me) -> async<int> {
        ++ran;
        most = std::max(most, ++running);
        co_await me.sleep_for(span);
        --running;
        if (!good)
          co_return axiom::fail(errc::invalid_argument, "broken");
        co_return ran;
      };
    };
    std::vector ops{op(1s, false), op(2s, false), op(2s, true),
                    op(1h, true),  op(1s, true),  op(1s, true)};
    co_return co_await first_success(self, {.max_concurrency = 2}, ops);
  });
  advance(3s);
  BOOST_TEST(t.get() == 4); // the third, when a fourth was running
  BOOST_TEST(ran == 4);
  BOOST_TEST(most == 2);
}

BOOST_AUTO_TEST_CASE(of_nothing_are_refused) {
  auto t = start("t", [](task_context& self) -> async<int> {
    std::vector<decltype(after(1s, 1))> none;
    co_return co_await first_success(self, {.name = "mirrors"}, none);
  });
  auto q = start("q", [](task_context& self) -> async<void> {
    std::vector ops{after(1s, 1), after(1s, 2)};
    co_await quorum(self, 3, {.name = "mirrors"}, ops);
  });
  auto z = start("z", [](task_context& self) -> async<void> {
    std::vector ops{after(1s, 1), after(1s, 2)};
    co_await quorum(self, 0, {.name = "mirrors"}, ops);
  });
  run();
  check_lines(errors_of(t), {"invalid_argument: first_success in group "
                             "'mirrors' needs 1 value and has 0 children"});
  check_lines(errors_of(q), {"invalid_argument: quorum in group 'mirrors' "
                             "needs 3 values and has 2 children"});
  BOOST_CHECK(code_thrown_by([&] { z.get(); }) == errc::invalid_argument);
}

BOOST_AUTO_TEST_CASE(end_with_the_task_that_awaits_them) {
  auto t = start("t", [](task_context& self) -> async<int> {
    co_return co_await race(self, {}, after(1h, 1), after(1h, 2));
  });
  run();
  t.cancel();
  run();
  BOOST_TEST(t.done());
  BOOST_TEST(events().count(task_phase::cancelled) == 4u);
  BOOST_TEST(pending_timers() == 0u);
}

BOOST_AUTO_TEST_CASE(throw_deadline_exceeded_after_their_timeout) {
  auto t = start("t", [](task_context& self) -> async<int> {
    co_return co_await race(self, {.name = "slow", .timeout = 1s}, after(1h, 1),
                            after(1h, 2));
  });
  advance(1s);
  BOOST_CHECK(code_thrown_by([&] { t.get(); }) == errc::deadline_exceeded);
}

BOOST_AUTO_TEST_CASE(nest) {
  auto t = start("t", [](task_context& self) -> async<int> {
    auto region = [](int base) {
      return [base](task_context& me) -> async<int> {
        co_return co_await race(me, {}, after((base + 1) * 1s, base + 1),
                                after((base + 2) * 1s, base + 2));
      };
    };
    co_return co_await first_success(self, {}, region(10), region(5));
  });
  advance(6s);
  BOOST_TEST(t.get() == 6);
  BOOST_TEST(pending_timers() == 0u);
}

BOOST_AUTO_TEST_CASE(mix_coroutines_and_plain_callables) {
  auto t = start("t", [](task_context& self) -> async<int> {
    co_return co_await first_success(self, {}, after(1h, 1), [] { return 2; });
  });
  run();
  BOOST_TEST(t.get() == 2);
}

BOOST_AUTO_TEST_CASE(may_be_void) {
  int ran = 0;
  auto t = start("t", [&](task_context& self) -> async<void> {
    auto op = [&ran] { ++ran; };
    co_await first_success(self, {}, op, forever);
    co_await race(self, {}, op, forever);
    co_await quorum(self, 2, {}, op, op, forever);
  });
  run();
  t.get();
  BOOST_TEST(ran == 4);
}

BOOST_AUTO_TEST_SUITE_END()
