// At most so many at a time: a limiter that several parts of a program share,
// with priorities, a timeout, and an error instead of a hang.

#include <chrono>
#include <iostream>
#include <string>
#include <vector>

#include <caf/actor_system.hpp>

#include "axiom/axiom.hpp"

using namespace std::chrono_literals;

namespace {

axiom::async<std::size_t> fetch(axiom::task_context& self,
                                const axiom::concurrency_limiter& service,
                                std::string name) {
  // Released at the end of the scope, however it ends.
  auto permit = co_await service.acquire_for(1s);
  co_await self.sleep_for(1ms);
  co_return name.size();
}

/// All at once as far as the service allows, in the order of the names.
axiom::async<std::size_t>
fetch_all(axiom::task_context& self,
          const axiom::concurrency_limiter& service) {
  std::vector<std::string> names{"one", "two", "three", "four", "five"};
  auto op = [&service](axiom::task_context& self, std::string& name) {
    return fetch(self, service, name);
  };
  auto sizes = co_await axiom::map_with_limit(self, names, 5, op);
  std::size_t sum = 0;
  for (auto n : sizes)
    sum += n;
  co_return sum;
}

/// Waits for what it holds itself: the limiter says so instead of waiting.
axiom::async<std::string>
ask_twice(axiom::task_context&, const axiom::concurrency_limiter& service) {
  auto most = co_await service.acquire(2);
  auto more = co_await axiom::as_expected(service.acquire());
  co_return more ? "granted" : more.error().what();
}

} // namespace

int main() {
  axiom::config cfg;
  caf::actor_system sys{cfg};
  auto coordinator = axiom::structured_task_coordinator::spawn(sys);
  auto service = axiom::concurrency_limiter::spawn(
    sys, {.name = "service", .max_concurrency = 2});
  auto sum = coordinator.create_child_task(
    "fetch", axiom::task_priority::high, [&](axiom::task_context& self) {
      return fetch_all(self, service);
    });
  std::cout << "bytes: " << sum.get() << '\n';
  auto twice = coordinator.create_child_task(
    "greedy", [&](axiom::task_context& self) {
      return ask_twice(self, service);
    });
  std::cout << twice.get() << '\n';
  std::cout << to_string(service.stats()) << '\n';
}
