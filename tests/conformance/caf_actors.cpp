// Event-based actors: the order of messages, and which of their behaviours a
// message meets.

#include <algorithm>
#include <future>
#include <memory>

#include <caf/message_handler.hpp>
#include <caf/skip.hpp>
#include <caf/stateful_actor.hpp>

#include "conformance/fixture.hpp"

using namespace conformance;
using boost::test_tools::per_element;

namespace {

/// Notes the numbers that it is sent.
caf::actor spawn_noting(caf::actor_system& sys, journal<int>& seen) {
  return sys.spawn([&seen](caf::event_based_actor*) -> caf::behavior {
    return {[&seen](int x) { seen.add(x); }};
  });
}

} // namespace

BOOST_AUTO_TEST_SUITE(event_based_actors)

BOOST_DATA_TEST_CASE(messages_of_one_actor_arrive_in_the_order_sent, everywhere,
                     where) {
  journal<int> seen;
  fixture fix{where};
  auto receiver = spawn_noting(fix.system(), seen);
  fix.system().spawn([receiver](caf::event_based_actor* self) {
    for (int i = 0; i < 1000; ++i)
      self->send(receiver, i);
  });
  BOOST_TEST(seen.await(1000) == in_order(1000), per_element());
}

BOOST_DATA_TEST_CASE(messages_from_outside_arrive_in_the_order_sent, everywhere,
                     where) {
  journal<int> seen;
  fixture fix{where};
  auto receiver = spawn_noting(fix.system(), seen);
  for (int i = 0; i < 1000; ++i)
    caf::anon_send(receiver, i);
  BOOST_TEST(seen.await(1000) == in_order(1000), per_element());
}

BOOST_DATA_TEST_CASE(messages_of_each_of_many_actors_arrive_in_its_order,
                     everywhere, where) {
  constexpr int senders = 8;
  constexpr int each = 200;
  constexpr int total = senders * each;
  journal<int> seen;
  fixture fix{where};
  auto receiver = spawn_noting(fix.system(), seen);
  for (int sender = 0; sender < senders; ++sender)
    fix.system().spawn([receiver, sender](caf::event_based_actor* self) {
      for (int i = 0; i < each; ++i)
        self->send(receiver, sender * each + i);
    });
  auto all = seen.await(total);
  std::stable_sort(all.begin(), all.end(),
                   [](int a, int b) { return a / each < b / each; });
  BOOST_TEST(all == in_order(total), per_element());
}

BOOST_DATA_TEST_CASE(an_actor_runs_one_handler_at_a_time, everywhere, where) {
  int counted = 0; // of that actor alone
  std::promise<void> complete;
  fixture fix{where};
  auto counter =
    fix.system().spawn([&](caf::event_based_actor*) -> caf::behavior {
      return {[&](caf::tick_atom) {
        if (++counted == 2000)
          complete.set_value();
      }};
    });
  for (int sender = 0; sender < 4; ++sender)
    fix.system().spawn([counter](caf::event_based_actor* self) {
      for (int i = 0; i < 500; ++i)
        self->send(counter, caf::tick_atom_v);
    });
  complete.get_future().wait();
  BOOST_TEST(counted == 2000);
}

BOOST_DATA_TEST_CASE(become_takes_effect_with_the_next_message, everywhere,
                     where) {
  journal<int> seen;
  fixture fix{where};
  auto x =
    fix.system().spawn([&](caf::event_based_actor* self) -> caf::behavior {
      return {[&, self](int first) {
        seen.add(first);
        self->become([&](int later) { seen.add(10 * later); });
      }};
    });
  for (int i = 1; i <= 3; ++i)
    caf::anon_send(x, i);
  BOOST_TEST(seen.await(3) == (std::vector{1, 20, 30}), per_element());
}

BOOST_DATA_TEST_CASE(unbecome_returns_to_the_behaviour_that_was_kept,
                     everywhere, where) {
  journal<int> seen;
  fixture fix{where};
  auto x =
    fix.system().spawn([&](caf::event_based_actor* self) -> caf::behavior {
      return {[&, self](int outer) {
        seen.add(outer);
        self->become(caf::keep_behavior, [&, self](int inner) {
          seen.add(10 * inner);
          self->unbecome();
        });
      }};
    });
  for (int i = 1; i <= 4; ++i)
    caf::anon_send(x, i);
  BOOST_TEST(seen.await(4) == (std::vector{1, 20, 3, 40}), per_element());
}

