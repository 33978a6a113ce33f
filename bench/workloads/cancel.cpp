// How long does it take to cancel a tree of suspended tasks?
//
//   cancel_tree    until the join of its root returns: all have ended, their
//                  frames are unwound and their timers gone
//   cancel_signal  until every task can see that it is cancelled
//
// The tasks sleep, ten children a task, in one to four generations below the
// root. A task cancels the root and awaits it, so that the way is the one
// inside a program: over the scheduler, but over no thread of the outside that
// sleeps. The processors are at rest before, which is when a cancellation
// comes: waking one that has nothing to do is part of the time. Microseconds.
//
// One tree of eleven is over in some microseconds, within which a single
// interrupt falls or does not. So a run cancels many of the small trees, and
// its figure is the median of them.
//
// What matters: the promises, on a machine at rest: the tree of 11 signalled in
// less than 5 us and ended in less than 5 ms, and at most 100 ns for each
// further task to be signalled.

#include <algorithm>
#include <atomic>
#include <thread>

#include "systems.hpp"
#include "workloads.hpp"

namespace bench {

namespace {

using namespace std::chrono_literals;

axiom::async<void> sleeping_tree(axiom::task_context& self, int generations) {
  for (int i = 0; generations > 0 && i < 10; ++i)
    self.create_child_task("node", [generations](axiom::task_context& child) {
      return sleeping_tree(child, generations - 1);
    });
  co_await self.sleep_for(1h);
}

/// Waits until `n` tasks are there and each of them sleeps.
void wait_until_suspended(const axiom::structured_task_coordinator& coordinator,
                          long n) {
  for (;;) {
    const auto tasks = coordinator.snapshot().tasks;
    if (std::ssize(tasks) == n
        && std::ranges::all_of(tasks, [](const axiom::task_snapshot& x) {
             return x.state == "suspended";
           }))
      return;
    std::this_thread::yield();
  }
}

struct latencies {
  double signalled; // us
  double ended; // us
};

axiom::async<latencies> cancel_and_join(
  const axiom::structured_task_coordinator& coordinator, axiom::task<void> root,
  long tasks) {
  const auto target = root.reference();
  const auto start = clock_type::now();
  const auto request = coordinator.cancel_task_tree(target);
  try {
    co_await root;
  } catch (const axiom::cancelled_error&) {
    // as asked
  }
  const auto time = clock_type::now() - start;
  const auto report = co_await request;
  require(report.requested == static_cast<std::uint64_t>(tasks)
            && report.acknowledged == report.requested,
          "tasks that were cancelled");
  co_return latencies{microseconds{report.signalled}.count(),
                      microseconds{time}.count()};
}

latencies cancel_one(const axiom_system& env, int generations, long tasks) {
  const auto& coordinator = env.coordinator();
  const auto root = coordinator.create_child_task(
    "root", [generations](axiom::task_context& self) {
      return sleeping_tree(self, generations);
    });
  wait_until_suspended(coordinator, tasks);
  return env.drive([&coordinator, root, tasks](axiom::task_context&) {
    return cancel_and_join(coordinator, root, tasks);
  });
}

/// The median over as many trees as make up for their size.
double cancel_many(const axiom_system& env, int generations, long tasks,
                   double latencies::*figure) {
  const auto trees = std::clamp(20'000 / tasks, 3L, 100L);
  std::vector<double> samples;
  for (long i = 0; i < trees; ++i)
    samples.push_back(cancel_one(env, generations, tasks).*figure);
  return median(std::move(samples));
}

void cancel_trees(const experiment& run, double latencies::*figure) {
  const axiom_system env;
  const auto most = run.scaled(11'111, 11);
  int generations = 1;
  for (long tasks = 11; tasks <= most; tasks = tasks * 10 + 1) {
    run.report(tasks, "us", run.measure([&] {
      return cancel_many(env, generations, tasks, figure);
    }));
    ++generations;
  }
}

} // namespace

void cancel_tree(const experiment& run) {
  cancel_trees(run, &latencies::ended);
}

void cancel_signal(const experiment& run) {
  cancel_trees(run, &latencies::signalled);
}

} // namespace bench
