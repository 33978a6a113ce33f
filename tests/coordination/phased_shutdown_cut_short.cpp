// A phased shutdown that something else comes upon: whatever it is, the report
// comes, once, and nothing is left behind.

#include <caf/scoped_actor.hpp>

#include "support/shutdown.hpp"

using namespace test;

namespace {

struct cut_short : phased {
  axiom::structured_task_coordinator other = another();

  /// Gets a run of `other` going, to where its phase `release` hangs.
  axiom::phased_shutdown hang() {
    other.add_shutdown_task("release", "hanging", forever);
    auto result = other.run_shutdown();
    run();
    return result;
  }

  /// What a run says that was cut short while it hung.
  void check_cut_short(const axiom::phased_shutdown& handle,
                       std::string_view why) {
    BOOST_REQUIRE(handle.wait_for(0s));
    auto report = handle.get();
    BOOST_TEST_CONTEXT(to_string(report)) {
      BOOST_TEST(report.interrupted_by.find(why) != std::string::npos);
      CHECK_LINES(states_of(report), "stop_admitting done", "drain done",
                  "cancel done", "release running", "stop skipped");
      CHECK_LINES(holders_of(phase_of(report, "release")), "hanging");
      BOOST_TEST(!report.clean());
    }
  }

  /// What one says that never began.
  void check_never_ran(const axiom::phased_shutdown& handle,
                       std::string_view why) {
    BOOST_REQUIRE(handle.wait_for(0s));
    auto report = handle.get();
    BOOST_TEST_CONTEXT(to_string(report)) {
      BOOST_TEST(report.interrupted_by.find(why) != std::string::npos);
      for (const auto& phase : report.phases)
        BOOST_TEST(to_string(phase.state) == "skipped");
    }
  }
};

} // namespace

BOOST_FIXTURE_TEST_SUITE(phased_shutdowns_cut_short, cut_short)

BOOST_AUTO_TEST_CASE(by_a_shutdown_at_once) {
  auto handle = hang();
  other.shutdown();
  check_cut_short(handle, "shutdown of 'other'");
  run();
  BOOST_TEST(other.snapshot().tasks.empty());
}

BOOST_AUTO_TEST_CASE(by_the_kill_of_the_actor) {
  auto handle = hang();
  caf::anon_send_exit(caf::actor_cast<caf::actor>(other.actor()),
                      caf::exit_reason::kill);
  run();
  check_cut_short(handle, "shutdown of 'other'");
  BOOST_TEST(other.snapshot().tasks.empty());
}

BOOST_AUTO_TEST_CASE(by_an_exit_of_the_actor) {
  auto handle = hang();
  send_exit(caf::actor_cast<caf::actor>(other.actor()),
            caf::make_error(caf::sec::runtime_error, "partner"));
  run();
  check_cut_short(handle, "linked_exit of 'other'");
}

BOOST_AUTO_TEST_CASE(by_a_cancellation_of_the_run_itself) {
  auto handle = hang();
  auto tree = other.snapshot();
  BOOST_REQUIRE(tree.tasks.front().task.name == "shutdown");
  other.cancel_task_tree(tree.tasks.front().task);
  check_cut_short(handle, "user of 'shutdown'");
  run();
}

BOOST_AUTO_TEST_CASE(do_not_wait_for_an_operation_that_ignores_it) {
  other.add_shutdown_task("release", "hanging", stubborn);
  auto handle = other.run_shutdown();
  run();
  other.shutdown();
  check_cut_short(handle, "shutdown of 'other'");
  BOOST_TEST(!other.snapshot().tasks.empty());
  advance(2s);
  BOOST_TEST(other.snapshot().tasks.empty());
}

BOOST_AUTO_TEST_CASE(before_they_began_skip_everything) {
  auto used = std::make_shared<int>(0);
  other.add_shutdown_task("stop", "never", [used] { ++*used; });
  auto handle = other.run_shutdown(); // no job has run
  other.shutdown();
  run();
  check_never_ran(handle, "shutdown of 'other'");
  BOOST_TEST(*used == 0);
  BOOST_TEST(used.use_count() == 1);
}

BOOST_AUTO_TEST_CASE(by_a_shutdown_before_they_were_asked_for) {
  auto lives_on = other.create_child_task("t", stubborn);
  run();
  other.shutdown();
  check_never_ran(other.run_shutdown(), "shutdown of 'other'");
  advance(2s);
}

BOOST_AUTO_TEST_CASE(after_the_end_of_the_coordinator_are_over_at_once) {
  other.shutdown();
  run();
  check_never_ran(other.run_shutdown(), "shutdown of 'other'");
  BOOST_CHECK(
    code_thrown_by([&] { other.add_shutdown_task("stop", "late", [] {}); })
    == errc::scope_closed);
}

BOOST_AUTO_TEST_CASE(refuse_to_begin_in_an_on_cancel_handler) {
  std::optional<errc> thrown;
  auto t = start("t", [&](task_context& self) -> async<void> {
    auto registration = self.on_cancel(
      [&] { thrown = code_thrown_by([&] { other.run_shutdown(); }); });
    co_await forever(self);
  });
  run();
  t.cancel();
  BOOST_CHECK(thrown == errc::scope_closed);
  auto handle = other.run_shutdown(); // nothing has begun
  run();
  BOOST_TEST(handle.get().clean());
}

