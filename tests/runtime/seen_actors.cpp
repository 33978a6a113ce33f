// The event-based actors that the scheduler of policy axiom has seen.

#include <atomic>
#include <future>
#include <thread>

#include <caf/stateful_actor.hpp>

#include "axiom/runtime/host.hpp"
#include "support/tasks.hpp"

using namespace test;
namespace runtime = axiom::runtime;

namespace {

caf::behavior waiting() {
  return {[](int) {}};
}

struct sightings : threaded {
  runtime::host& host() {
    return runtime::host::of(system());
  }

  /// Without the fixture's coordinator.
  runtime::running_actors look(std::size_t most = 100) {
    const std::vector<caf::actor_id> left_out{coordinator().actor().id()};
    auto result = host().seen_actors(most, left_out);
    BOOST_REQUIRE(result.has_value());
    return *result;
  }

  /// Waits for what is on its way: an actor is counted out before it leaves.
  void await_count(std::size_t expected) {
    while (look().count != expected)
      std::this_thread::yield();
  }

  caf::actor spawn_waiting() {
    std::promise<void> began;
    auto result = system().spawn([&](caf::event_based_actor*) {
      began.set_value();
      return waiting();
    });
    began.get_future().wait();
    return result;
  }

  void stop(const caf::actor& x) {
    caf::anon_send_exit(x, caf::exit_reason::user_shutdown);
  }
};

struct named_state {
  static inline const char* name = "test.named";
};

} // namespace

BOOST_FIXTURE_TEST_SUITE(seen_actors, sightings)

BOOST_AUTO_TEST_CASE(are_those_that_wait_for_a_message) {
  BOOST_TEST(look().count == 0u);
  std::promise<void> began;
  auto named =
    system().spawn([&](caf::stateful_actor<named_state>*) -> caf::behavior {
      began.set_value();
      return waiting();
    });
  began.get_future().wait();
  auto other = spawn_waiting();
  auto seen = look();
  BOOST_TEST(seen.count == 2u);
  BOOST_REQUIRE(seen.listed.size() == 2u);
  if (seen.listed[0].id != named.id()) // two workers, two lists
    std::swap(seen.listed[0], seen.listed[1]);
  BOOST_TEST(seen.listed[0].id == named.id());
  BOOST_TEST(seen.listed[0].name == "test.named");
  BOOST_TEST(seen.listed[1].id == other.id());
  BOOST_TEST(seen.listed[1].name == "caf::event_based_actor");
  BOOST_CHECK(seen.listed[0].age >= 0s);
  stop(named);
  stop(other);
}

BOOST_AUTO_TEST_CASE(are_those_too_that_do_not_return_from_their_first_run) {
  std::promise<void> began;
  std::promise<void> go;
  auto stuck = system().spawn([&](caf::event_based_actor*) {
    began.set_value();
    go.get_future().wait();
  });
  began.get_future().wait();
  auto seen = look();
  BOOST_TEST(seen.count == 1u);
  BOOST_TEST(seen.listed.at(0).id == stuck.id());
  go.set_value();
  await_count(0);
}

BOOST_AUTO_TEST_CASE(leave_when_they_end_whoever_keeps_a_handle) {
  auto a = spawn_waiting();
  auto b = spawn_waiting();
  stop(a);
  await_count(1);
  BOOST_TEST(look().listed.at(0).id == b.id());
  stop(b);
  await_count(0);
}

BOOST_AUTO_TEST_CASE(leave_when_nobody_references_them_any_more) {
  auto a = spawn_waiting();
  auto address = caf::actor_cast<caf::weak_actor_ptr>(a);
  a = nullptr;
  await_count(0);
  while (address.lock()) // the last look's reference
    std::this_thread::yield();
}

BOOST_AUTO_TEST_CASE(are_not_the_hidden_ones_which_nobody_waits_for) {
  std::promise<void> began;
  auto x = system().spawn<caf::hidden>([&](caf::event_based_actor*) {
    began.set_value();
    return waiting();
  });
  began.get_future().wait();
  BOOST_TEST(look().count == 0u);
  stop(x);
}

BOOST_AUTO_TEST_CASE(are_all_counted_though_few_are_listed) {
  std::vector<caf::actor> actors;
  for (int i = 0; i < 5; ++i)
    actors.push_back(spawn_waiting());
  auto seen = look(3);
  BOOST_TEST(seen.count == 5u);
  BOOST_TEST(seen.listed.size() == 3u);
  BOOST_TEST(look(0).count == 5u);
  for (auto& x : actors)
    stop(x);
}

BOOST_AUTO_TEST_CASE(come_and_go_while_somebody_looks) {
  std::atomic<bool> done{false};
  std::thread looker{[&] {
    while (!done)
      host().seen_actors(10, {});
  }};
  for (int round = 0; round < 20; ++round) {
    std::vector<caf::actor> actors;
    for (int i = 0; i < 100; ++i) {
      actors.push_back(
        system().spawn([](caf::event_based_actor*) { return waiting(); }));
      system().spawn([](caf::event_based_actor*) {});
    }
    // One half is told to end, the other loses its last reference.
    for (std::size_t i = 0; i < actors.size(); i += 2)
      stop(actors[i]);
  }
  await_count(0);
  done = true;
  looker.join();
}

BOOST_AUTO_TEST_SUITE_END()

BOOST_AUTO_TEST_SUITE(seen_actors_of_other_policies)

BOOST_AUTO_TEST_CASE(do_not_exist) {
  for (auto policy :
       {runtime::scheduler_policy::sharing, runtime::scheduler_policy::stealing,
        runtime::scheduler_policy::testing}) {
    axiom::testing::fixture fix{{.scheduler = policy}};
    BOOST_TEST(
      !runtime::host::of(fix.system()).seen_actors(10, {}).has_value());
  }
}

BOOST_AUTO_TEST_SUITE_END()
