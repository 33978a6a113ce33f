// How the phases of a shutdown run.

#include <algorithm>
#include <map>
#include <set>
#include <string>
#include <vector>

#include <boost/test/unit_test.hpp>
#include <rapidcheck.h>

#include "axiom/coordination/phases.hpp"
#include "support/phases.hpp"

using axiom::phase_effect;
using axiom::phase_plan;
using axiom::phase_run;
using axiom::phase_state;
using axiom::runtime::duration;
using axiom::runtime::time_point;
using kind = axiom::phase_effect::kind;
using namespace test;

namespace {

using lines = std::vector<std::string>;

constexpr time_point start_time{100s};

phase strict(std::string name, names after = {}, duration budget = 5s) {
  auto result = make_phase(std::move(name), std::move(after), budget);
  result.recover = false;
  return result;
}

/// The effects as lines to compare.
lines told(const phase_run& run, const phase_run::effects& effects) {
  lines result;
  for (const auto& x : effects) {
    switch (x.what) {
      case kind::start:
        result.push_back("start " + run.plan()[x.phase].name);
        break;
      case kind::overran:
        result.push_back("overran " + run.plan()[x.phase].name);
        break;
      case kind::aborted:
        result.push_back("aborted by " + run.plan()[x.phase].name);
        break;
      case kind::finished:
        result.push_back("finished");
        break;
      case kind::ignored:
        result.push_back("ignored: " + x.text);
    }
  }
  return result;
}

void check_told(const phase_run& run, const phase_run::effects& effects,
                const lines& wanted) {
  BOOST_TEST(told(run, effects) == wanted, boost::test_tools::per_element());
}

/// Plays a run to its end: each phase takes what `takes` says, or hangs; ticks
/// come as asked for. Keeps who started and ended when.
struct player {
  explicit player(phase_plan plan) : run(std::move(plan)) {
    // nop
  }

  template <class F>
  void play(F takes) {
    take(run.start(now));
    while (!run.finished()) {
      for (auto i : std::exchange(fresh, {}))
        if (auto x = takes(i); x > duration::zero())
          ends.emplace(now + x, i);
      auto deadline = run.next_deadline();
      RC_ASSERT(deadline.has_value());
      if (!ends.empty() && ends.begin()->first < *deadline) {
        auto [when, who] = *ends.begin();
        ends.erase(ends.begin());
        now = when;
        if (run.state(who) == phase_state::running)
          ended[who] = now;
        take(run.phase_done(run.plan()[who].name, now));
      } else {
        now = *deadline;
        take(run.tick(now));
      }
    }
    RC_ASSERT(finished == 1);
    RC_ASSERT(!run.next_deadline());
  }

  void take(const phase_run::effects& effects) {
    for (const auto& x : effects) {
      RC_ASSERT(finished == 0 || x.what == kind::ignored);
      if (x.what == kind::start) {
        RC_ASSERT(started.emplace(x.phase, now).second); // once
        fresh.push_back(x.phase);
      } else if (x.what == kind::overran) {
        RC_ASSERT(overran.insert(x.phase).second); // once
        RC_ASSERT(started.at(x.phase) + run.plan()[x.phase].budget == now);
        ended[x.phase] = now;
      } else if (x.what == kind::finished) {
        ++finished;
      }
    }
  }

  /// Everyone who started did so at the very end of the last it waited for.
  void check_order() const {
    for (auto [i, when] : started) {
      auto ready = start_time;
      for (const auto& name : run.plan()[i].after) {
        auto other = ended.find(*run.plan().find(name));
        RC_ASSERT(other != ended.end());
        ready = std::max(ready, other->second);
      }
      RC_ASSERT(when == ready);
    }
  }

