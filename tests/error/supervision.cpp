// A supervisor's decisions, event by event.

#include <sstream>
#include <string>
#include <vector>

#include <boost/test/unit_test.hpp>

#include "axiom/error/supervisor/supervision.hpp"

using namespace axiom;
using namespace axiom::detail;
using namespace std::chrono_literals;
using strategy_kind = supervision_strategy;

namespace {

using lines = std::vector<std::string>;

/// A core, and what it wants done as lines of text. Children are 1, 2, 3.
struct one_core {
  explicit one_core(supervision::policy how) : core(how) {
    // nop
  }

  /// Starts `n` children that are permanent, and says that they are started.
  void begin(std::size_t n, supervision::child_policy how = {}) {
    for (std::size_t i = 0; i < n; ++i)
      core.add(how);
    core.begin(now);
    for (child_key i = 1; i <= n; ++i)
      started(i);
    take();
  }

  void started(child_key x) {
    core.started(x, core.incarnation_of(x), now);
  }

  void crash(child_key x) {
    core.ended(x, core.incarnation_of(x), exit_class::failure, now);
  }

  void leave(child_key x) {
    core.ended(x, core.incarnation_of(x), exit_class::normal, now);
  }

  void advance(runtime::duration by) {
    now += by;
    core.time_passed(now);
  }

  lines take() {
    constexpr std::array names{"start",  "overdue", "ask", "kill",
                               "settle", "forget",  "up",  "end"};
    lines result;
    for (auto& x : core.take_effects()) {
      std::ostringstream line;
      line << names[static_cast<std::size_t>(x.what)];
      if (x.what == supervision_effect::kind::settle)
        line << ' ' << x.ticket << ':' << static_cast<int>(x.verdict);
      else if (x.child != 0)
        line << ' ' << x.child;
      result.push_back(line.str());
    }
    return result;
  }

  supervision core;
  runtime::time_point now{1h};
};

supervision::policy policy(strategy_kind strategy, std::size_t most = 10,
                           runtime::duration backoff = 0s) {
  supervision::policy result;
  result.strategy = strategy;
  result.max_restarts = most;
  result.within = 5s;
  result.backoff.initial = backoff;
  result.backoff.healthy_after = 10s;
  return result;
}

supervision::child_policy child(
  restart_kind restart, runtime::duration shutdown = shutdown_infinity,
  runtime::duration start_timeout = runtime::duration::max()) {
  return {restart, false, shutdown, start_timeout};
}

} // namespace

#define CHECK_EFFECTS(x, ...)                                                  \
  BOOST_TEST((x).take() == (lines __VA_ARGS__),                                \
             boost::test_tools::per_element())

BOOST_AUTO_TEST_SUITE(supervision_core)

BOOST_AUTO_TEST_CASE(starts_one_child_after_the_other) {
  one_core x{policy(strategy_kind::one_for_one)};
  x.core.add(child(restart_kind::permanent));
  x.core.add(child(restart_kind::permanent));
  x.core.begin(x.now);
  CHECK_EFFECTS(x, {"start 1"});
  x.started(1);
  CHECK_EFFECTS(x, {"start 2"});
  x.started(2);
  CHECK_EFFECTS(x, {"up"});
}

BOOST_AUTO_TEST_CASE(gives_the_first_start_up_with_the_first_failure) {
  one_core x{policy(strategy_kind::one_for_one)};
  for (int i = 0; i < 3; ++i)
    x.core.add(child(restart_kind::permanent));
  x.core.begin(x.now);
  x.started(1);
  x.core.start_failed(2, 1, x.now);
  CHECK_EFFECTS(x, {"start 1", "start 2", "ask 1"});
  x.leave(1);
  CHECK_EFFECTS(x, {"end"});
  BOOST_CHECK(x.core.closing() == supervision_end::start_failed);
}

BOOST_AUTO_TEST_CASE(stops_the_others_youngest_first_before_it_starts_all) {
  one_core x{policy(strategy_kind::one_for_all)};
  x.begin(3);
  x.crash(2);
  CHECK_EFFECTS(x, {"ask 3"});
  x.leave(3);
  CHECK_EFFECTS(x, {"ask 1"});
  x.leave(1);
  CHECK_EFFECTS(x, {"start 1"});
  x.started(1);
  CHECK_EFFECTS(x, {"start 2"});
  x.started(2);
  CHECK_EFFECTS(x, {"start 3"});
  x.started(3);
  CHECK_EFFECTS(x, {});
  BOOST_TEST(x.core.restarts() == 1u);
}

