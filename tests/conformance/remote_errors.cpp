// Errors and circuit breakers over the loopback interface: what another node
// learns of a failure, and whose permissions come back when a node is lost.

#include <cstdint>
#include <stdexcept>
#include <string>

#include "axiom/coordination/coordinator.hpp"
#include "axiom/error/circuit_breaker.hpp"
#include "conformance/node.hpp"
#include "support/relay.hpp"

using namespace conformance;

namespace {

struct engine_trouble : std::runtime_error {
  using runtime_error::runtime_error;
};

/// Answers nothing: it fails, as a task does that throws.
caf::behavior failing_service(caf::event_based_actor*) {
  return {[](caf::get_atom) -> caf::result<int> {
    return axiom::failure::from(
             std::make_exception_ptr(engine_trouble{"no spark"}))
      .error();
  }};
}

/// Asks for a permission as soon as it begins, and keeps it.
caf::behavior caller(caf::event_based_actor* self,
                     const axiom::circuit_actor& circuit,
                     journal<std::uint64_t>* granted) {
  self->request(circuit, caf::infinite, axiom::acquire_atom_v)
    .then([granted](std::uint64_t number) { granted->add(number); },
          [self](caf::error& why) { self->quit(std::move(why)); });
  return {[self](caf::ok_atom) { self->quit(); }};
}

} // namespace

BOOST_AUTO_TEST_SUITE(remote_errors)

BOOST_DATA_TEST_CASE(an_exception_arrives_with_its_type_and_text, everywhere,
                     where) {
  node here{where};
  node there{where};
  auto service = here.system().spawn(failing_service);
  auto x = there.remote<caf::actor>(here.publish(service));
  const auto answer = ask<int>(there.system(), x, caf::get_atom_v);
  BOOST_REQUIRE(!answer);
  BOOST_TEST(axiom::is(answer.error(), axiom::errc::unhandled_exception));
  const auto text = there.system().render(answer.error());
  BOOST_TEST(text.find("engine_trouble: no spark") != std::string::npos, text);
  caf::anon_send_exit(service, caf::exit_reason::user_shutdown);
}

BOOST_DATA_TEST_CASE(a_refusal_of_a_circuit_arrives_as_what_it_is, everywhere,
                     where) {
  node here{where};
  node there{where};
  auto breaker = axiom::circuit_breaker::spawn(
    here.system(), {.name = "db", .open_for = std::chrono::hours{1}});
  breaker.trip();
  auto circuit =
    there.remote<axiom::circuit_actor>(here.publish(breaker.actor()));
  const auto answer =
    ask<std::uint64_t>(there.system(), circuit, axiom::acquire_atom_v);
  BOOST_REQUIRE(!answer);
  BOOST_TEST(axiom::is(answer.error(), axiom::errc::circuit_open));
  BOOST_TEST(axiom::describe(answer.error()).find("opened by hand")
             != std::string::npos);
}

BOOST_DATA_TEST_CASE(a_probe_is_free_again_when_its_holders_node_is_lost,
                     everywhere, where) {
  journal<std::uint64_t> granted;
  node here{where};
  node there{where};
  auto breaker = axiom::circuit_breaker::spawn(
    here.system(), {.name = "db", .open_for = std::chrono::nanoseconds{1}});
  breaker.trip();
  await([&] { return breaker.state() == axiom::circuit_state::half_open; });
  test::relay connection{here.publish(breaker.actor())};
  auto circuit = there.remote<axiom::circuit_actor>(connection.port());
  auto holds = there.system().spawn([&](caf::event_based_actor* self) {
    return caller(self, circuit, &granted);
  });
  granted.await(1);
  BOOST_TEST(breaker.stats().probes == 1u);
  connection.cut();
  await([&] { return breaker.stats().probes == 0; });
  // Nothing is learnt of it, for good or bad.
  BOOST_CHECK(breaker.state() == axiom::circuit_state::half_open);
  BOOST_TEST(breaker.stats().ignored == 1u);
  caf::anon_send(holds, caf::ok_atom_v);
}

BOOST_AUTO_TEST_SUITE_END()