  phase_run run;
  time_point now = start_time;
  std::map<std::size_t, time_point> started;
  std::map<std::size_t, time_point> ended;
  std::set<std::size_t> overran;
  std::vector<std::size_t> fresh;
  std::multimap<time_point, std::size_t> ends;
  int finished = 0;
};

/// How long a phase takes: shorter or longer than its budget, or for ever (0).
duration any_time() {
  return *rc::gen::inRange(0, 25) * 1s;
}

} // namespace

BOOST_AUTO_TEST_SUITE(phase_runs)

BOOST_AUTO_TEST_CASE(start_each_phase_when_the_last_before_it_is_done) {
  phase_run run{phase_plan{{make_phase("admission"), make_phase("sockets"),
                            make_phase("drain", {"admission", "sockets"}),
                            make_phase("cancel", {"drain"})}}};
  auto now = start_time;
  BOOST_TEST(!run.started());
  check_told(run, run.start(now), {"start admission", "start sockets"});
  BOOST_TEST(run.started());
  check_told(run, run.phase_done("sockets", now), {});
  check_told(run, run.phase_done("admission", now + 1s), {"start drain"});
  check_told(run, run.phase_done("drain", now + 2s), {"start cancel"});
  BOOST_TEST(!run.finished());
  check_told(run, run.phase_done("cancel", now + 3s), {"finished"});
  BOOST_TEST(run.finished());
  BOOST_TEST(to_string(run.state(0)) == "done");
}

BOOST_AUTO_TEST_CASE(of_no_phases_finish_at_once) {
  phase_run run{phase_plan{{}}};
  check_told(run, run.start(start_time), {"finished"});
}

BOOST_AUTO_TEST_CASE(go_on_behind_a_phase_that_overruns_and_tell_it_once) {
  phase_run run{
    phase_plan{{make_phase("drain", {}, 2s), make_phase("stop", {"drain"})}}};
  auto now = start_time;
  check_told(run, run.start(now), {"start drain"});
  BOOST_CHECK(run.next_deadline() == now + 2s);
  check_told(run, run.tick(now + 2s - 1ns), {});
  check_told(run, run.tick(now + 2s), {"overran drain", "start stop"});
  BOOST_TEST(to_string(run.state(0)) == "overrun");
  BOOST_CHECK(run.next_deadline() == now + 7s);
  check_told(run, run.tick(now + 3s), {});
  check_told(run, run.phase_done("drain", now + 4s),
             {"ignored: phase 'drain' ended after its budget"});
  check_told(run, run.phase_done("stop", now + 5s), {"finished"});
}

BOOST_AUTO_TEST_CASE(take_an_end_that_comes_before_the_tick_for_an_end) {
  phase_run run{phase_plan{{make_phase("drain", {}, 2s)}}};
  run.start(start_time);
  check_told(run, run.phase_done("drain", start_time + 3s), {"finished"});
  BOOST_TEST(to_string(run.state(0)) == "done");
}

BOOST_AUTO_TEST_CASE(start_nothing_more_when_a_phase_must_not_overrun) {
  phase_run run{phase_plan{{strict("flush", {}, 2s), make_phase("log", {}, 4s),
                            make_phase("close", {"flush"}),
                            make_phase("exit", {"close", "log"})}}};
  auto now = start_time;
  check_told(run, run.start(now), {"start flush", "start log"});
  BOOST_TEST(!run.aborted_by());
  check_told(run, run.tick(now + 2s), {"overran flush", "aborted by flush"});
  BOOST_TEST(*run.aborted_by() == 0u);
  BOOST_TEST(to_string(run.state(2)) == "skipped");
  // What runs beside it keeps its budget.
  check_told(run, run.phase_done("flush", now + 3s),
             {"ignored: phase 'flush' ended after its budget"});
  check_told(
    run, run.phase_done("close", now + 3s),
    {"ignored: phase 'close' ended, but is never started in this run"});
  check_told(run, run.tick(now + 4s), {"overran log", "finished"});
  BOOST_TEST(to_string(run.state(3)) == "skipped");
}

