// What actors are told by the clock: receive timeouts and delayed messages. How
// late they come depends on the machine; so it is said that they come, in which
// order, and never early. (A receive timeout of zero is left out: with CAF's
// own schedulers, too, it never fires in an event-based actor but keeps it
// busy.)

#include <algorithm>
#include <future>

#include <caf/after.hpp>

#include "conformance/fixture.hpp"

using namespace conformance;
using boost::test_tools::per_element;
using instant = caf::actor_clock::time_point;
using span = caf::actor_clock::duration_type;

namespace {

/// Notes the numbers that it is sent.
caf::actor spawn_noting(caf::actor_system& sys, journal<int>& seen) {
  return sys.spawn([&seen](caf::event_based_actor*) -> caf::behavior {
    return {[&seen](int x) { seen.add(x); }};
  });
}

} // namespace

BOOST_AUTO_TEST_SUITE(timeouts)

// -- receive timeouts ---------------------------------------------------------

BOOST_DATA_TEST_CASE(a_receive_timeout_fires_not_before_its_time, everywhere,
                     where) {
  std::promise<instant> fired;
  fixture fix{where};
  auto& clock = fix.system().clock();
  auto start = clock.now();
  fix.system().spawn([&](caf::event_based_actor* self) -> caf::behavior {
    return {
      [](caf::ok_atom) {},
      caf::after(2ms) >>
        [&, self] {
          fired.set_value(clock.now());
          self->quit();
        },
    };
  });
  BOOST_CHECK(fired.get_future().get() - start >= 2ms);
}

BOOST_DATA_TEST_CASE(a_message_starts_the_receive_timeout_anew, everywhere,
                     where) {
  struct times {
    instant started;
    instant handled;
    instant fired;
  };
  constexpr auto timeout = 10ms;
  journal<times> rounds;
  fixture fix{where};
  auto& clock = fix.system().clock();
  auto spawn_round = [&] {
    fix.system().spawn([&](caf::event_based_actor* self) -> caf::behavior {
      auto seen = std::make_shared<times>();
      seen->started = clock.now();
      self->delayed_send(self, timeout / 4, caf::ok_atom_v);
      return {
        [&clock, seen](caf::ok_atom) { seen->handled = clock.now(); },
        caf::after(timeout) >>
          [&rounds, &clock, self, seen] {
            seen->fired = clock.now();
            rounds.add(*seen);
            self->quit();
          },
      };
    });
  };
  // A round in which the timeout was due before the message was handled, since
  // the machine is slow, shows nothing.
  times last;
  std::size_t count = 0;
  do {
    spawn_round();
    last = rounds.await(++count).back();
  } while (last.handled - last.started >= timeout);
  BOOST_CHECK(last.fired - last.handled >= timeout);
}

BOOST_DATA_TEST_CASE(a_receive_timeout_comes_again_after_a_message, everywhere,
                     where) {
  std::promise<void> thrice;
  fixture fix{where};
  fix.system().spawn([&](caf::event_based_actor* self) -> caf::behavior {
    auto count = std::make_shared<int>(0);
    return {
      [](caf::ok_atom) {},
      caf::after(1ms) >>
        [&, self, count] {
          if (++*count < 3) {
            self->send(self, caf::ok_atom_v);
            return;
          }
          thrice.set_value();
          self->quit();
        },
    };
  });
  thrice.get_future().wait();
}

BOOST_DATA_TEST_CASE(a_receive_timeout_ends_with_its_behaviour, everywhere,
                     where) {
  journal<std::string> seen;
  fixture fix{where};
  fix.system().spawn([&](caf::event_based_actor* self) -> caf::behavior {
    auto replaced = std::make_shared<bool>(false);
    self->send(self, caf::ok_atom_v);
    return {
      [&, self, replaced](caf::ok_atom) {
        *replaced = true;
        self->become([&, self](caf::tick_atom) {
          seen.add("tick");
          self->quit();
        });
        // Later than the timeout would have been.
        self->delayed_send(self, 4ms, caf::tick_atom_v);
      },
      caf::after(2ms) >>
        [&, replaced] {
          if (*replaced)
            seen.add("timeout");
        },
    };
  });
  BOOST_TEST(seen.await(1) == std::vector<std::string>{"tick"}, per_element());
}

