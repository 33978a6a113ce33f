// Who runs when: priorities within a mailbox, fairness between actors, and that
// every worker is put to use.

#include <atomic>
#include <future>
#include <latch>

#include "conformance/fixture.hpp"

using namespace conformance;
using boost::test_tools::per_element;

namespace {

/// For cases about actors that compete for a worker.
const auto on_one_worker = test::under_each_policy({1});

const auto on_many_workers = test::under_each_policy({2, 4});

/// Sends itself a message for each that it gets.
caf::behavior flood(caf::event_based_actor* self, std::atomic<int>* handled) {
  self->send(self, caf::tick_atom_v);
  return {[self, handled](caf::tick_atom) {
    ++*handled;
    self->send(self, caf::tick_atom_v);
  }};
}

/// Sends back whatever comes.
caf::behavior returning(caf::event_based_actor* self) {
  return {
    [self](caf::put_atom, const caf::actor& other) {
      self->send(other, caf::tick_atom_v);
    },
    [](caf::tick_atom) { return caf::tick_atom_v; },
  };
}

caf::behavior answering(caf::event_based_actor*) {
  return {[](int x) { return x; }};
}

void stop(const caf::actor& x) {
  caf::anon_send_exit(x, caf::exit_reason::user_shutdown);
}

} // namespace

BOOST_AUTO_TEST_SUITE(scheduling)

// -- priorities ---------------------------------------------------------------

BOOST_DATA_TEST_CASE(urgent_messages_overtake_those_that_wait, everywhere,
                     where) {
  std::promise<void> entered;
  std::promise<void> go;
  journal<int> seen;
  fixture fix{where};
  auto x = fix.system().spawn([&](caf::event_based_actor*) -> caf::behavior {
    return {
      [&](caf::ok_atom) {
        entered.set_value();
        go.get_future().wait();
      },
      [&](int x) { seen.add(x); },
    };
  });
  caf::anon_send(x, caf::ok_atom_v);
  entered.get_future().wait();
  for (int i = 2; i < 10; ++i)
    caf::anon_send(x, i);
  for (int i = 0; i < 2; ++i)
    caf::anon_send<caf::message_priority::high>(x, i);
  go.set_value();
  BOOST_TEST(seen.await(10) == in_order(10), per_element());
}

BOOST_DATA_TEST_CASE(urgent_messages_do_not_starve_the_others, everywhere,
                     where) {
  std::promise<void> came;
  fixture fix{where};
  auto x =
    fix.system().spawn([&](caf::event_based_actor* self) -> caf::behavior {
      auto again = [self] {
        self->send<caf::message_priority::high>(self, caf::tick_atom_v);
      };
      again();
      return {
        [again](caf::tick_atom) { again(); },
        [&, self](caf::ok_atom) {
          came.set_value();
          self->quit();
        },
      };
    });
  caf::anon_send(x, caf::ok_atom_v);
  came.get_future().wait();
}

// -- fairness -----------------------------------------------------------------

BOOST_DATA_TEST_CASE(an_actor_that_floods_itself_starves_nobody, on_one_worker,
                     where) {
  std::atomic<int> handled{0};
  fixture fix{where};
  auto flooding = fix.system().spawn(flood, &handled);
  auto other = fix.system().spawn(answering);
  for (int i = 0; i < 100; ++i)
    BOOST_TEST(*ask<int>(fix.system(), other, i) == i);
  stop(flooding);
}

BOOST_DATA_TEST_CASE(an_actor_with_much_to_do_lets_others_run, on_one_worker,
                     where) {
  constexpr int much = 20'000;
  std::promise<void> entered;
  std::promise<void> go;
  std::atomic<int> handled{0};
  fixture fix{where};
  auto busy = fix.system().spawn([&](caf::event_based_actor*) -> caf::behavior {
    return {
      [&](caf::ok_atom) {
        entered.set_value();
        go.get_future().wait();
      },
      [&](caf::tick_atom) { ++handled; },
    };
  });
  auto other =
    fix.system().spawn([&](caf::event_based_actor*) -> caf::behavior {
      return {[&](caf::get_atom) { return handled.load(); }};
    });
  caf::anon_send(busy, caf::ok_atom_v);
  entered.get_future().wait();
  for (int i = 0; i < much; ++i)
    caf::anon_send(busy, caf::tick_atom_v);
  caf::scoped_actor self{fix.system()};
  auto response = self->request(other, caf::infinite, caf::get_atom_v);
  go.set_value();
  response.receive([&](int done) { BOOST_TEST(done < much); },
                   [](const caf::error&) { BOOST_ERROR("not answered"); });
}

