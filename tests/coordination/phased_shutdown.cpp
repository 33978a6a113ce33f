// A phased shutdown that goes its way: what the phases do, in which order, and
// what is told of those that overrun.

#include <caf/binary_deserializer.hpp>
#include <caf/binary_serializer.hpp>

#include "support/shutdown.hpp"

using namespace test;

namespace {

class idle_actor : public caf::event_based_actor {
public:
  using caf::event_based_actor::event_based_actor;

  caf::behavior make_behavior() override {
    set_exit_handler([](caf::exit_msg&) {}); // ends only when it is killed
    return {[](int) {}};
  }
};

} // namespace

BOOST_FIXTURE_TEST_SUITE(phased_shutdowns, phased)

BOOST_AUTO_TEST_CASE(run_their_phases_in_order_and_close_the_coordinator) {
  auto other = another();
  lines order;
  for (const auto& phase : axiom::default_shutdown_phases())
    other.add_shutdown_task(
      phase.name, "note", [&order, phase](task_context& self) {
        order.push_back(phase.name + "/" + std::string{self.name()});
      });
  auto run_handle = other.run_shutdown();
  run();
  auto report = run_handle.get();
  BOOST_TEST(report.clean());
  BOOST_TEST(report.coordinator == "other");
  CHECK_LINES(order, "stop_admitting/note", "drain/note", "cancel/note",
              "release/note", "stop/note");
  CHECK_LINES(states_of(report), "stop_admitting done", "drain done",
              "cancel done", "release done", "stop done");
  BOOST_CHECK(code_thrown_by([&] { other.create_child_task("x", [] {}); })
              == errc::scope_closed);
  BOOST_TEST(pending_timers() == 0u);
}

BOOST_AUTO_TEST_CASE(let_tasks_end_by_themselves_while_they_drain) {
  auto other = another();
  auto t = other.create_child_task("t", [](task_context& self) -> async<int> {
    co_await self.sleep_for(3s);
    auto below = self.create_child_task("still admitted", [] { return 7; });
    co_return co_await below;
  });
  auto report = other.run_shutdown();
  advance(2999ms);
  BOOST_TEST(!report.wait_for(0s));
  BOOST_CHECK(code_thrown_by([&] { other.create_child_task("x", [] {}); })
              == errc::scope_closed);
  advance(1ms);
  BOOST_TEST(report.get().clean());
  BOOST_CHECK(phase_of(report.get(), "drain").took == 3s);
  BOOST_CHECK(report.get().elapsed == 3s);
  BOOST_TEST(t.get() == 7);
}

BOOST_AUTO_TEST_CASE(cancel_what_does_not_end_and_say_what_held_the_drain) {
  auto other = another();
  auto t = other.create_child_task("t", [](task_context& self) -> async<void> {
    co_await self.create_child_task("below", forever);
  });
  auto u = other.create_child_task("u", forever);
  auto report = other.run_shutdown();
  advance(9999ms);
  BOOST_TEST(!t.cancelled());
  advance(1ms);
  CHECK_LINES(states_of(report.get()), "stop_admitting done", "drain overrun",
              "cancel done", "release done", "stop done");
  const auto drain = phase_of(report.get(), "drain");
  CHECK_LINES(holders_of(drain), "t", ".below", "u");
  BOOST_TEST(drain.held_by.task_count == 3u);
  BOOST_TEST(drain.held_by.tasks[1].state == "suspended");
  BOOST_CHECK(drain.took == 10s);
  BOOST_TEST(!report.get().clean());
  auto why = u.get_expected().error().what();
  BOOST_TEST(why.find("shutdown of 'u' by phase 'cancel'")
             != std::string::npos);
  BOOST_TEST(t.done());
}

