// Ways to recover from failures that may pass, around a service that is not to
// be relied on: an actor that fails when it likes.
//
//   retry             the call again, a few times, with a wait that grows
//   circuit_breaker   no calls at all for a while when too many have failed
//   fallback          something else instead

#include <chrono>
#include <iostream>
#include <string>
#include <vector>

#include <axiom/axiom.hpp>
#include <caf/event_based_actor.hpp>
#include <caf/stateful_actor.hpp>

using namespace std::chrono_literals;

namespace {

void say(const std::string& line) {
  std::cout << line << std::endl;
}

/// Tells the price of a thing, unless it is told to fail the next few times.
struct shop_state {
  int failures = 0;
};

caf::behavior shop(caf::stateful_actor<shop_state>* self) {
  return {
    [self](const std::string&) -> caf::result<int> {
      if (self->state.failures > 0) {
        --self->state.failures;
        return axiom::make_error(axiom::errc::node_down, "the shop is closed");
      }
      return 42;
    },
    [self](int failures) { self->state.failures = failures; },
  };
}

/// What a customer knows.
struct customer {
  caf::actor shop;
  axiom::circuit_breaker breaker;
};

/// One call, through the breaker, which counts the failures.
axiom::async<int> ask(axiom::task_context& self, const customer& who) {
  auto request = [&who](axiom::task_context& task) -> axiom::async<int> {
    co_return co_await task.request<int>(who.shop, 1s, std::string{"tea"});
  };
  co_return co_await who.breaker.call(self, axiom::named(request));
}

/// A price by all means: asked for up to three times, or else the one that is
/// printed on the box.
axiom::async<int> price(axiom::task_context& self, const customer& who) {
  std::vector<axiom::task_error> before_success;
  std::vector<axiom::task_error> before_fallback;
  auto once = [&who](axiom::task_context& task) { return ask(task, who); };
  auto live = [&](axiom::task_context& task) {
    return axiom::retry(task,
                        {.name = "ask",
                         .attempts = 3,
                         .backoff = {.initial = 5ms, .max = 20ms},
                         .suppressed = &before_success},
                        once);
  };
  auto printed = [] { return 50; };
  auto result = co_await axiom::fallback(
    self, {.name = "price", .suppressed = &before_fallback}, live, printed);
  for (const auto* errors : {&before_success, &before_fallback})
    for (const auto& x : *errors)
      say("  " + x.task.name + ": " + x.error.what());
  co_return result;
}

} // namespace

int main() {
  axiom::config cfg;
  caf::actor_system sys{cfg};
  auto coordinator =
    axiom::structured_task_coordinator::spawn(sys, {.name = "app"});
  const customer who{
    sys.spawn(shop),
    axiom::circuit_breaker::spawn(
      sys, {.name = "shop", .failures_in_a_row = 3, .open_for = 1h})};
  auto ask_for_price = [&](const std::string& when, int failures) {
    caf::anon_send(who.shop, failures);
    auto body = [&who](axiom::task_context& self) { return price(self, who); };
    const auto result = coordinator.create_child_task("price", body).get();
    say(when + ": " + std::to_string(result) + " (the circuit is "
        + to_string(who.breaker.state()) + ')');
    return result;
  };
  // Two failures are made up for by the third attempt.
  const auto lucky = ask_for_price("after two failures", 2);
  // Three open the circuit, and the price is the printed one.
  const auto unlucky = ask_for_price("after three failures", 3);
  // Now the shop is open, but nobody asks it before the circuit is due.
  const auto refused = ask_for_price("while the circuit is open", 0);
  // Who knows better says so.
  who.breaker.reset();
  const auto again = ask_for_price("when it is closed again", 0);
  say(to_string(who.breaker.stats()));
  caf::anon_send_exit(who.shop, caf::exit_reason::user_shutdown);
  return lucky == 42 && unlucky == 50 && refused == 50 && again == 42 ? 0 : 1;
}