BOOST_AUTO_TEST_CASE(
  start_nothing_beside_a_phase_that_aborts_at_the_same_tick) {
  phase_run run{
    phase_plan{{make_phase("a", {}, 2s), make_phase("behind", {"a"}),
                strict("b", {}, 2s), strict("c", {}, 2s)}}};
  run.start(start_time);
  check_told(
    run, run.tick(start_time + 9s),
    {"overran a", "overran b", "aborted by b", "overran c", "finished"});
}

BOOST_AUTO_TEST_CASE(run_once) {
  phase_run run{phase_plan{{make_phase("a")}}};
  run.start(start_time);
  check_told(run, run.start(start_time), {"ignored: it was started before"});
  run.phase_done("a", start_time);
  check_told(run, run.start(start_time), {"ignored: it was started before"});
  check_told(run, run.tick(start_time + 1h), {});
}

BOOST_AUTO_TEST_CASE(ignore_ends_that_mean_nothing_and_say_why) {
  phase_run run{phase_plan{{make_phase("a"), make_phase("b", {"a"})}}};
  check_told(run, run.phase_done("a", start_time),
             {"ignored: phase 'a' ended before it was started"});
  check_told(run, run.tick(start_time), {});
  run.start(start_time);
  check_told(run, run.phase_done("z", start_time),
             {"ignored: there is no phase 'z'"});
  run.phase_done("a", start_time);
  check_told(run, run.phase_done("a", start_time),
             {"ignored: phase 'a' ended twice"});
}

BOOST_AUTO_TEST_CASE(without_an_end_of_time_have_a_last_deadline) {
  phase_run run{phase_plan{{make_phase("a", {}, duration::max())}}};
  run.start(start_time);
  BOOST_CHECK(run.next_deadline() == time_point::max());
}

BOOST_AUTO_TEST_CASE(start_all_phases_once_in_order_within_the_critical_path) {
  BOOST_CHECK(rc::check("any plan, any times", [] {
    player x{phase_plan{any_phases(cycles::none)}};
    x.play([](std::size_t) { return any_time(); });
    x.check_order();
    RC_ASSERT(x.started.size() == x.run.plan().size());
    RC_ASSERT(x.now - start_time <= x.run.plan().critical_path());
    for (std::size_t i = 0; i < x.run.plan().size(); ++i)
      RC_ASSERT(
        x.run.state(i)
        == (x.overran.contains(i) ? phase_state::overrun : phase_state::done));
  }));
}

BOOST_AUTO_TEST_CASE(that_all_hang_take_as_long_as_the_critical_path) {
  BOOST_CHECK(rc::check("any plan, all overrun", [] {
    player x{phase_plan{any_phases(cycles::none)}};
    x.play([](std::size_t) { return 0s; });
    RC_ASSERT(x.now - start_time == x.run.plan().critical_path());
    RC_ASSERT(x.overran.size() == x.run.plan().size());
  }));
}

BOOST_AUTO_TEST_CASE(that_abort_start_nothing_later_and_still_finish) {
  BOOST_CHECK(rc::check("any plan, some must not overrun", [] {
    auto phases = any_phases(cycles::none);
    for (auto& x : phases)
      x.recover = *rc::gen::inRange(0, 3) > 0;
    player x{phase_plan{phases}};
    x.play([](std::size_t) { return any_time(); });
    x.check_order();
    RC_ASSERT(x.now - start_time <= x.run.plan().critical_path());
    auto aborting = x.run.aborted_by();
    for (std::size_t i = 0; i < phases.size(); ++i) {
      auto started = x.started.contains(i);
      RC_ASSERT(started == (x.run.state(i) != phase_state::skipped));
      RC_ASSERT(aborting || started);
      if (aborting && started)
        RC_ASSERT(x.started.at(i) <= x.ended.at(*aborting));
      if (x.overran.contains(i) && !phases[i].recover)
        RC_ASSERT(aborting.has_value());
    }
  }));
}

BOOST_AUTO_TEST_SUITE_END()
