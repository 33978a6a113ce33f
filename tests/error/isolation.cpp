// Groups whose children's failures are their own.

#include "support/delays.hpp"

using namespace test;
using group_of_int = axiom::coordinated_task_group<int>;

namespace {

template <class F>
auto isolated(stepwise& fix, F& body) {
  return fix.start("t", [&body](task_context& self) -> async<int> {
    co_return co_await axiom::with_task_group<int>(
      self, {.name = "g", .failure_mode = axiom::failure_mode::isolate}, body);
  });
}

async<void> fill(group_of_int& g) {
  co_await g.add_task("bad", failing_after(1s, "bad"));
  co_await g.add_task("worse", failing_after(2s, "worse"));
  co_await g.add_task("good", after(3s, 3));
}

} // namespace

BOOST_FIXTURE_TEST_SUITE(isolated_failures, stepwise)

BOOST_AUTO_TEST_CASE(cancel_nobody_and_reach_the_coordinator) {
  auto body = [](group_of_int& g) -> async<int> {
    co_await fill(g);
    auto values = co_await g.wait_for_all();
    co_return static_cast<int>(values.size());
  };
  auto t = isolated(*this, body);
  advance(3s);
  BOOST_TEST(t.get() == 1);
  BOOST_CHECK(events().phases_of("good").back() == task_phase::completed);
  auto stats = coordinator().stats();
  BOOST_TEST(stats.unobserved_errors == 2u);
  BOOST_TEST(stats.recent_errors.at(0).task.name == "bad");
  BOOST_TEST(
    axiom::is(stats.recent_errors.at(1).error, errc::invalid_argument));
}

BOOST_AUTO_TEST_CASE(are_reported_also_if_nobody_waits) {
  auto body = [](group_of_int& g) -> async<int> {
    co_await fill(g);
    co_return 0;
  };
  auto t = isolated(*this, body);
  advance(3s);
  BOOST_TEST(t.get() == 0);
  BOOST_TEST(coordinator().stats().unobserved_errors == 2u);
}

BOOST_AUTO_TEST_CASE(are_not_reported_once_taken) {
  std::vector<axiom::task_error> taken;
  auto body = [&](group_of_int& g) -> async<int> {
    co_await fill(g);
    co_await g.context().sleep_for(1500ms);
    taken = g.take_isolated(); // so far
    auto values = co_await g.wait_for_all();
    co_return values.at(0);
  };
  auto t = isolated(*this, body);
  advance(3s);
  BOOST_TEST(t.get() == 3);
  check_lines(listed(taken), {"bad: invalid_argument: bad"});
  auto stats = coordinator().stats();
  BOOST_TEST(stats.unobserved_errors == 1u);
  BOOST_TEST(stats.recent_errors.at(0).task.name == "worse");
}

BOOST_AUTO_TEST_CASE(are_taken_after_waiting_for_all) {
  std::vector<axiom::task_error> taken;
  auto body = [&](group_of_int& g) -> async<int> {
    co_await fill(g);
    auto values = co_await g.wait_for_all();
    taken = g.take_isolated();
    BOOST_TEST(g.take_isolated().empty());
    co_return values.at(0);
  };
  auto t = isolated(*this, body);
  advance(3s);
  BOOST_TEST(t.get() == 3);
  check_lines(listed(taken),
              {"bad: invalid_argument: bad", "worse: invalid_argument: worse"});
  BOOST_TEST(coordinator().stats().unobserved_errors == 0u);
}

BOOST_AUTO_TEST_CASE(are_seen_where_results_are_read) {
  auto body = [](group_of_int& g) -> async<int> {
    co_await fill(g);
    int bad = 0;
    while (auto next = co_await g.next())
      bad += next->has_value() ? 0 : 1;
    co_return bad;
  };
  auto t = isolated(*this, body);
  advance(3s);
  BOOST_TEST(t.get() == 2);
  BOOST_TEST(coordinator().stats().unobserved_errors == 0u);
}

BOOST_AUTO_TEST_CASE(make_room_in_a_bounded_group_when_taken) {
  int added = 0;
  auto body = [&](group_of_int& g) -> async<int> {
    std::size_t errors = 0;
    for (; added < 10; ++added) {
      co_await g.add_task("bad", failing_after(1s, "bad"));
      co_await g.context().sleep_for(2s);
      errors += g.take_isolated().size();
    }
    co_return static_cast<int>(errors);
  };
  auto t = start("t", [&body](task_context& self) -> async<int> {
    co_return co_await axiom::with_task_group<int>(
      self, {.failure_mode = axiom::failure_mode::isolate, .max_unread = 1},
      body);
  });
  advance(20s);
  BOOST_TEST(t.get() == 10);
}

BOOST_AUTO_TEST_CASE(do_not_hide_those_of_the_body) {
  auto body = [](group_of_int& g) -> async<int> {
    co_await g.add_task("bad", failing_after(1s, "bad"));
    co_await g.context().sleep_for(2s);
    co_return axiom::fail(errc::node_down, "mine");
  };
  auto t = isolated(*this, body);
  advance(3s);
  check_lines(errors_of(t), {"node_down: mine"});
  BOOST_TEST(coordinator().stats().unobserved_errors == 1u);
}

BOOST_AUTO_TEST_CASE(of_cancelled_children_are_none) {
  auto body = [](group_of_int& g) -> async<int> {
    co_await g.add_task("c", after(1h, 1));
    auto children = g.context().hierarchy().children();
    g.cancel_all();
    auto values = co_await g.wait_for_all();
    co_return static_cast<int>(values.size());
  };
  auto t = isolated(*this, body);
  advance(1s);
  BOOST_TEST(t.get() == 0);
  BOOST_TEST(coordinator().stats().unobserved_errors == 0u);
}

BOOST_AUTO_TEST_CASE(have_no_place_in_a_map) {
  auto t = start("t", [](task_context& self) -> async<void> {
    std::vector<int> items{1};
    auto all = axiom::map_with_limit(
      self, {.failure_mode = axiom::failure_mode::isolate}, items, 1,
      [](int x) { return x; });
    co_await std::move(all);
  });
  run();
  BOOST_TEST(t.get_expected().error().is(errc::invalid_argument));
}

BOOST_AUTO_TEST_CASE(have_a_name) {
  BOOST_TEST(to_string(axiom::failure_mode::isolate) == "isolate");
  BOOST_CHECK(axiom::parse_failure_mode("isolate")
              == axiom::failure_mode::isolate);
}

BOOST_AUTO_TEST_SUITE_END()
