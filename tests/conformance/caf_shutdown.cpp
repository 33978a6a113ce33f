// The end of an actor system: when its destructor returns, no actor runs, and
// nothing that was queued is left.
//
// Two things CAF does not promise under any scheduler, so that no case has
// them: that an actor whose handle outlives the system can be released, and
// that a blocking or detached actor ends because the system does.

#include <atomic>
#include <future>
#include <memory>

#include "conformance/fixture.hpp"

using namespace conformance;
using boost::test_tools::per_element;

namespace {

/// Held by what must be given back; `use_count` says how many still hold it.
using token = std::shared_ptr<int>;

caf::behavior answering(caf::event_based_actor*) {
  return {[](int x) { return x; }};
}

/// Is never done: sends itself a message for each that it gets.
caf::behavior restless(caf::event_based_actor* self, token held) {
  self->send(self, caf::tick_atom_v);
  return {[self, held = std::move(held)](caf::tick_atom) {
    self->send(self, caf::tick_atom_v);
  }};
}

/// Is never done: spawns another of its kind for each message, and ends.
void breed(caf::event_based_actor* self, token held) {
  self->spawn(breed, std::move(held));
}

} // namespace

BOOST_AUTO_TEST_SUITE(shutdown)

// -- a system that waits ------------------------------------------------------

BOOST_DATA_TEST_CASE(a_system_that_did_nothing_ends, everywhere, where) {
  fixture fix{where};
}

BOOST_DATA_TEST_CASE(a_system_whose_actors_have_ended_ends, everywhere, where) {
  fixture fix{where};
  BOOST_TEST(*ask<int>(fix.system(), fix.system().spawn(answering), 1) == 1);
}

