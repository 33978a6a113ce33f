// Cancelling a tree: what it reaches, its cause, its report, its grace.

#include <atomic>
#include <thread>

#include "support/tasks.hpp"

using namespace test;
using axiom::cancel_reason;

namespace {

/// A coroutine that does not end with its cancellation: it waits on in a shield.
async<void> stubborn(task_context& self) {
  co_await axiom::as_expected(self.sleep_for(24h));
  co_await self.shielded(forever, 24h);
}

struct cancelling_fixture : stepwise {
  axiom::cancellation cancel(const axiom::task_reference& x,
                             std::optional<axiom::runtime::duration> grace
                             = std::nullopt) {
    return coordinator().cancel_task_tree(x, cancel_reason::user, grace);
  }
};

} // namespace

BOOST_FIXTURE_TEST_SUITE(cancelling, cancelling_fixture)

BOOST_AUTO_TEST_CASE(reaches_every_task_of_the_tree_and_no_other) {
  auto body = [](task_context& self) -> async<void> {
    for (int i = 0; i < 3; ++i)
      self.create_child_task("leaf", forever);
    co_await self.hierarchy().await_children();
  };
  auto t = start("t", [&](task_context& self) -> async<void> {
    self.create_child_task("inner", body);
    co_await body(self);
  });
  auto other = start("other", forever);
  run();
  t.cancel();
  BOOST_TEST(t.cancelled());
  run();
  BOOST_TEST(t.done());
  BOOST_TEST(!other.cancelled());
  BOOST_TEST(events().count(task_phase::cancelled) == 8u);
  other.cancel();
}

BOOST_AUTO_TEST_CASE(is_visible_everywhere_before_anybody_runs) {
  std::vector<axiom::task<void>> all;
  auto t = start("t", [&](task_context& self) -> async<void> {
    for (int i = 0; i < 10; ++i)
      all.push_back(self.create_child_task("leaf", forever));
    co_await self.hierarchy().await_children();
  });
  run();
  t.cancel();
  for (auto& x : all) {
    BOOST_TEST(x.cancelled());
    BOOST_TEST(!x.done());
  }
}

BOOST_AUTO_TEST_CASE(is_idempotent_and_the_first_reason_stays) {
  auto t = start("t", forever);
  run();
  t.cancel(cancel_reason::limit_shed);
  t.cancel(cancel_reason::user);
  auto second = cancel(t.reference());
  run();
  t.cancel(cancel_reason::node_down);
  try {
    t.get();
    BOOST_FAIL("no cancellation");
  } catch (const axiom::cancelled_error& ex) {
    BOOST_CHECK(ex.cause().reason == cancel_reason::limit_shed);
  }
  auto report = second.get();
  BOOST_TEST(report.requested == 0u);
  BOOST_TEST(report.overdue_count == 0u);
  BOOST_TEST(events().count(task_phase::cancelled) == 1u);
}

BOOST_AUTO_TEST_CASE(of_an_ended_task_changes_nothing) {
  auto t = start("t", [] { return 3; });
  run();
  auto report = cancel(t.reference()).get();
  BOOST_TEST(report.requested == 0u);
  BOOST_TEST(!t.cancelled());
  BOOST_TEST(t.get() == 3);
}

BOOST_AUTO_TEST_CASE(ends_children_before_their_parent) {
  auto t = start("top", [](task_context& self) -> async<void> {
    auto middle = self.create_child_task("middle", [](task_context& me)
                                           -> async<void> {
      co_await me.create_child_task("bottom", forever);
    });
    co_await middle;
  });
  run();
  t.cancel();
  run();
  lines order;
  for (auto& x : events().events())
    if (x.phase == task_phase::cancelled)
      order.push_back(x.task.name);
  BOOST_TEST(order == (lines{"bottom", "middle", "top"}),
             boost::test_tools::per_element());
}

BOOST_AUTO_TEST_CASE(leaves_the_frames_of_a_parent_until_its_children_ended) {
  lines order;
  auto t = start("parent", [&](task_context& self) -> async<void> {
    noted_end mine{order, "parent"};
    std::string used_by_child = "still here";
    auto child = self.create_child_task("child", [&](task_context& me)
                                          -> async<void> {
      auto got = co_await axiom::as_expected(me.sleep_for(1h));
      BOOST_TEST(!got);
      order.push_back(used_by_child);
    });
    co_await self.sleep_for(1h);
  });
  run();
  t.cancel();
  run();
  BOOST_TEST(order == (lines{"still here", "parent"}),
             boost::test_tools::per_element());
}

