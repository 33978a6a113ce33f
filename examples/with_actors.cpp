// Tasks and ordinary CAF actors side by side: an actor that starts a task and
// gets its result as a message, one that is told when a task ends, and a task
// that asks an actor.

#include <chrono>
#include <cstdlib>
#include <iostream>

#include <caf/all.hpp>

#include <axiom/axiom.hpp>

using namespace std::chrono_literals;

namespace {

using adder_actor = caf::typed_actor<caf::replies_to<int, int>::with<int>>;

adder_actor::behavior_type adder() {
  return {[](int a, int b) { return a + b; }};
}

/// Asks the adder; the response is awaited like any other result.
axiom::async<int> ask(axiom::task_context& self, adder_actor server) {
  int sum = co_await self.request(server, 1s, 40, 2);
  co_return sum;
}

caf::behavior client(caf::event_based_actor* self,
                     axiom::structured_task_coordinator coordinator,
                     adder_actor server) {
  auto task = coordinator.create_child_task(
    "ask", [server](axiom::task_context& context) {
      return ask(context, server);
    });
  self->monitor(task.actor()); // a task is an actor
  self->set_down_handler([self](const caf::down_msg& msg) {
    caf::aout(self) << "the task has ended: " << to_string(msg.reason)
                    << std::endl;
  });
  task.then(
    self,
    [self](int sum) {
      caf::aout(self) << "the sum is " << sum << std::endl;
      self->quit();
    },
    [self](const caf::error& why) {
      caf::aout(self) << "failed: " << axiom::describe(why) << std::endl;
      self->quit();
    });
  return {[](caf::unit_t) {}};
}

} // namespace

int main() {
  axiom::config cfg;
  caf::actor_system sys{cfg};
  auto coordinator
    = axiom::structured_task_coordinator::spawn(sys, {.name = "app"});
  auto server = sys.spawn(adder);
  auto asker = sys.spawn(client, coordinator, server);
  caf::scoped_actor self{sys};
  self->wait_for(asker);
  return EXIT_SUCCESS;
}
