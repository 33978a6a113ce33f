// Alternatives, tried one after the other.

#include "support/recovery.hpp"

using namespace test;
using axiom::fallback;

namespace {

struct fallbacks : stepwise {
  // By name: see axiom::named.
  decltype(after(1s, 0)) soon = after(1s, 1);
  decltype(after(1s, 0)) sooner = after(50ms, 2);
  decltype(after(1s, 0)) at_last = after(1s, 3);
  decltype(after(1s, 0)) never = after(1h, 1);
  decltype(failing_after(1s, "")) one = failing_after(1s, "one");
  decltype(failing_after(1s, "")) two = failing_after(1s, "two");
};

} // namespace

BOOST_FIXTURE_TEST_SUITE(alternatives, fallbacks)

BOOST_AUTO_TEST_CASE(are_not_tried_after_a_success) {
  bool called = false;
  auto second = [&called](task_context&) -> async<int> {
    called = true;
    co_return 2;
  };
  auto body = [&](task_context& self) -> async<int> {
    co_return co_await fallback(self, {.name = "f"}, soon, second);
  };
  auto t = start("t", body);
  advance(1s);
  BOOST_TEST(t.get() == 1);
  BOOST_TEST(!called);
}

BOOST_AUTO_TEST_CASE(are_tried_in_order_each_when_the_one_before_has_ended) {
  std::vector<axiom::task_error> lost;
  auto body = [&](task_context& self) -> async<int> {
    co_return co_await fallback(self, {.name = "f", .suppressed = &lost}, one,
                                two, at_last);
  };
  auto t = start("t", body);
  advance(2999ms);
  BOOST_TEST(!t.done());
  advance(1ms);
  BOOST_TEST(t.get() == 3);
  check_lines(listed(lost),
              {"f #1: invalid_argument: one", "f #2: invalid_argument: two"});
}

BOOST_AUTO_TEST_CASE(that_all_fail_give_all_errors) {
  auto body = [&](task_context& self) -> async<int> {
    co_return co_await fallback(self, {.name = "f"}, one, two);
  };
  auto t = start("t", body);
  advance(2s);
  check_lines(errors_of(t),
              {"f #1: invalid_argument: one", "f #2: invalid_argument: two"});
}

BOOST_AUTO_TEST_CASE(are_for_the_errors_they_are_for) {
  const auto only_lost_nodes = [](const axiom::failure& x) {
    return x.is(errc::node_down);
  };
  auto body = [&](task_context& self) -> async<int> {
    co_return co_await fallback(self, {.after = only_lost_nodes}, one, sooner);
  };
  auto t = start("t", body);
  advance(2s);
  check_lines(errors_of(t), {"invalid_argument: one"});
}

BOOST_AUTO_TEST_CASE(have_a_time_limit_each) {
  auto body = [&](task_context& self) -> async<int> {
    co_return co_await fallback(self, {.name = "f", .timeout = 100ms}, never,
                                sooner);
  };
  auto t = start("t", body);
  advance(150ms);
  BOOST_TEST(t.get() == 2);
}

BOOST_AUTO_TEST_CASE(end_with_the_task_that_waits) {
  auto body = [&](task_context& self) -> async<int> {
    co_return co_await fallback(self, {.name = "f"}, never, sooner);
  };
  auto t = start("t", body);
  advance(1s);
  t.cancel();
  run();
  BOOST_TEST(t.done());
  BOOST_TEST(events().phases_of("f #2").empty());
  BOOST_TEST(pending_timers() == 0u);
}

BOOST_AUTO_TEST_CASE(are_not_for_a_first_that_was_cancelled_alone) {
  auto body = [&](task_context& self) -> async<int> {
    co_return co_await fallback(self, {.name = "f"}, never, sooner);
  };
  auto t = start("t", body);
  run();
  coordinator().cancel_task_tree(t.hierarchy().children().at(0));
  run();
  auto end = t.get_expected();
  BOOST_TEST((!end && end.error().is(errc::cancelled)));
}

BOOST_AUTO_TEST_CASE(may_be_of_any_kind_and_void) {
  int ran = 0;
  auto throws = [](task_context&) { throw std::runtime_error("x"); };
  auto counts = [&ran] { ++ran; };
  auto body = [&](task_context& self) -> async<void> {
    co_await fallback(self, {}, throws, counts);
  };
  auto t = start("t", body);
  run();
  t.get();
  BOOST_TEST(ran == 1);
}

BOOST_AUTO_TEST_CASE(that_cannot_work_are_refused) {
  auto body = [&](task_context& self) -> async<int> {
    co_return co_await fallback(self, {.timeout = 0s}, soon, sooner);
  };
  auto t = start("t", body);
  run();
  BOOST_CHECK(code_thrown_by([&] { t.get(); }) == errc::invalid_argument);
}

BOOST_AUTO_TEST_CASE(leave_their_errors_to_a_timeout_around_them) {
  auto body = [&](task_context& self) -> async<int> {
    auto op = [&](task_context& inner) -> async<int> {
      co_return co_await fallback(inner, {.name = "f"}, one, never);
    };
    co_return co_await axiom::with_timeout(self, 2s, {.name = "scope"},
                                           axiom::named(op));
  };
  auto t = start("t", body);
  advance(2s);
  check_lines(errors_of(t),
              {"scope: deadline_exceeded: 'scope' did not end within 2 s; it "
               "ended after 2 s",
               "+f #1: invalid_argument: one"});
}

BOOST_AUTO_TEST_CASE(hand_over_their_errors_when_they_are_cancelled) {
  std::vector<axiom::task_error> lost;
  auto body = [&](task_context& self) -> async<int> {
    co_return co_await fallback(self, {.name = "f", .suppressed = &lost}, one,
                                never);
  };
  auto t = start("t", body);
  advance(2s);
  t.cancel();
  run();
  BOOST_TEST(t.get_expected().error().is(errc::cancelled));
  check_lines(listed(lost), {"f #1: invalid_argument: one"});
}

BOOST_AUTO_TEST_SUITE_END()
