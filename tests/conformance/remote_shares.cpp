// Permits and leases that actors on another node hold: asked for by message
// over the loopback interface, and back when those actors or their node are
// gone.

#include <cstdint>
#include <string>
#include <vector>

#include "axiom/coordination/concurrency_limiter.hpp"
#include "axiom/resource/resource_monitor.hpp"
#include "conformance/node.hpp"
#include "support/relay.hpp"

using namespace conformance;

namespace {

/// Asks `to` for a share as soon as it begins, and keeps what it gets; says so.
template <class Handle, class... Ts>
caf::behavior holder(caf::event_based_actor* self, const Handle& to,
                     journal<std::uint64_t>* granted, Ts... what) {
  self
    ->request(to, caf::infinite, axiom::acquire_atom_v, std::move(what)...,
              axiom::task_priority::medium)
    .then([granted](std::uint64_t number) { granted->add(number); },
          [self](caf::error& why) { self->quit(std::move(why)); });
  return {[self](caf::ok_atom) { self->quit(); }};
}

using requirements = std::vector<axiom::resource_requirement>;

} // namespace

BOOST_AUTO_TEST_SUITE(remote_shares)

BOOST_DATA_TEST_CASE(a_lease_comes_back_when_its_holders_node_is_lost,
                     everywhere, where) {
  journal<std::uint64_t> granted;
  node here{where};
  node there{where};
  auto host = axiom::resource_monitor::spawn(
    here.system(), {.name = "host", .capacities = axiom::memory(100)});
  test::relay connection{here.publish(host.actor())};
  auto monitor = there.remote<axiom::resource_monitor_actor>(connection.port());
  auto holds = there.system().spawn([&](caf::event_based_actor* self) {
    return holder(self, monitor, &granted, requirements{axiom::memory(60)});
  });
  granted.await(1);
  BOOST_TEST(host.stats().resources.at(0).in_use == 60u);
  connection.cut();
  await([&] { return host.stats().resources.at(0).in_use == 0; });
  BOOST_TEST(host.stats().resources.at(0).reclaimed == 60u);
  BOOST_TEST(host.stats().leases == 0u);
  caf::anon_send(holds, caf::ok_atom_v);
}

BOOST_DATA_TEST_CASE(a_permit_comes_back_when_its_remote_holder_ends,
                     everywhere, where) {
  journal<std::uint64_t> granted;
  node here{where};
  node there{where};
  auto io = axiom::concurrency_limiter::spawn(
    here.system(), {.name = "io", .max_concurrency = 2});
  auto limiter = there.remote<axiom::limiter_actor>(here.publish(io.actor()));
  auto holds = there.system().spawn([&](caf::event_based_actor* self) {
    return holder(self, limiter, &granted, std::uint32_t{2});
  });
  granted.await(1);
  BOOST_TEST(io.in_use() == 2u);
  caf::anon_send(holds, caf::ok_atom_v);
  await([&] { return io.in_use() == 0; });
  BOOST_TEST(io.stats().reclaimed == 2u);
}

BOOST_AUTO_TEST_SUITE_END()
