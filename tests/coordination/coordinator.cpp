// The coordinator as an actor and as a handle.

#include <caf/scoped_actor.hpp>

#include "support/tasks.hpp"

using namespace test;
using axiom::cancel_reason;

namespace {

struct coordinated : stepwise {
  /// Sends a request to a coordinator and gives the response.
  template <class R, class... Ts>
  caf::expected<R> ask(const axiom::coordinator_actor& to, const Ts&... xs) {
    caf::expected<R> result{caf::make_error(caf::sec::request_timeout)};
    system().spawn([&](caf::event_based_actor* self) {
      self->request(to, caf::infinite, xs...)
        .then([&](const R& x) { result = x; },
              [&](caf::error& err) { result = err; });
    });
    run();
    return result;
  }

  /// The same for one that answers later.
  template <class R, class... Ts>
  void ask_for(std::optional<R>& result, const axiom::coordinator_actor& to,
               const Ts&... xs) {
    system().spawn([&result, to, xs...](caf::event_based_actor* self) {
      self->request(to, caf::infinite, xs...)
        .then([&result](const R& x) { result = x; });
    });
    run();
  }

  axiom::structured_task_coordinator another(
    axiom::coordinator_options options = {.name = "other"}) {
    return axiom::structured_task_coordinator::spawn(system(),
                                                     std::move(options));
  }
};

const caf::timespan grace_of_one_second{std::chrono::seconds{1}};

} // namespace

BOOST_FIXTURE_TEST_SUITE(coordinator_by_message, coordinated)

BOOST_AUTO_TEST_CASE(cancels_by_reference_and_answers_with_the_report) {
  auto t = start("t", [](task_context& self) -> async<void> {
    co_await self.create_child_task("below", forever);
  });
  run();
  auto report = ask<axiom::cancellation_report>(
    coordinator().actor(), axiom::cancel_atom_v, t.reference(),
    cancel_reason::limit_shed, grace_of_one_second);
  BOOST_REQUIRE(report);
  BOOST_TEST(report->requested == 2u);
  BOOST_TEST(report->all_acknowledged());
  BOOST_TEST(t.done());
  auto why = t.get_expected().error().what();
  BOOST_TEST(why.find("limit_shed of 't' by actor") != std::string::npos);
}

BOOST_AUTO_TEST_CASE(answers_when_the_grace_is_over_at_the_latest) {
  auto t = start("t", [](task_context& self) -> async<void> {
    co_await axiom::as_expected(self.sleep_for(24h));
    co_await self.shielded(forever, 24h);
  });
  run();
  std::optional<axiom::cancellation_report> report;
  ask_for(report, coordinator().actor(), axiom::cancel_atom_v, t.reference(),
          cancel_reason::user, grace_of_one_second);
  BOOST_TEST(!report.has_value());
  advance(1s);
  BOOST_REQUIRE(report.has_value());
  BOOST_TEST(report->overdue_count == 2u);
}

BOOST_AUTO_TEST_CASE(refuses_to_cancel_what_is_not_there) {
  auto ref = start("gone", [] {}).reference();
  run();
  auto report = ask<axiom::cancellation_report>(
    coordinator().actor(), axiom::cancel_atom_v, ref, cancel_reason::user,
    grace_of_one_second);
  BOOST_REQUIRE(!report);
  BOOST_TEST(axiom::is(report.error(), errc::no_such_task));
}

BOOST_AUTO_TEST_CASE(answers_with_the_live_tree) {
  auto t = start("top", [](task_context& self) -> async<void> {
    self.create_child_task("left", forever);
    self.create_child_task("right", forever);
    co_await self.hierarchy().await_children();
  });
  run();
  auto tree = ask<axiom::tree_snapshot>(coordinator().actor(),
                                        axiom::snapshot_atom_v);
  BOOST_REQUIRE(tree);
  BOOST_TEST(tree->coordinator == "test");
  lines got;
  for (auto& x : tree->tasks)
    got.push_back(std::string(x.depth, '.') + x.task.name + " " + x.state + " "
                  + std::to_string(x.children));
  BOOST_TEST(got
               == (lines{"top suspended 2", ".left suspended 0",
                         ".right suspended 0"}),
             boost::test_tools::per_element());
  BOOST_CHECK(tree->tasks[1].task.parent == t.reference().id);
  t.cancel();
}

