// What runs for ever, and what is done when it does not: a supervisor with an
// actor, a task and a supervisor of its own below it, and what it says when it
// gives up.

#include <chrono>
#include <cstdlib>
#include <iostream>
#include <memory>
#include <stdexcept>
#include <string>

#include <caf/all.hpp>

#include "axiom/axiom.hpp"

using namespace std::chrono_literals;

namespace {

/// An ordinary actor. It fails when it is sent a number below 0.
caf::behavior counter(caf::event_based_actor* self) {
  auto sum = std::make_shared<int>(0);
  return {[self, sum](int x) {
    if (x < 0)
      self->quit(caf::make_error(caf::sec::invalid_argument, "below 0"));
    return *sum += x;
  }};
}

/// A task that says when it is started, and runs until it is asked to end.
axiom::async<void> poll(axiom::task_context& self) {
  self.started();
  for (;;)
    co_await self.sleep_for(10ms);
}

/// One that never comes far.
axiom::async<void> connect(axiom::task_context& self) {
  co_await self.sleep_for(1ms);
  throw std::runtime_error("connection refused");
}

/// Sends -1 to the child with this name, and waits until there is another one.
axiom::async<int> replace_counter(axiom::task_context& self,
                                  axiom::supervisor who) {
  const auto children = co_await who.which_children();
  const auto before = children.at(0).actor;
  caf::anon_send(caf::actor_cast<caf::actor>(before), -1);
  for (;;) {
    const auto now = co_await who.which_children();
    if (now.at(0).actor && now.at(0).actor != before) {
      const auto fresh = caf::actor_cast<caf::actor>(now.at(0).actor);
      int sum = co_await self.request<int>(fresh, 1s, 42);
      co_return sum;
    }
    co_await self.sleep_for(1ms);
  }
}

/// All of it, as a tree.
void print(const axiom::failure& why) {
  try {
    why.rethrow();
  } catch (const std::exception& error) {
    std::cout << error.what() << '\n';
  }
}

} // namespace

int main() {
  axiom::config cfg;
  caf::actor_system sys{cfg};

  // Well supervised: what fails is replaced, and those after it too.
  auto app = axiom::supervisor::spawn(
    sys, {.name = "app",
          .strategy = axiom::supervision_strategy::rest_for_one,
          .children = {
            axiom::actor_child({.name = "counter"},
                               [](axiom::child_start& start) {
                                 return start.system().spawn(counter);
                               }),
            axiom::task_child({.name = "poll",
                               .start = axiom::child_start_mode::said},
                              poll)}});
  std::cout << app.ready().get().specs << " children are there\n";
  auto coordinator = axiom::structured_task_coordinator::spawn(sys);
  auto fresh = coordinator.create_child_task(
    "replace", [app](axiom::task_context& self) {
      return replace_counter(self, app);
    });
  std::cout << "the new counter says " << fresh.get() << '\n';
  std::cout << to_string(app.stop().get()) << '\n';

  // Badly: the one below gives up, and so, in the end, does the one above. The
  // error has all there were, each under the child and the number of its start.
  axiom::supervisor_options link;
  link.max_restarts = 1;
  link.backoff = {.initial = 1ms, .max = 5ms};
  link.children = {axiom::task_child({.name = "connect"}, connect)};
  auto net = axiom::supervisor::spawn(
    sys, {.name = "net",
          .max_restarts = 1,
          .children = {axiom::supervisor_child({.name = "link"}, link)}});
  caf::scoped_actor self{sys};
  self->wait_for(net.actor());
  if (!net.outcome())
    return EXIT_FAILURE;
  print(*net.outcome());
  return EXIT_SUCCESS;
}
