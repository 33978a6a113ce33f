// Requests from a task to CAF actors, and results of tasks to CAF actors.

#include <caf/typed_actor.hpp>
#include <caf/typed_event_based_actor.hpp>

#include "support/tasks.hpp"

using namespace test;

namespace {

using adder_type = caf::typed_actor<
  caf::replies_to<int, int>::with<int>,
  caf::replies_to<std::string>::with<std::string, int>,
  caf::reacts_to<double>>;

adder_type::behavior_type adder() {
  return {
    [](int a, int b) { return a + b; },
    [](const std::string& x) {
      return std::make_tuple(x + "!", static_cast<int>(x.size()));
    },
    [](double) {},
  };
}

/// Answers when told to.
struct slow_server {
  caf::actor actor;
  std::shared_ptr<std::vector<caf::response_promise>> open
    = std::make_shared<std::vector<caf::response_promise>>();

  explicit slow_server(caf::actor_system& sys) {
    actor = sys.spawn([open = open](caf::event_based_actor* self)
                        -> caf::behavior {
      self->set_exit_handler([self](caf::exit_msg&) { self->quit(); });
      return {
        [self, open](int) {
          open->push_back(self->make_response_promise());
          return open->back();
        },
        [self, open](const std::string& x) {
          for (auto& promise : *open)
            promise.deliver(x);
          open->clear();
        },
      };
    });
  }
};

struct requesting : stepwise {
  slow_server server{system()};

  ~requesting() {
    server.open->clear();
    stop(server.actor);
  }

  std::uint64_t late_responses() {
    return axiom::runtime::snapshot_metrics(system()).late_responses;
  }

  void answer(const std::string& x) {
    caf::anon_send(server.actor, x);
    run();
  }
};

} // namespace

BOOST_FIXTURE_TEST_SUITE(requests, requesting)

BOOST_AUTO_TEST_CASE(to_a_typed_actor_give_what_its_interface_says) {
  auto typed = system().spawn(adder);
  auto t = start("t", [&](task_context& self) -> async<void> {
    int sum = co_await self.request(typed, 1s, 1, 2);
    BOOST_TEST(sum == 3);
    std::tuple<std::string, int> both
      = co_await self.request(typed, 1s, std::string{"abc"});
    BOOST_TEST(std::get<0>(both) == "abc!");
    BOOST_TEST(std::get<1>(both) == 3);
    co_await self.request(typed, 1s, 0.5);
  });
  run();
  t.get();
}

BOOST_AUTO_TEST_CASE(to_an_untyped_actor_give_the_types_asked_for) {
  auto plain = caf::actor_cast<caf::actor>(system().spawn(adder));
  auto t = start("t", [&](task_context& self) -> async<void> {
    auto sum = co_await self.request<int>(plain, 1s, 1, 2);
    BOOST_TEST(sum == 3);
    auto both
      = co_await self.request<std::string, int>(plain, 1s, std::string{"ab"});
    BOOST_TEST(std::get<1>(both) == 2);
    caf::message raw = co_await self.request(plain, 1s, 3, 4);
    BOOST_TEST(raw.get_as<int>(0) == 7);
  });
  run();
  t.get();
}

BOOST_AUTO_TEST_CASE(with_the_wrong_type_asked_for_throw) {
  auto plain = caf::actor_cast<caf::actor>(system().spawn(adder));
  auto t = start("t", [&](task_context& self) -> async<void> {
    co_await self.request<std::string>(plain, 1s, 1, 2);
  });
  run();
  BOOST_CHECK(t.get_expected().error().error() == caf::sec::unexpected_response);
}

BOOST_AUTO_TEST_CASE(that_are_not_understood_throw_the_receivers_error) {
  auto plain = caf::actor_cast<caf::actor>(system().spawn(adder));
  auto t = start("t", [&](task_context& self) -> async<void> {
    co_await self.request(plain, 1s, std::vector<char>{});
  });
  run();
  BOOST_CHECK(t.get_expected().error().error() == caf::sec::unexpected_message);
}

BOOST_AUTO_TEST_CASE(throw_the_error_of_a_response) {
  auto refusing = system().spawn([](caf::event_based_actor*) -> caf::behavior {
    return {[](int) -> caf::result<int> {
      return caf::make_error(caf::sec::runtime_error, "no");
    }};
  });
  auto t = start("t", [&](task_context& self) -> async<void> {
    co_await self.request<int>(refusing, 1s, 1);
  });
  run();
  auto why = t.get_expected().error();
  BOOST_CHECK(why.error() == caf::sec::runtime_error);
  BOOST_TEST(why.what().find("no") != std::string::npos);
}

