// A task seen from outside, as a CAF actor: monitors, links, exits, requests.

#include "support/tasks.hpp"

using namespace test;

namespace {

struct watched : stepwise {
  std::shared_ptr<watch_log> seen = std::make_shared<watch_log>();
  caf::actor watcher = spawn_watcher(system(), seen);

  ~watched() {
    stop(watcher);
  }

  void monitor(const caf::actor& x) {
    caf::anon_send(watcher, caf::monitor_atom_v, x);
    run();
  }

  void link_watcher(const caf::actor& x) {
    caf::anon_send(watcher, caf::link_atom_v, x);
    run();
  }
};

} // namespace

BOOST_FIXTURE_TEST_SUITE(exits, watched)

BOOST_AUTO_TEST_CASE(a_monitor_sees_no_error_when_the_task_has_a_value) {
  auto t = start("value", [](task_context& self) -> async<int> {
    co_await self.sleep_for(1s);
    co_return 1;
  });
  monitor(t.actor());
  BOOST_TEST(seen->downs.empty());
  advance(1s);
  BOOST_REQUIRE(seen->downs.size() == 1u);
  BOOST_TEST(!seen->downs[0].reason);
  BOOST_CHECK(seen->downs[0].source == t.actor().address());
}

BOOST_AUTO_TEST_CASE(a_monitor_sees_the_error_a_task_failed_with) {
  auto t = start("failing", [](task_context& self) -> async<int> {
    co_await self.sleep_for(1s);
    co_return axiom::fail(caf::make_error(caf::sec::bad_function_call));
  });
  monitor(t.actor());
  advance(1s);
  BOOST_REQUIRE(seen->downs.size() == 1u);
  BOOST_CHECK(seen->downs[0].reason
              == caf::make_error(caf::sec::bad_function_call));
}

BOOST_AUTO_TEST_CASE(a_monitor_sees_the_text_of_an_exception) {
  auto t = start("throwing", [](task_context& self) -> async<void> {
    co_await self.sleep_for(1s);
    throw std::runtime_error("out of cheese");
  });
  monitor(t.actor());
  advance(1s);
  BOOST_REQUIRE(seen->downs.size() == 1u);
  BOOST_TEST(axiom::is(seen->downs[0].reason, errc::unhandled_exception));
  BOOST_TEST(axiom::describe(seen->downs[0].reason).find("out of cheese")
             != std::string::npos);
}

BOOST_AUTO_TEST_CASE(a_monitor_sees_a_cancellation) {
  auto t = start("sleeper", forever);
  monitor(t.actor());
  t.cancel();
  run();
  BOOST_REQUIRE(seen->downs.size() == 1u);
  BOOST_TEST(axiom::is(seen->downs[0].reason, errc::cancelled));
}

BOOST_AUTO_TEST_CASE(a_monitor_that_comes_late_is_told_at_once) {
  auto good = start("good", [] { return 1; });
  auto bad = start("bad", failing);
  run();
  monitor(good.actor());
  monitor(bad.actor());
  BOOST_REQUIRE(seen->downs.size() == 2u);
  BOOST_TEST(!seen->downs[0].reason);
  BOOST_TEST(axiom::is(seen->downs[1].reason, errc::invalid_argument));
}

BOOST_AUTO_TEST_CASE(a_linked_actor_gets_the_reason_of_the_task) {
  auto value = start("value", [](task_context& self) -> async<void> {
    co_await self.sleep_for(1s);
  });
  auto failed = start("failed", [](task_context& self) -> async<int> {
    co_await self.sleep_for(2s);
    co_return axiom::fail(errc::invalid_argument, "broken");
  });
  auto cancelled = start("cancelled", forever);
  link_watcher(value.actor());
  link_watcher(failed.actor());
  link_watcher(cancelled.actor());
  advance(2s);
  cancelled.cancel();
  run();
  BOOST_REQUIRE(seen->exits.size() == 3u);
  BOOST_TEST(!seen->exits[0].reason);
  BOOST_CHECK(seen->exits[0].source == value.actor().address());
  BOOST_TEST(axiom::is(seen->exits[1].reason, errc::invalid_argument));
  BOOST_TEST(axiom::is(seen->exits[2].reason, errc::cancelled));
}

BOOST_AUTO_TEST_CASE(a_link_made_to_a_task_that_has_ended_tells_at_once) {
  auto good = start("good", [] { return 1; });
  auto bad = start("bad", failing);
  run();
  link_watcher(good.actor());
  link_watcher(bad.actor());
  BOOST_REQUIRE(seen->exits.size() == 2u);
  BOOST_TEST(!seen->exits[0].reason);
  BOOST_TEST(axiom::is(seen->exits[1].reason, errc::invalid_argument));
}

