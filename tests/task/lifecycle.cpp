// The events of a task: created, started, one end; in order, never lost.

#include "support/tasks.hpp"

using namespace test;

namespace {

struct recorded : stepwise {
  void expect(std::string_view name, const phases& wanted) {
    auto got = events().phases_of(name);
    lines got_names;
    lines wanted_names;
    for (auto x : got)
      got_names.push_back(to_string(x));
    for (auto x : wanted)
      wanted_names.push_back(to_string(x));
    BOOST_TEST(got_names == wanted_names, boost::test_tools::per_element());
  }
};

} // namespace

BOOST_FIXTURE_TEST_SUITE(lifecycle, recorded)

BOOST_AUTO_TEST_CASE(a_task_with_a_value_completes) {
  auto t = start("t", [] { return 1; });
  expect("t", {task_phase::created});
  run();
  expect("t", {task_phase::created, task_phase::started, task_phase::completed});
}

BOOST_AUTO_TEST_CASE(a_failed_task_fails_with_the_error_in_its_event) {
  auto t = start("t", failing);
  run();
  expect("t", {task_phase::created, task_phase::started, task_phase::failed});
  BOOST_TEST(events().events().back().detail == "invalid_argument: broken");
}

BOOST_AUTO_TEST_CASE(a_task_cancelled_before_it_runs_is_never_started) {
  bool ran = false;
  auto t = start("t", [&] { ran = true; });
  t.cancel();
  run();
  BOOST_TEST(!ran);
  expect("t", {task_phase::created, task_phase::cancelled});
}

BOOST_AUTO_TEST_CASE(a_suspended_task_that_is_cancelled_ends_as_cancelled) {
  auto t = start("t", forever);
  run();
  expect("t", {task_phase::created, task_phase::started});
  t.cancel();
  run();
  expect("t", {task_phase::created, task_phase::started, task_phase::cancelled});
  BOOST_TEST(events().events().back().detail.find("user")
             != std::string::npos);
}

BOOST_AUTO_TEST_CASE(a_task_born_under_a_cancelled_parent_is_never_started) {
  bool ran = false;
  auto t = start("parent", [&](task_context& self) -> async<void> {
    co_await self.yield();
    axiom::structured_task_coordinator where = coordinator();
    where.cancel_task_tree(self.reference());
    auto child = self.create_child_task("child", [&] { ran = true; });
    BOOST_TEST(child.done());
    BOOST_TEST(child.cancelled());
    co_await self.yield();
  });
  run();
  BOOST_TEST(!ran);
  BOOST_TEST(t.done());
  expect("child", {task_phase::created, task_phase::cancelled});
  expect("parent",
         {task_phase::created, task_phase::started, task_phase::cancelled});
}

BOOST_AUTO_TEST_CASE(a_task_that_returns_a_value_though_cancelled_completes) {
  auto t = start("t", [&](task_context& self) {
    coordinator().cancel_task_tree(self.reference());
    BOOST_TEST(self.cancelled());
    return 5;
  });
  run();
  expect("t", {task_phase::created, task_phase::started, task_phase::completed});
  BOOST_TEST(t.cancelled());
  BOOST_TEST(t.get() == 5);
}

BOOST_AUTO_TEST_CASE(the_end_is_recorded_before_anybody_goes_on) {
  auto t = start("outer", [&](task_context& self) -> async<void> {
    auto inner = self.create_child_task("inner", [](task_context& me)
                                          -> async<void> {
      co_await me.sleep_for(1s);
    });
    co_await inner;
    expect("inner", {task_phase::created, task_phase::started,
                     task_phase::completed});
  });
  advance(1s);
  t.get();
}

BOOST_AUTO_TEST_CASE(events_carry_identity_time_and_parent) {
  auto t = start("outer", [](task_context& self) -> async<void> {
    co_await self.sleep_for(1s);
    co_await self.create_child_task("inner", [] {});
  });
  advance(1s);
  auto all = events().events();
  BOOST_REQUIRE(all.size() == 6u);
  auto& created = all[0];
  BOOST_CHECK(created.task.id == t.reference().id);
  BOOST_CHECK(created.at == t.reference().created_at);
  BOOST_CHECK(all[2].task.parent == t.reference().id);
  BOOST_CHECK(all[2].at - created.at == 1s);
}

BOOST_AUTO_TEST_CASE(a_sink_taken_away_hears_no_more) {
  auto sink = std::make_shared<axiom::testing::event_recorder>();
  coordinator().subscribe(sink);
  start("one", [] {});
  run();
  coordinator().unsubscribe(sink);
  start("two", [] {});
  run();
  BOOST_TEST(sink->events().size() == 3u);
  BOOST_TEST(events().events().size() == 6u);
}

BOOST_AUTO_TEST_CASE(counters_follow_the_events) {
  start("good", [] {});
  auto bad = start("bad", failing);
  auto gone = start("gone", forever);
  gone.cancel();
  run();
  auto counts = axiom::runtime::snapshot_metrics(system());
  BOOST_TEST(counts.created == 3u);
  BOOST_TEST(counts.completed == 1u);
  BOOST_TEST(counts.failed == 1u);
  BOOST_TEST(counts.cancelled == 1u);
  BOOST_TEST(counts.active() == 0u);
}

BOOST_AUTO_TEST_SUITE_END()
