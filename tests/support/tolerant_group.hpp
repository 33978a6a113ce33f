#pragma once

// A group in which failures do not cancel the others, for the tests of joins.

#include "support/delays.hpp"

namespace test {

using int_group = axiom::coordinated_task_group<int>;

/// Runs `body` as the body of a group that tolerates failures.
template <class F>
auto start_group(stepwise& where, F body,
                 axiom::group_options options = {.name = "g"}) {
  if (options.failure_mode == axiom::failure_mode::throw_on_first)
    options.failure_mode = axiom::failure_mode::partial;
  using returned = std::invoke_result_t<F&, int_group&>;
  auto run_group = [options, body](task_context& self) -> returned {
    auto op = body;
    co_return co_await axiom::with_task_group<int>(self, options,
                                                   axiom::named(op));
  };
  return where.start("owner", run_group);
}

} // namespace test
