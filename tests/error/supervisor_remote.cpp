// Supervisors and a network: requests that come from another node, children
// that are actors of another node, and actors of two nodes that have the same
// number.

#include <string>
#include <utility>
#include <vector>

#include "axiom/error/supervisor.hpp"
#include "conformance/node.hpp"
#include "support/relay.hpp"

using namespace conformance;
using axiom::child_info;
using axiom::child_start;
using axiom::child_state;
using axiom::supervisor;
using axiom::supervisor_actor;

namespace {

/// Spawns an actor with this number, which has to be one of those to come.
template <class F>
caf::actor spawn_as(caf::actor_id number, caf::actor_system& sys, F body) {
  while (sys.latest_actor_id() + 1 < number)
    sys.next_actor_id();
  auto result = sys.spawn(body);
  BOOST_REQUIRE(result.id() == number);
  return result;
}

using states = std::vector<child_state>;

states states_of(const std::vector<child_info>& children) {
  states result;
  for (auto& x : children)
    result.push_back(x.state);
  return result;
}

/// Ends with whatever error it is sent.
caf::behavior mortal(caf::event_based_actor* self) {
  return {
    [self](caf::error& why) { self->quit(std::move(why)); },
    [self](caf::ok_atom) { self->quit(); },
  };
}

/// Ends with nothing but an `ok_atom`. Says to a supervisor that it is started,
/// and then asks it how its children are.
caf::behavior stubborn(caf::event_based_actor* self, journal<states>* seen) {
  self->set_exit_handler([](caf::exit_msg&) {});
  auto look = [self, seen](const caf::actor& boss) {
    self->request(boss, caf::infinite, axiom::which_children_atom_v)
      .then(
        [seen](const std::vector<child_info>& x) { seen->add(states_of(x)); });
  };
  return {
    [self, look](const caf::actor& boss) {
      self->send(boss, axiom::started_atom_v);
      look(boss);
    },
    [self](caf::ok_atom) { self->quit(); },
  };
}

/// Tells a supervisor to end, and then asks it how its children are.
caf::behavior stranger(caf::event_based_actor* self, journal<states>* seen) {
  return {
    [self, seen](const caf::actor& boss) {
      self->send_exit(boss, caf::exit_reason::user_shutdown);
      self->request(boss, caf::infinite, axiom::which_children_atom_v)
        .then([seen](const std::vector<child_info>& x) {
          seen->add(states_of(x));
        });
    },
    [self](caf::ok_atom) { self->quit(); },
  };
}

axiom::child_spec existing(
  std::string name, caf::actor x,
  axiom::child_start_mode how = axiom::child_start_mode::made) {
  return axiom::actor_child({.name = std::move(name),
                             .restart = axiom::restart_kind::temporary,
                             .start = how},
                            [x = std::move(x)](child_start&) { return x; });
}

} // namespace

BOOST_AUTO_TEST_SUITE(remote_supervisors)

BOOST_DATA_TEST_CASE(requests_come_from_another_node, everywhere, where) {
  journal<int> arguments;
  node here{where};
  node there{where};
  auto make = [&arguments](child_start& start) {
    arguments.add(start.arguments().match_elements<int>()
                    ? start.arguments().get_as<int>(0)
                    : 0);
    return start.system().spawn(mortal);
  };
  auto sup = supervisor::spawn(
    here.system(), {.name = "pool",
                    .strategy = axiom::supervision_strategy::simple_one_for_one,
                    .max_restarts = 10,
                    .children = {axiom::actor_child({.name = "w"}, make)}});
  auto boss = there.remote<supervisor_actor>(here.publish(sup.actor()));
  auto& sys = there.system();
  auto started =
    ask<child_info>(sys, boss, axiom::start_child_atom_v, caf::make_message(7));
  BOOST_REQUIRE(started);
  BOOST_TEST(started->name == "w-1");
  BOOST_CHECK(started->state == child_state::running);
  BOOST_TEST(started->kind == "actor");
  BOOST_REQUIRE(started->actor);
  BOOST_CHECK(started->actor->node() == here.system().node());
  BOOST_TEST(ask<child_info>(sys, boss, axiom::start_child_atom_v)->name
             == "w-2");
  auto counts =
    ask<axiom::child_counts>(sys, boss, axiom::count_children_atom_v);
  BOOST_REQUIRE(counts);
  BOOST_TEST(counts->specs == 2u);
  BOOST_TEST(counts->active == 2u);
  BOOST_TEST(counts->workers == 2u);
  BOOST_TEST(ask<axiom::child_counts>(sys, boss, axiom::ready_atom_v)->active
             == 2u);
  // The child can be reached by what came back, and is restarted as it was
  // made.
  caf::anon_send(caf::actor_cast<caf::actor>(started->actor),
                 caf::make_error(caf::sec::runtime_error));
  BOOST_TEST(arguments.await(3) == (std::vector{7, 0, 7}),
             boost::test_tools::per_element());
  auto children =
    ask<std::vector<child_info>>(sys, boss, axiom::which_children_atom_v);
  BOOST_REQUIRE(children);
  BOOST_REQUIRE(children->size() == 2u);
  BOOST_TEST(children->at(0).name == "w-1");
  BOOST_TEST(children->at(0).starts == 2u);
  BOOST_TEST(children->at(0).failures == 1u);
  BOOST_TEST(children->at(0).last_error != "");
  auto ended = ask<child_info>(sys, boss, axiom::terminate_child_atom_v,
                               std::string{"w-1"});
  BOOST_REQUIRE(ended);
  BOOST_TEST(ended->name == "w-1");
  auto unknown =
    ask<child_info>(sys, boss, axiom::restart_child_atom_v, std::string{"x"});
  BOOST_REQUIRE(!unknown);
  BOOST_TEST(axiom::is(unknown.error(), axiom::errc::no_such_child));
  auto stats = ask<axiom::supervisor_stats>(sys, boss, axiom::shutdown_atom_v);
  BOOST_REQUIRE(stats);
  BOOST_TEST(stats->name == "pool");
  BOOST_TEST(stats->active == 0u);
  BOOST_TEST(stats->restarts == 1u);
  BOOST_TEST(sup.ended());
}