BOOST_AUTO_TEST_CASE(kill_what_ignores_the_cancellation_and_name_it) {
  auto other = another();
  auto t = other.create_child_task("t", stubborn);
  lines order;
  other.add_shutdown_task(
    "release", "note", [&] { order.push_back(t.done() ? "ended" : "lives"); });
  auto report = other.run_shutdown();
  advance(10s);
  BOOST_TEST(t.cancelled());
  BOOST_TEST(!t.done());
  advance(5s);
  auto cancel = phase_of(report.get(), "cancel");
  BOOST_TEST(to_string(cancel.state) == "overrun");
  CHECK_LINES(holders_of(cancel), "t", ".shield");
  BOOST_CHECK(cancel.started == 10s);
  BOOST_CHECK(cancel.took == 5s);
  BOOST_TEST(order.size() == 1u);
  BOOST_TEST(t.done()); // its grace was the budget
}

BOOST_AUTO_TEST_CASE(name_the_permits_that_hold_a_phase) {
  auto other = another();
  auto limiter = axiom::concurrency_limiter::spawn(
    system(), {.name = "io", .max_concurrency = 4});
  auto t = other.create_child_task("t", [&](task_context& self) -> async<void> {
    auto held = co_await limiter.acquire(2);
    co_await forever(self);
  });
  run();
  auto report = other.run_shutdown();
  advance(10s);
  const auto drain = phase_of(report.get(), "drain");
  BOOST_REQUIRE(drain.held_by.permits.size() == 1u);
  const auto& held = drain.held_by.permits[0];
  BOOST_TEST(held.limiter == "io");
  BOOST_TEST(held.task.name == "t");
  BOOST_TEST(held.permits == 2u);
  BOOST_TEST(to_string(report.get()).find("t holds 2 permits of limiter 'io'")
             != std::string::npos);
  run();
  BOOST_TEST(limiter.in_use() == 0u);
}

BOOST_AUTO_TEST_CASE(name_the_actors_that_hold_a_phase) {
  auto other = another();
  caf::actor actor;
  other.add_shutdown_task("release", "adopt",
                          [&](task_context& self) -> async<void> {
                            actor = self.spawn_child<idle_actor>();
                            co_await self.hierarchy().await_children();
                          });
  auto report = other.run_shutdown();
  advance(5s);
  auto release = phase_of(report.get(), "release");
  CHECK_LINES(holders_of(release), "adopt", ".actor");
  BOOST_REQUIRE(release.held_by.actors.size() == 1u);
  BOOST_TEST(release.held_by.actors[0] == actor.id());
  BOOST_TEST(to_string(report.get()).find("actor " + std::to_string(actor.id()))
             != std::string::npos);
  actor = nullptr;
  advance(2s); // its grace
}

// -- operations ---------------------------------------------------------------

BOOST_AUTO_TEST_CASE(run_the_operations_of_a_phase_side_by_side) {
  auto other = another();
  for (auto span : {1s, 2s})
    other.add_shutdown_task("release", "sleep",
                            [span](task_context& self) -> async<void> {
                              co_await self.sleep_for(span);
                            });
  auto report = other.run_shutdown();
  advance(2s);
  BOOST_CHECK(phase_of(report.get(), "release").took == 2s);
}

BOOST_AUTO_TEST_CASE(keep_the_errors_of_operations_and_go_on) {
  auto other = another();
  other.add_shutdown_task("release", "thrower",
                          [] { throw std::runtime_error{"no"}; });
  other.add_shutdown_task("release", "failing", failing);
  other.add_shutdown_task("release", "value", [] { return 3; });
  other.add_shutdown_task("release", "parent", [](task_context& self) {
    self.create_child_task("below", failing);
  });
  bool stopped = false;
  other.add_shutdown_task("stop", "note", [&] { stopped = true; });
  auto handle = other.run_shutdown();
  run();
  auto report = handle.get();
  BOOST_TEST(stopped);
  BOOST_TEST(!report.clean());
  auto release = phase_of(report, "release");
  BOOST_TEST(to_string(release.state) == "done");
  lines failed;
  for (const auto& x : release.failures)
    failed.push_back(x.task.name);
  std::sort(failed.begin(), failed.end());
  CHECK_LINES(failed, "failing", "parent", "thrower");
  BOOST_TEST(to_string(report).find("thrower failed: unhandled_exception")
             != std::string::npos);
  BOOST_TEST(other.stats().unobserved_errors == 0u);
}