BOOST_DATA_TEST_CASE(a_system_waits_for_actors_that_have_work, everywhere,
                     where) {
  std::atomic<int> handled{0};
  fixture fix{where};
  for (int i = 0; i < 10; ++i)
    fix.system().spawn([&](caf::event_based_actor* self) -> caf::behavior {
      self->send(self, 1);
      return {[&, self](int x) {
        ++handled;
        if (x < 1000)
          self->send(self, x + 1);
      }};
    });
  fix.end();
  BOOST_TEST(handled == 10'000);
}

BOOST_DATA_TEST_CASE(a_system_waits_for_what_is_still_to_be_spawned, everywhere,
                     where) {
  std::atomic<int> ran{0};
  fixture fix{where};
  struct spawning {
    static void run(caf::event_based_actor* self, std::atomic<int>* ran,
                    int left) {
      ++*ran;
      if (left > 0)
        self->spawn(run, ran, left - 1);
    }
  };
  fix.system().spawn(spawning::run, &ran, 1000);
  fix.end();
  BOOST_TEST(ran == 1001);
}

BOOST_DATA_TEST_CASE(a_system_waits_for_idle_actors_that_others_refer_to,
                     everywhere, where) {
  std::atomic<bool> ended{false};
  fixture fix{where};
  {
    auto idle = fix.system().spawn(answering);
    idle->attach_functor([&](const caf::error&) { ended = true; });
    auto holding =
      fix.system().spawn([idle](caf::event_based_actor* self) -> caf::behavior {
        return {[self, idle](caf::ok_atom) { self->quit(); }};
      });
    caf::anon_send(holding, caf::ok_atom_v);
  }
  fix.end();
  BOOST_TEST(ended);
}

BOOST_DATA_TEST_CASE(a_system_waits_for_blocking_and_detached_actors,
                     everywhere, where) {
  std::atomic<int> ended{0};
  fixture fix{where};
  auto x = fix.system().spawn([&](caf::blocking_actor* self) {
    self->receive([](caf::ok_atom) {});
    ++ended;
  });
  auto y = fix.system().spawn<caf::detached>(
    [&](caf::event_based_actor* self) -> caf::behavior {
      return {[&, self](caf::ok_atom) {
        ++ended;
        self->quit();
      }};
    });
  caf::anon_send(x, caf::ok_atom_v);
  caf::anon_send(y, caf::ok_atom_v);
  x = nullptr;
  y = nullptr;
  fix.end();
  BOOST_TEST(ended == 2);
}

// -- a system that does not wait ----------------------------------------------

BOOST_DATA_TEST_CASE(a_system_that_does_not_wait_ends_busy_actors, everywhere,
                     where) {
  auto held = std::make_shared<int>(0);
  fixture fix{where};
  fix.system().await_actors_before_shutdown(false);
  for (int i = 0; i < 20; ++i)
    fix.system().spawn(restless, held);
  fix.end();
  BOOST_TEST(held.use_count() == 1);
}

BOOST_DATA_TEST_CASE(a_system_that_does_not_wait_ends_what_was_never_run,
                     everywhere, where) {
  auto held = std::make_shared<int>(0);
  fixture fix{where};
  fix.system().await_actors_before_shutdown(false);
  for (int i = 0; i < 1000; ++i)
    fix.system().spawn(
      [held](caf::event_based_actor*) -> caf::behavior { return {}; });
  fix.end();
  BOOST_TEST(held.use_count() == 1);
}

BOOST_DATA_TEST_CASE(a_system_that_does_not_wait_ends_long_mailboxes,
                     everywhere, where) {
  auto held = std::make_shared<int>(0);
  fixture fix{where};
  fix.system().await_actors_before_shutdown(false);
  {
    auto x = fix.system().spawn(restless, held);
    for (int i = 0; i < 20'000; ++i)
      caf::anon_send(x, caf::tick_atom_v);
  }
  fix.end();
  BOOST_TEST(held.use_count() == 1);
}

BOOST_DATA_TEST_CASE(a_system_that_does_not_wait_ends_actors_that_spawn,
                     without_stealing(everywhere), where) {
  auto held = std::make_shared<int>(0);
  fixture fix{where};
  fix.system().await_actors_before_shutdown(false);
  for (int i = 0; i < 10; ++i)
    fix.system().spawn(breed, held);
  fix.end();
  BOOST_TEST(held.use_count() == 1);
}

BOOST_DATA_TEST_CASE(a_system_that_does_not_wait_does_not_for_the_clock,
                     everywhere, where) {
  auto held = std::make_shared<int>(0);
  fixture fix{where};
  fix.system().await_actors_before_shutdown(false);
  {
    auto x =
      fix.system().spawn([held](caf::event_based_actor*) -> caf::behavior {
        return {[held](caf::tick_atom) {}};
      });
    caf::delayed_anon_send(x, 60min, caf::tick_atom_v);
  }
  fix.end();
  BOOST_TEST(held.use_count() == 1);
}

BOOST_DATA_TEST_CASE(requests_in_flight_do_not_keep_a_system, everywhere,
                     where) {
  auto held = std::make_shared<int>(0);
  fixture fix{where};
  fix.system().await_actors_before_shutdown(false);
  {
    auto server = fix.system().spawn(answering);
    for (int i = 0; i < 20; ++i)
      fix.system().spawn([server, held](caf::event_based_actor* self) {
        for (int n = 0; n < 100; ++n)
          self->request(server, caf::infinite, n).then([held](int) {});
      });
  }
  fix.end();
  BOOST_TEST(held.use_count() == 1);
}

// -- many systems -------------------------------------------------------------

BOOST_DATA_TEST_CASE(a_hundred_systems_come_and_go, everywhere, where) {
  for (int i = 0; i < 100; ++i) {
    fixture fix{where};
    BOOST_TEST(*ask<int>(fix.system(), fix.system().spawn(answering), i) == i);
  }
}

BOOST_DATA_TEST_CASE(two_systems_at_once_do_not_mix, everywhere, where) {
  auto held = std::make_shared<int>(0);
  fixture one{where};
  fixture two{where};
  one.system().await_actors_before_shutdown(false);
  for (int i = 0; i < 5; ++i)
    one.system().spawn(restless, held);
  auto x = two.system().spawn(answering);
  BOOST_TEST(*ask<int>(two.system(), x, 1) == 1);
  one.end();
  BOOST_TEST(held.use_count() == 1);
  BOOST_TEST(*ask<int>(two.system(), x, 2) == 2);
}

BOOST_DATA_TEST_CASE(threads_make_and_end_systems_side_by_side, everywhere,
                     where) {
  std::atomic<int> sum{0};
  auto threads = start_threads(4, [&](int) {
    for (int n = 0; n < 10; ++n) {
      fixture fix{where};
      auto x = fix.system().spawn(answering);
      sum += *ask<int>(fix.system(), x, 1);
    }
  });
  threads.clear();
  BOOST_TEST(sum == 40);
}

BOOST_AUTO_TEST_SUITE_END()
