// When a circuit opens and closes, for any sequence of events: beside a model
// that keeps every call.

#include <deque>

#include <rapidcheck.h>
#include <rapidcheck/boost_test.h>

#include "axiom/error/circuit/circuit_core.hpp"
#include "support/tasks.hpp"

using namespace test;
using axiom::circuit_state;
using axiom::detail::call_outcome;
using axiom::detail::circuit_cause;
using axiom::detail::circuit_core;
using axiom::detail::circuit_rules;
using axiom::detail::circuit_ticket;
using axiom::detail::outcome_window;
using axiom::runtime::time_point;

namespace {

constexpr time_point start{1h};

constexpr circuit_rules rules{.failures_in_a_row = 3,
                              .failure_rate = 0,
                              .minimum_calls = 1,
                              .window = 10s,
                              .open_for = 1s,
                              .max_open_for = 5s,
                              .probes = 1};

struct circuit {
  explicit circuit(const circuit_rules& x) : core(x) {
    // nop
  }

  std::optional<circuit_ticket> enter() {
    std::optional<circuit_ticket> result;
    core.enter(now, result);
    return result;
  }

  /// A call that begins and ends at once; false if it was refused.
  bool call(call_outcome how) {
    auto ticket = enter();
    if (ticket)
      core.leave(*ticket, how, now);
    return ticket.has_value();
  }

  void fail(int n) {
    for (int i = 0; i < n; ++i)
      call(call_outcome::failed);
  }

  circuit_core core;
  time_point now = start;
};

} // namespace

BOOST_AUTO_TEST_SUITE(circuit_cores)

BOOST_AUTO_TEST_CASE(open_after_failures_in_a_row) {
  circuit x{rules};
  x.fail(2);
  BOOST_TEST(x.call(call_outcome::succeeded));
  x.fail(2);
  BOOST_TEST(x.call(call_outcome::ignored)); // says nothing
  BOOST_CHECK(x.core.state() == circuit_state::closed);
  x.fail(1);
  BOOST_CHECK(x.core.state() == circuit_state::open);
  BOOST_CHECK(x.core.cause() == circuit_cause::failures_in_a_row);
  BOOST_TEST(x.core.cause_failures() == 3u);
  BOOST_CHECK(x.core.due() == start + 1s);
  BOOST_TEST(!x.call(call_outcome::succeeded));
  BOOST_TEST(x.core.counts().refused == 1u);
}

BOOST_AUTO_TEST_CASE(open_by_the_rate_of_failures) {
  auto by_rate = rules;
  by_rate.failures_in_a_row = 0;
  by_rate.failure_rate = 0.5;
  by_rate.minimum_calls = 6;
  circuit x{by_rate};
  x.fail(2); // too few calls
  for (int i = 0; i < 3; ++i)
    x.call(call_outcome::succeeded);
  BOOST_CHECK(x.core.state() == circuit_state::closed);
  x.fail(1); // 3 of 6
  BOOST_CHECK(x.core.state() == circuit_state::open);
  BOOST_CHECK(x.core.cause() == circuit_cause::failure_rate);
  BOOST_TEST(x.core.cause_failures() == 3u);
  BOOST_TEST(x.core.cause_calls() == 6u);
}

BOOST_AUTO_TEST_CASE(forget_what_is_long_ago) {
  auto by_rate = rules;
  by_rate.failures_in_a_row = 0;
  by_rate.failure_rate = 0.5;
  by_rate.minimum_calls = 4;
  circuit x{by_rate};
  x.fail(3);
  x.now += 10s;
  x.fail(3);
  BOOST_CHECK(x.core.state() == circuit_state::closed);
  x.now += 8s;
  x.fail(1);
  BOOST_CHECK(x.core.state() == circuit_state::open);
}

BOOST_AUTO_TEST_CASE(let_probes_decide) {
  auto two = rules;
  two.probes = 2;
  circuit x{two};
  x.fail(3);
  x.now += 999ms;
  BOOST_TEST(!x.enter());
  x.now += 1ms;
  auto a = x.enter();
  auto b = x.enter();
  BOOST_TEST((a && b));
  BOOST_TEST(!x.enter()); // no more than that
  BOOST_CHECK(x.core.state() == circuit_state::half_open);
  x.core.leave(*a, call_outcome::ignored, x.now);
  auto c = x.enter(); // its place is free again
  BOOST_TEST(c.has_value());
  x.core.leave(*b, call_outcome::succeeded, x.now);
  BOOST_TEST(!x.enter()); // one under way, one success
  BOOST_CHECK(x.core.state() == circuit_state::half_open);
  x.core.leave(*c, call_outcome::succeeded, x.now);
  BOOST_CHECK(x.core.state() == circuit_state::closed);
}