BOOST_AUTO_TEST_CASE(keep_an_error_of_a_phase_that_overruns) {
  auto other = another();
  other.add_shutdown_task("release", "failing", failing);
  other.add_shutdown_task("release", "forever", forever);
  auto report = other.run_shutdown();
  advance(5s);
  auto release = phase_of(report.get(), "release");
  BOOST_TEST(to_string(release.state) == "overrun");
  BOOST_TEST(release.failures.size() == 1u);
  CHECK_LINES(holders_of(release), "forever");
  BOOST_TEST(other.stats().unobserved_errors == 0u);
}

BOOST_AUTO_TEST_CASE(report_before_an_operation_ends_that_ignores_its_budget) {
  auto other = another();
  lines order;
  other.add_shutdown_task("stop", "stubborn",
                          [&](task_context& self) -> async<void> {
                            noted_end frame{order, "gone"};
                            co_await stubborn(self);
                          });
  auto report = other.run_shutdown();
  advance(5s);
  BOOST_TEST(to_string(phase_of(report.get(), "stop").state) == "overrun");
  CHECK_LINES(holders_of(phase_of(report.get(), "stop")), "stubborn");
  BOOST_TEST(order.empty());
  advance(2s); // the grace that it has
  CHECK_LINES(order, "gone");
}

BOOST_AUTO_TEST_CASE(surface_an_error_that_comes_after_the_report) {
  auto other = another();
  other.add_shutdown_task("stop", "late", [](task_context& self) -> async<int> {
    co_await axiom::as_expected(self.sleep_for(24h));
    co_return axiom::fail(errc::invalid_argument, "late");
  });
  auto report = other.run_shutdown();
  advance(5s);
  BOOST_TEST(phase_of(report.get(), "stop").failures.empty());
  BOOST_TEST(other.stats().unobserved_errors == 1u);
}

BOOST_AUTO_TEST_CASE(count_an_operation_that_is_cancelled_alone_as_failed) {
  auto other = another();
  std::optional<axiom::task_reference> target;
  other.add_shutdown_task("release", "op",
                          [&](task_context& self) -> async<void> {
                            target = self.reference();
                            co_await forever(self);
                          });
  auto report = other.run_shutdown();
  run();
  other.cancel_task_tree(target.value());
  run();
  auto release = phase_of(report.get(), "release");
  BOOST_TEST(to_string(release.state) == "done");
  BOOST_REQUIRE(release.failures.size() == 1u);
  BOOST_TEST(axiom::is(release.failures[0].error, errc::cancelled));
}

BOOST_AUTO_TEST_CASE(take_move_only_operations_and_destroy_them_once) {
  auto other = another();
  auto used = std::make_shared<int>(0);
  other.add_shutdown_task(
    "release", "move only",
    [used, own = std::make_unique<int>(1)](task_context& self) -> async<void> {
      co_await self.yield();
      *used += *own;
    });
  auto report = other.run_shutdown();
  run();
  BOOST_TEST(report.get().clean());
  BOOST_TEST(*used == 1);
  BOOST_TEST(used.use_count() == 1);
}

BOOST_AUTO_TEST_CASE(without_a_run_destroy_operations_with_the_last_handle) {
  auto used = std::make_shared<int>(0);
  {
    auto other = another();
    other.add_shutdown_task("stop", "never", [used] { ++*used; });
  }
  run();
  BOOST_TEST(*used == 0);
  BOOST_TEST(used.use_count() == 1);
}

BOOST_AUTO_TEST_CASE(take_operations_for_a_phase_until_it_begins) {
  auto other = another();
  lines order;
  other.add_shutdown_task("drain", "adds", [&] {
    BOOST_CHECK(
      code_thrown_by([&] { other.add_shutdown_task("drain", "late", [] {}); })
      == errc::scope_closed);
    other.add_shutdown_task("stop", "in time",
                            [&] { order.push_back("in time"); });
  });
  auto report = other.run_shutdown();
  run();
  BOOST_TEST(report.get().clean());
  CHECK_LINES(order, "in time");
  BOOST_CHECK(
    code_thrown_by([&] { other.add_shutdown_task("stop", "late", [] {}); })
    == errc::scope_closed);
}

