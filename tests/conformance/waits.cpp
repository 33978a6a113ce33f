// Every way to wait, with every way in which a wait can end.
//
// A row is something that a task can wait for; a column is how that ends: with
// a value, with an error, by a cancellation (before, while, in the moment in
// which the value comes), by the task's deadline, by the coordinator's
// shutdown. For each cell: the task has the promised outcome; it went on if and
// only if it was given what it waited for, so there is one winner; and the
// fixture finds that nothing is left: no task, no timer, no actor.
//
// To add a row: write a function that waits, and an entry in `waits`.

#include <array>
#include <atomic>
#include <functional>
#include <ostream>

#include <boost/test/data/test_case.hpp>
#include <caf/event_based_actor.hpp>
#include <caf/response_promise.hpp>

#include "axiom/runtime/host.hpp"
#include "axiom/runtime/virtual_timer.hpp"
#include "stress/support.hpp"
#include "support/policies.hpp"
#include "support/tasks.hpp"

using namespace test;
using axiom::cancel_reason;
using axiom::coordinated_task_group;
using axiom::discarding_task_group;
using axiom::with_discarding_group;
using axiom::with_task_group;
using int_group = coordinated_task_group<int>;
using void_group = coordinated_task_group<void>;

namespace {

// -- the rows -----------------------------------------------------------------

/// What a case and the task that waits tell each other.
struct probe {
  /// Whether what is awaited is to fail.
  bool fails = false;

  /// Run just before the wait.
  std::function<void()> before{};

  std::atomic<bool> waits{false};
  std::atomic<bool> went_on{false};

  void begin() {
    if (before)
      before();
    waits = true;
  }
};

/// Comes after a second of time, or fails then.
async<int> in_a_second(task_context& self, const probe& p) {
  co_await self.sleep_for(1s);
  if (p.fails)
    throw std::runtime_error("broken");
  co_return 1;
}

async<void> a_task(task_context& self, probe& p) {
  auto child = self.create_child_task(
    "child", [&p](task_context& me) { return in_a_second(me, p); });
  p.begin();
  co_await child;
  p.went_on = true;
}

async<void> all_children(task_context& self, probe& p) {
  self.create_child_task("child",
                         [&p](task_context& me) { return in_a_second(me, p); });
  p.begin();
  co_await self.hierarchy().await_children();
  p.went_on = true;
}

async<void> a_group(task_context& self, probe& p) {
  auto body = [&p](int_group& group) -> async<void> {
    co_await group.add_task(
      "child", [&p](task_context& me) { return in_a_second(me, p); });
  };
  p.begin();
  co_await with_task_group<int>(self, body);
  p.went_on = true;
}

async<void> a_discarding_group(task_context& self, probe& p) {
  auto body = [&p](discarding_task_group& group) -> async<void> {
    co_await group.add_task(
      "child", [&p](task_context& me) { return in_a_second(me, p); });
  };
  p.begin();
  co_await with_discarding_group(self, body);
  p.went_on = true;
}

async<void> the_next_result(task_context& self, probe& p) {
  auto body = [&p](int_group& group) -> async<void> {
    co_await group.add_task(
      "child", [&p](task_context& me) { return in_a_second(me, p); });
    p.begin();
    co_await group.next();
    p.went_on = true;
  };
  co_await with_task_group<int>(self, body);
}

async<void> the_next_result_in_a_child(task_context& self, probe& p) {
  auto body = [&p](int_group& group) -> async<void> {
    auto read = [&p, &group](task_context&) -> async<void> {
      p.begin();
      co_await group.next();
      p.went_on = true;
    };
    group.context().create_child_task("reader", read);
    co_await group.add_task(
      "child", [&p](task_context& me) { return in_a_second(me, p); });
  };
  co_await with_task_group<int>(self, body);
}

async<void> a_place_in_a_group(task_context& self, probe& p) {
  auto body = [&p](void_group& group) -> async<void> {
    auto occupy = [&p, &group](task_context& me) -> async<void> {
      co_await me.sleep_for(1s);
      if (p.fails)
        group.close();
    };
    co_await group.add_task("occupant", occupy);
    p.begin();
    co_await group.add_task("child", [] {});
    p.went_on = true;
  };
  co_await with_task_group<void>(self, {.max_concurrency = 1}, body);
}

async<void> room_for_a_result(task_context& self, probe& p) {
  auto body = [&p](void_group& group) -> async<void> {
    co_await group.add_task("unread", [] {});
    auto read = [&p, &group](task_context& me) -> async<void> {
      co_await me.sleep_for(1s);
      if (p.fails)
        group.close();
      else
        co_await group.next();
    };
    group.context().create_child_task("reader", read);
    p.begin();
    co_await group.add_task("child", [] {});
    p.went_on = true;
  };
  co_await with_task_group<void>(self, {.max_unread = 1}, body);
}

async<void> a_start(task_context& self, probe& p) {
  auto body = [&p](void_group& group) -> async<void> {
    auto op = [&p](task_context& me) -> async<void> {
      auto value = co_await in_a_second(me, p);
      me.started(value);
    };
    p.begin();
    co_await group.start<int>("child", op);
    p.went_on = true;
  };
  co_await with_task_group<void>(self, body);
}

async<void> a_start_with_a_timeout(task_context& self, probe& p) {
  auto body = [&p](void_group& group) -> async<void> {
    auto op = [&p](task_context& me) -> async<void> {
      co_await me.sleep_for(p.fails ? 1h : 1s);
      me.started();
    };
    p.begin();
    co_await group.start("child", op, p.fails ? 1s : 2s);
    p.went_on = true;
  };
  co_await with_task_group<void>(self, body);
}

async<void> a_sleep(task_context& self, probe& p) {
  p.begin();
  co_await self.sleep_for(1s);
  p.went_on = true;
}

async<void> a_shield(task_context& self, probe& p) {
  auto op = [&p](task_context& me) { return in_a_second(me, p); };
  p.begin();
  co_await self.shielded(op);
  p.went_on = true;
}

/// An actor that does what it is for when it is told to: answers the request it
/// has, if it has one, and ends.
class slow_actor : public caf::event_based_actor {
public:
  using caf::event_based_actor::event_based_actor;

