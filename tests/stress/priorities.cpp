// Priorities under waits that begin and end at random. The interleavings looked
// for:
//
// - two begin to wait for one task, or leave it, at once;
// - a waiter leaves while its own level changes;
// - a chain of waits gets longer at one end while it is raised at the other;
// - a waiter is cancelled on its way into the wait.
//
// Whenever nothing moves, each task has to be exactly as urgent as the most
// urgent of those who wait for it, and as of its own when nobody does.

#include <algorithm>

#include "support.hpp"

using namespace stress;
using axiom::task_priority;

namespace {

constexpr std::size_t sleepers = 4;
constexpr std::size_t tasks = 24;

/// Tasks that wait for each other, each for one created before it; the first
/// few only sleep.
struct web {
  web(const axiom::structured_task_coordinator& coordinator, chooser choose) {
    for (std::size_t i = 0; i < tasks; ++i) {
      auto priority = static_cast<task_priority>(choose.below(4));
      goals[i] = i < sleepers ? i : choose.below(i);
      all[i] =
        i < sleepers
          ? coordinator.create_child_task("sleeper", priority, forever)
          : coordinator.create_child_task(
            "waiter", priority, [this, i](task_context&) { return wait(i); });
    }
  }

  /// Waits for the task's goal; when that is cancelled, for one that sleeps.
  async<void> wait(std::size_t i) {
    for (;;) {
      static_cast<void>(co_await axiom::as_expected(all[goals[i]]));
      goals[i] = goals[i] % sleepers;
    }
  }

  /// How urgent each has to be by those that wait for it.
  std::array<task_priority, tasks> expected() const {
    std::array<task_priority, tasks> result;
    for (std::size_t i = 0; i < tasks; ++i)
      result[i] = all[i].reference().priority;
    for (auto i = tasks; i-- > sleepers;)
      if (!all[i].done())
        result[goals[i]] = std::max(result[goals[i]], result[i]);
    return result;
  }

  /// Whether nobody is about to learn that its goal has ended.
  bool goals_live() const {
    for (std::size_t i = sleepers; i < tasks; ++i)
      if (!all[i].done() && all[goals[i]].done())
        return false;
    return true;
  }

  std::array<axiom::task<void>, tasks> all;
  std::array<std::atomic<std::size_t>, tasks> goals;
};

/// Waits until no task moves any more, and returns the tree. A snapshot is no
/// moment: what it says of one task may be over when it comes to the next. But
/// who is seen waiting, for a task that lives, and then is seen again, waits.
axiom::tree_snapshot at_rest(
  const web& x, const axiom::structured_task_coordinator& coordinator) {
  const auto all_wait = [&coordinator] {
    const auto seen = coordinator.snapshot().tasks;
    return std::all_of(seen.begin(), seen.end(), [](auto& task) {
      return task.state == "suspended" && !task.cancelled;
    });
  };
  while (!all_wait() || !x.goals_live() || !all_wait())
    std::this_thread::yield();
  return coordinator.snapshot();
}

/// How many tasks are as urgent as they have to be.
std::size_t count_right(const web& x, const axiom::tree_snapshot& seen) {
  const auto expected = x.expected();
  return static_cast<std::size_t>(
    std::count_if(seen.tasks.begin(), seen.tasks.end(), [&](auto& task) {
      for (std::size_t i = 0; i < tasks; ++i)
        if (x.all[i].reference() == task.task)
          return task.effective_priority == expected[i];
      return false;
    }));
}

} // namespace

BOOST_AUTO_TEST_SUITE(stress_priorities)

BOOST_AUTO_TEST_CASE(are_those_of_the_waiters_whenever_nothing_moves) {
  under_each_scheduler(virtual_time, [](auto& fix) {
    auto& coordinator = fix.coordinator();
    for (rounds r{400}; r.next();) {
      web x{coordinator, chooser{r.stream()}};
      auto seen = at_rest(x, coordinator);
      BOOST_TEST_REQUIRE(seen.tasks.size() == tasks);
      BOOST_TEST(count_right(x, seen) == tasks);
      while (seen.tasks.size() > sleepers) {
        race(2, r.stream(), [&x](auto, auto& choose) {
          for (int n = 0; n < 4; ++n) {
            x.all[sleepers + choose.below(tasks - sleepers)].cancel();
            choose.dither();
          }
        });
        seen = at_rest(x, coordinator);
        BOOST_TEST(count_right(x, seen) == seen.tasks.size());
      }
      for (auto& task : seen.tasks)
        BOOST_CHECK(task.effective_priority == task.task.priority);
      for (auto& task : x.all)
        task.cancel();
      for (auto& task : x.all)
        task.wait();
    }
  });
}

BOOST_AUTO_TEST_SUITE_END()
