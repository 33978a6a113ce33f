// Circuit breakers as tasks and actors see them.

#include <caf/scoped_actor.hpp>

#include "support/recovery.hpp"

using namespace test;
using axiom::circuit_breaker;
using axiom::circuit_options;
using axiom::circuit_state;

namespace {

auto failing_with(errc code) {
  return [code](task_context&) -> async<int> {
    co_return axiom::fail(code, "broken");
  };
}

struct circuits : stepwise {
  circuit_breaker spawn(circuit_options options = {.failures_in_a_row = 2,
                                                   .open_for = 1s}) {
    options.name = "db";
    return circuit_breaker::spawn(system(), std::move(options));
  }

  /// What a call of `op` through `breaker` gives, after `span`.
  template <class F>
  auto call(const circuit_breaker& breaker, F op) {
    return start("caller", [breaker, op](task_context& self) mutable {
      return breaker.call(self, axiom::named(op));
    });
  }

  void fail(const circuit_breaker& breaker, int n = 2) {
    for (int i = 0; i < n; ++i) {
      auto t = call(breaker, failing_with(errc::node_down));
      run();
      BOOST_REQUIRE(!t.get_expected());
    }
  }
};

} // namespace

BOOST_FIXTURE_TEST_SUITE(circuit_breakers, circuits)

BOOST_AUTO_TEST_CASE(pass_values_and_errors_on) {
  auto breaker = spawn();
  auto t = call(breaker, after(1s, 7));
  auto u = call(breaker, failing_with(errc::invalid_argument));
  advance(1s);
  BOOST_TEST(t.get() == 7);
  BOOST_TEST(u.get_expected().error().what() == "invalid_argument: broken");
  auto stats = breaker.stats();
  BOOST_TEST(stats.succeeded == 1u);
  BOOST_TEST(stats.ignored == 1u); // a mistake of the caller's
  BOOST_CHECK(stats.state == circuit_state::closed);
}

BOOST_AUTO_TEST_CASE(open_and_refuse_at_once) {
  auto breaker = spawn();
  fail(breaker);
  BOOST_CHECK(breaker.state() == circuit_state::open);
  bool called = false;
  auto op = [&called](task_context&) { called = true; };
  auto t = call(breaker, op);
  run();
  BOOST_TEST(!called);
  try {
    t.get();
    BOOST_ERROR("not refused");
  } catch (const axiom::circuit_open_error& ex) {
    BOOST_TEST(ex.is(errc::circuit_open));
    BOOST_REQUIRE(ex.until());
    BOOST_CHECK(*ex.until() - ex.since() == 1s);
    const std::string text = ex.what();
    BOOST_TEST(text.starts_with("circuit_open: circuit 'db' is open since 20"));
    BOOST_TEST(text.find(", until 20") != std::string::npos);
    BOOST_TEST(text.find("(1 s from now): 2 failures in a row; the last: "
                         "node_down: broken")
               != std::string::npos);
  }
  BOOST_TEST(breaker.stats().refused == 1u);
}

BOOST_AUTO_TEST_CASE(close_after_a_probe) {
  auto breaker = spawn();
  fail(breaker);
  advance(1s);
  BOOST_CHECK(breaker.state() == circuit_state::half_open);
  auto probe = call(breaker, after(1s, 1));
  auto other = call(breaker, after(1s, 2));
  run();
  auto refused = other.get_expected();
  BOOST_REQUIRE(!refused);
  BOOST_TEST(refused.error().what().find("is half-open since")
             != std::string::npos);
  advance(1s);
  BOOST_TEST(probe.get() == 1);
  BOOST_CHECK(breaker.state() == circuit_state::closed);
}

BOOST_AUTO_TEST_CASE(become_half_open_also_if_only_callers_look) {
  auto breaker = spawn();
  fail(breaker);
  caf::anon_send_exit(breaker.actor(), caf::exit_reason::kill);
  advance(1s);
  auto t = call(breaker, after(0s, 5));
  run();
  BOOST_TEST(t.get() == 5);
  BOOST_CHECK(breaker.state() == circuit_state::closed);
}

