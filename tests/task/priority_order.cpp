// What priorities mean for the order in which a worker runs tasks.

#include <algorithm>
#include <future>
#include <mutex>
#include <optional>
#include <thread>

#include "support/jobs.hpp"
#include "support/tasks.hpp"

using namespace test;
using axiom::task_priority;

namespace {

/// One worker that is held up until `go`, and the names of tasks in the order
/// in which they end.
struct one_worker : axiom::testing::fixture {
  one_worker()
    : fixture(
      {.scheduler = axiom::runtime::scheduler_policy::axiom, .threads = 1}) {
    // nop
  }

  runtime::host& host() {
    return runtime::host::of(system());
  }

  void hold() {
    held_.emplace(host());
  }

  void go() {
    held_.reset();
  }

  auto noting(std::string_view name, task_priority priority) {
    return coordinator().create_child_task(
      name, priority, [this](task_context& self) { note(self); });
  }

  template <class T>
  auto noting_after(std::string_view name, task_priority priority,
                    axiom::task<T> other) {
    return coordinator().create_child_task(
      name, priority, [this, other](task_context& self) -> async<void> {
        co_await other;
        note(self);
      });
  }

  /// Tasks that have nothing to do with the others and are in their way.
  void flood(std::size_t n, task_priority priority) {
    for (std::size_t i = 0; i < n; ++i)
      noting("flood", priority);
  }

  void note(task_context& self) {
    std::lock_guard guard{mutex_};
    ended_.emplace_back(self.name());
  }

  /// What has ended by the time all tasks have.
  lines ended() {
    while (!coordinator().snapshot().tasks.empty())
      std::this_thread::yield();
    std::lock_guard guard{mutex_};
    return ended_;
  }

  /// The first ones of these.
  lines first_ended(std::size_t n) {
    auto result = ended();
    result.resize(std::min(n, result.size()));
    return result;
  }

private:
  std::optional<held_worker> held_;
  std::mutex mutex_;
  lines ended_;
};

} // namespace

BOOST_FIXTURE_TEST_SUITE(tasks_on_one_worker, one_worker)

BOOST_AUTO_TEST_CASE(run_by_priority) {
  hold();
  noting("background", task_priority::background);
  noting("low", task_priority::low);
  noting("medium", task_priority::medium);
  noting("high", task_priority::high);
  go();
  BOOST_TEST(ended() == (lines{"high", "medium", "low", "background"}),
             boost::test_tools::per_element());
}

BOOST_AUTO_TEST_CASE(run_as_they_come_within_one_priority) {
  hold();
  for (auto* name : {"a", "b", "c", "d", "e"})
    noting(name, task_priority::medium);
  go();
  BOOST_TEST(ended() == (lines{"a", "b", "c", "d", "e"}),
             boost::test_tools::per_element());
}

BOOST_AUTO_TEST_CASE(pass_others_when_a_high_one_awaits_them) {
  hold();
  flood(40, task_priority::low);
  auto low = noting("low", task_priority::low);
  flood(60, task_priority::medium);
  noting_after("high", task_priority::high, low);
  go();
  BOOST_TEST(first_ended(2) == (lines{"low", "high"}),
             boost::test_tools::per_element());
}

BOOST_AUTO_TEST_CASE(pass_others_when_a_high_one_awaits_a_chain_of_them) {
  hold();
  flood(40, task_priority::low);
  auto c = noting("c", task_priority::low);
  auto b = noting_after("b", task_priority::low, c);
  auto a = noting_after("a", task_priority::background, b);
  flood(60, task_priority::medium);
  noting_after("high", task_priority::high, a);
  go();
  BOOST_TEST(first_ended(4) == (lines{"c", "b", "a", "high"}),
             boost::test_tools::per_element());
}

BOOST_AUTO_TEST_CASE(pass_others_as_children_of_a_group_that_is_awaited) {
  constexpr std::size_t children = 30;
  std::promise<void> filled;
  std::promise<void> go_on;
  auto group = coordinator().create_child_task(
    "group", task_priority::low, [&, this](task_context& self) -> async<void> {
      auto body = [&, this](auto& group) -> async<void> {
        auto child = [this](task_context& self) { note(self); };
        for (std::size_t i = 0; i < children; ++i)
          co_await group.add_task("child", child);
        filled.set_value();
        go_on.get_future().wait(); // the worker, with all of them queued
        co_await group.wait_for_all();
      };
      co_await axiom::with_task_group<void>(self, axiom::named(body));
    });
  filled.get_future().wait();
  flood(100, task_priority::medium);
  noting_after("high", task_priority::high, group);
  go_on.set_value();
  auto order = ended();
  auto high = std::find(order.begin(), order.end(), "high");
  BOOST_TEST(std::count(order.begin(), high, "child") == 30);
  // A level below has an eighth of the picks.
  BOOST_TEST(std::count(order.begin(), high, "flood") <= 8);
}

BOOST_AUTO_TEST_SUITE_END()