BOOST_AUTO_TEST_SUITE_END()

BOOST_FIXTURE_TEST_SUITE(phased_shutdowns_and_handles, phased)

BOOST_AUTO_TEST_CASE(go_on_when_the_last_one_is_dropped) {
  std::optional other = another({.name = "other", .shutdown_grace = 1s});
  auto t = other->create_child_task("t", forever);
  bool stopped = false;
  other->add_shutdown_task("stop", "slow",
                           [&](task_context& self) -> async<void> {
                             co_await self.sleep_for(4s);
                             stopped = true;
                           });
  auto handle = other->run_shutdown();
  run();
  other.reset();
  advance(13'999ms);
  BOOST_TEST(t.done());
  BOOST_TEST(!stopped);
  advance(1ms);
  BOOST_TEST(stopped);
  CHECK_LINES(states_of(handle.get()), "stop_admitting done", "drain overrun",
              "cancel done", "release done", "stop done");
}

BOOST_AUTO_TEST_CASE(go_on_when_the_last_one_is_dropped_before_the_first_job) {
  std::optional other = another({.name = "other", .shutdown_grace = 1s});
  auto t = other->create_child_task("t", forever);
  auto handle = other->run_shutdown();
  other.reset();
  advance(10s);
  BOOST_TEST(handle.get().interrupted_by.empty());
  BOOST_TEST(t.done());
}

BOOST_AUTO_TEST_CASE(give_what_is_left_the_shutdown_grace_afterwards) {
  // Nothing in this plan cancels, so the end of the grace does.
  std::optional other =
    another({.name = "other",
             .shutdown_grace = 1s,
             .shutdown_phases = {{.name = "stop_admitting", .budget = 2s}}});
  auto t = other->create_child_task("t", forever);
  auto handle = other->run_shutdown();
  other.reset();
  advance(2999ms);
  BOOST_TEST(handle.get().clean());
  BOOST_TEST(!t.cancelled());
  advance(1ms);
  BOOST_TEST(t.done());
}

BOOST_AUTO_TEST_CASE(do_not_matter_when_the_run_is_dropped) {
  auto other = another();
  bool stopped = false;
  other.add_shutdown_task("stop", "note", [&] { stopped = true; });
  other.run_shutdown();
  run();
  BOOST_TEST(stopped);
}

BOOST_AUTO_TEST_SUITE_END()

BOOST_FIXTURE_TEST_SUITE(phased_shutdowns_by_message, phased)

BOOST_AUTO_TEST_CASE(answer_everybody_with_the_report_when_they_are_over) {
  auto other = another();
  other.create_child_task("t", [](task_context& self) -> async<void> {
    co_await self.sleep_for(1s);
  });
  auto actor = other.actor();
  std::vector<axiom::shutdown_phases_report> reports;
  for (int i = 0; i < 2; ++i)
    system().spawn([&, actor](caf::event_based_actor* self) {
      self->request(actor, caf::infinite, axiom::shutdown_phases_atom_v)
        .then([&](axiom::shutdown_phases_report& x) {
          reports.push_back(std::move(x));
        });
    });
  bool ended = false;
  actor->attach_functor([&] { ended = true; });
  advance(999ms);
  BOOST_TEST(reports.empty());
  advance(1ms);
  BOOST_REQUIRE(reports.size() == 2u);
  BOOST_TEST(reports[0].clean());
  BOOST_TEST(to_string(reports[0]) == to_string(reports[1]));
  BOOST_TEST(to_string(other.run_shutdown().get()) == to_string(reports[0]));
  BOOST_TEST(ended);
}

BOOST_AUTO_TEST_CASE(answer_when_they_are_cut_short) {
  auto other = another();
  other.create_child_task("t", stubborn);
  std::optional<axiom::shutdown_phases_report> report;
  auto actor = other.actor();
  system().spawn([&, actor](caf::event_based_actor* self) {
    self->request(actor, caf::infinite, axiom::shutdown_phases_atom_v)
      .then([&](axiom::shutdown_phases_report& x) { report = std::move(x); });
  });
  run();
  BOOST_TEST(!report.has_value());
  other.shutdown();
  run();
  BOOST_REQUIRE(report.has_value());
  BOOST_TEST(!report->interrupted_by.empty());
  advance(2s);
}

BOOST_AUTO_TEST_SUITE_END()

BOOST_FIXTURE_TEST_SUITE(phased_shutdowns_on_workers, threaded)

BOOST_AUTO_TEST_CASE(run_blocking_operations_and_are_waited_for_by_threads) {
  auto other = axiom::structured_task_coordinator::spawn(system());
  std::atomic<int> ran{0};
  for (int i = 0; i < 4; ++i)
    other.add_shutdown_task("release", "blocking",
                            axiom::blocking([&] { ++ran; }));
  auto t = other.create_child_task("t", [](task_context& self) -> async<void> {
    for (int i = 0; i < 100; ++i)
      co_await self.yield();
  });
  auto report = other.run_shutdown().get();
  BOOST_TEST(report.clean());
  BOOST_TEST(ran == 4);
  BOOST_TEST(t.done());
}

BOOST_AUTO_TEST_SUITE_END()
