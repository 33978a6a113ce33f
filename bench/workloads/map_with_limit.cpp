// What does an element cost that `map_with_limit` maps by a trivial operation?
//
// A million numbers, each with one added to it, at most 1, 64 and 1,024 at a
// time; the results in a vector. There is next to no work in a call, so this is
// what the limit, the order of the results, the place for an error and the
// points at which a cancellation takes effect cost. Nanoseconds an element; the
// size reported is the limit.
//
// What matters: more than 150 ns, when a task an element (see spawn_join) would
// not be much dearer; or a figure that grows with the limit. Two workers are
// no faster here than one: what they share has to travel between their caches.

#include <cstddef>
#include <numeric>
#include <vector>

#include "systems.hpp"
#include "workloads.hpp"

namespace bench {

namespace {

using values = std::vector<long>;

axiom::async<timed<values>> map_all(axiom::task_context& self,
                                    const values& items, std::size_t limit) {
  const auto start = clock_type::now();
  auto all = co_await axiom::map_with_limit(self, items, limit,
                                            [](long x) { return x + 1; });
  co_return timed<values>{clock_type::now() - start, std::move(all)};
}

} // namespace

void map_with_limit(const experiment& run) {
  const axiom_system env;
  values items(static_cast<std::size_t>(run.scaled(1'000'000)));
  std::iota(items.begin(), items.end(), 0L);
  for (const long limit : {1L, 64L, 1'024L})
    run.report(limit, "ns_per_op", run.measure([&] {
      const auto got = env.drive([&](axiom::task_context& self) {
        return map_all(self, items, static_cast<std::size_t>(limit));
      });
      require(got.value.size() == items.size(), "values");
      for (std::size_t i = 0; i < items.size(); ++i)
        require(got.value[i] == items[i] + 1, "value of an element");
      return nanoseconds{got.time}.count() / static_cast<double>(items.size());
    }));
}

} // namespace bench