BOOST_AUTO_TEST_CASE(time_out) {
  auto t = start("t", [&](task_context& self) -> async<void> {
    co_await self.request<std::string>(server.actor, 1s, 1);
  });
  advance(999ms);
  BOOST_TEST(!t.done());
  advance(1ms);
  BOOST_REQUIRE(t.done());
  BOOST_CHECK(t.get_expected().error().error() == caf::sec::request_timeout);
  BOOST_TEST(pending_timers() == 0u);
}

BOOST_AUTO_TEST_CASE(in_time_leave_no_timer) {
  auto t = start("t", [&](task_context& self) -> async<std::string> {
    co_return co_await self.request<std::string>(server.actor, 1h, 1);
  });
  run();
  BOOST_TEST(pending_timers() == 1u);
  answer("in time");
  BOOST_TEST(t.get() == "in time");
  BOOST_TEST(pending_timers() == 0u);
  BOOST_TEST(late_responses() == 0u);
}

BOOST_AUTO_TEST_CASE(answered_after_the_timeout_are_dropped_and_counted) {
  lines got;
  auto t = start("t", [&](task_context& self) -> async<void> {
    auto first = co_await axiom::as_expected(
      self.request<std::string>(server.actor, 1s, 1));
    got.push_back(first ? *first : "timeout");
    auto second = co_await self.request<std::string>(server.actor, 1h, 2);
    got.push_back(second);
  });
  advance(1s);
  // Two promises are open; the task waits for the second only.
  BOOST_REQUIRE(server.open->size() == 2u);
  (*server.open)[0].deliver(std::string{"late"});
  run();
  BOOST_TEST(late_responses() == 1u);
  BOOST_TEST(!t.done());
  server.open->erase(server.open->begin());
  answer("second");
  BOOST_TEST(got == (lines{"timeout", "second"}),
             boost::test_tools::per_element());
  BOOST_TEST(late_responses() == 1u);
}

BOOST_AUTO_TEST_CASE(of_a_cancelled_task_leave_nothing_and_count_the_answer) {
  auto t = start("t", [&](task_context& self) -> async<void> {
    co_await self.request<std::string>(server.actor, 1h, 1);
  });
  run();
  t.cancel();
  run();
  BOOST_TEST(t.done());
  BOOST_TEST(pending_timers() == 0u);
  answer("late");
  BOOST_TEST(late_responses() == 1u);
}

BOOST_AUTO_TEST_CASE(answered_while_the_task_is_cancelled_are_counted) {
  auto t = start("t", [&](task_context& self) -> async<void> {
    co_await axiom::as_expected(
      self.request<std::string>(server.actor, 1h, 1));
    co_await self.shielded(forever, 1s);
  });
  run();
  t.cancel();
  run();
  answer("late");
  BOOST_TEST(late_responses() == 1u);
  advance(1s);
}

BOOST_AUTO_TEST_CASE(to_an_actor_that_is_dead_fail_at_once) {
  auto dead = system().spawn([](caf::event_based_actor* self) {
    self->quit();
  });
  run();
  // The answer comes inside the receiver's enqueue, before the task suspends.
  auto t = start("t", [&](task_context& self) -> async<int> {
    int failed = 0;
    for (int i = 0; i < 100; ++i) {
      auto got = co_await axiom::as_expected(self.request(dead, 1s, i));
      failed += got ? 0 : 1;
    }
    co_return failed;
  });
  run();
  BOOST_TEST(t.get() == 100);
  BOOST_TEST(pending_timers() == 0u);
}

BOOST_AUTO_TEST_CASE(to_another_task_are_refused) {
  auto other = start("other", forever);
  auto t = start("t", [&](task_context& self) -> async<void> {
    co_await self.request(other.actor(), 1s, 1);
  });
  run();
  BOOST_CHECK(code_thrown_by([&] { t.get(); }) == errc::not_a_service);
  other.cancel();
}

BOOST_AUTO_TEST_CASE(in_a_row_each_get_their_own_answer) {
  auto typed = system().spawn(adder);
  auto t = start("t", [&](task_context& self) -> async<int> {
    int sum = 0;
    for (int i = 0; i < 1000; ++i)
      sum = co_await self.request(typed, 1s, sum, i);
    co_return sum;
  });
  run();
  BOOST_TEST(t.get() == 999 * 1000 / 2);
}

BOOST_AUTO_TEST_CASE(of_many_tasks_get_their_own_answers) {
  auto typed = system().spawn(adder);
  std::vector<axiom::task<int>> all;
  for (int i = 0; i < 100; ++i) {
    auto body = [typed, i](task_context& self) -> async<int> {
      co_return co_await self.request(typed, 1s, i, 1000);
    };
    all.push_back(start("t", body));
  }
  run();
  for (int i = 0; i < 100; ++i)
    BOOST_TEST(all[std::size_t(i)].get() == 1000 + i);
}

