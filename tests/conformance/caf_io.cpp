// CAF's network layer above the scheduler: actors of two systems in this
// process talk over the loopback interface, and brokers over a bare connection.

#include <future>
#include <string>

#include "conformance/node.hpp"

using namespace conformance;
using boost::test_tools::per_element;

namespace {

caf::behavior answering(caf::event_based_actor* self) {
  return {
    [](int x) { return x * x; },
    [](const std::string& x) -> caf::result<std::string> {
      if (x.empty())
        return caf::sec::invalid_argument;
      return x + x;
    },
    [self](caf::ok_atom) { self->quit(); },
  };
}

// -- brokers ------------------------------------------------------------------

/// Sends every byte back, and ends with its connection.
caf::behavior echo(caf::io::broker* self, caf::io::connection_handle peer) {
  self->configure_read(peer, caf::io::receive_policy::at_most(1024));
  return {
    [self](const caf::io::new_data_msg& msg) {
      self->write(msg.handle, msg.buf.size(), msg.buf.data());
      self->flush(msg.handle);
    },
    [self](const caf::io::connection_closed_msg&) { self->quit(); },
  };
}

/// Hands its first connection to an echo; answers on which port it listens.
caf::behavior listen(caf::io::broker* self) {
  return {
    [self](const caf::io::new_connection_msg& msg) {
      self->fork(echo, msg.handle);
      self->quit();
    },
    [self](caf::publish_atom) -> caf::result<std::uint16_t> {
      auto door = self->add_tcp_doorman(0, loopback);
      if (!door)
        return door.error();
      return door->second;
    },
  };
}

/// Sends `text`, tells `came` what comes back when it is complete, and ends.
caf::behavior converse(caf::io::broker* self, caf::io::connection_handle peer,
                       std::string text, std::promise<std::string>* came) {
  self->configure_read(peer, caf::io::receive_policy::exactly(text.size()));
  self->write(peer, text.size(), text.data());
  self->flush(peer);
  return {[self, came](const caf::io::new_data_msg& msg) {
    came->set_value({msg.buf.begin(), msg.buf.end()});
    self->quit();
  }};
}

} // namespace

BOOST_AUTO_TEST_SUITE(network)

BOOST_DATA_TEST_CASE(a_system_with_a_network_ends, everywhere, where) {
  node here{where};
}

BOOST_DATA_TEST_CASE(a_remote_actor_answers_requests, everywhere, where) {
  node there{where};
  node here{where};
  auto x = here.remote(there.publish(there.system().spawn(answering)));
  for (int i = 0; i < 50; ++i)
    BOOST_TEST(*ask<int>(here.system(), x, i) == i * i);
  BOOST_TEST(*ask<std::string>(here.system(), x, "ab") == "abab");
  BOOST_CHECK(ask<std::string>(here.system(), x, "").error()
              == caf::sec::invalid_argument);
  caf::anon_send(x, caf::ok_atom_v);
}

BOOST_DATA_TEST_CASE(messages_to_a_remote_actor_arrive_in_order, everywhere,
                     where) {
  journal<int> seen;
  node there{where};
  node here{where};
  auto port = there.publish(
    there.system().spawn([&](caf::event_based_actor* self) -> caf::behavior {
      return {[&, self](int x) {
        seen.add(x);
        if (x == 999)
          self->quit();
      }};
    }));
  here.system().spawn([x = here.remote(port)](caf::event_based_actor* self) {
    for (int i = 0; i < 1000; ++i)
      self->send(x, i);
  });
  BOOST_TEST(seen.await(1000) == in_order(1000), per_element());
}

BOOST_DATA_TEST_CASE(a_monitor_sees_the_end_of_a_remote_actor, everywhere,
                     where) {
  std::promise<caf::error> down;
  node there{where};
  node here{where};
  auto x = here.remote(there.publish(there.system().spawn(answering)));
  here.system().spawn([&, x](caf::event_based_actor* self) -> caf::behavior {
    self->monitor(x);
    self->set_down_handler([&, self](const caf::down_msg& msg) {
      down.set_value(msg.reason);
      self->quit();
    });
    self->send(x, caf::make_error(caf::sec::runtime_error));
    return {[](caf::ok_atom) {}};
  });
  BOOST_CHECK(down.get_future().get() == caf::sec::runtime_error);
}

BOOST_DATA_TEST_CASE(an_exit_travels_along_a_link_to_another_node, everywhere,
                     where) {
  std::promise<caf::error> ended;
  node there{where};
  node here{where};
  auto x = there.system().spawn(answering);
  x->attach_functor([&](const caf::error& why) { ended.set_value(why); });
  auto port = there.publish(x);
  x = nullptr;
  here.system().spawn([x = here.remote(port)](caf::event_based_actor* self) {
    self->link_to(x);
    self
      ->request(x, caf::infinite, 1) // when it is answered they are linked
      .then([self](int) { self->quit(caf::sec::runtime_error); });
  });
  BOOST_CHECK(ended.get_future().get() == caf::sec::runtime_error);
}

BOOST_DATA_TEST_CASE(nobody_is_at_a_port_that_is_closed, everywhere, where) {
  node there{where};
  node here{where};
  auto x = there.system().spawn(answering);
  auto port = there.publish(x);
  BOOST_CHECK(there.network().unpublish(x, port));
  BOOST_CHECK(!here.network().remote_actor(loopback, port));
  caf::anon_send(x, caf::ok_atom_v); // the registry refers to it for ever
}

BOOST_DATA_TEST_CASE(brokers_talk_over_a_bare_connection, everywhere, where) {
  std::promise<std::string> came;
  node here{where};
  auto server = here.network().spawn_broker(listen);
  auto port = *ask<std::uint16_t>(here.system(), server, caf::publish_atom_v);
  std::string text(10'000, 'x');
  BOOST_REQUIRE(
    here.network().spawn_client(converse, loopback, port, text, &came));
  BOOST_CHECK(came.get_future().get() == text);
}

BOOST_AUTO_TEST_SUITE_END()
