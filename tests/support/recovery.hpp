#pragma once

// What the tests of recovery share: operations that fail as a script says, and
// an actor that notes what a circuit breaker announces.

#include <deque>

#include "support/delays.hpp"

namespace test {

/// An operation that behaves differently each time it is called: each entry is
/// how long that call takes and, where it fails, with which error.
struct scripted {
  struct step {
    duration span{};
    std::optional<errc> code{};
  };

  std::vector<step> steps;
  std::vector<axiom::runtime::time_point> starts{};

  /// Its value is the number of the call.
  async<int> run(task_context& self, const stepwise& clock) {
    starts.push_back(clock.now());
    const auto number = starts.size();
    const auto now = steps.at(number - 1);
    if (now.span > 0ns)
      co_await self.sleep_for(now.span);
    if (now.code)
      co_return axiom::fail(*now.code, "call " + std::to_string(number));
    co_return static_cast<int>(number);
  }

  /// Trivially copyable, so that it may stand inside a `co_await`.
  auto operation(const stepwise& clock) {
    return [this, &clock](task_context& self) { return run(self, clock); };
  }

  /// When the calls began, since the first.
  std::vector<duration> begins() const {
    std::vector<duration> result;
    for (auto x : starts)
      result.push_back(x - starts.front());
    return result;
  }
};

/// Waits of exactly `span`.
inline axiom::backoff_options every(duration span) {
  return {.shape = axiom::backoff_shape::constant,
          .initial = span,
          .max = span,
          .jitter = 0};
}

using circuit_log = std::vector<std::string>;

inline caf::actor spawn_listener(caf::actor_system& sys, circuit_log& log) {
  return sys.spawn([&log](caf::event_based_actor*) -> caf::behavior {
    return {[&log](const axiom::circuit_event& x) {
      log.push_back(to_string(x.from) + " -> " + to_string(x.to)
                    + (x.why.empty() ? "" : ": " + x.why));
    }};
  });
}

} // namespace test