BOOST_AUTO_TEST_CASE(answers_with_figures) {
  start("good", [] {});
  start("bad", failing);
  auto t = start("live", forever);
  run();
  auto stats = ask<axiom::coordinator_stats>(coordinator().actor(),
                                             axiom::stats_atom_v);
  BOOST_REQUIRE(stats);
  BOOST_TEST(stats->created == 3u);
  BOOST_TEST(stats->completed == 1u);
  BOOST_TEST(stats->failed == 1u);
  BOOST_TEST(stats->cancelled == 0u);
  BOOST_TEST(stats->roots == 1u);
  BOOST_TEST(stats->unobserved_errors == 1u);
  BOOST_REQUIRE(stats->recent_errors.size() == 1u);
  BOOST_TEST(stats->recent_errors[0].task.name == "bad");
  t.cancel();
}

BOOST_AUTO_TEST_CASE(shuts_down_and_ends) {
  auto other = another();
  auto actor = other.actor();
  auto t = other.create_child_task("t", forever);
  bool ended = false;
  actor->attach_functor([&](const caf::error& reason) {
    ended = true;
    BOOST_TEST(!reason);
  });
  run();
  auto report = ask<axiom::cancellation_report>(actor, axiom::shutdown_atom_v,
                                                grace_of_one_second);
  BOOST_REQUIRE(report);
  BOOST_TEST(report->all_acknowledged());
  BOOST_TEST(t.done());
  BOOST_TEST(t.get_expected().error().what().find("shutdown")
             != std::string::npos);
  BOOST_TEST(ended);
  BOOST_CHECK(code_thrown_by([&] { other.create_child_task("x", [] {}); })
              == errc::scope_closed);
}

BOOST_AUTO_TEST_SUITE_END()

BOOST_FIXTURE_TEST_SUITE(coordinator_actor_in_trouble, coordinated)

BOOST_AUTO_TEST_CASE(cancels_its_tree_when_a_linked_actor_fails) {
  auto other = another();
  auto t = other.create_child_task("t", forever);
  auto partner = system().spawn([&](caf::event_based_actor* self) {
    self->link_to(other.actor());
    return caf::behavior{[self](int) {
      self->quit(caf::make_error(caf::sec::runtime_error, "partner"));
    }};
  });
  run();
  caf::anon_send(partner, 1);
  run();
  BOOST_TEST(t.done());
  auto why = t.get_expected().error().what();
  BOOST_TEST(why.find("linked_exit of 'other'") != std::string::npos);
  BOOST_TEST(why.find("partner") != std::string::npos);
  BOOST_CHECK(code_thrown_by([&] { other.create_child_task("x", [] {}); })
              == errc::scope_closed);
}

BOOST_AUTO_TEST_CASE(ends_its_tree_without_grace_when_it_is_killed) {
  auto other = another();
  lines order;
  auto t = other.create_child_task("t", [&](task_context& self)
                                          -> async<void> {
    noted_end mine{order, "frame"};
    co_await axiom::as_expected(self.sleep_for(1h));
    order.push_back("went on");
  });
  run();
  caf::anon_send_exit(caf::actor_cast<caf::actor>(other.actor()),
                      caf::exit_reason::kill);
  run();
  BOOST_TEST(t.done());
  BOOST_TEST(order == (lines{"frame"}), boost::test_tools::per_element());
  BOOST_CHECK(code_thrown_by([&] { other.create_child_task("x", [] {}); })
              == errc::scope_closed);
}

BOOST_AUTO_TEST_CASE(ignores_a_normal_exit) {
  auto other = another();
  auto t = other.create_child_task("t", forever);
  run();
  send_exit(caf::actor_cast<caf::actor>(other.actor()), caf::error{});
  run();
  BOOST_TEST(!t.cancelled());
  t.cancel();
}

BOOST_AUTO_TEST_SUITE_END()

BOOST_FIXTURE_TEST_SUITE(coordinator_handles, coordinated)

BOOST_AUTO_TEST_CASE(dropped_last_let_the_tasks_run_on_and_the_actor_end) {
  std::optional other = another();
  auto actor = caf::actor_cast<caf::actor>(other->actor());
  bool ended = false;
  actor->attach_functor([&] { ended = true; });
  actor = nullptr;
  auto t = other->create_child_task("t", [](task_context& self) -> async<int> {
    co_await self.sleep_for(1s);
    co_return 1;
  });
  run();
  {
    auto copy = *other;
    other.reset();
    run();
    BOOST_TEST(!ended);
    copy.create_child_task("still open", [] {});
  }
  run();
  BOOST_TEST(!t.done());
  BOOST_TEST(!ended);
  advance(1s);
  BOOST_TEST(t.get() == 1);
  BOOST_TEST(ended);
}

