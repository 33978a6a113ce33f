// How fast does a deep and wide tree of tasks unfold and fold up?
//
// Every task has ten children, down to a million leaves in the sixth
// generation; a leaf gives its ordinal, all others the sum of their children.
// Here parents wait for their children while those create more: it is about
// switching between coroutines that suspend and wake, and about which end of a
// queue is taken first. A scheduler that goes breadth first has all 1,111,111
// tasks alive at once. Nanoseconds a task, and milliseconds in all.
//
// The arms caf_* do it as CAF's users write it: an actor a node, whose result
// is a message to its parent. No links, no monitors: were a node to fail,
// nobody would be told, which a task cannot switch off.
//
// What matters: a gap of more than a fifth to the last figures of the same
// machine. CAF's own policies are the lower bar.

#include <array>
#include <cstdint>
#include <utility>

#include <caf/event_based_actor.hpp>

#include "systems.hpp"
#include "workloads.hpp"

namespace bench {

namespace {

/// A tree by its leaves, and how many tasks that makes.
struct tree {
  long leaves = 1;
  long tasks = 1;

  long sum() const noexcept {
    return leaves * (leaves - 1) / 2;
  }
};

/// At least one generation below the root.
tree scaled_tree(const experiment& run) {
  tree result;
  const auto limit = run.scaled(1'000'000, 10);
  while (result.leaves * 10 <= limit) {
    result.leaves *= 10;
    result.tasks += result.leaves;
  }
  return result;
}

// -- tasks --------------------------------------------------------------------

/// The sum of the ordinals `first` to `first + leaves - 1`.
axiom::async<long> node(axiom::task_context& self, long first, long leaves) {
  std::array<axiom::task<long>, 10> children;
  const auto part = leaves / 10;
  for (auto& child : children) {
    if (part == 1)
      child = self.create_child_task("leaf", [first] { return first; });
    else
      child = self.create_child_task(
        "node", [first, part](axiom::task_context& context) {
          return node(context, first, part);
        });
    first += part;
  }
  long sum = 0;
  for (auto& child : children)
    sum += co_await child;
  co_return sum;
}

axiom::async<timed<long>> root(axiom::task_context& self, long leaves) {
  const auto start = clock_type::now();
  auto top =
    self.create_child_task("root", [leaves](axiom::task_context& context) {
      return node(context, 0, leaves);
    });
  const auto sum = co_await top;
  co_return timed<long>{clock_type::now() - start, sum};
}

// -- CAF's actors -------------------------------------------------------------

class node_actor : public caf::event_based_actor {
public:
  node_actor(caf::actor_config& cfg, caf::actor parent, std::int64_t first,
             std::int64_t leaves)
    : caf::event_based_actor(cfg),
      parent_(std::move(parent)),
      first_(first),
      leaves_(leaves) {
    // nop
  }

  caf::behavior make_behavior() override {
    if (leaves_ == 1) {
      send(parent_, first_);
      return {}; // it ends
    }
    const caf::actor self{this};
    const auto part = leaves_ / 10;
    for (auto i = 0; i < 10; ++i)
      spawn<node_actor>(self, first_ + i * part, part);
    return {[this](std::int64_t value) {
      sum_ += value;
      if (++received_ < 10)
        return;
      send(parent_, sum_);
      quit();
    }};
  }

private:
  const caf::actor parent_;
  const std::int64_t first_;
  const std::int64_t leaves_;
  std::int64_t sum_ = 0;
  int received_ = 0;
};

/// Starts the tree, and is done when it has the root's value.
class root_actor : public caf::event_based_actor {
public:
  root_actor(caf::actor_config& cfg, std::int64_t leaves, actor_result& done)
    : caf::event_based_actor(cfg), leaves_(leaves), done_(done) {
    // nop
  }

  caf::behavior make_behavior() override {
    const auto start = clock_type::now();
    spawn<node_actor>(caf::actor{this}, std::int64_t{0}, leaves_);
    return {[this, start](std::int64_t sum) {
      done_.set_value({clock_type::now() - start, sum});
      quit();
    }};
  }

private:
  const std::int64_t leaves_;
  actor_result& done_;
};

// -- figures ------------------------------------------------------------------

/// Reports what `sum_up()`, one run, says about its time.
template <class F>
void measure_tree(const experiment& run, const tree& what, F sum_up) {
  const auto times = run.measure([&] {
    const auto got = sum_up();
    require(got.value == what.sum(), "sum of the leaves");
    return got.time;
  });
  const auto tasks = static_cast<double>(what.tasks);
  run.report(what.tasks, "ns_per_op", times,
             [tasks](auto time) { return nanoseconds{time}.count() / tasks; });
  run.report(what.tasks, "ms", times,
             [](auto time) { return milliseconds{time}.count(); });
}

} // namespace

void skynet(const experiment& run) {
  const axiom_system env;
  const auto what = scaled_tree(run);
  measure_tree(run, what, [&] {
    return env.drive([leaves = what.leaves](axiom::task_context& self) {
      return root(self, leaves);
    });
  });
}

void skynet_caf(const experiment& run) {
  caf_system env{run.who()};
  const auto what = scaled_tree(run);
  measure_tree(run, what, [&] { return env.drive<root_actor>(what.leaves); });
}

} // namespace bench