BOOST_DATA_TEST_CASE(an_actor_without_a_behaviour_ends, everywhere, where) {
  std::promise<caf::error> ended;
  fixture fix{where};
  auto x =
    fix.system().spawn([](caf::event_based_actor* self) -> caf::behavior {
      return {[self](caf::ok_atom) { self->unbecome(); }};
    });
  x->attach_functor([&](const caf::error& why) { ended.set_value(why); });
  caf::anon_send(x, caf::ok_atom_v);
  BOOST_CHECK(!ended.get_future().get());
}

BOOST_DATA_TEST_CASE(skipped_messages_wait_for_a_behaviour_that_takes_them,
                     everywhere, where) {
  journal<int> seen;
  fixture fix{where};
  auto x =
    fix.system().spawn([&](caf::event_based_actor* self) -> caf::behavior {
      self->set_default_handler(caf::skip);
      return {
        [&, self](caf::ok_atom) { self->become([&](int x) { seen.add(x); }); }};
    });
  for (int i = 0; i < 100; ++i)
    caf::anon_send(x, i);
  caf::anon_send(x, caf::ok_atom_v);
  for (int i = 100; i < 200; ++i)
    caf::anon_send(x, i);
  BOOST_TEST(seen.await(200) == in_order(200), per_element());
}

BOOST_DATA_TEST_CASE(a_handler_may_skip_the_message_it_was_given, everywhere,
                     where) {
  journal<int> seen;
  fixture fix{where};
  auto x =
    fix.system().spawn([&](caf::event_based_actor* self) -> caf::behavior {
      auto open = [&](int x) { seen.add(x); };
      return {
        [](int) { return caf::skip(); },
        [self, open](caf::open_atom) { self->become(open); },
      };
    });
  caf::anon_send(x, 0);
  caf::anon_send(x, 1);
  caf::anon_send(x, caf::open_atom_v);
  caf::anon_send(x, 2);
  BOOST_TEST(seen.await(3) == in_order(3), per_element());
}

BOOST_DATA_TEST_CASE(composed_handlers_are_tried_one_after_the_other,
                     everywhere, where) {
  fixture fix{where};
  auto x = fix.system().spawn([](caf::event_based_actor*) -> caf::behavior {
    caf::message_handler numbers{[](int x) { return x + 1; }};
    caf::message_handler words{[](const std::string& x) { return x + "!"; }};
    return numbers.or_else(words);
  });
  BOOST_TEST(*ask<int>(fix.system(), x, 1) == 2);
  BOOST_TEST(*ask<std::string>(fix.system(), x, "a") == "a!");
}

BOOST_DATA_TEST_CASE(the_default_handler_gets_what_no_handler_takes, everywhere,
                     where) {
  fixture fix{where};
  auto& sys = fix.system();
  auto with = [&](const caf::scheduled_actor::default_handler& other) {
    return sys.spawn([other](caf::event_based_actor* self) -> caf::behavior {
      self->set_default_handler(other);
      return {[](caf::ok_atom) {}};
    });
  };
  BOOST_CHECK(ask<int>(sys, with(caf::drop), 1).error()
              == caf::sec::unexpected_message);
  BOOST_TEST(*ask<int>(sys, with(caf::reflect), 1) == 1);
  BOOST_TEST(*ask<int>(sys, with(caf::reflect_and_quit), 1) == 1);
}

BOOST_DATA_TEST_CASE(state_lives_from_message_to_message, everywhere, where) {
  struct total {
    int value = 0;
  };
  fixture fix{where};
  auto x =
    fix.system().spawn([](caf::stateful_actor<total>* self) -> caf::behavior {
      return {
        [self](caf::add_atom, int x) { self->state.value += x; },
        [self](caf::get_atom) { return self->state.value; },
      };
    });
  for (int i = 1; i <= 100; ++i)
    caf::anon_send(x, caf::add_atom_v, i);
  BOOST_TEST(*ask<int>(fix.system(), x, caf::get_atom_v) == 5050);
}

BOOST_DATA_TEST_CASE(state_is_destroyed_when_its_actor_ends, everywhere,
                     where) {
  struct holding {
    std::shared_ptr<int> value;
  };
  std::weak_ptr<int> observed;
  std::promise<void> ended;
  fixture fix{where};
  auto x = fix.system().spawn(
    [&](caf::stateful_actor<holding>* self) -> caf::behavior {
      self->state.value = std::make_shared<int>(1);
      observed = self->state.value;
      return {[self](caf::ok_atom) { self->quit(); }};
    });
  x->attach_functor([&](const caf::error&) { ended.set_value(); });
  caf::anon_send(x, caf::ok_atom_v);
  ended.get_future().wait();
  BOOST_TEST(observed.expired()); // although there is a handle, `x`
}

BOOST_AUTO_TEST_SUITE_END()
