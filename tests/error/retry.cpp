// Retries: when attempts begin, what ends the whole, and what it fails with.

#include "support/recovery.hpp"

using namespace test;
using axiom::retry;
using axiom::retry_budget;
using axiom::retry_policy;

namespace {

constexpr auto broken = errc::node_down; // transient
constexpr auto wrong = errc::invalid_argument; // permanent

async<int> tried(task_context& self, retry_policy policy, scripted& s,
                 const stepwise& clock) {
  co_return co_await retry(self, policy, s.operation(clock));
}

struct retries : stepwise {
  auto begin(retry_policy policy, scripted& s) {
    return start("t", [this, policy, &s](task_context& self) {
      return tried(self, policy, s, *this);
    });
  }

  axiom::task_phase last_phase(const char* name) {
    return events().phases_of(name).back();
  }
};

bool anything(const axiom::failure&) {
  return true;
}

/// Fails at once, always.
async<int> hopeless(task_context&) {
  co_return axiom::fail(broken, "always");
}

} // namespace

BOOST_FIXTURE_TEST_SUITE(retried, retries)

BOOST_AUTO_TEST_CASE(nothing_if_the_first_attempt_succeeds) {
  scripted s{{{10ms, {}}}};
  auto t = begin({.name = "fetch"}, s);
  advance(10ms);
  BOOST_TEST(t.get() == 1);
  BOOST_CHECK(last_phase("fetch #1") == task_phase::completed);
  BOOST_TEST(events().phases_of("fetch #2").empty());
  BOOST_TEST(pending_timers() == 0u);
}

BOOST_AUTO_TEST_CASE(until_an_attempt_succeeds) {
  scripted s{{{10ms, broken}, {10ms, broken}, {10ms, {}}}};
  std::vector<axiom::task_error> lost;
  auto t =
    begin({.name = "fetch", .backoff = every(100ms), .suppressed = &lost}, s);
  advance(230ms);
  BOOST_TEST(t.get() == 3);
  BOOST_TEST((s.begins() == std::vector<duration>{0ms, 110ms, 220ms}));
  check_lines(listed(lost),
              {"fetch #1: node_down: call 1", "fetch #2: node_down: call 2"});
  BOOST_CHECK(last_phase("fetch #2") == task_phase::failed);
  BOOST_CHECK(last_phase("fetch #3") == task_phase::completed);
}

BOOST_AUTO_TEST_CASE(until_the_attempts_are_used_up) {
  scripted s{{{0ms, broken}, {0ms, broken}, {0ms, broken}}};
  auto t = begin({.name = "fetch", .backoff = every(100ms)}, s);
  advance(199ms);
  BOOST_TEST(!t.done());
  advance(1ms);
  check_lines(errors_of(t),
              {"fetch #3: node_down: call 3",
               "+t: retries_exhausted: 'fetch' failed 3 times within 0.2 s; "
               "its policy allows no more attempts",
               "+fetch #1: node_down: call 1", "+fetch #2: node_down: call 2"});
}

BOOST_AUTO_TEST_CASE(until_an_error_is_permanent) {
  scripted s{{{0ms, broken}, {0ms, wrong}}};
  auto t = begin({.name = "fetch", .backoff = every(1ms)}, s);
  advance(1s);
  check_lines(errors_of(t), {"fetch #2: invalid_argument: call 2",
                             "+fetch #1: node_down: call 1"});
  scripted u{{{0ms, wrong}}};
  auto v = begin({}, u);
  advance(1s);
  check_lines(errors_of(v), {"invalid_argument: call 1"}); // unchanged
}

BOOST_AUTO_TEST_CASE(as_a_condition_says) {
  scripted s{{{0ms, wrong}, {0ms, {}}}};
  auto t = begin({.backoff = every(1ms), .retryable = &anything}, s);
  advance(1s);
  BOOST_TEST(t.get() == 2);
  scripted u{{{0ms, broken}}};
  int asked = 0;
  auto never = [&asked](const axiom::failure&) {
    ++asked;
    return false;
  };
  retry_policy policy{.backoff = every(1ms)};
  policy.retryable = never;
  auto v = begin(policy, u);
  advance(1s);
  BOOST_TEST(asked == 1);
  check_lines(errors_of(v), {"node_down: call 1"});
}