BOOST_AUTO_TEST_CASE(refuse_operations_without_a_phase_or_with_a_long_name) {
  auto& c = coordinator();
  BOOST_CHECK(code_thrown_by([&] { c.add_shutdown_task("halt", "x", [] {}); })
              == errc::invalid_argument);
  BOOST_CHECK(code_thrown_by([&] {
                c.add_shutdown_task("stop", std::string(65, 'x'), [] {});
              })
              == errc::name_too_long);
}

// -- phases of one's own ------------------------------------------------------

BOOST_AUTO_TEST_CASE(run_phases_of_ones_own_side_by_side) {
  auto other = with_phases({{.name = "a"},
                            {.name = "b", .budget = 1s},
                            {.name = "c", .after = {"a", "b"}}});
  lines order;
  auto sleep = [&order](auto span) {
    return [&order, span](task_context& self) -> async<void> {
      order.push_back("begin");
      co_await self.sleep_for(span);
      order.push_back("end");
    };
  };
  other.add_shutdown_task("a", "3 s", sleep(3s));
  other.add_shutdown_task("b", "2 s", sleep(2s));
  other.add_shutdown_task("c", "1 s", sleep(1s));
  auto report = other.run_shutdown();
  advance(1s); // b has overrun, and is cancelled
  CHECK_LINES(order, "begin", "begin");
  advance(2s);
  CHECK_LINES(order, "begin", "begin", "end", "begin");
  advance(1s);
  CHECK_LINES(states_of(report.get()), "a done", "b overrun", "c done");
  BOOST_CHECK(phase_of(report.get(), "c").started == 3s);
  // Nothing of it closed the coordinator, but the end did.
  BOOST_CHECK(code_thrown_by([&] { other.create_child_task("x", [] {}); })
              == errc::scope_closed);
}

BOOST_AUTO_TEST_CASE(start_nothing_behind_a_phase_that_must_not_overrun) {
  auto used = std::make_shared<int>(0);
  auto other = with_phases({{.name = "flush", .budget = 1s, .recover = false},
                            {.name = "close", .after = {"flush"}}});
  other.add_shutdown_task("flush", "forever", forever);
  other.add_shutdown_task("close", "never", [used] { ++*used; });
  auto report = other.run_shutdown();
  advance(1s);
  CHECK_LINES(states_of(report.get()), "flush overrun", "close skipped");
  BOOST_TEST(report.get().aborted_by == "flush");
  BOOST_TEST(*used == 0);
  BOOST_TEST(used.use_count() == 1);
  // What to do now is up to who asked for it.
  other.create_child_task("still open", [] {});
  run();
}

BOOST_AUTO_TEST_CASE(of_no_phases_are_over_at_once) {
  auto other = with_phases({});
  auto report = other.run_shutdown();
  run();
  BOOST_TEST(report.get().clean());
  BOOST_TEST(report.get().phases.empty());
}

BOOST_AUTO_TEST_CASE(wait_in_a_phase_without_end_for_what_it_takes) {
  auto other = with_phases(
    {{.name = "cancel", .budget = axiom::runtime::duration::max()}});
  auto t = other.create_child_task("t", [](task_context& self) -> async<void> {
    co_await axiom::as_expected(self.sleep_for(24h));
    co_await self.shielded(forever, 30s);
  });
  run();
  auto report = other.run_shutdown();
  advance(29s);
  BOOST_TEST(!report.wait_for(0s));
  advance(1s);
  BOOST_TEST(report.get().clean());
  BOOST_TEST(t.done());
}

BOOST_AUTO_TEST_CASE(refuse_plans_that_cannot_be_run) {
  BOOST_CHECK_EXCEPTION(
    with_phases({{.name = "a", .after = {"b"}}, {.name = "b", .after = {"a"}}}),
    axiom::exception, [](const auto& ex) {
      return ex.what()
          == std::string{"invalid_argument: phases wait for each other: "
                         "a -> b -> a"};
    });
}

// -- the report ---------------------------------------------------------------