BOOST_AUTO_TEST_CASE(reports_how_many_were_asked_and_ended) {
  auto t = start("t", [](task_context& self) -> async<void> {
    for (int i = 0; i < 4; ++i)
      self.create_child_task("leaf", forever);
    co_await self.hierarchy().await_children();
  });
  run();
  auto request = cancel(t.reference());
  BOOST_TEST(!request.wait_for(0s) == false); // runs what is left
  auto report = request.get();
  BOOST_CHECK(report.target == t.reference());
  BOOST_TEST(report.requested == 5u);
  BOOST_TEST(report.acknowledged == 5u);
  BOOST_TEST(report.all_acknowledged());
  BOOST_TEST(to_string(report).find("cancelled 't': 5 tasks") == 0u);
}

BOOST_AUTO_TEST_CASE(measures_how_long_it_took_by_the_runtime_clock) {
  auto t = start("t", [](task_context& self) -> async<void> {
    co_await axiom::as_expected(self.sleep_for(1h));
    co_await self.shielded([](task_context& me) -> async<void> {
      co_await me.sleep_for(500ms);
    });
  });
  run();
  auto request = cancel(t.reference());
  advance(2s);
  auto report = request.get();
  BOOST_CHECK(report.elapsed == 500ms);
  BOOST_TEST(report.all_acknowledged());
}

BOOST_AUTO_TEST_CASE(reports_by_path_what_outlives_the_grace_and_kills_it) {
  auto t = start("top", [](task_context& self) -> async<void> {
    co_await self.create_child_task("middle", [](task_context& me)
                                      -> async<void> {
      me.create_child_task("quick", forever);
      co_await me.create_child_task("stubborn", stubborn);
    });
  });
  run();
  auto request = cancel(t.reference(), 1s);
  advance(999ms);
  BOOST_TEST(!request.wait_for(0s));
  BOOST_TEST(!t.done());
  advance(1ms);
  auto report = request.get();
  BOOST_TEST(report.requested == 4u);
  BOOST_TEST(report.overdue_count == 4u); // three in line and the shield
  lines paths;
  for (auto& x : report.overdue)
    paths.push_back(x.path);
  BOOST_TEST(paths
               == (lines{"top", "top/middle", "top/middle/stubborn",
                         "top/middle/stubborn/shield"}),
             boost::test_tools::per_element());
  BOOST_CHECK(report.elapsed == 1s);
  BOOST_TEST(t.done()); // killed: the shield no longer holds
  BOOST_TEST(axiom::runtime::snapshot_metrics(system()).overdue == 4u);
}

BOOST_AUTO_TEST_CASE(with_no_grace_kills_at_once) {
  lines order;
  auto t = start("t", [&](task_context& self) -> async<void> {
    noted_end mine{order, "frame"};
    co_await axiom::as_expected(self.sleep_for(1h));
    order.push_back("went on");
  });
  run();
  auto report = cancel(t.reference(), 0s);
  run();
  BOOST_TEST(t.done());
  BOOST_TEST(order == (lines{"frame"}), boost::test_tools::per_element());
  BOOST_TEST(report.get().requested == 1u);
}

BOOST_AUTO_TEST_CASE(gives_two_seconds_unless_told) {
  auto t = start("t", [](task_context& self) -> async<void> {
    BOOST_CHECK(self.grace() == 2s);
    co_await stubborn(self);
  });
  run();
  t.cancel();
  advance(1999ms);
  BOOST_TEST(!t.done());
  advance(1ms);
  BOOST_TEST(t.done());
}

BOOST_AUTO_TEST_CASE(gives_the_least_of_the_graces_asked_and_inherited) {
  auto grace_below = [&](axiom::runtime::duration outer,
                         axiom::runtime::duration inner) {
    axiom::runtime::duration seen{};
    auto t = start({.name = "outer", .grace = outer},
                   [&](task_context& self) -> async<void> {
      co_await self.create_child_task({.name = "inner", .grace = inner},
                                      [&](task_context& me) {
        seen = me.grace();
      });
    });
    run();
    return seen;
  };
  BOOST_CHECK(grace_below(1s, 500ms) == 500ms);
  BOOST_CHECK(grace_below(1s, 5s) == 1s);
  BOOST_CHECK(grace_below(10s, 5s) == 5s);
  auto t = start({.name = "t", .grace = 1s}, stubborn);
  run();
  auto request = cancel(t.reference(), 10s);
  advance(1s);
  BOOST_TEST(t.done());
  BOOST_TEST(request.get().overdue_count == 2u);
}

BOOST_AUTO_TEST_CASE(again_with_less_grace_kills_earlier) {
  auto t = start("t", stubborn);
  run();
  cancel(t.reference());
  run();
  BOOST_TEST(!t.done());
  cancel(t.reference(), 0s);
  run();
  BOOST_TEST(t.done());
}

