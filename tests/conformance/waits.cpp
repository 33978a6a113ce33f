// Every way to wait, with every way in which a wait can end.
//
// A row is something that a task can wait for (see waits.hpp); a column is how
// that ends: with a value, with an error, by a cancellation (before, while, in
// the moment in which the value comes), by the task's deadline, by the
// coordinator's shutdown. For each cell: the task has the promised outcome; it
// went on if and only if it was given what it waited for, so there is one
// winner; and the fixture finds that nothing is left: no task, no timer, no
// actor.

#include "conformance/waits.hpp"

#include <boost/test/data/test_case.hpp>

#include "axiom/runtime/host.hpp"
#include "axiom/runtime/virtual_timer.hpp"
#include "stress/support.hpp"
#include "support/policies.hpp"

using namespace test;
using namespace test::waiting;
using axiom::cancel_reason;

namespace {

const auto each_wait = boost::unit_test::data::make(waits);

// -- what every case does -----------------------------------------------------

/// Starts the task that waits.
template <class Fixture>
axiom::task<void> start(Fixture& fix, const wait& what, probe& p,
                        axiom::task_options options = {}) {
  options.name = "waiting";
  return fix.coordinator().create_child_task(
    options, [&what, &p](task_context& self) { return what.run(self, p); });
}

/// How a task ended, in one word or the text of its error.
std::string outcome_of(const axiom::task<void>& t) {
  auto got = t.get_expected();
  if (got)
    return "value";
  if (got.error().is(errc::cancelled))
    return "cancelled";
  try {
    got.error().rethrow();
  } catch (const axiom::concurrent_errors& ex) {
    return to_string(ex);
  } catch (const std::exception& ex) {
    return ex.what();
  }
}

/// A task that was cancelled while it waited, or before.
void check_cancelled(const wait& what, stepwise& fix, const probe& p,
                     const axiom::task<void>& t, cancel_reason reason) {
  if (what.how == wait::kind::shielded) {
    BOOST_TEST(!t.done());
    fix.advance(1s);
    BOOST_TEST(p.went_on);
    BOOST_TEST(outcome_of(t) == "value");
    return;
  }
  BOOST_REQUIRE(t.done());
  BOOST_TEST(!p.went_on);
  BOOST_TEST(outcome_of(t) == "cancelled");
  BOOST_CHECK(t.impl().reason() == reason);
}

/// What holds whoever wins.
void check_one_winner(const wait& what, const probe& p,
                      const axiom::task<void>& t) {
  auto outcome = outcome_of(t);
  if (what.how != wait::kind::inner || !p.went_on)
    BOOST_TEST(outcome == (p.went_on ? "value" : "cancelled"));
  else
    BOOST_TEST((outcome == "value" || outcome == "cancelled"));
}

} // namespace

BOOST_AUTO_TEST_SUITE(every_wait)

// -- the columns --------------------------------------------------------------

BOOST_DATA_TEST_CASE(ends_with_what_it_waits_for, each_wait, what) {
  probe p;
  stepwise fix;
  auto t = start(fix, what, p);
  fix.run();
  BOOST_TEST(p.waits);
  BOOST_TEST(!p.went_on);
  fix.advance(1s);
  BOOST_REQUIRE(t.done());
  BOOST_TEST(p.went_on);
  BOOST_TEST(outcome_of(t) == "value");
}

BOOST_DATA_TEST_CASE(ends_with_the_error_of_what_it_waits_for, each_wait,
                     what) {
  if (what.error == nullptr)
    return;
  probe p;
  p.fails = true;
  stepwise fix;
  auto t = start(fix, what, p);
  fix.advance(1s);
  BOOST_REQUIRE(t.done());
  auto text = outcome_of(t);
  BOOST_TEST_CONTEXT("it ended with: " << text)
  BOOST_TEST((text.find(what.error) != std::string::npos));
  BOOST_TEST(fix.coordinator().stats().unobserved_errors == 0u);
}

BOOST_DATA_TEST_CASE(never_begins_in_a_cancelled_task, each_wait, what) {
  probe p;
  stepwise fix;
  auto t = start(fix, what, p);
  p.before = [&t] { t.cancel(); };
  fix.run();
  BOOST_TEST(p.waits);
  check_cancelled(what, fix, p, t, cancel_reason::user);
}

BOOST_DATA_TEST_CASE(ends_when_its_task_is_cancelled, each_wait, what) {
  probe p;
  stepwise fix;
  auto t = start(fix, what, p);
  fix.run();
  BOOST_TEST(!t.done());
  t.cancel();
  fix.run();
  check_cancelled(what, fix, p, t, cancel_reason::user);
}

BOOST_DATA_TEST_CASE(ends_at_the_deadline_of_its_task, each_wait, what) {
  probe p;
  stepwise fix;
  auto t = start(fix, what, p, {.timeout = 500ms});
  fix.advance(500ms);
  check_cancelled(what, fix, p, t, cancel_reason::deadline);
}

BOOST_DATA_TEST_CASE(ends_when_the_coordinator_shuts_down, each_wait, what) {
  probe p;
  stepwise fix;
  auto t = start(fix, what, p);
  fix.run();
  fix.coordinator().shutdown();
  fix.run();
  check_cancelled(what, fix, p, t, cancel_reason::parent_cancelled);
}

// After what it waits for has come, n jobs run before the cancellation: for
// every n until the task is done.
BOOST_DATA_TEST_CASE(has_one_winner_at_every_step_of_the_wake_up, each_wait,
                     what) {
  auto cancelled_in_time = true;
  for (int n = 0; cancelled_in_time; ++n) {
    probe p;
    stepwise fix;
    auto t = start(fix, what, p);
    fix.run();
    auto& timers = dynamic_cast<axiom::runtime::virtual_timer&>(
      axiom::runtime::host::of(fix.system()).timers());
    timers.advance(1s);
    for (int i = 0; i < n; ++i)
      fix.run_one();
    cancelled_in_time = !t.done();
    t.cancel();
    fix.run();
    BOOST_REQUIRE(t.done());
    BOOST_TEST_CONTEXT("cancelled after " << n << " jobs")
    check_one_winner(what, p, t);
    BOOST_REQUIRE(n < 100);
  }
}

BOOST_DATA_TEST_CASE(
  has_one_winner_in_a_race_with_the_wake_up,
  each_wait* boost::unit_test::data::make(under_each_policy({3})), what,
  where) {
  axiom::testing::fixture fix{
    {.scheduler = where.policy.value, .threads = where.workers}};
  for (stress::rounds r{1000, 120ms}; r.next();) {
    probe p;
    auto t = start(fix, what, p);
    // The timer is armed, or will be in a moment.
    stress::spin_until([&] { return p.waits && fix.pending_timers() > 0; });
    stress::race(2, r.stream(), [&](auto i, auto& choose) {
      for (auto turns = choose.below(20); turns > 0; --turns)
        choose.dither();
      if (i == 0)
        fix.advance(1s);
      else
        t.cancel();
    });
    while (!t.wait_for(1ms)) // a shield whose time had not begun
      fix.advance(1s);
    check_one_winner(what, p, t);
  }
}

BOOST_AUTO_TEST_SUITE_END()
