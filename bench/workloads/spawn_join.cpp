// What does a child task cost from its creation to its parent's having its
// result?
//
// One group, a million trivial children, all awaited; with everything that a
// user has: a name, a priority, counters and events of the lifecycle, a place
// in the tree through which a cancellation would come, a place for its error.
// The parent creates them in a loop as fast as it can, so that this is also
// about a queue that grows and workers that steal from it. Nanoseconds a child.
//
// The arms caf_* are the cheapest that plain CAF offers for the same: children
// that their parent monitors, and that send it their result. It does less than
// a group does (ending the parent would not end them). Links would do that, but
// CAF looks through all links of the parent for each new one: the time is
// quadratic in the children, 60 us for each of 50,000. There are fewer children
// since under CAF's work stealing a spawn in a worker takes microseconds.
//
// What matters: a gap of more than a fifth to the last figures of the same
// machine. Below 1,000 ns a child, a task a file or a request costs nothing
// that anybody would see.

#include <cstdint>
#include <vector>

#include <caf/event_based_actor.hpp>

#include "systems.hpp"
#include "workloads.hpp"

namespace bench {

namespace {

using values = std::vector<long>;

axiom::async<timed<values>> children(axiom::task_context& self, long n) {
  const auto start = clock_type::now();
  auto all = co_await axiom::with_task_group<long>(
    self, {.name = "children"},
    [n](axiom::coordinated_task_group<long>& group) -> axiom::async<values> {
      for (long i = 0; i < n; ++i)
        co_await group.add_task("child", [i] { return i; });
      co_return co_await group.wait_for_all();
    });
  co_return timed<values>{clock_type::now() - start, std::move(all)};
}

/// Spawns its children as soon as it runs, and is done when each has sent its
/// value and ended.
class parent : public caf::event_based_actor {
public:
  parent(caf::actor_config& cfg, std::int64_t n, actor_result& done)
    : caf::event_based_actor(cfg), n_(n), done_(done) {
    set_down_handler([this](const caf::down_msg&) {
      ++ended_;
      check_done();
    });
  }

  caf::behavior make_behavior() override {
    start_ = clock_type::now();
    const caf::actor self{this};
    for (std::int64_t i = 0; i < n_; ++i)
      spawn<caf::monitored>(
        [self, i](caf::event_based_actor* child) { child->send(self, i); });
    return {[this](std::int64_t value) {
      ++received_;
      sum_ += value;
      check_done();
    }};
  }

private:
  void check_done() {
    if (received_ < n_ || ended_ < n_)
      return;
    done_.set_value({clock_type::now() - start_, sum_});
    quit();
  }

  const std::int64_t n_;
  actor_result& done_;
  clock_type::time_point start_;
  std::int64_t received_ = 0;
  std::int64_t ended_ = 0;
  std::int64_t sum_ = 0;
};

} // namespace

void spawn_join(const experiment& run) {
  const axiom_system env;
  const auto n = run.scaled(1'000'000);
  run.report(n, "ns_per_op", run.measure([&] {
    const auto got =
      env.drive([n](axiom::task_context& self) { return children(self, n); });
    require(got.value.size() == static_cast<std::size_t>(n), "values");
    for (long i = 0; i < n; ++i)
      require(got.value[static_cast<std::size_t>(i)] == i, "value of a child");
    return nanoseconds{got.time}.count() / static_cast<double>(n);
  }));
}

void spawn_join_caf(const experiment& run) {
  caf_system env{run.who()};
  const auto n = run.scaled(100'000);
  run.report(n, "ns_per_op", run.measure([&] {
    const auto got = env.drive<parent>(n);
    require(got.value == n * (n - 1) / 2, "sum");
    return nanoseconds{got.time}.count() / static_cast<double>(n);
  }));
}

} // namespace bench