BOOST_AUTO_TEST_CASE(says_who_asked_and_for_which_task) {
  auto t = start("target", [](task_context& self) -> async<void> {
    co_await self.create_child_task("below", forever);
  });
  run();
  axiom::task<void> below;
  auto other = start("controller", [&] {
    coordinator().cancel_task_tree(t.reference(), cancel_reason::limit_shed);
  });
  run();
  auto result = t.get_expected();
  BOOST_REQUIRE(!result);
  BOOST_TEST(result.error().what()
             == "cancelled: limit_shed of 'target' by task 'controller'");
  for (auto& x : events().events())
    if (x.phase == task_phase::cancelled)
      BOOST_TEST(x.detail == "limit_shed of 'target' by task 'controller'");
}

BOOST_AUTO_TEST_CASE(of_children_leaves_the_parent_running) {
  auto t = start("parent", [](task_context& self) -> async<int> {
    for (int i = 0; i < 3; ++i)
      self.create_child_task("child", forever);
    co_await self.yield();
    self.hierarchy().propagate_cancellation();
    co_await self.hierarchy().await_children();
    BOOST_TEST(!self.cancelled());
    co_return co_await self.create_child_task("next", [] { return 6; });
  });
  run();
  BOOST_TEST(t.get() == 6);
  BOOST_TEST(events().count(task_phase::cancelled) == 3u);
}

BOOST_AUTO_TEST_CASE(from_inside_ends_the_task_at_its_next_wait) {
  bool went_on = false;
  bool past_the_wait = false;
  auto t = start("t", [&](task_context& self) -> async<void> {
    coordinator().cancel_task_tree(self.reference());
    went_on = true;
    co_await self.yield();
    past_the_wait = true;
  });
  run();
  BOOST_TEST(went_on);
  BOOST_TEST(!past_the_wait);
  BOOST_TEST(t.done());
}

BOOST_AUTO_TEST_CASE(is_noticed_by_callables_that_check) {
  auto t = start("t", [&](task_context& self) -> int {
    BOOST_TEST(self.cause() == nullptr);
    self.check_cancelled();
    coordinator().cancel_task_tree(self.reference());
    BOOST_REQUIRE(self.cause() != nullptr);
    BOOST_CHECK(self.cause()->reason == cancel_reason::user);
    self.check_cancelled();
    return 1;
  });
  run();
  BOOST_CHECK_THROW(t.get(), axiom::cancelled_error);
  BOOST_CHECK(events().phases_of("t").back() == task_phase::cancelled);
}

BOOST_AUTO_TEST_CASE(can_be_awaited_by_a_task) {
  auto t = start("target", forever);
  auto report = start("asker", [&](task_context&) -> async<std::uint64_t> {
    auto got = co_await coordinator().cancel_task_tree(t.reference());
    BOOST_TEST(t.done());
    co_return got.acknowledged;
  });
  run();
  BOOST_TEST(report.get() == 1u);
}

BOOST_AUTO_TEST_CASE(of_a_task_that_is_gone_is_refused) {
  auto ref = start("gone", [] {}).reference();
  run();
  BOOST_CHECK(code_thrown_by([&] { cancel(ref); }) == errc::no_such_task);
}

BOOST_AUTO_TEST_CASE(finds_a_task_by_its_identity_alone) {
  auto t = start("t", [](task_context& self) -> async<void> {
    co_await self.create_child_task("below", forever);
  });
  run();
  auto ref = t.hierarchy().children().at(0);
  ref.local = nullptr; // as if it had come over the network
  auto request = cancel(ref);
  run();
  BOOST_TEST(request.get().requested == 1u);
  BOOST_TEST(events().phases_of("below").size() == 3u);
}

BOOST_AUTO_TEST_SUITE_END()

BOOST_FIXTURE_TEST_SUITE(cancelling_across_threads, threaded)

BOOST_AUTO_TEST_CASE(reports_a_body_that_never_suspends_as_overdue_by_name) {
  std::atomic<bool> release = false;
  auto t = start("endless", axiom::blocking([&] { release.wait(false); }));
  while (events().count(task_phase::started) == 0)
    std::this_thread::yield();
  auto request = coordinator().cancel_task_tree(t.reference(),
                                                cancel_reason::user, 1s);
  advance(1s);
  auto report = request.get();
  BOOST_TEST(report.overdue_count == 1u);
  BOOST_TEST(report.acknowledged == 0u);
  BOOST_REQUIRE(report.overdue.size() == 1u);
  BOOST_TEST(report.overdue[0].path == "endless");
  BOOST_TEST(!t.done());
  release = true;
  release.notify_all();
  t.get();
}

BOOST_AUTO_TEST_SUITE_END()