BOOST_AUTO_TEST_CASE(give_the_place_of_a_probe_that_was_cancelled_to_another) {
  auto breaker = spawn();
  fail(breaker);
  advance(1s);
  auto probe = call(breaker, after(1h, 1));
  run();
  BOOST_TEST(breaker.stats().probes == 1u);
  probe.cancel();
  run();
  BOOST_TEST(breaker.stats().probes == 0u);
  BOOST_CHECK(breaker.state() == circuit_state::half_open);
  auto next = call(breaker, after(0s, 2));
  run();
  BOOST_TEST(next.get() == 2);
}

BOOST_AUTO_TEST_CASE(count_calls_that_run_out_of_time) {
  auto breaker = spawn();
  auto hang = after(1h, 1);
  for (int i = 0; i < 2; ++i) {
    auto t = start({.name = "t", .timeout = 100ms}, [&](task_context& self) {
      return breaker.call(self, hang);
    });
    advance(100ms);
    BOOST_TEST(t.done());
  }
  BOOST_TEST(breaker.stats().failed == 2u);
  BOOST_CHECK(breaker.state() == circuit_state::open);
}

BOOST_AUTO_TEST_CASE(count_calls_within_a_timeout_and_timeouts_within_a_call) {
  auto breaker = spawn();
  auto hang = after(1h, 1);
  auto around = [&](task_context& self) -> async<int> {
    auto inner = [&](task_context& me) { return breaker.call(me, hang); };
    co_return co_await axiom::with_timeout(self, 100ms, inner);
  };
  auto within = [&](task_context& self) -> async<int> {
    auto inner = [&](task_context& me) -> async<int> {
      co_return co_await axiom::with_timeout(me, 100ms, hang);
    };
    co_return co_await breaker.call(self, inner);
  };
  auto t = start("t", around);
  advance(100ms);
  BOOST_TEST(t.get_expected().error().is(errc::deadline_exceeded));
  BOOST_TEST(breaker.stats().failed == 1u);
  auto u = start("u", within);
  advance(100ms);
  BOOST_TEST(u.get_expected().error().is(errc::deadline_exceeded));
  BOOST_TEST(breaker.stats().failed == 2u);
}

BOOST_AUTO_TEST_CASE(count_successes_that_are_too_slow) {
  auto breaker = spawn({.failures_in_a_row = 2, .slow_call = 100ms});
  for (auto span : {100ms, 101ms, 101ms}) {
    BOOST_CHECK(breaker.state() == circuit_state::closed);
    auto t = call(breaker, after(span, 1));
    advance(span);
    BOOST_TEST(t.get() == 1);
  }
  BOOST_CHECK(breaker.state() == circuit_state::open);
}

BOOST_AUTO_TEST_CASE(count_what_the_options_say) {
  auto breaker =
    spawn({.failures_in_a_row = 1, .counts = [](const axiom::failure& x) {
             return x.is(errc::invalid_argument);
           }});
  fail(breaker, 3);
  BOOST_CHECK(breaker.state() == circuit_state::closed);
  auto t = call(breaker, failing_with(errc::invalid_argument));
  run();
  t.get_expected();
  BOOST_CHECK(breaker.state() == circuit_state::open);
}

BOOST_AUTO_TEST_CASE(announce_changes_in_order) {
  auto breaker =
    spawn({.failures_in_a_row = 2, .open_for = 1s, .max_open_for = 2s});
  circuit_log log;
  auto listener = spawn_listener(system(), log);
  breaker.subscribe(listener);
  breaker.subscribe(listener); // twice is once
  run();
  fail(breaker);
  advance(1s); // by itself
  fail(breaker, 1);
  advance(2s);
  auto t = call(breaker, after(0s, 1));
  run();
  t.get();
  breaker.trip();
  run();
  breaker.reset();
  run();
  check_lines(log, {"closed -> open: 2 failures in a row; the last: node_down: "
                    "broken",
                    "open -> half_open: 2 failures in a row; the last: "
                    "node_down: broken",
                    "half_open -> open: a probe failed; the last: node_down: "
                    "broken",
                    "open -> half_open: a probe failed; the last: node_down: "
                    "broken",
                    "half_open -> closed", "closed -> open: opened by hand",
                    "open -> closed"});
  breaker.unsubscribe(listener);
  run();
  breaker.trip();
  run();
  BOOST_TEST(log.size() == 7u);
  stop(listener);
}

