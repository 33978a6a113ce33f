// Ways to recover, inside each other.

#include "support/recovery.hpp"

using namespace test;
using axiom::circuit_breaker;
using axiom::retry;

namespace {

struct composed : stepwise {
  circuit_breaker breaker = circuit_breaker::spawn(
    system(), {.name = "c", .failures_in_a_row = 2, .open_for = 1s});
};

} // namespace

BOOST_FIXTURE_TEST_SUITE(composition, composed)

BOOST_AUTO_TEST_CASE(each_attempt_of_a_hedge_is_retried) {
  // The first attempt of the hedge fails once and then hangs, the second one,
  // started beside it, succeeds at its second try.
  scripted s{
    {{0ms, errc::node_down}, {1h, {}}, {0ms, errc::node_down}, {10ms, {}}}};
  auto op = s.operation(*this);
  auto retried = [&](task_context& self) -> async<int> {
    co_return co_await retry(self, {.name = "r", .backoff = every(50ms)}, op);
  };
  auto body = [&](task_context& self) -> async<int> {
    co_return co_await axiom::hedged(self, {.name = "h", .delay = 100ms},
                                     retried);
  };
  auto t = start("t", body);
  advance(160ms);
  BOOST_REQUIRE(t.done());
  BOOST_TEST(t.get() == 4);
  BOOST_TEST((s.begins() == std::vector<duration>{0ms, 50ms, 100ms, 150ms}));
  BOOST_TEST(pending_timers() == 0u); // the loser is gone
}

BOOST_AUTO_TEST_CASE(a_hedge_is_retried_as_a_whole) {
  scripted s{
    {{0ms, errc::node_down}, {0ms, errc::node_down}, {150ms, {}}, {10ms, {}}}};
  auto op = s.operation(*this);
  auto hedge = [&](task_context& self) -> async<int> {
    co_return co_await axiom::hedged(self, {.name = "h", .delay = 100ms}, op);
  };
  auto body = [&](task_context& self) -> async<int> {
    co_return co_await retry(self, {.name = "r", .backoff = every(50ms)},
                             hedge);
  };
  auto t = start("t", body);
  advance(160ms);
  BOOST_REQUIRE(t.done());
  BOOST_TEST(t.get() == 4); // beside the third
  BOOST_CHECK(events().phases_of("r #1").back() == task_phase::failed);
  BOOST_CHECK(events().phases_of("r #2").back() == task_phase::completed);
}

BOOST_AUTO_TEST_CASE(attempts_of_a_hedge_share_the_budget) {
  axiom::retry_budget budget{{.capacity = 1, .per_success = 0}};
  int calls = 0;
  auto op = [&calls](task_context&) -> async<int> {
    ++calls;
    co_return axiom::fail(errc::node_down, "x");
  };
  auto retried = [&](task_context& self) -> async<int> {
    co_return co_await retry(self, {.backoff = every(1ms)}, op);
  };
  auto body = [&](task_context& self) -> async<int> {
    co_return co_await axiom::hedged(self, {.delay = 100ms, .max = 3}, retried);
  };
  auto root = [&](task_context& self) -> async<int> {
    co_return co_await axiom::retry_budget::of_tree().with(self, budget, body);
  };
  auto t = start("t", root);
  advance(10s);
  BOOST_TEST(!t.get_expected());
  BOOST_TEST(calls == 4); // three attempts, one retry
}

BOOST_AUTO_TEST_CASE(a_retry_waits_for_a_circuit_to_close) {
  scripted s{{{0ms, errc::node_down}, {0ms, errc::node_down}, {0ms, {}}}};
  auto op = s.operation(*this);
  auto guarded = [&](task_context& self) { return breaker.call(self, op); };
  auto body = [&](task_context& self) -> async<int> {
    co_return co_await retry(
      self, {.name = "r", .attempts = 10, .backoff = every(300ms)}, guarded);
  };
  auto t = start("t", body);
  advance(2s);
  BOOST_TEST(t.get() == 3);
  // Refused at 600 and 900 and 1,200 ms without a call.
  BOOST_TEST((s.begins() == std::vector<duration>{0ms, 300ms, 1500ms}));
  BOOST_TEST(breaker.stats().refused == 3u);
}