// -- delayed messages ---------------------------------------------------------

BOOST_DATA_TEST_CASE(a_delayed_message_is_not_early, everywhere, where) {
  std::promise<span> waited;
  fixture fix{where};
  auto& clock = fix.system().clock();
  fix.system().spawn([&](caf::event_based_actor* self) -> caf::behavior {
    auto sent = clock.now();
    self->delayed_send(self, 2ms, caf::tick_atom_v);
    return {[&, self, sent](caf::tick_atom) {
      waited.set_value(clock.now() - sent);
      self->quit();
    }};
  });
  BOOST_CHECK(waited.get_future().get() >= 2ms);
}

BOOST_DATA_TEST_CASE(a_message_delayed_from_outside_is_not_early, everywhere,
                     where) {
  std::promise<instant> came;
  fixture fix{where};
  auto& clock = fix.system().clock();
  auto x = fix.system().spawn([&](caf::event_based_actor*) -> caf::behavior {
    return {[&](caf::tick_atom) { came.set_value(clock.now()); }};
  });
  auto sent = clock.now();
  caf::delayed_anon_send(x, 2ms, caf::tick_atom_v);
  BOOST_CHECK(came.get_future().get() - sent >= 2ms);
}

BOOST_DATA_TEST_CASE(messages_due_at_the_same_time_come_in_the_order_sent,
                     everywhere, where) {
  journal<int> seen;
  fixture fix{where};
  auto receiver = spawn_noting(fix.system(), seen);
  fix.system().spawn([receiver](caf::event_based_actor* self) {
    auto due = self->system().clock().now() + 2ms;
    for (int i = 0; i < 200; ++i)
      self->scheduled_send(receiver, due, i);
  });
  BOOST_TEST(seen.await(200) == in_order(200), per_element());
}

BOOST_DATA_TEST_CASE(delayed_messages_come_in_the_order_of_their_times,
                     everywhere, where) {
  journal<int> seen;
  fixture fix{where};
  auto receiver = spawn_noting(fix.system(), seen);
  // A machine that stalls for a millisecond between two of the calls disorders
  // what is due; then once more.
  std::vector<int> last;
  for (std::size_t round = 0; round < 50 && last != in_order(10); ++round) {
    for (int i = 9; i >= 0; --i)
      caf::delayed_anon_send(receiver, std::chrono::milliseconds{i + 1}, i);
    auto all = seen.await(10 * (round + 1));
    last.assign(all.end() - 10, all.end());
  }
  BOOST_TEST(last == in_order(10), per_element());
}

BOOST_DATA_TEST_CASE(a_thousand_delayed_messages_all_come_once, everywhere,
                     where) {
  journal<int> seen;
  fixture fix{where};
  auto receiver = spawn_noting(fix.system(), seen);
  for (int i = 0; i < 1000; ++i)
    caf::delayed_anon_send(receiver, std::chrono::microseconds{i * 7919 % 5000},
                           i);
  auto all = seen.await(1000);
  std::sort(all.begin(), all.end());
  BOOST_TEST(all == in_order(1000), per_element());
}

BOOST_DATA_TEST_CASE(a_delayed_message_keeps_its_receiver_alive, everywhere,
                     where) {
  std::promise<void> came;
  fixture fix{where};
  {
    auto x = fix.system().spawn([&](caf::event_based_actor*) -> caf::behavior {
      return {[&](caf::tick_atom) { came.set_value(); }};
    });
    caf::delayed_anon_send(x, 2ms, caf::tick_atom_v);
  }
  came.get_future().wait();
}

BOOST_AUTO_TEST_SUITE_END()
