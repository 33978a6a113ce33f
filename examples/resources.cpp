// Only so much of everything: a monitor that shares out memory, cores and
// licences, operations that run when theirs are there, and children that draw on
// their parent's lease.

#include <chrono>
#include <iostream>
#include <string>
#include <utility>
#include <vector>

#include <caf/actor_system.hpp>

#include "axiom/axiom.hpp"

using namespace std::chrono_literals;
using namespace axiom::literals;

namespace {

/// Two children, each with a part of what the operation was granted.
axiom::async<std::string> convert(axiom::task_context& self,
                                  const axiom::resource_lease& lease) {
  auto half = [&lease](axiom::task_context& child) -> axiom::async<void> {
    auto mine = lease.share(axiom::memory(32_MiB));
    co_await child.sleep_for(1ms);
  };
  auto first = self.create_child_task("first half", half);
  auto second = self.create_child_task("second half", half);
  co_await first;
  co_await second;
  co_return "converted with " + to_string(lease.held());
}

/// Takes them in the other order than `opposite`: one of the two is told that
/// it would wait for itself, gives back what it has, and may try again.
axiom::async<bool> both(axiom::task_context& self,
                        const axiom::resource_monitor& host, std::string first,
                        std::string second) {
  auto one = co_await host.acquire(axiom::custom(std::move(first), 1));
  co_await self.sleep_for(1ms);
  auto other = co_await axiom::as_expected(
    host.acquire(axiom::custom(std::move(second), 1)));
  co_return other.has_value();
}

} // namespace

int main() {
  axiom::config cfg;
  caf::actor_system sys{cfg};
  auto host = axiom::resource_monitor::spawn(
    sys, {.name = "host",
          .capacities = {axiom::memory(128_MiB), axiom::cpu(2),
                         axiom::custom("encoder", 1),
                         axiom::custom("decoder", 1)}});
  auto executor = axiom::resource_aware_executor::spawn(sys, "jobs", host);

  // Each wants half of the memory and a core: two run at a time.
  std::vector<axiom::task<std::string>> jobs;
  for (int i = 0; i < 4; ++i)
    jobs.push_back(executor.execute_with_resources(
      {axiom::memory(64_MiB), axiom::cpu(1)}, axiom::task_priority::medium,
      convert));
  for (auto& job : jobs)
    std::cout << job.get() << '\n';

  auto coordinator = axiom::structured_task_coordinator::spawn(sys);
  auto start = [&](std::string first, std::string second) {
    return coordinator.create_child_task(
      "coder", [&host, first, second](axiom::task_context& self) {
        return both(self, host, first, second);
      });
  };
  auto a = start("encoder", "decoder");
  auto b = start("decoder", "encoder");
  std::cout << "nobody hangs: " << std::boolalpha << (a.get() || b.get())
            << '\n';
  std::cout << to_string(host.stats()) << '\n';
}