BOOST_AUTO_TEST_CASE(to_an_empty_handle_are_refused) {
  auto t = start("t", [](task_context& self) -> async<void> {
    co_await self.request(caf::actor{}, 1s, 1);
  });
  run();
  BOOST_CHECK(code_thrown_by([&] { t.get(); }) == errc::empty_handle);
}

BOOST_AUTO_TEST_CASE(that_wait_for_ever_need_no_timer) {
  auto t = start("t", [&](task_context& self) -> async<std::string> {
    co_return co_await self.request<std::string>(
      server.actor, axiom::runtime::duration::max(), 1);
  });
  run();
  BOOST_TEST(pending_timers() == 0u);
  answer("at last");
  BOOST_TEST(t.get() == "at last");
}

BOOST_AUTO_TEST_CASE(with_the_longest_timeouts_wait_for_the_answer) {
  for (auto timeout : {axiom::runtime::duration::max(),
                       axiom::runtime::duration::max() - 1ns}) {
    auto t = start("t", [&](task_context& self) -> async<std::string> {
      co_return co_await self.request<std::string>(server.actor, timeout, 1);
    });
    advance(24h);
    BOOST_TEST(!t.done());
    answer("late");
    BOOST_REQUIRE(t.done());
    BOOST_TEST(t.get() == "late");
  }
}

BOOST_AUTO_TEST_SUITE_END()

BOOST_FIXTURE_TEST_SUITE(then, stepwise)

BOOST_AUTO_TEST_CASE(calls_an_actor_back_with_value_error_or_cancellation) {
  auto value = start("value", [](task_context& self) -> async<int> {
    co_await self.sleep_for(1s);
    co_return 3;
  });
  auto nothing = start("nothing", [](task_context& self) -> async<void> {
    co_await self.sleep_for(1s);
  });
  auto failed = start("failed", [](task_context& self) -> async<int> {
    co_await self.sleep_for(1s);
    co_return axiom::fail(errc::invalid_argument, "broken");
  });
  auto cancelled = start("cancelled", forever);
  auto ended = start("ended", [] { return 9; });
  run();
  int sum = 0;
  std::vector<caf::error> errors;
  system().spawn([&](caf::event_based_actor* self) {
    auto add = [&](int x) { sum += x; };
    auto note = [&](const caf::error& x) { errors.push_back(x); };
    value.then(self, add, note);
    nothing.then(self, [&] { sum += 100; }, note);
    failed.then(self, add, note);
    cancelled.then(self, [&] { sum += 1000; }, note);
    ended.then(self, add, note);
  });
  run();
  BOOST_TEST(sum == 9);
  advance(1s);
  cancelled.cancel();
  run();
  BOOST_TEST(sum == 112);
  BOOST_REQUIRE(errors.size() == 2u);
  BOOST_TEST(axiom::is(errors[0], errc::invalid_argument));
  BOOST_TEST(axiom::is(errors[1], errc::cancelled));
}

BOOST_AUTO_TEST_CASE(marks_the_error_as_seen_when_the_handler_has_run) {
  auto t = start("t", failing);
  system().spawn([&](caf::event_based_actor* self) {
    t.then(self, [](int) {}, [](const caf::error&) {});
  });
  run();
  t = {};
  BOOST_TEST(coordinator().stats().unobserved_errors == 0u);
}

BOOST_AUTO_TEST_CASE(of_an_actor_that_ended_leaves_the_error_unseen) {
  auto t = start("t", [](task_context& self) -> async<int> {
    co_await self.sleep_for(1s);
    co_return axiom::fail(errc::invalid_argument, "broken");
  });
  auto a = system().spawn([&](caf::event_based_actor* self) -> caf::behavior {
    t.then(self, [](int) {}, [](const caf::error&) { BOOST_ERROR("called"); });
    return {[](int) {}};
  });
  run();
  caf::anon_send_exit(a, caf::exit_reason::user_shutdown);
  a = nullptr;
  run();
  advance(1s);
  t = {};
  BOOST_TEST(coordinator().stats().unobserved_errors == 1u);
}

BOOST_AUTO_TEST_CASE(of_a_cancellation_gives_the_report) {
  auto t = start("t", forever);
  run();
  std::uint64_t ended = 0;
  system().spawn([&](caf::event_based_actor* self) {
    coordinator().cancel_task_tree(t.reference()).then(
      self, [&](const axiom::cancellation_report& x) {
        ended = x.acknowledged;
      });
  });
  run();
  BOOST_TEST(ended == 1u);
}

BOOST_AUTO_TEST_SUITE_END()