BOOST_AUTO_TEST_CASE(a_circuit_counts_a_retried_call_once) {
  scripted s{{{0ms, errc::node_down}, {0ms, {}}}};
  auto op = s.operation(*this);
  auto retried = [&](task_context& self) -> async<int> {
    co_return co_await retry(self, {.backoff = every(1ms)}, op);
  };
  auto body = [&](task_context& self) -> async<int> {
    co_return co_await breaker.call(self, retried);
  };
  auto t = start("t", body);
  advance(1s);
  BOOST_TEST(t.get() == 2);
  auto stats = breaker.stats();
  BOOST_TEST(stats.succeeded == 1u);
  BOOST_TEST(stats.failed == 0u);
}

BOOST_AUTO_TEST_CASE(an_alternative_stands_in_for_an_open_circuit) {
  breaker.trip();
  auto live = [&](task_context& self) {
    return breaker.call(self, after(1s, 1));
  };
  auto body = [&](task_context& self) -> async<int> {
    co_return co_await axiom::fallback(self, {}, live, after(0s, 2));
  };
  auto t = start("t", body);
  run();
  BOOST_TEST(t.get() == 2);
}

// -- each end of an operation, under each way to recover ----------------------

namespace {

using operation = std::function<async<int>(task_context&)>;

/// What the ways to recover work with.
struct means {
  circuit_breaker& breaker;
  axiom::concurrency_limiter limiter;
  axiom::bulkhead walls;
};

async<int> hedged(task_context& self, const means&, operation op) {
  co_return co_await axiom::hedged(self, {.delay = 24h}, op);
}

} // namespace

BOOST_AUTO_TEST_CASE(every_end_is_what_it_would_be_alone) {
  using policy = async<int> (*)(task_context&, const means&, operation);
  const auto limiter = axiom::concurrency_limiter::spawn(
    system(), {.name = "l", .max_concurrency = 100});
  const means all{breaker, limiter, axiom::bulkhead{limiter}};
  struct row {
    const char* name;
    policy run;
    std::size_t attempts = 1; // at an operation that fails
  };
  const std::vector<row> policies{
    {"retry", [](task_context& self, const means&,
                 operation op) { return retry(self, {.attempts = 1}, op); }},
    {"breaker", [](task_context& self, const means& x,
                   operation op) { return x.breaker.call(self, op); }},
    {"breaker with a limiter",
     [](task_context& self, const means& x, operation op) {
       return x.breaker.call(self, x.limiter, op);
     }},
    {"bulkhead", [](task_context& self, const means& x,
                    operation op) { return x.walls.call(self, op); }},
    {"fallback",
     [](task_context& self, const means&, operation op) {
       return axiom::fallback(
         self, {.after = [](const axiom::failure&) { return false; }}, op, op);
     }},
    {"hedged", &hedged, 2},
  };
  struct mine : std::runtime_error {
    using runtime_error::runtime_error;
  };
  const operation throws = [](task_context&) -> async<int> {
    throw mine("x");
    co_return 0;
  };
  const operation fails = failing_after(1s, "x");
  const operation value = after(1s, 7);
  const operation hangs = after(1h, 7);
  const operation polls = [](task_context& self) -> async<int> {
    co_await axiom::as_expected(self.sleep_for(1h));
    self.check_cancelled();
    co_return 7;
  };
  for (auto& p : policies) {
    BOOST_TEST_CONTEXT(p.name) {
      auto begin = [&](axiom::task_options options, const operation& op) {
        options.name = "t";
        return start(options, [&, op](task_context& self) {
          return p.run(self, all, op);
        });
      };
      auto a = begin({}, value);
      auto b = begin({}, fails);
      auto c = begin({}, throws);
      auto d = begin({}, hangs);
      auto e = begin({.timeout = 2s}, hangs);
      auto f = begin({}, polls);
      auto g = begin({.timeout = 2s}, polls);
      run();
      d.cancel();
      f.cancel();
      advance(2s);
      BOOST_TEST(a.get() == 7);
      if (p.attempts == 1) {
        check_lines(errors_of(b), {"invalid_argument: x"});
        BOOST_CHECK_THROW(c.get(), mine);
      } else { // each attempt is told of
        check_lines(errors_of(b), {"attempt 1: invalid_argument: x",
                                   "attempt 2: invalid_argument: x"});
        BOOST_TEST(errors_of(c).size() == p.attempts);
      }
      for (auto* cancelled : {&d, &e, &f, &g})
        BOOST_TEST(cancelled->get_expected().error().is(errc::cancelled));
      BOOST_TEST(limiter.in_use() == 0u);
      breaker.reset(); // it has opened, and waits for its time
      run();
      BOOST_TEST(pending_timers() == 0u);
    }
  }
}

BOOST_AUTO_TEST_SUITE_END()