BOOST_AUTO_TEST_CASE(no_more_if_the_condition_throws) {
  scripted s{{{0ms, broken}}};
  auto t = begin({.name = "r",
                  .retryable = [](const axiom::failure&) -> bool {
                    throw std::runtime_error("cannot say");
                  }},
                 s);
  run();
  check_lines(errors_of(t), {"r #1: node_down: call 1",
                             "+t: unhandled_exception: std::runtime_error: "
                             "cannot say"});
}

BOOST_AUTO_TEST_CASE(one_attempt_is_the_operation) {
  scripted s{{{0ms, broken}}};
  auto t = begin({.attempts = 1}, s);
  run();
  check_lines(errors_of(t), {"node_down: call 1"});
}

BOOST_AUTO_TEST_CASE(attempts_that_take_too_long) {
  scripted s{{{1h, {}}, {10ms, {}}}};
  auto t =
    begin({.name = "r", .backoff = every(100ms), .attempt_timeout = 50ms}, s);
  advance(160ms);
  BOOST_TEST(t.get() == 2);
  BOOST_TEST((s.begins() == std::vector<duration>{0ms, 150ms}));
  BOOST_CHECK(last_phase("r #1") == task_phase::failed);
}

BOOST_AUTO_TEST_CASE(nothing_that_the_deadline_would_not_let_begin) {
  scripted s{{{10ms, broken}, {10ms, {}}}};
  const retry_policy policy{.name = "r", .backoff = every(100ms)};
  auto t = start({.name = "t", .timeout = 110ms}, [&](task_context& self) {
    return tried(self, policy, s, *this);
  });
  advance(10ms); // at once, not when the time is over
  BOOST_REQUIRE(t.done());
  check_lines(errors_of(t),
              {"r #1: node_down: call 1",
               "+t: retries_exhausted: 'r' failed 1 time within 0.01 s; its "
               "deadline would pass before the next attempt"});
}

BOOST_AUTO_TEST_CASE(nothing_after_a_cancellation_in_a_backoff) {
  scripted s{{{0ms, broken}}};
  auto t = begin({.backoff = every(1h)}, s);
  advance(1s);
  BOOST_TEST(pending_timers() == 1u);
  t.cancel();
  run();
  BOOST_TEST(t.done());
  BOOST_TEST(pending_timers() == 0u);
  BOOST_CHECK(last_phase("t") == task_phase::cancelled);
  BOOST_TEST(s.starts.size() == 1u);
}

BOOST_AUTO_TEST_CASE(nothing_after_a_cancellation_in_an_attempt) {
  scripted s{{{0ms, broken}, {1h, {}}}};
  auto t = begin({.backoff = every(10ms)}, s);
  advance(1s);
  BOOST_TEST(s.starts.size() == 2u);
  t.cancel();
  run();
  BOOST_TEST(t.done());
  BOOST_CHECK(last_phase("retry #2") == task_phase::cancelled);
  BOOST_TEST(pending_timers() == 0u);
}

BOOST_AUTO_TEST_CASE(nothing_that_was_cancelled_alone) {
  scripted s{{{1h, {}}}};
  auto t = begin({.backoff = every(10ms)}, s);
  run();
  auto children = t.hierarchy().children();
  BOOST_REQUIRE(children.size() == 1u);
  coordinator().cancel_task_tree(children[0]);
  run();
  auto end = t.get_expected();
  BOOST_REQUIRE(!end);
  BOOST_TEST(end.error().is(errc::cancelled));
  BOOST_TEST(s.starts.size() == 1u);
}

BOOST_AUTO_TEST_CASE(with_the_children_of_an_attempt_ended) {
  std::vector<std::string> seen;
  int calls = 0;
  auto op = [&](task_context& self) -> async<int> {
    const auto number = ++calls;
    self.create_child_task("child",
                           [&, number](task_context& me) -> async<void> {
                             co_await me.sleep_for(50ms);
                             seen.push_back("child " + std::to_string(number));
                           });
    seen.push_back("attempt " + std::to_string(number));
    if (number == 1)
      co_return axiom::fail(broken, "first");
    co_return number;
  };
  auto body = [&](task_context& self) -> async<int> {
    co_return co_await retry(self, {.backoff = every(0ms)}, op);
  };
  auto t = start("t", body);
  advance(1s);
  BOOST_TEST(t.get() == 2);
  check_lines(seen, {"attempt 1", "child 1", "attempt 2", "child 2"});
}

