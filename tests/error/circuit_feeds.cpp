// What a circuit breaker tells others: a limit that adapts hears of failed
// calls as drops, a supervisor waits with a restart until the circuit is due.

#include "support/recovery.hpp"
#include "support/supervised.hpp"

using namespace test;
using axiom::circuit_breaker;
using axiom::circuit_options;
using axiom::circuit_state;
using axiom::concurrency_limiter;

namespace {

struct limited : stepwise {
  concurrency_limiter limiter = concurrency_limiter::spawn(
    system(), {.name = "io",
               .max_concurrency = 8,
               .adaptive = {.algorithm = axiom::adaptive_algorithm::aimd,
                            .min = 1,
                            .max = 8,
                            .backoff = 0.5}});

  circuit_breaker spawn(circuit_options options) {
    options.name = "db";
    return circuit_breaker::spawn(system(), std::move(options));
  }

  template <class F>
  auto call(const circuit_breaker& breaker, F op) {
    return start("caller", [this, breaker, op](task_context& self) mutable {
      return breaker.call(self, limiter, axiom::named(op));
    });
  }

  /// The limit after some calls that take a while and then fail, or not: a
  /// window of samples or two.
  std::uint32_t limit_after(const circuit_breaker& breaker,
                            std::optional<errc> code) {
    for (int i = 0; i < 4; ++i)
      one_call(breaker, code);
    return limiter.stats().limit;
  }

  void one_call(const circuit_breaker& breaker, std::optional<errc> code) {
    auto op = [code](task_context& self) -> async<int> {
      co_await self.sleep_for(200ms);
      if (code)
        co_return axiom::fail(*code, "broken");
      co_return 1;
    };
    auto t = call(breaker, op);
    advance(200ms);
    BOOST_REQUIRE(t.done());
    BOOST_TEST(t.get_expected().has_value() == !code.has_value());
  }
};

} // namespace

BOOST_FIXTURE_TEST_SUITE(circuits_feed_limiters, limited)

BOOST_AUTO_TEST_CASE(with_failures_that_count_as_drops) {
  auto breaker = spawn({.failures_in_a_row = 5});
  BOOST_TEST(limit_after(breaker, {}) == 8u);
  BOOST_TEST(limit_after(breaker, errc::node_down) < 8u);
  // Before it opens.
  BOOST_CHECK(breaker.state() == circuit_state::closed);
  BOOST_TEST(breaker.stats().failed == 4u);
}

BOOST_AUTO_TEST_CASE(not_with_the_mistakes_of_a_caller) {
  auto breaker = spawn({.failures_in_a_row = 5});
  BOOST_TEST(limit_after(breaker, errc::invalid_argument) == 8u);
  BOOST_TEST(breaker.stats().ignored == 4u);
}

BOOST_AUTO_TEST_CASE(with_successes_that_are_too_slow) {
  auto breaker = spawn({.failures_in_a_row = 5, .slow_call = 100ms});
  BOOST_TEST(limit_after(breaker, {}) < 8u);
  BOOST_TEST(breaker.stats().failed == 4u);
}

BOOST_AUTO_TEST_CASE(and_let_nobody_queue_while_they_are_open) {
  auto breaker = spawn({.failures_in_a_row = 5, .open_for = 1s});
  auto held = limiter.try_acquire(8); // so that there is no permit
  BOOST_REQUIRE(held);
  auto queued = call(breaker, [](task_context&) { return 1; });
  run();
  BOOST_TEST(limiter.stats().waiting == 1u);
  breaker.trip();
  auto refused = call(breaker, [](task_context&) { return 1; });
  run();
  BOOST_REQUIRE(refused.done());
  BOOST_TEST(refused.get_expected().error().is(errc::circuit_open));
  BOOST_TEST(limiter.stats().waiting == 1u);
  // Who has waited since before is refused when his turn comes.
  held.ignored();
  held.release();
  run();
  BOOST_REQUIRE(queued.done());
  BOOST_TEST(queued.get_expected().error().is(errc::circuit_open));
  BOOST_TEST(limiter.in_use() == 0u);
  BOOST_TEST(limiter.stats().limit == 8u); // nothing to learn of that
  BOOST_TEST(breaker.stats().refused == 2u);
}

