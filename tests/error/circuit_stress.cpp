// Circuit breakers under load. Interleavings: calls of tasks under way while
// the circuit opens, is tripped and reset by threads, and becomes half-open by
// the timer and by callers at the same time; tasks cancelled in a call; the
// last handle dropped while passes are out; listeners that end meanwhile.

#include <memory>

#include "stress/support.hpp"
#include "support/recovery.hpp"

using namespace stress;
using axiom::circuit_breaker;
using axiom::circuit_state;

namespace {

struct tally {
  std::atomic<std::uint64_t> begun{0};
  std::atomic<std::uint64_t> ended{0};
  std::atomic<std::uint64_t> refused{0};
};

async<void> use(task_context& self, circuit_breaker breaker, tally& t,
                std::uint64_t stream) {
  chooser choose{stream};
  for (int i = 0; i < 40; ++i) {
    auto op = [&](task_context& me) -> async<int> {
      ++t.begun;
      for (auto n = choose.below(3); n > 0; --n)
        co_await me.yield();
      if (choose.one_in(20))
        co_await me.sleep_for(choose.microseconds(50));
      if (choose.one_in(3))
        co_return axiom::fail(errc::node_down, "x");
      co_return 1;
    };
    auto call = breaker.call(self, axiom::named(op));
    auto end = co_await axiom::as_expected(std::move(call));
    if (!end && end.error().is(errc::circuit_open))
      ++t.refused;
    else
      ++t.ended;
  }
}

circuit_breaker spawn(axiom::testing::fixture& fix) {
  return circuit_breaker::spawn(fix.system(), {.name = "c",
                                               .failures_in_a_row = 3,
                                               .failure_rate = 0.6,
                                               .minimum_calls = 10,
                                               .window = 1ms,
                                               .open_for = 20us,
                                               .max_open_for = 200us,
                                               .probes = 2});
}

} // namespace

BOOST_AUTO_TEST_SUITE(circuit_stress)

BOOST_AUTO_TEST_CASE(every_call_is_counted_once_and_no_probe_is_lost) {
  under_each_scheduler(real_time, [](auto& fix) {
    for (rounds r{100}; r.next();) {
      auto stream = r.stream();
      auto breaker = spawn(fix);
      tally t;
      std::vector<axiom::task<void>> users;
      for (std::uint64_t i = 0; i < 8; ++i)
        users.push_back(fix.coordinator().create_child_task(
          "user", [&, stream, i](task_context& self) {
            return use(self, breaker, t, stream + i);
          }));
      race(2, stream + 100, [&](auto index, auto& choose) {
        for (int i = 0; i < 20; ++i) {
          choose.dither();
          if (index == 0)
            breaker.trip();
          else if (choose.one_in(2))
            breaker.reset();
          else
            (void) breaker.stats();
        }
      });
      for (auto& x : users)
        x.get();
      auto stats = breaker.stats();
      BOOST_TEST(stats.succeeded + stats.failed + stats.ignored == t.begun);
      BOOST_TEST(t.ended == t.begun);
      BOOST_TEST(stats.refused == t.refused);
      BOOST_TEST(stats.probes == 0u);
      // And it still closes.
      spin_until([&] {
        auto pass = breaker.try_enter();
        pass.succeeded();
        return breaker.state() == circuit_state::closed;
      });
    }
  });
}

BOOST_AUTO_TEST_CASE(cancelled_calls_leave_nothing_behind) {
  under_each_scheduler(real_time, [](auto& fix) {
    for (rounds r{100}; r.next();) {
      auto stream = r.stream();
      auto breaker = spawn(fix);
      tally t;
      std::vector<axiom::task<void>> users;
      for (std::uint64_t i = 0; i < 8; ++i)
        users.push_back(fix.coordinator().create_child_task(
          "user", [&, stream, i](task_context& self) {
            return use(self, breaker, t, stream + i);
          }));
      race(2, stream + 100, [&](auto index, auto& choose) {
        for (auto i = index; i < users.size(); i += 2) {
          choose.dither();
          users[i].cancel();
        }
      });
      for (auto& x : users)
        x.wait();
      auto stats = breaker.stats();
      BOOST_TEST(stats.succeeded + stats.failed + stats.ignored >= t.begun);
      BOOST_TEST(stats.probes == 0u);
    }
  });
}

BOOST_AUTO_TEST_CASE(announced_changes_follow_each_other) {
  under_each_scheduler(real_time, [](auto& fix) {
    for (rounds r{50}; r.next();) {
      auto stream = r.stream();
      struct chain {
        std::atomic<int> broken{0};
        std::atomic<std::uint64_t> opened{0};
        circuit_state last = circuit_state::closed; // the listener's own
      };
      // Shared: the listener may get an event after this round.
      auto seen = std::make_shared<chain>();
      auto listener =
        fix.system().spawn([seen](caf::event_based_actor*) -> caf::behavior {
          return {[seen](const axiom::circuit_event& x) {
            if (x.from != seen->last)
              ++seen->broken;
            seen->last = x.to;
            if (x.to == circuit_state::open)
              ++seen->opened;
          }};
        });
      auto breaker = spawn(fix);
      breaker.subscribe(listener);
      // By a request, so that it has begun.
      auto ready = [&](task_context& self) -> async<void> {
        co_await self.request(breaker.actor(), 10s, axiom::state_atom_v);
      };
      fix.coordinator().create_child_task("ready", ready).get();
      race(3, stream, [&](auto, auto& choose) {
        for (int i = 0; i < 50; ++i) {
          auto pass = breaker.try_enter();
          choose.dither();
          if (choose.one_in(2))
            pass.failed({errc::node_down, "x"});
          else
            pass.succeeded();
        }
      });
      const auto opened = breaker.stats().opened;
      spin_until([&] { return seen->opened >= opened; });
      BOOST_TEST(seen->broken == 0);
      BOOST_TEST(seen->opened == opened);
      caf::anon_send_exit(listener, caf::exit_reason::user_shutdown);
    }
  });
}

BOOST_AUTO_TEST_CASE(handles_go_while_passes_are_out) {
  under_each_scheduler(real_time, [](auto& fix) {
    for (rounds r{200}; r.next();) {
      auto stream = r.stream();
      std::optional<circuit_breaker> breaker{spawn(fix)};
      std::vector<axiom::circuit_pass> passes;
      for (int i = 0; i < 6; ++i)
        passes.push_back(breaker->enter());
      race(3, stream, [&](auto index, auto& choose) {
        choose.dither();
        if (index == 0)
          return breaker.reset();
        for (auto i = index - 1; i < passes.size(); i += 2)
          passes[i].failed({errc::node_down, "x"});
      });
    }
  });
}

BOOST_AUTO_TEST_SUITE_END()