BOOST_AUTO_TEST_CASE(happen_once) {
  auto other = another();
  int ran = 0;
  other.add_shutdown_task("stop", "count", [&] { ++ran; });
  auto first = other.run_shutdown();
  auto second = other.run_shutdown();
  run();
  auto third = other.run_shutdown();
  run();
  BOOST_TEST(ran == 1);
  for (auto& x : {first, second, third})
    BOOST_TEST(to_string(x.get()) == to_string(first.get()));
}

BOOST_AUTO_TEST_CASE(are_awaited_by_tasks_and_actors) {
  auto other = another();
  other.create_child_task("t", [](task_context& self) -> async<void> {
    co_await self.sleep_for(1s);
  });
  auto waiting = start("waiting", [other](task_context&) -> async<bool> {
    auto handle = other.run_shutdown();
    auto report = co_await handle;
    co_return report.clean();
  });
  std::optional<bool> told;
  system().spawn([&](caf::event_based_actor* self) {
    other.run_shutdown().then(self,
                              [&](const axiom::shutdown_phases_report& report) {
                                told = report.clean();
                              });
  });
  run();
  BOOST_TEST(!told.has_value());
  advance(1s);
  BOOST_TEST(told.value());
  BOOST_TEST(waiting.get());
}

BOOST_AUTO_TEST_CASE(asked_for_by_one_of_their_own_tasks_cancel_it_in_time) {
  auto other = another();
  auto t = other.create_child_task("t", [other](task_context&) -> async<void> {
    auto handle = other.run_shutdown();
    co_await handle;
  });
  run();
  auto report = other.run_shutdown();
  advance(10s);
  CHECK_LINES(holders_of(phase_of(report.get(), "drain")), "t");
  BOOST_TEST(to_string(phase_of(report.get(), "cancel").state) == "done");
  BOOST_TEST(t.done());
}

BOOST_AUTO_TEST_CASE(tell_people_in_several_lines) {
  auto other = with_phases({{.name = "a", .budget = 1s}, {.name = "b"}});
  other.add_shutdown_task("a", "forever", forever);
  other.add_shutdown_task("b", "failing", failing);
  auto report = other.run_shutdown();
  advance(1s);
  auto text = to_string(report.get());
  auto begin = text.find(" [suspended] ");
  BOOST_REQUIRE(begin != std::string::npos);
  text.erase(begin + 13, 36); // the identity
  BOOST_TEST(text
             == "shutdown of 'other' took 1.000 s\n"
                "  a: overrun after 1.000 s, held by:\n"
                "    forever [suspended] \n"
                "  b: done after 0.000 s\n"
                "    failing failed: invalid_argument: broken\n");
}

BOOST_AUTO_TEST_CASE(list_some_of_many_holders_and_count_all) {
  auto other = with_phases(
    {{.name = "drain", .budget = 1s}, {.name = "cancel", .after = {"drain"}}});
  for (int i = 0; i < 150; ++i)
    other.create_child_task("t", forever);
  auto report = other.run_shutdown();
  advance(1s);
  auto drain = phase_of(report.get(), "drain");
  BOOST_TEST(drain.held_by.tasks.size() == 100u);
  BOOST_TEST(drain.held_by.task_count == 150u);
  BOOST_TEST(to_string(report.get()).find("and 50 more tasks")
             != std::string::npos);
}

BOOST_AUTO_TEST_CASE(have_a_report_that_crosses_a_network) {
  auto other = with_phases({{.name = "a", .budget = 1s}, {.name = "b"}});
  other.add_shutdown_task("a", "forever", forever);
  other.add_shutdown_task("b", "failing", failing);
  auto handle = other.run_shutdown();
  advance(1s);
  auto sent = handle.get();
  caf::binary_serializer::container_type buffer;
  caf::binary_serializer sink{system(), buffer};
  BOOST_REQUIRE(!sink(sent));
  axiom::shutdown_phases_report received;
  caf::binary_deserializer source{system(), buffer};
  BOOST_REQUIRE(!source(received));
  BOOST_TEST(to_string(received) == to_string(sent));
}

BOOST_AUTO_TEST_SUITE_END()