BOOST_AUTO_TEST_CASE(and_take_a_wait_for_a_permit_for_no_part_of_a_call) {
  auto breaker = spawn({.failures_in_a_row = 5, .slow_call = 100ms});
  auto held = limiter.try_acquire(8);
  auto t = call(breaker, [](task_context&) { return 1; });
  advance(1s);
  held.release();
  run();
  BOOST_TEST(t.get() == 1);
  BOOST_TEST(breaker.stats().succeeded == 1u);
}

BOOST_AUTO_TEST_CASE(and_give_permit_and_pass_back_when_cancelled) {
  auto breaker = spawn({.failures_in_a_row = 5});
  auto waiting = call(breaker, forever);
  run();
  BOOST_TEST(limiter.in_use() == 1u);
  waiting.cancel();
  run();
  BOOST_TEST(limiter.in_use() == 0u);
  BOOST_TEST(breaker.stats().ignored == 1u);
  BOOST_TEST(limiter.stats().limit == 8u);
}

BOOST_AUTO_TEST_CASE(through_a_partition_as_well) {
  auto shared = concurrency_limiter::spawn(
    system(), {.name = "shared",
               .max_concurrency = 2,
               .sharing = axiom::limiter_sharing::by_key});
  auto breaker = spawn({.failures_in_a_row = 5});
  auto part = shared.partition("tenant");
  auto body = [&](task_context& self) -> async<void> {
    auto op = [](task_context&) {};
    co_await breaker.call(self, part, axiom::named(op));
  };
  auto t = start("t", body);
  run();
  t.get();
  BOOST_TEST(breaker.stats().succeeded == 1u);
  BOOST_TEST(shared.in_use() == 0u);
}

BOOST_AUTO_TEST_CASE(with_calls_that_notice_by_themselves_that_time_is_over) {
  auto breaker = spawn({.failures_in_a_row = 5});
  for (int i = 0; i < 4; ++i) {
    auto op = [](task_context& self) -> async<int> {
      co_await axiom::as_expected(self.sleep_for(1h));
      self.check_cancelled();
      co_return 1;
    };
    auto body = [&, op](task_context& self) -> async<int> {
      auto call = [&](task_context& inner) {
        return breaker.call(inner, limiter, axiom::named(op));
      };
      co_return co_await axiom::with_timeout(self, 200ms, axiom::named(call));
    };
    auto t = start("caller", body);
    advance(200ms);
    BOOST_TEST(t.get_expected().error().is(errc::deadline_exceeded));
  }
  BOOST_TEST(breaker.stats().failed == 4u);
  BOOST_TEST(limiter.stats().limit < 8u);
}

BOOST_AUTO_TEST_CASE(not_with_calls_that_notice_another_cancellation) {
  auto breaker = spawn({.failures_in_a_row = 5});
  auto t = call(breaker, [](task_context& self) -> async<int> {
    co_await axiom::as_expected(self.sleep_for(1h));
    self.check_cancelled();
    co_return 1;
  });
  advance(200ms);
  t.cancel();
  run();
  BOOST_TEST(t.get_expected().error().is(errc::cancelled));
  BOOST_TEST(breaker.stats().ignored == 1u);
  BOOST_TEST(limiter.stats().limit == 8u);
}

BOOST_AUTO_TEST_CASE(and_let_nobody_queue_whose_probe_could_not_begin) {
  auto breaker = spawn({.failures_in_a_row = 5, .open_for = 1s, .probes = 1});
  breaker.trip();
  advance(1s);
  auto probe = breaker.try_enter();
  BOOST_REQUIRE(probe);
  auto held = limiter.try_acquire(8); // so that there is no permit
  auto refused = call(breaker, [](task_context&) { return 1; });
  run();
  BOOST_REQUIRE(refused.done());
  BOOST_TEST(refused.get_expected().error().is(errc::circuit_open));
  BOOST_TEST(limiter.stats().waiting == 0u);
  BOOST_TEST(breaker.stats().refused == 1u);
  held.ignored();
}

BOOST_AUTO_TEST_SUITE_END()

// -- supervisors --------------------------------------------------------------

namespace {

struct fed : supervised {
  circuit_breaker breaker = circuit_breaker::spawn(
    system(), {.name = "db", .failures_in_a_row = 1, .open_for = 10s});
  int starts = 0;

