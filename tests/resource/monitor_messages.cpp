// The monitor as an actor: for ordinary actors and other nodes.

#include <caf/scoped_actor.hpp>

#include "support/monitored.hpp"

using namespace test;
using axiom::acquire_atom_v;
using axiom::release_atom_v;

namespace {

using list = std::vector<axiom::resource_requirement>;

/// What an actor that asks was told.
struct answers {
  std::vector<std::uint64_t> granted;
  std::vector<caf::error> refused;
};

/// An actor that asks a monitor for something when it is told to.
caf::behavior client(caf::event_based_actor* self,
                     axiom::resource_monitor_actor monitor,
                     std::shared_ptr<answers> log) {
  auto note = [log](std::uint64_t number) { log->granted.push_back(number); };
  auto refused = [log](caf::error& err) { log->refused.push_back(err); };
  self->set_error_handler([](caf::error&) {});
  return {
    [=](const list& wanted) {
      self
        ->request(monitor, caf::infinite, acquire_atom_v, wanted,
                  task_priority::medium)
        .then(note, refused);
    },
    [=](caf::timespan timeout) {
      self
        ->request(monitor, caf::infinite, acquire_atom_v, list{memory(60)},
                  task_priority::medium, timeout)
        .then(note, refused);
    },
    [=](std::uint64_t number) {
      self->request(monitor, caf::infinite, release_atom_v, number)
        .then([] {}, refused);
    },
  };
}

struct messages : monitored {
  caf::actor spawn_client(const resource_monitor& monitor,
                          std::shared_ptr<answers> log) {
    return system().spawn(client, monitor.actor(), std::move(log));
  }

  template <class T>
  void tell(const caf::actor& to, T what) {
    caf::anon_send(to, std::move(what));
    run();
  }
};

} // namespace

BOOST_FIXTURE_TEST_SUITE(monitor_messages, messages)

BOOST_AUTO_TEST_CASE(a_lease_has_a_number_and_is_given_back_by_it) {
  auto host = spawn(memory(100));
  auto log = std::make_shared<answers>();
  auto a = spawn_client(host, log);
  tell(a, list{memory(60)});
  BOOST_TEST(log->granted.size() == 1u);
  BOOST_TEST(in_use(host, "memory") == 60u);
  tell(a, log->granted.at(0));
  BOOST_TEST(in_use(host, "memory") == 0u);
  tell(a, log->granted.at(0));
  BOOST_TEST(log->refused.size() == 1u);
  BOOST_TEST(is(log->refused.at(0), errc::invalid_argument));
  stop(a);
}

BOOST_AUTO_TEST_CASE(what_a_dead_sender_held_comes_back_and_is_counted) {
  auto host = spawn(memory(100));
  auto log = std::make_shared<answers>();
  auto a = spawn_client(host, log);
  auto b = spawn_client(host, log);
  tell(a, list{memory(60)});
  tell(b, list{memory(50)});
  BOOST_TEST(log->granted.size() == 1u);
  BOOST_TEST(host.stats().waiting == 1u);
  caf::anon_send_exit(a, caf::exit_reason::kill);
  run();
  BOOST_TEST(log->granted.size() == 2u);
  BOOST_TEST(in_use(host, "memory") == 50u);
  BOOST_TEST(host.stats().resources.at(0).reclaimed == 60u);
  stop(b);
  BOOST_TEST(in_use(host, "memory") == 0u);
}

BOOST_AUTO_TEST_CASE(a_dead_sender_does_not_wait_any_more) {
  auto host = spawn(memory(100));
  auto log = std::make_shared<answers>();
  auto held = host.try_acquire(memory(100));
  auto a = spawn_client(host, log);
  tell(a, list{memory(1)});
  BOOST_TEST(host.stats().waiting == 1u);
  stop(a);
  BOOST_TEST(host.stats().waiting == 0u);
}

BOOST_AUTO_TEST_CASE(errors_are_answers) {
  auto host = spawn(memory(100));
  auto log = std::make_shared<answers>();
  auto a = spawn_client(host, log);
  tell(a, list{memory(101)});
  tell(a, list{cpu(1)});
  BOOST_TEST(log->refused.size() == 2u);
  BOOST_TEST(is(log->refused.at(0), errc::exceeds_capacity));
  BOOST_TEST(is(log->refused.at(1), errc::invalid_argument));
  auto held = host.try_acquire(memory(100));
  tell(a, caf::timespan{1s});
  advance(1s);
  BOOST_TEST(log->refused.size() == 3u);
  BOOST_TEST(is(log->refused.at(2), errc::deadline_exceeded));
  tell(a, list{memory(1)});
  host.close();
  run();
  BOOST_TEST(log->refused.size() == 4u);
  BOOST_TEST(is(log->refused.at(3), errc::scope_closed));
  stop(a);
}

BOOST_AUTO_TEST_CASE(nobody_answers_for_an_anonymous_sender) {
  auto host = spawn(memory(100));
  caf::anon_send(host.actor(), acquire_atom_v, list{memory(60)},
                 task_priority::medium);
  run();
  BOOST_TEST(in_use(host, "memory") == 0u);
}

BOOST_AUTO_TEST_CASE(figures_and_capacities_by_message) {
  auto host = spawn(memory(100));
  auto t = start("t", [&](task_context& self) -> async<std::uint64_t> {
    co_await self.request(host.actor(), 1s, axiom::set_capacity_atom_v,
                          memory(200));
    auto stats = co_await self.request(host.actor(), 1s, axiom::stats_atom_v);
    co_return stats.resources.at(0).capacity.amount();
  });
  run();
  BOOST_TEST(t.get() == 200u);
}

BOOST_AUTO_TEST_CASE(an_exit_message_closes_it_and_answers_who_waits) {
  auto host = spawn(memory(100));
  auto log = std::make_shared<answers>();
  auto held = host.try_acquire(memory(100));
  auto a = spawn_client(host, log);
  tell(a, list{memory(1)});
  caf::anon_send_exit(host.actor(), caf::exit_reason::user_shutdown);
  run();
  BOOST_TEST(log->refused.size() == 1u);
  BOOST_TEST((code_thrown_by([&] { auto x = host.try_acquire(memory(1)); })
              == errc::scope_closed));
  stop(a);
}

BOOST_AUTO_TEST_SUITE_END()
