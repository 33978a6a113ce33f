#pragma once

// What the tests of limiters share.

#include <cstdint>
#include <string>
#include <utility>

#include "support/tasks.hpp"

namespace test {

/// No threads, virtual time, and limiters.
struct limited : stepwise {
  axiom::concurrency_limiter spawn(std::uint32_t n) {
    return axiom::concurrency_limiter::spawn(
      system(), {.name = "io", .max_concurrency = n});
  }

  /// A task that takes permits, notes its name, and keeps them for `span`.
  auto user(const axiom::concurrency_limiter& limiter, lines& order,
            std::uint32_t weight = 1, axiom::runtime::duration span = 1s) {
    return [&limiter, &order, weight, span](task_context& self) -> async<void> {
      auto held = co_await limiter.acquire(weight);
      order.push_back(std::string{self.name()});
      co_await self.sleep_for(span);
    };
  }

  /// How an acquire of a task ends that is started with `f`.
  template <class F>
  std::string error_of(F f) {
    auto t = start("asker", std::move(f));
    run();
    try {
      t.get();
    } catch (const axiom::exception& ex) {
      return ex.what();
    }
    return "";
  }
};

} // namespace test