  /// A child that makes a call through the circuit, and then stays.
  child_spec caller() {
    auto body = [this](task_context& self) -> async<void> {
      ++starts;
      auto op = [](task_context&) {};
      co_await breaker.call(self, axiom::named(op));
      co_await forever(self);
    };
    return axiom::task_child({.name = "t"}, body);
  }
};

} // namespace

BOOST_FIXTURE_TEST_SUITE(circuits_feed_supervisors, fed)

BOOST_AUTO_TEST_CASE(which_wait_until_the_circuit_is_due) {
  breaker.trip();
  // Restarts at once would be used up in no time.
  auto sup = begin({.max_restarts = 1, .within = 5s, .children = {caller()}});
  BOOST_TEST(starts == 1);
  BOOST_TEST(!sup.ended());
  advance(9999ms);
  BOOST_TEST(starts == 1);
  advance(1ms);
  BOOST_TEST(starts == 2);
  BOOST_CHECK(state_of(sup, "t") == child_state::running);
  BOOST_CHECK(breaker.state() == circuit_state::closed); // the probe
  BOOST_TEST(sup.stats().restarts == 1u);
  stop_and_check(sup);
}

BOOST_AUTO_TEST_CASE(which_wait_longer_if_their_backoff_says_so) {
  breaker.trip();
  auto sup =
    begin({.backoff = {.initial = 15s, .max = 15s}, .children = {caller()}});
  advance(14999ms);
  BOOST_TEST(starts == 1);
  advance(1ms);
  BOOST_TEST(starts == 2);
  stop_and_check(sup);
}

BOOST_AUTO_TEST_CASE(which_do_not_wait_for_other_errors) {
  auto body = [this](task_context&) -> async<void> {
    if (++starts == 1)
      throw axiom::exception{errc::circuit_open, "of another node"};
    co_return;
  };
  auto sup =
    begin({.children = {axiom::task_child(
             {.name = "t", .restart = restart_kind::transient}, body)}});
  BOOST_TEST(starts == 2); // there is nothing that says when
  stop_and_check(sup);
}

BOOST_AUTO_TEST_CASE(also_if_the_refusal_is_one_of_several_errors) {
  breaker.trip();
  auto body = [this](task_context& self) -> async<void> {
    ++starts;
    auto both =
      [this](axiom::coordinated_task_group<void>& group) -> async<void> {
      auto op = [this](task_context& me) -> async<void> {
        auto nothing = [](task_context&) {};
        co_await breaker.call(me, axiom::named(nothing));
      };
      co_await group.add_task("call", axiom::named(op));
      co_await group.wait_for_all();
    };
    co_await axiom::with_task_group<void>(
      self, {.failure_mode = axiom::failure_mode::collect_all},
      axiom::named(both));
    co_await forever(self);
  };
  auto sup = begin(
    {.max_restarts = 1, .children = {axiom::task_child({.name = "t"}, body)}});
  advance(9999ms);
  BOOST_TEST(starts == 1);
  advance(1ms);
  BOOST_TEST(starts == 2);
  stop_and_check(sup);
}

BOOST_AUTO_TEST_CASE(which_also_hear_of_starts_that_fail) {
  breaker.trip();
  auto make = [this](axiom::child_start& start) {
    ++starts;
    auto pass = breaker.enter();
    pass.succeeded();
    return start.system().spawn<obedient>(home, "a");
  };
  std::vector<child_spec> children;
  children.push_back(axiom::actor_child({.name = "a"}, make));
  breaker.reset();
  auto sup = begin({.max_restarts = 2, .children = std::move(children)});
  BOOST_TEST(starts == 1);
  breaker.trip();
  caf::anon_send_exit(result_of(sup.which_children()).at(0).actor,
                      caf::exit_reason::kill);
  run();
  // It was refused: the first restart is over, and the second waits.
  BOOST_TEST(starts == 2);
  advance(9999ms);
  BOOST_TEST(starts == 2);
  advance(1ms);
  BOOST_TEST(starts == 3);
  BOOST_CHECK(state_of(sup, "a") == child_state::running);
  stop_and_check(sup);
}

BOOST_AUTO_TEST_SUITE_END()