BOOST_AUTO_TEST_CASE(an_unlinked_actor_hears_nothing) {
  auto t = start("sleeper", forever);
  link_watcher(t.actor());
  caf::anon_send(watcher, caf::unlink_atom_v, t.actor());
  run();
  t.cancel();
  run();
  BOOST_TEST(t.done());
  BOOST_TEST(seen->exits.empty());
}

BOOST_AUTO_TEST_CASE(an_attached_functor_runs_once_with_the_reason) {
  auto t = start("sleeper", forever);
  std::vector<caf::error> reasons;
  t.actor()->attach_functor(
    [&](const caf::error& reason) { reasons.push_back(reason); });
  run();
  BOOST_TEST(reasons.empty());
  t.cancel();
  run();
  BOOST_REQUIRE(reasons.size() == 1u);
  BOOST_TEST(axiom::is(reasons[0], errc::cancelled));
}

BOOST_AUTO_TEST_CASE(a_functor_attached_late_runs_at_once) {
  auto t = start("bad", failing);
  run();
  std::vector<caf::error> reasons;
  t.actor()->attach_functor(
    [&](const caf::error& reason) { reasons.push_back(reason); });
  BOOST_REQUIRE(reasons.size() == 1u);
  BOOST_TEST(axiom::is(reasons[0], errc::invalid_argument));
}

BOOST_AUTO_TEST_CASE(an_exit_message_cancels_with_reason_linked_exit) {
  auto t = start("sleeper", forever);
  run();
  send_exit(t.actor(), caf::make_error(caf::sec::runtime_error));
  run();
  BOOST_REQUIRE(t.done());
  try {
    t.get();
    BOOST_FAIL("no cancellation");
  } catch (const axiom::cancelled_error& ex) {
    BOOST_CHECK(ex.cause().reason == axiom::cancel_reason::linked_exit);
    BOOST_CHECK(ex.cause().error == caf::make_error(caf::sec::runtime_error));
    BOOST_TEST(ex.cause().grace > axiom::runtime::duration::zero());
  }
}

BOOST_AUTO_TEST_CASE(a_kill_cancels_without_a_grace) {
  auto t = start("sleeper", forever);
  run();
  caf::anon_send_exit(t.actor(), caf::exit_reason::kill);
  run();
  BOOST_REQUIRE(t.done());
  try {
    t.get();
    BOOST_FAIL("no cancellation");
  } catch (const axiom::cancelled_error& ex) {
    BOOST_CHECK(ex.cause().reason == axiom::cancel_reason::linked_exit);
    BOOST_CHECK(ex.cause().grace == axiom::runtime::duration::zero());
  }
}

BOOST_AUTO_TEST_CASE(a_normal_exit_message_is_ignored) {
  auto t = start("sleeper", forever);
  run();
  send_exit(t.actor(), caf::error{});
  run();
  BOOST_TEST(!t.cancelled());
  t.cancel();
}

BOOST_AUTO_TEST_CASE(an_exit_from_an_actor_names_it_as_the_origin) {
  auto t = start("sleeper", forever);
  run();
  std::string sender;
  system().spawn([&](caf::event_based_actor* self) {
    sender = to_string(self->address());
    self->send_exit(t.actor(), caf::make_error(caf::sec::runtime_error));
  });
  run();
  BOOST_REQUIRE(t.cancelled());
  auto result = t.get_expected();
  BOOST_REQUIRE(!result);
  BOOST_TEST(result.error().what().find(sender) != std::string::npos);
  BOOST_TEST(result.error().what().find("runtime_error") != std::string::npos);
}

BOOST_AUTO_TEST_CASE(an_exit_message_to_an_ended_task_changes_nothing) {
  auto t = start("good", [] { return 7; });
  run();
  caf::anon_send_exit(t.actor(), caf::exit_reason::kill);
  run();
  BOOST_TEST(t.get() == 7);
}

BOOST_AUTO_TEST_CASE(a_linked_actor_that_fails_cancels_the_task) {
  auto t = start("sleeper", forever);
  auto partner = system().spawn([&](caf::event_based_actor* self) {
    self->link_to(t.actor());
    return caf::behavior{[self](int) {
      self->quit(caf::make_error(caf::sec::runtime_error, "partner"));
    }};
  });
  run();
  BOOST_TEST(!t.cancelled());
  caf::anon_send(partner, 1);
  run();
  BOOST_REQUIRE(t.done());
  BOOST_TEST(t.cancelled());
  BOOST_TEST(t.get_expected().error().what().find("partner")
             != std::string::npos);
}