BOOST_AUTO_TEST_CASE(with_the_same_waits_for_the_same_seed) {
  auto begins = [this](std::uint64_t seed) {
    scripted s{{{0ms, broken}, {0ms, broken}, {0ms, broken}, {0ms, {}}}};
    auto t = begin({.attempts = 4, .seed = seed}, s);
    advance(10s);
    t.get();
    return s.begins();
  };
  BOOST_TEST((begins(1) == begins(1)));
  BOOST_TEST((begins(1) != begins(2)));
}

BOOST_AUTO_TEST_CASE(values_that_only_move_and_none_at_all) {
  int calls = 0;
  auto owner = [&calls](task_context&) -> std::unique_ptr<int> {
    if (++calls == 1)
      throw std::runtime_error("once");
    return std::make_unique<int>(7);
  };
  int ran = 0;
  auto nothing = [&ran] {
    if (++ran == 1)
      throw std::runtime_error("once");
  };
  auto body = [&](task_context& self) -> async<int> {
    auto ptr = co_await retry(self, {.backoff = every(1ms)}, owner);
    co_await retry(self, {.backoff = every(1ms)}, nothing);
    co_return *ptr;
  };
  auto t = start("t", body);
  advance(1s);
  BOOST_TEST(t.get() == 7);
  BOOST_TEST(ran == 2);
}

BOOST_AUTO_TEST_CASE(with_policies_that_cannot_work_are_refused) {
  auto code = [this](retry_policy policy) {
    scripted s{{{0ms, {}}}};
    auto t = begin(policy, s);
    run();
    return code_thrown_by([&] { t.get(); });
  };
  BOOST_CHECK(code({.attempts = 0}) == errc::invalid_argument);
  BOOST_CHECK(code({.backoff = {.initial = -1s}}) == errc::invalid_argument);
  BOOST_CHECK(code({.attempt_timeout = 0s}) == errc::invalid_argument);
  const std::string longest(64, 'x');
  BOOST_CHECK(code({.name = longest}) == std::nullopt);
  BOOST_TEST(events().phases_of(longest.substr(0, 61) + " #1").size() == 3u);
  const std::string longer(65, 'x');
  BOOST_CHECK(code({.name = longer}) == errc::name_too_long);
}

// -- budgets ------------------------------------------------------------------

BOOST_AUTO_TEST_CASE(as_far_as_the_budget_goes) {
  retry_budget budget{{.capacity = 1, .per_success = 0}};
  scripted s{{{0ms, broken}, {0ms, broken}}};
  auto t = begin({.name = "r", .backoff = every(1ms), .budget = &budget}, s);
  advance(1s);
  check_lines(errors_of(t),
              {"r #2: node_down: call 2",
               "+t: retries_exhausted: 'r' failed 2 times within 0.001 s; the "
               "retry budget is used up",
               "+r #1: node_down: call 1"});
  BOOST_TEST(budget.spent() == 1u);
  BOOST_TEST(budget.refused() == 1u);
}

BOOST_AUTO_TEST_CASE(less_often_where_retries_call_each_other) {
  int calls = 0;
  auto op = [&calls](task_context& self) {
    ++calls;
    return hopeless(self);
  };
  const retry_policy policy{
    .attempts = 4, .backoff = every(1ms), .retryable = &anything};
  auto inner = [&](task_context& self) -> async<int> {
    co_return co_await retry(self, policy, op);
  };
  auto middle = [&](task_context& self) -> async<int> {
    co_return co_await retry(self, policy, inner);
  };
  auto outer = [&](task_context& self) -> async<int> {
    co_return co_await retry(self, policy, middle);
  };
  auto t = start("t", outer);
  advance(10s);
  BOOST_CHECK(code_thrown_by([&] { t.get(); }) == errc::concurrent_errors);
  // 64 without a budget: one call each of the three levels' first attempts is
  // the same call, and ten retries are paid for.
  BOOST_TEST(calls == 11);
}

BOOST_AUTO_TEST_CASE(at_one_level_only_by_default) {
  int calls = 0;
  auto op = [&calls](task_context& self) {
    ++calls;
    return hopeless(self);
  };
  auto inner = [&](task_context& self) -> async<int> {
    co_return co_await retry(self, {.backoff = every(1ms)}, op);
  };
  auto outer = [&](task_context& self) -> async<int> {
    co_return co_await retry(self, {.backoff = every(1ms)}, inner);
  };
  auto t = start("t", outer);
  advance(10s);
  BOOST_CHECK(code_thrown_by([&] { t.get(); }) == errc::concurrent_errors);
  BOOST_TEST(calls == 3);
}