BOOST_AUTO_TEST_CASE(stay_open_longer_each_time_a_probe_fails) {
  circuit x{rules};
  x.fail(3);
  std::vector<axiom::runtime::duration> spans;
  for (int i = 0; i < 4; ++i) {
    spans.push_back(x.core.opened_for());
    x.now += x.core.opened_for();
    x.fail(1);
    BOOST_CHECK(x.core.cause() == circuit_cause::probe_failed);
  }
  BOOST_TEST((spans == std::vector<axiom::runtime::duration>{1s, 2s, 4s, 5s}));
  x.now += 5s;
  x.call(call_outcome::succeeded);
  x.fail(3);
  BOOST_CHECK(x.core.opened_for() == 1s); // from the beginning
}

BOOST_AUTO_TEST_CASE(learn_nothing_from_calls_of_another_period) {
  circuit x{rules};
  auto slow = x.enter();
  auto slower = x.enter();
  x.fail(3);
  x.now += 1s;
  auto probe = x.enter();
  BOOST_TEST(!x.core.leave(*slow, call_outcome::succeeded, x.now));
  BOOST_CHECK(x.core.state() == circuit_state::half_open);
  x.core.leave(*probe, call_outcome::succeeded, x.now);
  BOOST_CHECK(x.core.state() == circuit_state::closed);
  x.fail(2);
  BOOST_TEST(!x.core.leave(*slower, call_outcome::failed, x.now));
  BOOST_CHECK(x.core.state() == circuit_state::closed);
  BOOST_TEST(x.core.counts().late == 2u);
}

BOOST_AUTO_TEST_CASE(are_opened_and_closed_by_hand) {
  circuit x{rules};
  BOOST_TEST(x.core.trip(x.now));
  BOOST_TEST(!x.enter());
  x.now += 500ms;
  BOOST_TEST(x.core.trip(x.now)); // anew
  x.now += 500ms;
  BOOST_TEST(!x.enter());
  BOOST_TEST(x.core.reset());
  BOOST_TEST(!x.core.reset());
  BOOST_TEST(x.enter().has_value());
}

BOOST_AUTO_TEST_CASE(bear_the_longest_times) {
  auto longest = rules;
  longest.open_for = longest.max_open_for = axiom::runtime::duration::max();
  circuit x{longest};
  x.fail(3);
  BOOST_CHECK(x.core.due() == time_point::max());
  x.now += 1'000'000h;
  BOOST_TEST(!x.enter());
}

// -- any sequence of events ---------------------------------------------------

namespace {

/// The same rules, as plainly as can be: every call of a period is kept.
struct model {
  struct call {
    time_point at;
    bool failed;
  };

  circuit_rules rules;
  circuit_state state = circuit_state::closed;
  std::uint64_t period = 1;
  time_point due{};
  axiom::runtime::duration open_for{};
  std::vector<call> calls{};
  std::uint32_t under_way = 0;
  std::uint32_t successes = 0;

  void become(circuit_state to) {
    state = to;
    ++period;
    calls.clear();
    under_way = successes = 0;
  }

  void open(time_point now, bool probe) {
    open_for =
      probe ? std::min(2 * open_for, rules.max_open_for) : rules.open_for;
    due = now + open_for;
    become(circuit_state::open);
  }

  std::optional<std::uint64_t> enter(time_point now) {
    if (state == circuit_state::open && now >= due)
      become(circuit_state::half_open);
    if (state == circuit_state::open)
      return std::nullopt;
    if (state == circuit_state::half_open) {
      if (under_way + successes >= rules.probes)
        return std::nullopt;
      ++under_way;
    }
    return period;
  }

  std::uint32_t in_a_row() const {
    std::uint32_t n = 0;
    for (auto i = calls.rbegin(); i != calls.rend() && i->failed; ++i)
      ++n;
    return n;
  }

  /// Whole tenths of the window are forgotten at once.
  bool recent(const call& x, time_point now) const {
    const auto part = rules.window / 10;
    return now.time_since_epoch() / part - x.at.time_since_epoch() / part < 10;
  }