BOOST_DATA_TEST_CASE(all_of_many_busy_actors_get_on, everywhere, where) {
  std::vector<std::atomic<int>> handled(20);
  fixture fix{where};
  std::vector<caf::actor> flooding;
  flooding.reserve(handled.size());
  for (auto& count : handled)
    flooding.push_back(fix.system().spawn(flood, &count));
  for (auto& count : handled)
    while (count < 2000)
      std::this_thread::yield();
  for (auto& x : flooding)
    stop(x);
}

BOOST_DATA_TEST_CASE(two_actors_that_talk_starve_nobody,
                     without_stealing(on_one_worker), where) {
  fixture fix{where};
  auto one = fix.system().spawn(returning);
  auto two = fix.system().spawn(returning);
  caf::anon_send(one, caf::put_atom_v, two);
  auto other = fix.system().spawn(answering);
  for (int i = 0; i < 100; ++i)
    BOOST_TEST(*ask<int>(fix.system(), other, i) == i);
  stop(one);
  stop(two);
}

BOOST_DATA_TEST_CASE(delayed_messages_reach_actors_beside_a_busy_one,
                     on_one_worker, where) {
  std::atomic<int> handled{0};
  std::promise<void> came;
  fixture fix{where};
  auto flooding = fix.system().spawn(flood, &handled);
  fix.system().spawn([&](caf::event_based_actor* self) -> caf::behavior {
    self->delayed_send(self, 1ms, caf::ok_atom_v);
    return {[&, self](caf::ok_atom) {
      came.set_value();
      self->quit();
    }};
  });
  came.get_future().wait();
  stop(flooding);
}

// -- every worker -------------------------------------------------------------

BOOST_DATA_TEST_CASE(as_many_actors_run_at_once_as_there_are_workers,
                     on_many_workers, where) {
  std::latch together{static_cast<std::ptrdiff_t>(where.workers)};
  fixture fix{where};
  for (std::size_t i = 0; i < where.workers; ++i)
    fix.system().spawn(
      [&](caf::event_based_actor*) { together.arrive_and_wait(); });
  together.wait();
}

BOOST_DATA_TEST_CASE(what_one_worker_spawned_runs_on_all, on_many_workers,
                     where) {
  std::latch together{static_cast<std::ptrdiff_t>(where.workers)};
  fixture fix{where};
  fix.system().spawn([&](caf::event_based_actor* self) {
    for (std::size_t i = 0; i < where.workers; ++i)
      self->spawn([&](caf::event_based_actor*) { together.arrive_and_wait(); });
  });
  together.wait();
}

BOOST_DATA_TEST_CASE(what_a_worker_that_blocks_has_spawned_runs_on_others,
                     on_many_workers, where) {
  std::latch together{static_cast<std::ptrdiff_t>(where.workers)};
  fixture fix{where};
  fix.system().spawn([&](caf::event_based_actor* self) {
    for (std::size_t i = 1; i < where.workers; ++i)
      self->spawn([&](caf::event_based_actor*) { together.arrive_and_wait(); });
    together.arrive_and_wait();
  });
  together.wait();
}

BOOST_DATA_TEST_CASE(messages_of_a_worker_that_blocks_are_handled_by_others,
                     on_many_workers, where) {
  std::promise<void> answered;
  fixture fix{where};
  auto other =
    fix.system().spawn([&](caf::event_based_actor*) -> caf::behavior {
      return {[&](caf::tick_atom) { answered.set_value(); }};
    });
  fix.system().spawn([&, other](caf::event_based_actor* self) {
    self->send(other, caf::tick_atom_v);
    answered.get_future().wait();
  });
}

BOOST_AUTO_TEST_SUITE_END()