BOOST_AUTO_TEST_CASE(restarts_those_after_the_failed_one_only) {
  one_core x{policy(strategy_kind::rest_for_one)};
  x.begin(3);
  x.crash(2);
  CHECK_EFFECTS(x, {"ask 3"});
  x.leave(3);
  x.started(2);
  CHECK_EFFECTS(x, {"start 2", "start 3"});
}

BOOST_AUTO_TEST_CASE(lets_an_older_failure_take_over_a_restart_under_way) {
  one_core x{policy(strategy_kind::rest_for_one)};
  x.begin(3);
  x.crash(2); // 3 is being stopped
  x.take();
  x.crash(1);
  CHECK_EFFECTS(x, {});
  x.leave(3);
  x.started(1);
  x.started(2);
  CHECK_EFFECTS(x, {"start 1", "start 2", "start 3"});
  BOOST_TEST(x.core.restarts() == 2u);
}

BOOST_AUTO_TEST_CASE(restarts_nothing_for_one_that_fails_while_it_is_stopped) {
  one_core x{policy(strategy_kind::one_for_all, 1)};
  x.begin(3);
  x.crash(1);
  x.crash(3); // which was asked to end
  x.crash(2); // and so was this, after it
  x.started(1);
  CHECK_EFFECTS(x, {"ask 3", "ask 2", "start 1", "start 2"});
  BOOST_TEST(x.core.restarts() == 1u);
}

BOOST_AUTO_TEST_CASE(tries_a_failed_restart_again_and_counts_it) {
  one_core x{policy(strategy_kind::one_for_one, 2)};
  x.begin(1);
  x.crash(1);
  x.core.start_failed(1, 2, x.now);
  CHECK_EFFECTS(x, {"start 1", "start 1"});
  x.core.start_failed(1, 3, x.now);
  CHECK_EFFECTS(x, {"end"});
  BOOST_CHECK(x.core.closing() == supervision_end::too_many);
}

BOOST_AUTO_TEST_CASE(counts_restarts_within_the_window_only) {
  one_core x{policy(strategy_kind::one_for_one, 2)};
  x.begin(1);
  for (int i = 0; i < 5; ++i) {
    x.crash(1);
    x.started(1);
    x.advance(2501ms); // three never fit into 5 s
  }
  BOOST_TEST(!x.core.closing());
  x.crash(1);
  x.started(1);
  x.crash(1);
  BOOST_CHECK(x.core.closing() == supervision_end::too_many);
}

BOOST_AUTO_TEST_CASE(counts_a_restart_that_is_exactly_as_old_as_the_window) {
  one_core x{policy(strategy_kind::one_for_one, 1)};
  x.begin(1);
  x.crash(1);
  x.started(1);
  x.advance(5s);
  x.crash(1);
  BOOST_CHECK(x.core.closing() == supervision_end::too_many);
}

BOOST_AUTO_TEST_CASE(waits_twice_as_long_each_time_until_it_was_healthy) {
  one_core x{policy(strategy_kind::one_for_one, 100, 1s)};
  x.begin(1);
  for (auto wait : {1s, 2s, 4s}) {
    x.crash(1);
    x.advance(wait - 1ns);
    CHECK_EFFECTS(x, {});
    x.advance(1ns);
    CHECK_EFFECTS(x, {"start 1"});
    x.started(1);
  }
  x.advance(10s);
  x.crash(1);
  BOOST_TEST((*x.core.next_due() - x.now == 1s));
}

BOOST_AUTO_TEST_CASE(stops_siblings_at_once_and_starts_them_after_the_wait) {
  one_core x{policy(strategy_kind::one_for_all, 100, 1s)};
  x.begin(2);
  x.crash(2);
  CHECK_EFFECTS(x, {"ask 1"});
  x.leave(1);
  CHECK_EFFECTS(x, {});
  x.advance(1s);
  CHECK_EFFECTS(x, {"start 1"});
}

BOOST_AUTO_TEST_CASE(lets_others_go_on_while_one_waits) {
  one_core x{policy(strategy_kind::one_for_one, 100, 1s)};
  x.begin(2);
  x.crash(1);
  x.advance(500ms);
  x.crash(2);
  x.advance(500ms);
  CHECK_EFFECTS(x, {"start 1"});
  x.advance(500ms); // 1 has not said that it is started
  CHECK_EFFECTS(x, {"start 2"});
}

BOOST_AUTO_TEST_CASE(kills_what_does_not_end_in_time_and_waits_for_it) {
  one_core x{policy(strategy_kind::one_for_one)};
  x.begin(1, child(restart_kind::permanent, 5s));
  x.core.close(x.now);
  CHECK_EFFECTS(x, {"ask 1"});
  x.advance(5s);
  CHECK_EFFECTS(x, {"kill 1"});
  x.advance(1h);
  CHECK_EFFECTS(x, {});
  x.crash(1);
  CHECK_EFFECTS(x, {"end"});
}