BOOST_AUTO_TEST_CASE(a_linked_actor_that_ends_normally_does_not_cancel) {
  auto t = start("sleeper", forever);
  auto partner = system().spawn([&](caf::event_based_actor* self) {
    self->link_to(t.actor());
    return caf::behavior{[self](int) { self->quit(); }};
  });
  run();
  caf::anon_send(partner, 1);
  run();
  BOOST_TEST(!t.cancelled());
  t.cancel();
}

BOOST_AUTO_TEST_CASE(linking_a_task_to_an_actor_that_is_dead_cancels_it) {
  auto dead = system().spawn([](caf::event_based_actor* self) {
    self->quit(caf::make_error(caf::sec::runtime_error));
  });
  run();
  auto first = start("first", forever);
  auto second = start("second", forever);
  run();
  link(first.actor(), dead);
  link(dead, second.actor());
  run();
  BOOST_TEST(first.done());
  BOOST_TEST(first.cancelled());
  BOOST_TEST(second.done());
  BOOST_TEST(second.cancelled());
}

BOOST_AUTO_TEST_CASE(linking_an_actor_to_a_failed_task_ends_the_actor) {
  auto bad = start("bad", failing);
  run();
  std::vector<caf::error> reasons;
  for (int i = 0; i < 2; ++i) {
    auto victim = system().spawn([](caf::event_based_actor*) -> caf::behavior {
      return {[](int) {}};
    });
    run();
    victim->attach_functor(
      [&](const caf::error& reason) { reasons.push_back(reason); });
    i == 0 ? link(victim, bad.actor()) : link(bad.actor(), victim);
    run();
  }
  BOOST_REQUIRE(reasons.size() == 2u);
  BOOST_TEST(axiom::is(reasons[0], errc::invalid_argument));
  BOOST_TEST(axiom::is(reasons[1], errc::invalid_argument));
}

BOOST_AUTO_TEST_CASE(linked_tasks_fall_together_from_either_side) {
  auto a = start("a", forever);
  auto b = start("b", forever);
  auto c = start("c", forever);
  auto d = start("d", forever);
  run();
  link(a.actor(), b.actor());
  link(c.actor(), d.actor());
  a.cancel();
  d.cancel();
  run();
  BOOST_TEST(b.done());
  BOOST_TEST(b.cancelled());
  BOOST_TEST(c.done());
  BOOST_TEST(c.cancelled());
}

BOOST_AUTO_TEST_CASE(linking_a_task_to_a_failed_task_cancels_it_both_ways) {
  auto bad = start("bad", failing);
  run();
  auto a = start("a", forever);
  auto b = start("b", forever);
  run();
  link(a.actor(), bad.actor());
  link(bad.actor(), b.actor());
  run();
  BOOST_TEST(a.done());
  BOOST_TEST(a.cancelled());
  BOOST_TEST(b.done());
  BOOST_TEST(b.cancelled());
}

BOOST_AUTO_TEST_CASE(linking_a_task_to_one_that_has_a_value_does_nothing) {
  auto good = start("good", [] { return 1; });
  run();
  auto a = start("a", forever);
  auto b = start("b", forever);
  run();
  link(a.actor(), good.actor());
  link(good.actor(), b.actor());
  run();
  BOOST_TEST(!a.cancelled());
  BOOST_TEST(!b.cancelled());
  a.cancel();
  b.cancel();
}

BOOST_AUTO_TEST_CASE(a_request_to_a_task_gets_an_error_alive_or_not) {
  auto alive = start("alive", forever);
  auto dead = start("dead", [] { return 1; });
  run();
  std::vector<caf::error> errors;
  auto asking = system().spawn([&](caf::event_based_actor* self) {
    for (auto& t : {alive.actor(), dead.actor()})
      self->request(t, caf::infinite, std::string{"hello"})
        .then([](const std::string&) { BOOST_ERROR("an answer"); },
              [&](caf::error& err) { errors.push_back(err); });
  });
  run();
  BOOST_REQUIRE(errors.size() == 2u);
  BOOST_TEST(axiom::is(errors[0], errc::not_a_service));
  BOOST_TEST(axiom::is(errors[1], errc::not_a_service));
  alive.cancel();
}

BOOST_AUTO_TEST_CASE(asynchronous_messages_to_a_task_are_dropped) {
  auto t = start("sleeper", forever);
  run();
  caf::anon_send(t.actor(), std::string{"hello"});
  caf::anon_send(t.actor(), 1, 2, 3);
  caf::anon_send(t.actor(), caf::down_msg{watcher.address(), caf::error{}});
  run();
  BOOST_TEST(!t.cancelled());
  BOOST_TEST(!t.done());
  t.cancel();
}

BOOST_AUTO_TEST_SUITE_END()
