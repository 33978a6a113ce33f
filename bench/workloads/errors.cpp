// What does it cost to lose no error?
//
// A group of 10,000 children in mode collect_all, of which every second fails
// with an error of its own, code and text; the parent gets all results, values
// and errors, in the order of submission. The children return their errors
// (`axiom::fail`): a throw would take longer than all that is measured here,
// and it is the compiler's. Nanoseconds a child.
//
// What matters: beside spawn_join, how much more a child costs when half of
// them fail: the text and the block that carries it are two allocations. More
// than twice as much means that errors are copied or searched.

#include <string>
#include <vector>

#include <fmt/format.h>

#include "systems.hpp"
#include "workloads.hpp"

namespace bench {

namespace {

using outcomes = std::vector<axiom::expected<long>>;

std::string text_of(long child) {
  return fmt::format("child {} has failed", child);
}

axiom::expected<long> odd_ones_fail(long child) {
  if (child % 2 != 0)
    return axiom::fail(axiom::errc::invalid_argument, text_of(child));
  return child;
}

axiom::async<timed<outcomes>> children(axiom::task_context& self, long n) {
  const auto start = clock_type::now();
  auto all = co_await axiom::with_task_group<long>(
    self,
    {.name = "children", .failure_mode = axiom::failure_mode::collect_all},
    [n](axiom::coordinated_task_group<long>& group) -> axiom::async<outcomes> {
      for (long i = 0; i < n; ++i)
        co_await group.add_task("child", [i] { return odd_ones_fail(i); });
      co_return co_await group.collect_results();
    });
  co_return timed<outcomes>{clock_type::now() - start, std::move(all)};
}

void check(const outcomes& all, long n) {
  require(std::ssize(all) == n, "results");
  for (long i = 0; i < n; ++i) {
    const auto& got = all[static_cast<std::size_t>(i)];
    if (i % 2 == 0)
      require(got && *got == i, "value of a child");
    else
      require(!got && got.error().is(axiom::errc::invalid_argument)
                && got.error().what().find(text_of(i)) != std::string::npos,
              "error of a child");
  }
}

} // namespace

void errors(const experiment& run) {
  const axiom_system env;
  const auto n = run.scaled(10'000, 2);
  run.report(n, "ns_per_op", run.measure([&] {
    const auto got =
      env.drive([n](axiom::task_context& self) { return children(self, n); });
    check(got.value, n);
    return nanoseconds{got.time}.count() / static_cast<double>(n);
  }));
}

} // namespace bench