  caf::behavior make_behavior() override {
    return {
      [this](const std::string&) {
        promise_ = make_response_promise();
        return promise_;
      },
      [this](bool fails) {
        if (!fails) {
          promise_.deliver(1);
          return quit();
        }
        auto why = axiom::make_error(errc::not_installed, "broken");
        promise_.deliver(why);
        quit(why);
      },
    };
  }

  void on_exit() override {
    promise_ = caf::response_promise{}; // it refers to this actor
  }

private:
  caf::response_promise promise_;
};

/// Tells `actor` after a second.
auto tell_in_a_second(caf::actor actor, const probe& p) {
  return [actor = std::move(actor), &p](task_context& self) -> async<void> {
    co_await self.sleep_for(1s);
    caf::anon_send(actor, p.fails);
  };
}

async<void> a_response(task_context& self, probe& p) {
  auto actor = self.spawn_child<slow_actor>();
  self.create_child_task("clock", tell_in_a_second(actor, p));
  p.begin();
  co_await self.request<int>(actor, 1h, std::string{"question"});
  p.went_on = true;
}

async<void> an_adopted_actor(task_context& self, probe& p) {
  auto actor = self.spawn_child<slow_actor>();
  self.create_child_task("clock", tell_in_a_second(actor, p));
  p.begin();
  co_await self.hierarchy().await_children();
  p.went_on = true;
}

/// One row.
struct wait {
  const char* name;

  /// Waits once, for what comes after a second.
  async<void> (*run)(task_context& self, probe& p);

  /// A part of the text of the error it ends with; null if it cannot fail.
  const char* error;

  enum class kind {
    plain,
    inner, ///< a task below does it: it may go on, and this one not any more
    shielded ///< it goes on when the waiting task is cancelled
  };

  kind how = kind::plain;
};

std::ostream& operator<<(std::ostream& out, const wait& x) {
  return out << x.name;
}

constexpr std::array waits{
  wait{"a task", a_task, "broken"},
  wait{"all children", all_children, "broken"},
  wait{"a group", a_group, "broken"},
  wait{"a discarding group", a_discarding_group, "broken"},
  wait{"the next result", the_next_result, "broken", wait::kind::inner},
  wait{"the next result in a child", the_next_result_in_a_child, "broken",
       wait::kind::inner},
  wait{"a place in a group", a_place_in_a_group, "scope_closed",
       wait::kind::inner},
  wait{"room for a result", room_for_a_result, "scope_closed",
       wait::kind::inner},
  wait{"a start", a_start, "broken", wait::kind::inner},
  wait{"a start with a timeout", a_start_with_a_timeout, "deadline_exceeded",
       wait::kind::inner},
  wait{"a sleep", a_sleep, nullptr},
  wait{"a shield", a_shield, "broken", wait::kind::shielded},
  wait{"a response", a_response, "broken"},
  wait{"an adopted actor", an_adopted_actor, "broken"},
};

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
  for (stress::rounds r{1000, 60ms}; r.next();) {
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