BOOST_AUTO_TEST_CASE(from_one_budget_by_a_whole_tree) {
  retry_budget budget{{.capacity = 4, .per_success = 0}};
  int calls = 0;
  auto op = [&calls](task_context& self) {
    ++calls;
    return hopeless(self);
  };
  auto child = [&](task_context& self) -> async<int> {
    co_return co_await retry(self, {.backoff = every(1ms)}, op);
  };
  auto group = [&](axiom::coordinated_task_group<int>& g) -> async<int> {
    for (int i = 0; i < 10; ++i)
      co_await g.add_task("child", child);
    auto all = co_await g.collect_results();
    co_return static_cast<int>(all.size());
  };
  auto body = [&](task_context& self) -> async<int> {
    BOOST_CHECK(retry_budget::of_tree().get() == budget);
    co_return co_await axiom::with_task_group<int>(
      self, {.failure_mode = axiom::failure_mode::partial}, group);
  };
  auto root = [&](task_context& self) -> async<int> {
    co_return co_await retry_budget::of_tree().with(self, budget, body);
  };
  auto t = start("t", root);
  advance(1s);
  BOOST_TEST(t.get() == 10);
  BOOST_TEST(calls == 14);
  BOOST_CHECK(!retry_budget::of_tree().get()); // of no task
}

BOOST_AUTO_TEST_CASE(with_a_budget_that_ends_with_the_call) {
  scripted s{{{0ms, {}}}};
  auto body = [&](task_context& self) -> async<bool> {
    auto before = retry_budget::of_tree().get();
    co_await retry(self, {}, s.operation(*this));
    co_return !before && !retry_budget::of_tree().get();
  };
  auto t = start("t", body);
  run();
  BOOST_TEST(t.get());
}

BOOST_AUTO_TEST_CASE(and_successes_earn_retries) {
  retry_budget budget{{.capacity = 10, .per_success = 1}};
  while (budget.try_spend()) {
    // all of it
  }
  scripted s{{{0ms, {}}}};
  auto t = begin({.budget = &budget}, s);
  run();
  t.get();
  BOOST_TEST(budget.available() == 1.0);
}

// -- cut short ----------------------------------------------------------------

BOOST_AUTO_TEST_CASE(until_a_timeout_whose_error_suppresses_the_earlier_ones) {
  scripted s{{{0ms, broken}, {0ms, broken}, {1h, {}}}};
  auto body = [&](task_context& self) -> async<int> {
    auto op = [&](task_context& inner) {
      return tried(inner, {.name = "r", .backoff = every(1ms)}, s, *this);
    };
    co_return co_await axiom::with_timeout(self, 1s, {.name = "scope"},
                                           axiom::named(op));
  };
  auto t = start("t", body);
  advance(1s);
  BOOST_REQUIRE(t.done());
  check_lines(errors_of(t),
              {"scope: deadline_exceeded: 'scope' did not end within 1 s; it "
               "ended after 1 s",
               "+r #1: node_down: call 1", "+r #2: node_down: call 2"});
}

BOOST_AUTO_TEST_CASE(below_a_timeout_leave_their_errors_to_it) {
  scripted s{{{0ms, broken}, {1h, {}}}};
  auto body = [&](task_context& self) -> async<int> {
    auto op = [&](task_context& inner) -> async<int> {
      auto retrying = [&](task_context& me) {
        return tried(me, {.name = "r", .backoff = every(1ms)}, s, *this);
      };
      auto child = inner.create_child_task("child", retrying);
      co_return co_await child;
    };
    co_return co_await axiom::with_timeout(self, 1s, {.name = "scope"},
                                           axiom::named(op));
  };
  auto t = start("t", body);
  advance(1s);
  check_lines(errors_of(t),
              {"scope: deadline_exceeded: 'scope' did not end within 1 s; it "
               "ended after 1 s",
               "+r #1: node_down: call 1"});
}

