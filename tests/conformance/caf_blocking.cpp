// Actors with a thread of their own: blocking actors, scoped actors and
// detached ones. None of them may hold up the workers, of which there is but
// one in a third of the cases.

#include <future>
#include <latch>
#include <set>
#include <thread>

#include <caf/after.hpp>
#include <caf/blocking_actor.hpp>
#include <caf/skip.hpp>

#include "axiom/runtime/host.hpp"
#include "conformance/fixture.hpp"

using namespace conformance;
using boost::test_tools::per_element;

namespace {

caf::behavior echo(caf::event_based_actor*) {
  return {[](int x) { return x; }};
}

} // namespace

BOOST_AUTO_TEST_SUITE(blocking_actors)

// -- receiving ----------------------------------------------------------------

BOOST_DATA_TEST_CASE(receive_takes_the_messages_in_order, everywhere, where) {
  journal<int> seen;
  fixture fix{where};
  auto x = fix.system().spawn([&](caf::blocking_actor* self) {
    for (int i = 0; i < 100; ++i)
      self->receive([&](int x) { seen.add(x); });
  });
  for (int i = 0; i < 100; ++i)
    caf::anon_send(x, i);
  BOOST_TEST(seen.await(100) == in_order(100), per_element());
}

BOOST_DATA_TEST_CASE(receive_leaves_what_it_does_not_take, everywhere, where) {
  journal<int> seen;
  fixture fix{where};
  auto x = fix.system().spawn([&](caf::blocking_actor* self) {
    self->receive([](caf::ok_atom) {});
    self->receive([&](int x) { seen.add(x); });
    self->receive([&](int x) { seen.add(x); });
  });
  caf::anon_send(x, 0);
  caf::anon_send(x, 1);
  caf::anon_send(x, caf::ok_atom_v);
  BOOST_TEST(seen.await(2) == in_order(2), per_element());
}

BOOST_DATA_TEST_CASE(receive_loops_end_by_their_conditions, everywhere, where) {
  journal<int> seen;
  fixture fix{where};
  auto note = [&](int x) { seen.add(x); };
  auto x = fix.system().spawn([&](caf::blocking_actor* self) {
    int i = 0;
    self->receive_for(i, 10)(note);
    auto last = [&] { return seen.entries().back(); };
    self->receive_while([&] { return last() < 19; })(note);
    self->do_receive(note).until([&] { return last() == 29; });
  });
  for (int i = 0; i < 40; ++i)
    caf::anon_send(x, i);
  caf::scoped_actor self{fix.system()};
  self->wait_for(x);
  BOOST_TEST(seen.entries() == in_order(30), per_element());
}

BOOST_DATA_TEST_CASE(a_receive_without_a_message_times_out, everywhere, where) {
  journal<std::string> seen;
  fixture fix{where};
  fix.system().spawn([&](caf::blocking_actor* self) {
    auto start = std::chrono::steady_clock::now();
    self->receive([&](int) { seen.add("message"); },
                  caf::after(2ms) >>
                    [&] {
                      auto waited = std::chrono::steady_clock::now() - start;
                      seen.add(waited >= 2ms ? "timeout" : "early");
                    });
    self->receive([&](int) { seen.add("message"); },
                  caf::after(0s) >> [&] { seen.add("nothing there"); });
    self->send(self, 1);
    self->receive([&](int) { seen.add("message"); },
                  caf::after(60min) >> [&] { seen.add("timeout"); });
  });
  BOOST_TEST(
    seen.await(3)
      == (std::vector<std::string>{"timeout", "nothing there", "message"}),
    per_element());
}

// -- requests and ends --------------------------------------------------------

BOOST_DATA_TEST_CASE(blocking_actors_request_from_event_based_ones, everywhere,
                     where) {
  std::promise<int> sum;
  fixture fix{where};
  fix.system().spawn([&](caf::blocking_actor* self) {
    int total = 0;
    auto server = self->spawn(echo);
    for (int i = 0; i < 100; ++i)
      self->request(server, caf::infinite, i)
        .receive([&](int x) { total += x; }, [](const caf::error&) {});
    sum.set_value(total);
  });
  BOOST_TEST(sum.get_future().get() == 4950);
}

BOOST_DATA_TEST_CASE(event_based_actors_request_from_blocking_ones, everywhere,
                     where) {
  journal<int> seen;
  fixture fix{where};
  auto server = fix.system().spawn([](caf::blocking_actor* self) {
    int i = 0;
    self->receive_for(i, 100)([](int x) { return x; });
  });
  fix.system().spawn([&, server](caf::event_based_actor* self) {
    for (int i = 0; i < 100; ++i)
      self->request(server, caf::infinite, i).then([&](int x) { seen.add(x); });
  });
  BOOST_TEST(seen.await(100) == in_order(100), per_element());
}

BOOST_DATA_TEST_CASE(a_blocking_actor_spawns_and_waits, everywhere, where) {
  std::promise<std::size_t> ended;
  fixture fix{where};
  fix.system().spawn([&](caf::blocking_actor* self) {
    std::atomic<std::size_t> count{0};
    std::vector<caf::actor> children(100);
    for (auto& child : children)
      child = self->spawn([&](caf::event_based_actor*) { ++count; });
    self->wait_for(children);
    ended.set_value(count);
  });
  BOOST_TEST(ended.get_future().get() == 100u);
}

