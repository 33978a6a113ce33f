// Part of Axiom, structured concurrency for CAF. BSD-3-Clause, see LICENSE.

#include <cstdio>

#include <axiom/axiom.hpp>

int main() {
  std::printf("axiom %s for CAF %s\n", axiom::version().data(),
              axiom::caf_version().data());
  axiom::config cfg;
  caf::actor_system sys{cfg};
  auto coordinator
    = axiom::structured_task_coordinator::spawn(sys, {.name = "consumer"});
  auto task = coordinator.create_child_task(
    "answer", [](axiom::task_context&) -> axiom::async<int> { co_return 42; });
  return task.get() == 42 && !axiom::version().empty() ? 0 : 1;
}