BOOST_DATA_TEST_CASE(a_child_ends_on_another_node, everywhere, where) {
  journal<int> starts;
  node there{where};
  node here{where};
  auto first =
    here.remote<caf::actor>(there.publish(there.system().spawn(mortal)));
  auto second =
    here.remote<caf::actor>(there.publish(there.system().spawn(mortal)));
  auto make = [&](child_start& start) {
    starts.add(static_cast<int>(start.number()));
    return start.number() == 1 ? first : second;
  };
  auto sup = supervisor::spawn(
    here.system(), {.children = {axiom::actor_child({.name = "far"}, make)}});
  starts.await(1);
  caf::anon_send(first, caf::make_error(caf::sec::runtime_error, "far away"));
  starts.await(2);
  const auto errors = sup.errors();
  BOOST_REQUIRE(errors.size() == 1u);
  BOOST_TEST(errors[0].task.name == "far #1");
  BOOST_CHECK(errors[0].error.error() == caf::sec::runtime_error);
  // It ends as one of this node does when it is asked to.
  BOOST_TEST(sup.stop().get().errors == 1u);
}

BOOST_DATA_TEST_CASE(a_child_is_lost_with_its_node, everywhere, where) {
  journal<int> starts;
  node there{where};
  node here{where};
  auto far = there.system().spawn(mortal);
  test::relay connection{there.publish(far)};
  auto proxy = here.remote<caf::actor>(connection.port());
  auto make = [&](child_start& start) {
    starts.add(static_cast<int>(start.number()));
    return start.number() == 1 ? std::exchange(proxy, nullptr)
                               : start.system().spawn(mortal);
  };
  auto sup = supervisor::spawn(
    here.system(), {.children = {axiom::actor_child({.name = "far"}, make)}});
  starts.await(1);
  connection.cut();
  starts.await(2);
  BOOST_TEST(sup.stop().get().errors == 1u);
  BOOST_TEST(sup.errors().at(0).task.name == "far #1");
  caf::anon_send(far, caf::ok_atom_v);
}

BOOST_DATA_TEST_CASE(a_child_has_the_number_of_one_on_another_node, everywhere,
                     where) {
  journal<states> seen;
  node there{where};
  node here{where};
  for (int i = 0; i < 1000; ++i)
    here.system().next_actor_id();
  auto near = here.system().spawn(stubborn, &seen);
  auto twin = spawn_as(near.id(), there.system(), mortal);
  auto far = here.remote<caf::actor>(there.publish(twin));
  BOOST_REQUIRE(far.id() == near.id());
  auto sup = supervisor::spawn(here.system(), {});
  auto starting =
    sup.start_child(existing("near", near, axiom::child_start_mode::said));
  await([&] { return sup.count_children().get().active == 1; });
  sup.start_child(existing("far", far)).get();
  caf::anon_send(
    near, caf::actor_cast<caf::actor>(sup.actor())); // says that it is started
  const states running{child_state::running, child_state::running};
  BOOST_CHECK(seen.await(1).front() == running);
  // The end of the one is not that of the other, either.
  caf::anon_send(far, caf::ok_atom_v);
  await([&] { return sup.count_children().get().active == 1; });
  caf::anon_send(near, caf::actor_cast<caf::actor>(sup.actor()));
  BOOST_CHECK(seen.await(2).back() == states{child_state::running});
  caf::anon_send(near, caf::ok_atom_v);
  static_cast<void>(starting.get_expected());
  sup.stop().get();
}

BOOST_DATA_TEST_CASE(a_stranger_has_the_number_of_a_child, everywhere, where) {
  // What it sends is not taken for a child's, which would be ignored.
  journal<states> seen;
  node there{where};
  node here{where};
  for (int i = 0; i < 1000; ++i)
    here.system().next_actor_id();
  auto near = here.system().spawn(stubborn, &seen);
  auto twin =
    spawn_as(near.id(), there.system(), [&](caf::event_based_actor* self) {
      return stranger(self, &seen);
    });
  auto sup =
    supervisor::spawn(here.system(), {.children = {existing("near", near)}});
  sup.ready().get();
  auto boss = there.remote<supervisor_actor>(here.publish(sup.actor()));
  caf::anon_send(twin, caf::actor_cast<caf::actor>(boss));
  BOOST_CHECK(seen.await(1).front() == states{child_state::stopping});
  caf::anon_send(near, caf::ok_atom_v);
  caf::anon_send(twin, caf::ok_atom_v);
}

BOOST_AUTO_TEST_SUITE_END()