BOOST_AUTO_TEST_CASE(in_a_group_that_runs_out_of_time) {
  scripted s{{{0ms, broken}, {1h, {}}}};
  using group_type = axiom::coordinated_task_group<int>;
  auto body = [&](task_context& self) -> async<int> {
    auto fill = [&](group_type& group) -> async<int> {
      auto retrying = [&](task_context& me) {
        return tried(me, {.name = "r", .backoff = every(1ms)}, s, *this);
      };
      co_await group.add_task("child", retrying);
      co_return (co_await group.wait_for_all()).front();
    };
    co_return co_await axiom::with_task_group<int>(
      self, {.name = "g", .timeout = 1s}, axiom::named(fill));
  };
  auto t = start("t", body);
  advance(1s);
  check_lines(errors_of(t),
              {"g: deadline_exceeded: group 'g' did not end in time",
               "+r #1: node_down: call 1"});
}

BOOST_AUTO_TEST_CASE(until_a_sibling_fails_whose_error_suppresses_theirs) {
  // In the second attempt, and in the backoff before it.
  for (auto pause : {duration{1ms}, duration{1h}}) {
    scripted s{{{0ms, broken}, {1h, {}}}};
    using group_type = axiom::coordinated_task_group<int>;
    auto body = [&](task_context& self) -> async<int> {
      auto fill = [&](group_type& group) -> async<int> {
        auto retrying = [&](task_context& me) {
          return tried(me, {.name = "r", .backoff = every(pause)}, s, *this);
        };
        auto sibling = failing_after(1s, "x");
        co_await group.add_task("child", retrying);
        co_await group.add_task("sibling", sibling);
        co_return (co_await group.wait_for_all()).front();
      };
      co_return co_await axiom::with_task_group<int>(self, {.name = "g"},
                                                     axiom::named(fill));
    };
    auto t = start("t", body);
    advance(1s);
    check_lines(errors_of(t),
                {"sibling: invalid_argument: x", "+r #1: node_down: call 1"});
  }
}

BOOST_AUTO_TEST_CASE(keep_their_errors_for_what_a_cancelled_body_fails_with) {
  scripted s{{{0ms, broken}, {1h, {}}}};
  auto body = [&](task_context& self) -> async<int> {
    auto op = tried(self, {.name = "r", .backoff = every(1ms)}, s, *this);
    auto end = co_await axiom::as_expected(std::move(op));
    BOOST_TEST(!end);
    co_return axiom::fail(wrong, "no way to go on");
  };
  auto t = start("t", body);
  advance(1s);
  t.cancel();
  run();
  check_lines(errors_of(t), {"t: invalid_argument: no way to go on",
                             "+r #1: node_down: call 1"});
}

BOOST_AUTO_TEST_CASE(leave_nothing_behind_in_a_scope_that_ends_well) {
  scripted s{{{0ms, broken}, {1h, {}}}};
  auto body = [&](task_context& self) -> async<int> {
    auto op = tried(self, {.name = "r", .backoff = every(1ms)}, s, *this);
    auto end = co_await axiom::as_expected(std::move(op));
    co_return end ? 1 : 2;
  };
  auto t = start("t", body);
  advance(1s);
  t.cancel();
  run();
  BOOST_TEST(t.get() == 2);
}

BOOST_AUTO_TEST_SUITE_END()

// -- threads ------------------------------------------------------------------

BOOST_FIXTURE_TEST_SUITE(retried_by_threads, threaded)

BOOST_AUTO_TEST_CASE(blocking_operations) {
  std::atomic<int> calls{0};
  auto op = axiom::blocking([&calls] {
    if (++calls < 3)
      throw std::runtime_error("not yet");
    return calls.load();
  });
  auto body = [&](task_context& self) -> async<int> {
    co_return co_await retry(self, {.backoff = every(0ms)}, op);
  };
  auto t = start("t", body);
  BOOST_TEST(t.get() == 3);
}

BOOST_AUTO_TEST_SUITE_END()

// -- on the real clock --------------------------------------------------------

BOOST_FIXTURE_TEST_SUITE(retried_in_real_time, real_time)

BOOST_AUTO_TEST_CASE(with_attempts_that_may_last_for_ever) {
  auto t = start("t", [](task_context& self) -> async<bool> {
    auto op = [](task_context& inner) -> async<bool> {
      co_await inner.sleep_for(1ms); // a timer that is due fires before
      co_return inner.deadline().has_value();
    };
    co_return co_await retry(
      self, {.attempts = 1, .attempt_timeout = axiom::runtime::duration::max()},
      axiom::named(op));
  });
  BOOST_TEST(!t.get());
}

BOOST_AUTO_TEST_SUITE_END()