BOOST_AUTO_TEST_CASE(forget_listeners_that_have_ended) {
  auto breaker = spawn();
  circuit_log log;
  auto listener = spawn_listener(system(), log);
  breaker.subscribe(listener);
  run();
  BOOST_TEST(breaker.stats().subscribers == 1u);
  stop(listener);
  BOOST_TEST(breaker.stats().subscribers == 0u);
}

BOOST_AUTO_TEST_CASE(forget_listeners_that_want_no_more) {
  auto breaker = spawn();
  circuit_log log;
  auto listener = spawn_listener(system(), log);
  breaker.subscribe(listener);
  breaker.subscribe(listener); // once is enough
  run();
  BOOST_TEST(breaker.stats().subscribers == 1u);
  breaker.unsubscribe(listener);
  run();
  BOOST_TEST(breaker.stats().subscribers == 0u);
  breaker.trip();
  run();
  BOOST_TEST(log.empty());
  stop(listener);
}

BOOST_AUTO_TEST_CASE(may_forget_an_error_that_owns_a_pass_of_theirs) {
  struct holds_pass : std::runtime_error {
    explicit holds_pass(axiom::circuit_pass x)
      : runtime_error("x"),
        pass(std::make_shared<axiom::circuit_pass>(std::move(x))) {
      // nop
    }

    std::shared_ptr<axiom::circuit_pass> pass;
  };
  auto open = [](const circuit_breaker& breaker) {
    auto other = breaker.enter();
    auto pass = breaker.enter();
    pass.failed(axiom::failure::from(
      std::make_exception_ptr(holds_pass{std::move(other)})));
    BOOST_CHECK(breaker.state() == circuit_state::open);
  };
  auto closing = spawn({.failures_in_a_row = 1});
  open(closing);
  run(); // it is announced, and known to the circuit alone
  closing.reset();
  BOOST_TEST(closing.stats().ignored == 1u);
  auto ending = spawn({.failures_in_a_row = 1});
  run();
  send_exit(caf::actor_cast<caf::actor>(ending.actor()),
            caf::exit_reason::kill);
  open(ending);
  ending.reset(); // known to the announcement alone, which nobody makes
  run();
  BOOST_TEST(ending.stats().ignored == 1u);
}

BOOST_AUTO_TEST_CASE(are_served_by_message) {
  auto breaker = spawn();
  fail(breaker);
  circuit_state state{};
  axiom::circuit_stats stats;
  auto body = [&](task_context& self) -> async<void> {
    state = co_await self.request(breaker.actor(), 1s, axiom::state_atom_v);
    stats = co_await self.request(breaker.actor(), 1s, axiom::stats_atom_v);
    co_await self.request(breaker.actor(), 1s, axiom::reset_atom_v);
  };
  auto t = start("t", body);
  run();
  t.get();
  BOOST_CHECK(state == circuit_state::open);
  BOOST_TEST(stats.opened == 1u);
  BOOST_TEST(to_string(stats)
             == "db: open, 0 succeeded, 2 failed, 0 refused; 2 failures in a "
                "row; the last: node_down: broken");
  BOOST_CHECK(breaker.state() == circuit_state::closed);
  caf::anon_send(breaker.actor(), axiom::trip_atom_v);
  run();
  BOOST_CHECK(breaker.state() == circuit_state::open);
}