  void leave(std::uint64_t of, call_outcome how, time_point now) {
    if (of != period)
      return;
    const auto failed = how == call_outcome::failed;
    if (state == circuit_state::half_open) {
      --under_way;
      if (failed)
        open(now, true);
      else if (how == call_outcome::succeeded && ++successes == rules.probes)
        become(circuit_state::closed);
      return;
    }
    if (how == call_outcome::ignored)
      return;
    calls.push_back({now, failed});
    if (!failed)
      return;
    double all = 0;
    double bad = 0;
    for (auto& x : calls)
      if (recent(x, now)) {
        all += 1;
        bad += x.failed ? 1 : 0;
      }
    if ((rules.failures_in_a_row > 0 && in_a_row() >= rules.failures_in_a_row)
        || (rules.failure_rate > 0 && all >= rules.minimum_calls
            && bad >= rules.failure_rate * all))
      open(now, false);
  }
};

} // namespace

RC_BOOST_PROP(do_what_a_model_does, ()) {
  circuit_rules any{};
  any.failures_in_a_row = *rc::gen::inRange(0u, 5u);
  any.failure_rate = *rc::gen::inRange(0, 5) / 4.0;
  any.minimum_calls = *rc::gen::inRange(1u, 8u);
  any.window = std::chrono::milliseconds{*rc::gen::inRange(10, 2000)};
  any.open_for = std::chrono::milliseconds{*rc::gen::inRange(1, 500)};
  any.max_open_for =
    any.open_for + std::chrono::milliseconds{*rc::gen::inRange(0, 2000)};
  any.probes = *rc::gen::inRange(1u, 4u);
  circuit_core real{any};
  model plain{any};
  plain.open_for = {};
  std::deque<std::pair<circuit_ticket, std::uint64_t>> out;
  auto now = start;
  const auto steps =
    *rc::gen::resize(400, rc::gen::container<std::vector<std::uint32_t>>(
                            rc::gen::inRange<std::uint32_t>(0, 10'000)));
  for (auto x : steps) {
    const auto before = real.state();
    const auto period = real.period();
    auto changed = false;
    switch (x % 10) {
      case 0:
      case 1:
      case 2:
      case 3: {
        std::optional<circuit_ticket> ticket;
        changed = real.enter(now, ticket);
        auto expected = plain.enter(now);
        RC_ASSERT(ticket.has_value() == expected.has_value());
        if (ticket)
          out.push_back({*ticket, *expected});
        // Nobody enters an open one.
        RC_ASSERT(!ticket || real.state() != circuit_state::open);
        break;
      }
      case 4:
      case 5:
      case 6:
      case 7: {
        if (out.empty())
          break;
        const auto i = static_cast<long>((x / 10) % out.size());
        const auto how = static_cast<call_outcome>((x / 1000) % 3);
        auto [ticket, expected] = out[static_cast<std::size_t>(i)];
        out.erase(out.begin() + i);
        changed = real.leave(ticket, how, now);
        plain.leave(expected, how, now);
        break;
      }
      case 8:
        now += std::chrono::milliseconds{(x / 10) % 400};
        break;
      default:
        if (x % 100 == 9) {
          changed = real.trip(now);
          plain.open(now, false);
        } else if (x % 100 == 19) {
          changed = real.reset();
          if (plain.state != circuit_state::closed) {
            plain.become(circuit_state::closed);
            plain.open_for = {};
          }
          plain.calls.clear();
        }
    }
    if (plain.state == circuit_state::closed)
      plain.open_for = {};
    RC_ASSERT(real.state() == plain.state);
    RC_ASSERT(real.period() == plain.period);
    // A change is reported, and nothing else is.
    RC_ASSERT(changed == (real.period() != period));
    if (!changed)
      RC_ASSERT(real.state() == before);
    if (real.state() == circuit_state::open)
      RC_ASSERT(real.due() == plain.due);
    RC_ASSERT(real.probes_under_way() <= any.probes);
  }
}

RC_BOOST_PROP(count_what_is_recent, (std::vector<std::uint16_t> gaps)) {
  const auto span = std::chrono::nanoseconds{*rc::gen::inRange(10, 1000)};
  const auto part = span / 10;
  outcome_window window{span};
  std::vector<std::pair<time_point, bool>> all;
  time_point now{0ns};
  for (auto gap : gaps) {
    now += std::chrono::nanoseconds{gap % 300};
    const auto failed = gap % 3 == 0;
    window.add(now, failed);
    all.push_back({now, failed});
    std::uint64_t calls = 0;
    std::uint64_t failures = 0;
    for (auto& [at, bad] : all)
      if (now.time_since_epoch() / part - at.time_since_epoch() / part < 10) {
        ++calls;
        failures += bad ? 1 : 0;
      }
    RC_ASSERT(window.calls() == calls);
    RC_ASSERT(window.failures() == failures);
  }
}

BOOST_AUTO_TEST_SUITE_END()