BOOST_AUTO_TEST_CASE(kills_at_once_where_there_is_no_time) {
  one_core x{policy(strategy_kind::one_for_one)};
  x.begin(1, child(restart_kind::permanent, shutdown_kill));
  x.core.close(x.now);
  CHECK_EFFECTS(x, {"kill 1"});
}

BOOST_AUTO_TEST_CASE(stops_what_does_not_start_in_time) {
  one_core x{policy(strategy_kind::one_for_one)};
  x.core.add(child(restart_kind::permanent, 1s, 2s));
  x.core.begin(x.now);
  x.advance(2s);
  CHECK_EFFECTS(x, {"start 1", "overdue 1", "ask 1"});
  x.started(1); // too late
  x.advance(1s);
  CHECK_EFFECTS(x, {"kill 1"});
  x.crash(1);
  CHECK_EFFECTS(x, {"end"});
}

BOOST_AUTO_TEST_CASE(forgets_a_child_of_a_request_that_does_not_start) {
  one_core x{policy(strategy_kind::one_for_one)};
  x.begin(0);
  x.core.add(child(restart_kind::permanent), 7, x.now);
  x.crash(1);
  CHECK_EFFECTS(x, {"start 1", "settle 7:1", "forget 1"});
}

BOOST_AUTO_TEST_CASE(leaves_one_stopped_that_a_request_could_not_restart) {
  one_core x{policy(strategy_kind::one_for_one, 0)};
  x.begin(1);
  x.core.terminate(1, 7, x.now);
  x.leave(1);
  x.core.restart(1, 8, x.now);
  x.core.start_failed(1, 2, x.now);
  CHECK_EFFECTS(x, {"ask 1", "settle 7:0", "start 1", "settle 8:1"});
  BOOST_CHECK(x.core.state_of(1) == child_state::stopped);
  BOOST_TEST(!x.core.closing());
}

BOOST_AUTO_TEST_CASE(takes_a_waiting_child_out_of_a_restart_by_request) {
  one_core x{policy(strategy_kind::one_for_all, 100, 1s)};
  x.begin(3);
  x.crash(2);
  x.leave(3);
  x.leave(1);
  x.core.terminate(1, 7, x.now);
  x.advance(1s);
  x.started(2);
  CHECK_EFFECTS(x, {"ask 3", "ask 1", "settle 7:0", "start 2", "start 3"});
}

BOOST_AUTO_TEST_CASE(ends_with_the_first_or_the_last_significant_child) {
  for (auto mode :
       {auto_shutdown::any_significant, auto_shutdown::all_significant}) {
    auto how = policy(strategy_kind::one_for_one);
    how.auto_shutdown = mode;
    one_core x{how};
    auto significant = child(restart_kind::transient);
    significant.significant = true;
    x.core.add(significant);
    x.core.add(significant);
    x.core.add(child(restart_kind::transient));
    x.core.begin(x.now);
    for (child_key i = 1; i <= 3; ++i)
      x.started(i);
    x.leave(3); // not significant
    BOOST_TEST(!x.core.closing());
    x.leave(1);
    BOOST_TEST(x.core.closing().has_value()
               == (mode == auto_shutdown::any_significant));
    x.leave(2);
    BOOST_CHECK(x.core.closing() == supervision_end::auto_shutdown);
    BOOST_TEST(x.take().back() == "end");
  }
}

BOOST_AUTO_TEST_CASE(does_not_end_with_a_significant_child_that_it_stopped) {
  auto how = policy(strategy_kind::one_for_one);
  how.auto_shutdown = auto_shutdown::any_significant;
  one_core x{how};
  auto significant = child(restart_kind::temporary);
  significant.significant = true;
  x.begin(2, significant);
  x.core.terminate(1, 7, x.now);
  x.leave(1);
  BOOST_TEST(!x.core.closing());
}

BOOST_AUTO_TEST_CASE(is_told_of_one_death_once) {
  one_core x{policy(strategy_kind::one_for_one, 1)};
  x.begin(1);
  x.crash(1);
  x.started(1);
  x.core.ended(1, 1, exit_class::failure, x.now); // the former, again
  x.core.started(1, 1, x.now);
  BOOST_TEST(!x.core.closing());
  BOOST_TEST(x.core.restarts() == 1u);
}

BOOST_AUTO_TEST_SUITE_END()
