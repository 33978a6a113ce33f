// Hedged operations: when attempts start, which one wins, what becomes of the
// others.

#include "support/delays.hpp"

using namespace test;
using axiom::hedged;

namespace {

/// What the attempts at one operation do: each one's behaviour, by number.
struct script {
  struct attempt {
    duration span;
    bool good = true;
  };

  std::vector<attempt> attempts;
  std::vector<duration> starts{}; // since the first
  std::optional<axiom::runtime::time_point> begin{};

  /// The operation; its value is the attempt's number.
  auto operation(const stepwise& clock) {
    return [this, &clock](task_context& self) -> async<int> {
      if (!begin)
        begin = clock.now();
      starts.push_back(clock.now() - *begin);
      auto number = starts.size();
      auto [span, good] = attempts[number - 1];
      co_await self.sleep_for(span);
      if (!good)
        co_return axiom::fail(errc::invalid_argument,
                              "broken " + std::to_string(number));
      co_return static_cast<int>(number);
    };
  }
};

void check_starts(const script& x, const std::vector<duration>& wanted) {
  BOOST_TEST((x.starts == wanted));
}

} // namespace

BOOST_FIXTURE_TEST_SUITE(hedges, stepwise)

BOOST_AUTO_TEST_CASE(start_no_second_attempt_if_the_first_is_quick) {
  script s{{{99ms}}};
  auto t = start("t", [&](task_context& self) -> async<int> {
    co_return co_await hedged(self, {.delay = 100ms, .max = 3},
                              s.operation(*this));
  });
  advance(1s);
  BOOST_TEST(t.get() == 1);
  check_starts(s, {0ms});
  BOOST_TEST(pending_timers() == 0u);
}

BOOST_AUTO_TEST_CASE(start_another_after_each_delay_up_to_the_most) {
  script s{{{1h}, {1h}, {1h}}};
  auto t = start("t", [&](task_context& self) -> async<int> {
    co_return co_await hedged(self, {.delay = 100ms, .max = 3},
                              s.operation(*this));
  });
  advance(10s);
  check_starts(s, {0ms, 100ms, 200ms});
  BOOST_TEST(pending_timers() == 3u); // the attempts' own
  advance(1h);
  BOOST_TEST(t.get() == 1);
}

BOOST_AUTO_TEST_CASE(give_the_first_value_and_cancel_the_others) {
  script s{{{1s}, {50ms}, {1h}}};
  auto t = start("t", [&](task_context& self) -> async<int> {
    co_return co_await hedged(self, {.name = "h", .delay = 100ms, .max = 3},
                              s.operation(*this));
  });
  advance(150ms);
  BOOST_TEST(t.get() == 2);
  check_starts(s, {0ms, 100ms});
  BOOST_CHECK(events().phases_of("attempt 1").back() == task_phase::cancelled);
  BOOST_CHECK(events().phases_of("attempt 2").back() == task_phase::completed);
  BOOST_TEST(events().phases_of("attempt 3").empty());
}

BOOST_AUTO_TEST_CASE(start_the_next_at_once_when_an_attempt_fails) {
  script s{{{30ms, false}, {20ms, false}, {1h}, {10ms}}};
  auto t = start("t", [&](task_context& self) -> async<int> {
    co_return co_await hedged(self, {.delay = 100ms, .max = 4},
                              s.operation(*this));
  });
  advance(1s);
  BOOST_TEST(t.get() == 4);
  check_starts(s, {0ms, 30ms, 50ms, 150ms}); // the delay begins anew
}

BOOST_AUTO_TEST_CASE(start_the_next_at_once_beside_those_that_run) {
  script s{{{1h}, {30ms, false}, {10ms}}};
  auto t = start("t", [&](task_context& self) -> async<int> {
    std::vector<axiom::task_error> lost;
    auto value =
      co_await hedged(self, {.delay = 100ms, .max = 3, .suppressed = &lost},
                      s.operation(*this));
    check_lines(listed(lost), {"attempt 2: invalid_argument: broken 2"});
    co_return value;
  });
  advance(1s);
  BOOST_TEST(t.get() == 3);
  check_starts(s, {0ms, 100ms, 130ms});
}