BOOST_AUTO_TEST_CASE(can_be_asked_for_permission) {
  auto breaker = spawn();
  {
    auto pass = breaker.enter();
    BOOST_TEST(bool(pass));
    pass.failed({errc::node_down, "x"});
    BOOST_TEST(!pass);
    pass.succeeded(); // nothing any more
  }
  {
    auto pass = breaker.try_enter();
    auto moved = std::move(pass);
    BOOST_TEST(!pass);
    moved.failed({errc::node_down, "x"});
  }
  BOOST_TEST(!breaker.try_enter());
  BOOST_CHECK_THROW(breaker.enter(), axiom::circuit_open_error);
  auto stats = breaker.stats();
  BOOST_TEST(stats.failed == 2u);
  BOOST_TEST(stats.succeeded == 0u);
  run();
}

BOOST_AUTO_TEST_CASE(outlive_their_handles_in_passes) {
  axiom::circuit_pass pass;
  {
    auto breaker = spawn();
    pass = breaker.enter();
  }
  run();
  pass.failed({errc::node_down, "x"});
  BOOST_TEST(axiom::all_circuit_stats(system()).empty());
}

BOOST_AUTO_TEST_CASE(are_listed) {
  auto breaker = spawn();
  auto all = axiom::all_circuit_stats(system());
  BOOST_REQUIRE(all.size() == 1u);
  BOOST_TEST(all[0].name == "db");
}

BOOST_AUTO_TEST_CASE(that_cannot_work_are_refused) {
  auto code = [this](circuit_options options) {
    return code_thrown_by(
      [&] { circuit_breaker::spawn(system(), std::move(options)); });
  };
  for (auto& options :
       std::vector<circuit_options>{{.failures_in_a_row = 0, .failure_rate = 0},
                                    {.failure_rate = 1.5},
                                    {.failure_rate = -1},
                                    {.minimum_calls = 0},
                                    {.window = 9ns},
                                    {.slow_call = 0s},
                                    {.open_for = 0s},
                                    {.open_for = 2s, .max_open_for = 1s},
                                    {.probes = 0}})
    BOOST_CHECK(code(options) == errc::invalid_argument);
  BOOST_CHECK(code({.name = std::string(65, 'x')}) == errc::name_too_long);
  auto all_at_once = axiom::problems_of(
    circuit_options{.minimum_calls = 0, .open_for = 0s, .probes = 0});
  BOOST_TEST(all_at_once.size() == 3u);
  run();
}

// -- each end of an operation -------------------------------------------------

BOOST_AUTO_TEST_CASE(make_of_each_end_what_it_is) {
  // What the operation does, and what it counts as: closed is `s`ucceeded,
  // `f`ailed or `i`gnored.
  struct row {
    const char* name;
    std::function<async<int>(task_context&)> op;
    char counts;
    bool cancel = false;
  };
  auto throwing = [](task_context&) -> async<int> {
    throw std::runtime_error("x");
    co_return 0;
  };
  auto wrong = [](task_context&) -> async<int> {
    throw std::invalid_argument("x");
    co_return 0;
  };
  std::vector<row> rows;
  rows.push_back({"value", after(1s, 1), 's'});
  rows.push_back({"error", failing_with(errc::node_down), 'f'});
  rows.push_back({"mistake", failing_with(errc::self_join), 'i'});
  rows.push_back({"exception", throwing, 'f'});
  rows.push_back({"logic error", wrong, 'i'});
  rows.push_back({"cancelled", after(1h, 1), 'i', true});
  for (auto& x : rows) {
    auto breaker = spawn();
    auto t = call(breaker, x.op);
    run();
    if (x.cancel)
      t.cancel();
    advance(1s);
    BOOST_TEST(t.done(), x.name);
    auto stats = breaker.stats();
    BOOST_TEST(stats.succeeded == (x.counts == 's' ? 1u : 0u), x.name);
    BOOST_TEST(stats.failed == (x.counts == 'f' ? 1u : 0u), x.name);
    BOOST_TEST(stats.ignored == (x.counts == 'i' ? 1u : 0u), x.name);
    BOOST_TEST(t.get_expected().has_value() == (x.counts == 's'), x.name);
  }
}

BOOST_AUTO_TEST_SUITE_END()