BOOST_AUTO_TEST_CASE(dropped_last_give_the_tasks_the_shutdown_grace) {
  std::optional other = another({.name = "other", .shutdown_grace = 5s});
  auto t = other->create_child_task("t", forever);
  other.reset();
  advance(4999ms);
  BOOST_TEST(!t.cancelled());
  advance(1ms);
  BOOST_TEST(t.done());
  BOOST_TEST(t.get_expected().error().what().find("shutdown of 'other'")
             != std::string::npos);
}

BOOST_AUTO_TEST_CASE(dropped_without_tasks_end_at_once_and_leave_no_timer) {
  {
    auto other = another();
  }
  run();
  BOOST_TEST(pending_timers() == 0u);
}

BOOST_AUTO_TEST_CASE(refuse_names_beyond_64_bytes) {
  BOOST_TEST(another({.name = std::string(64, 'x')}).name().size() == 64u);
  BOOST_CHECK(code_thrown_by([&] { another({.name = std::string(65, 'x')}); })
              == errc::name_too_long);
}

BOOST_AUTO_TEST_CASE(shut_down_and_report) {
  auto other = another();
  auto t = other.create_child_task("t", forever);
  run();
  auto request = other.shutdown();
  run();
  BOOST_TEST(request.get().all_acknowledged());
  BOOST_TEST(t.done());
  other.shutdown(); // again: nothing to do
  run();
}

BOOST_AUTO_TEST_CASE(refuse_a_system_without_axiom) {
  caf::actor_system_config cfg;
  cfg.set("scheduler.max-threads", 1);
  caf::actor_system plain{cfg};
  BOOST_CHECK(code_thrown_by([&] {
                axiom::structured_task_coordinator::spawn(plain);
              }) == errc::not_installed);
  BOOST_TEST(axiom::runtime::snapshot_metrics(plain).created == 0u);
}

BOOST_AUTO_TEST_SUITE_END()

BOOST_AUTO_TEST_SUITE(handles_and_systems)

BOOST_AUTO_TEST_CASE(a_tasks_handle_outlives_the_system) {
  axiom::task<int> good;
  axiom::task<int> bad;
  axiom::task<void> sleeper;
  caf::actor as_actor;
  {
    axiom::config cfg;
    cfg.axiom.threads = 1;
    cfg.axiom.shutdown_grace = std::chrono::milliseconds{0};
    caf::actor_system sys{cfg};
    auto coordinator = axiom::structured_task_coordinator::spawn(sys);
    good = coordinator.create_child_task("good", [] { return 3; });
    bad = coordinator.create_child_task("bad", failing);
    sleeper = coordinator.create_child_task("sleeper", forever);
    as_actor = good.actor();
  }
  // The system waited for the tree, whose grace to run on was nothing.
  BOOST_TEST(good.get() == 3);
  BOOST_CHECK(code_thrown_by([&] { bad.get(); }) == errc::invalid_argument);
  BOOST_TEST(sleeper.done());
  BOOST_TEST(sleeper.cancelled());
  sleeper.cancel();
  BOOST_TEST(good.reference().name == "good");
  BOOST_TEST(good.hierarchy().children().empty());
  good.hierarchy().propagate_cancellation();
  send_exit(as_actor, caf::make_error(caf::sec::runtime_error));
  bool told = false;
  as_actor->attach_functor([&] { told = true; });
  BOOST_TEST(told);
}

BOOST_AUTO_TEST_CASE(a_system_ends_though_its_coordinator_was_killed) {
  axiom::task<void> sleeper;
  {
    axiom::config cfg;
    cfg.axiom.threads = 2;
    caf::actor_system sys{cfg};
    auto coordinator = axiom::structured_task_coordinator::spawn(sys);
    sleeper = coordinator.create_child_task("sleeper", [](task_context& self)
                                                         -> async<void> {
      for (int i = 0; i < 10; ++i)
        self.create_child_task("below", forever);
      co_await self.hierarchy().await_children();
    });
    caf::anon_send_exit(caf::actor_cast<caf::actor>(coordinator.actor()),
                        caf::exit_reason::kill);
  }
  BOOST_TEST(sleeper.done());
}

BOOST_AUTO_TEST_SUITE_END()
