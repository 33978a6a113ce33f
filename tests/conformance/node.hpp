#pragma once

// Actor systems that talk to each other over the loopback interface.

#include <cstdint>
#include <thread>

#include <caf/io/all.hpp>
#include <caf/io/middleman.hpp>

#include "conformance/fixture.hpp"

namespace conformance {

inline constexpr auto loopback = "127.0.0.1";

/// A system with a network layer.
class node : public fixture {
public:
  explicit node(const placement& where)
    : fixture(where,
              [](axiom::config& cfg) { cfg.load<caf::io::middleman>(); }) {
    // nop
  }

  caf::io::middleman& network() {
    return system().middleman();
  }

  /// Makes `x` reachable, and returns where.
  template <class Handle>
  std::uint16_t publish(const Handle& x) {
    auto port = network().publish(x, 0, loopback);
    BOOST_REQUIRE(port);
    return *port;
  }

  /// The actor that is published on this machine at `port`.
  template <class Handle = caf::actor>
  Handle remote(std::uint16_t port) {
    auto x = network().remote_actor<Handle>(loopback, port);
    BOOST_REQUIRE(x);
    return *x;
  }
};

/// Lets time pass until `done`; the watchdog bounds it.
template <class Done>
void await(Done done) {
  while (!done())
    std::this_thread::yield();
}

} // namespace conformance