BOOST_DATA_TEST_CASE(a_blocking_actor_ends_with_its_fail_state, everywhere,
                     where) {
  fixture fix{where};
  caf::scoped_actor self{fix.system()};
  self->spawn<caf::monitored>(
    [](caf::blocking_actor* x) { x->fail_state(caf::sec::invalid_argument); });
  self->receive([](const caf::down_msg& msg) {
    BOOST_CHECK(msg.reason == caf::sec::invalid_argument);
  });
}

BOOST_DATA_TEST_CASE(blocking_actors_have_a_thread_each, everywhere, where) {
  // They end only if all are there at once.
  std::latch together{10};
  fixture fix{where};
  std::vector<caf::actor> all;
  for (std::ptrdiff_t i = 0; i < 10; ++i)
    all.push_back(fix.system().spawn(
      [&](caf::blocking_actor*) { together.arrive_and_wait(); }));
  caf::scoped_actor self{fix.system()};
  self->wait_for(all);
}

// -- scoped actors ------------------------------------------------------------

BOOST_DATA_TEST_CASE(scoped_actors_send_and_receive_from_outside, everywhere,
                     where) {
  fixture fix{where};
  auto server = fix.system().spawn(echo);
  caf::scoped_actor self{fix.system()};
  for (int i = 0; i < 100; ++i)
    self->send(server, i);
  int next = 0;
  self->receive_for(next, 100)([&](int x) { BOOST_TEST(x == next); });
}

BOOST_DATA_TEST_CASE(scoped_actors_of_many_threads_are_answered, everywhere,
                     where) {
  std::atomic<int> sum{0};
  fixture fix{where};
  auto server = fix.system().spawn(echo);
  auto threads = start_threads(4, [&](int) {
    caf::scoped_actor self{fix.system()};
    for (int n = 0; n < 50; ++n)
      self->request(server, caf::infinite, 1)
        .receive([&](int x) { sum += x; }, [](const caf::error&) {});
  });
  threads.clear();
  BOOST_TEST(sum == 200);
}

BOOST_DATA_TEST_CASE(a_request_of_a_scoped_actor_times_out, everywhere, where) {
  fixture fix{where};
  auto silent =
    fix.system().spawn([](caf::event_based_actor* self) -> caf::behavior {
      self->set_default_handler(caf::skip);
      return {[](caf::ok_atom) {}};
    });
  caf::scoped_actor self{fix.system()};
  self->request(silent, 1ms, 1)
    .receive([](int) { BOOST_ERROR("answered"); },
             [](const caf::error& why) {
               BOOST_CHECK(why == caf::sec::request_timeout);
             });
}

// -- detached actors ----------------------------------------------------------

BOOST_DATA_TEST_CASE(a_detached_actor_has_a_thread_of_its_own, everywhere,
                     where) {
  journal<std::pair<std::thread::id, bool>> seen;
  fixture fix{where};
  auto& host = axiom::runtime::host::of(fix.system());
  auto note = [&](caf::event_based_actor*) -> caf::behavior {
    return {[&](caf::tick_atom) {
      seen.add({std::this_thread::get_id(), host.on_worker_thread()});
    }};
  };
  auto x = fix.system().spawn<caf::detached>(note);
  auto y = fix.system().spawn<caf::detached>(note);
  for (int i = 0; i < 10; ++i) {
    caf::anon_send(x, caf::tick_atom_v);
    caf::anon_send(y, caf::tick_atom_v);
  }
  std::set<std::thread::id> threads;
  for (auto& [thread, is_worker] : seen.await(20)) {
    threads.insert(thread);
    BOOST_TEST(!is_worker);
  }
  BOOST_TEST(threads.size() == 2u);
}

BOOST_DATA_TEST_CASE(a_detached_actor_that_blocks_holds_nobody_up, everywhere,
                     where) {
  std::promise<void> go;
  fixture fix{where};
  std::vector<caf::actor> blocked;
  for (auto future = go.get_future().share(); blocked.size() < 5;)
    blocked.push_back(fix.system().spawn<caf::detached>(
      [future](caf::event_based_actor*) -> caf::behavior {
        return {[future](int x) {
          future.wait();
          return x;
        }};
      }));
  caf::scoped_actor self{fix.system()};
  for (auto& x : blocked)
    self->send(x, 1);
  BOOST_TEST(*ask<int>(fix.system(), fix.system().spawn(echo), 2) == 2);
  go.set_value();
  for (std::size_t i = 0; i < blocked.size(); ++i)
    self->receive([](int x) { BOOST_TEST(x == 1); });
}

BOOST_DATA_TEST_CASE(detached_and_scheduled_actors_talk, everywhere, where) {
  std::promise<int> counted;
  fixture fix{where};
  auto detached = fix.system().spawn<caf::detached>(echo);
  fix.system().spawn(
    [&, detached](caf::event_based_actor* self) -> caf::behavior {
      self->send(detached, 0);
      return {[&, self, detached](int x) {
        if (x < 100)
          return self->send(detached, x + 1);
        counted.set_value(x);
        self->quit();
      }};
    });
  BOOST_TEST(counted.get_future().get() == 100);
}

BOOST_AUTO_TEST_SUITE_END()