BOOST_AUTO_TEST_CASE(fail_with_all_errors_if_no_attempt_has_a_value) {
  script s{{{300ms, false}, {20ms, false}, {500ms, false}}};
  auto t = start("t", [&](task_context& self) -> async<int> {
    co_return co_await hedged(self, {.delay = 100ms, .max = 3},
                              s.operation(*this));
  });
  advance(620ms);
  check_lines(errors_of(t), {"attempt 2: invalid_argument: broken 2",
                             "attempt 1: invalid_argument: broken 1",
                             "attempt 3: invalid_argument: broken 3"});
}

BOOST_AUTO_TEST_CASE(wait_on_when_the_last_attempt_but_one_has_failed) {
  script s{{{10ms, false}, {1h}}};
  auto t = start("t", [&](task_context& self) -> async<int> {
    co_return co_await hedged(self, {.delay = 100ms, .max = 2},
                              s.operation(*this));
  });
  advance(10s);
  BOOST_TEST(!t.done());
  advance(1h);
  BOOST_TEST(t.get() == 2);
}

BOOST_AUTO_TEST_CASE(of_one_attempt_are_the_operation) {
  script s{{{1h}}};
  auto t = start("t", [&](task_context& self) -> async<int> {
    co_return co_await hedged(self, {.delay = 100ms, .max = 1},
                              s.operation(*this));
  });
  advance(1h);
  BOOST_TEST(t.get() == 1);
  check_starts(s, {0ms});
}

BOOST_AUTO_TEST_CASE(without_an_end_of_the_delay_start_after_failures_only) {
  script s{{{1s, false}, {1h}}};
  auto t = start("t", [&](task_context& self) -> async<int> {
    co_return co_await hedged(self, {.delay = duration::max()},
                              s.operation(*this));
  });
  advance(2h);
  BOOST_TEST(t.get() == 2);
  check_starts(s, {0ms, 1s});
}

BOOST_AUTO_TEST_CASE(wait_for_losers_that_ignore_their_cancellation) {
  int attempts = 0;
  auto op = [&](task_context& self) -> async<int> {
    if (++attempts == 2)
      co_return 2;
    co_await self.shielded(
      [](task_context& me) -> async<void> { co_await me.sleep_for(300ms); });
    co_return 1;
  };
  auto t = start("t", [&](task_context& self) -> async<int> {
    co_return co_await hedged(self, {.delay = 100ms}, op);
  });
  advance(299ms);
  BOOST_TEST(!t.done());
  advance(1ms);
  BOOST_TEST(t.get() == 2);
}

BOOST_AUTO_TEST_CASE(end_with_the_task_that_awaits_them) {
  script s{{{1h}, {1h}}};
  auto t = start("t", [&](task_context& self) -> async<int> {
    co_return co_await hedged(self, {.delay = 100ms, .max = 3},
                              s.operation(*this));
  });
  advance(150ms);
  t.cancel();
  run();
  BOOST_TEST(t.done());
  BOOST_TEST(pending_timers() == 0u);
  BOOST_TEST(s.starts.size() == 2u);
}

BOOST_AUTO_TEST_CASE(that_cannot_work_are_refused) {
  auto t = start("t", [](task_context& self) -> async<int> {
    co_return co_await hedged(self, {.max = 2}, after(1s, 1));
  });
  auto u = start("u", [](task_context& self) -> async<int> {
    co_return co_await hedged(self, {.delay = 1s, .max = 0}, after(1s, 1));
  });
  run();
  BOOST_CHECK(code_thrown_by([&] { t.get(); }) == errc::invalid_argument);
  BOOST_CHECK(code_thrown_by([&] { u.get(); }) == errc::invalid_argument);
}

BOOST_AUTO_TEST_CASE(may_be_void) {
  int ran = 0;
  auto t = start("t", [&](task_context& self) -> async<void> {
    co_await hedged(self, {.delay = 1s}, [&] { ++ran; });
  });
  run();
  t.get();
  BOOST_TEST(ran == 1);
}

BOOST_AUTO_TEST_SUITE_END()
