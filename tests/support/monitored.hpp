#pragma once

// What the tests of resource monitors share.

#include <string>
#include <string_view>
#include <utility>

#include "axiom/resource/resource_monitor.hpp"
#include "support/tasks.hpp"

namespace test {

using namespace axiom::literals;
using axiom::cpu;
using axiom::custom;
using axiom::memory;
using axiom::resource_lease;
using axiom::resource_monitor;
using axiom::resource_requirements;
using axiom::task_priority;

/// How much of a resource is in use.
inline std::uint64_t in_use(const resource_monitor& monitor,
                            std::string_view resource) {
  for (const auto& x : monitor.stats().resources)
    if (x.capacity.name() == resource)
      return x.in_use;
  BOOST_FAIL("no resource '" << resource << "'");
  return 0;
}

/// The text of what `f` throws, which has to be an error with this code.
template <class F>
std::string thrown(errc code, F f) {
  try {
    f();
  } catch (const axiom::exception& ex) {
    BOOST_TEST(ex.is(code), ex.what());
    return ex.what();
  }
  BOOST_ERROR("nothing thrown");
  return "";
}

/// No threads, virtual time, and monitors.
struct monitored : stepwise {
  resource_monitor spawn(resource_requirements capacities,
                         std::string name = "host",
                         axiom::runtime::duration ageing = 250ms) {
    return resource_monitor::spawn(system(),
                                   {.name = std::move(name),
                                    .capacities = std::move(capacities),
                                    .ageing = ageing});
  }

  /// A task that takes resources, notes its name, and keeps them for `span`.
  auto user(const resource_monitor& monitor, lines& order,
            resource_requirements wanted, axiom::runtime::duration span = 1s) {
    return [&monitor, &order, wanted = std::move(wanted),
            span](task_context& self) -> async<void> {
      auto held = co_await monitor.acquire(wanted);
      order.push_back(std::string{self.name()});
      co_await self.sleep_for(span);
    };
  }
};

} // namespace test
