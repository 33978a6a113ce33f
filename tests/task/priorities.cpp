// Priorities: inherited from the parent, and lent by who waits.

#include <future>
#include <ostream>
#include <thread>

#include "support/tasks.hpp"

using namespace test;
using axiom::task_priority;

namespace {

/// The priority of a task that counts now.
task_priority effective(const axiom::structured_task_coordinator& coordinator,
                        std::string_view name) {
  for (auto& x : coordinator.snapshot().tasks)
    if (x.task.name == name)
      return x.effective_priority;
  BOOST_FAIL("no task '" << name << "'");
  return {};
}

/// A body that waits for the end of another task.
template <class T>
auto awaiting(axiom::task<T> other) {
  return [other](task_context&) -> async<void> { co_await other; };
}

} // namespace

namespace axiom {

/// For BOOST_TEST.
static std::ostream& operator<<(std::ostream& out, task_priority x) {
  return out << to_string(x);
}

} // namespace axiom

BOOST_FIXTURE_TEST_SUITE(priorities, stepwise)

BOOST_AUTO_TEST_CASE(are_medium_unless_said_otherwise) {
  auto t = start("t", [] {});
  BOOST_TEST(t.reference().priority == task_priority::medium);
  t.get();
}

BOOST_AUTO_TEST_CASE(are_inherited_from_the_parent) {
  auto t =
    start({.name = "t", .priority = task_priority::high},
          [](task_context& self) -> async<void> {
            auto child = self.create_child_task("child", [] {});
            BOOST_TEST(child.reference().priority == task_priority::high);
            auto other =
              self.create_child_task("other", task_priority::background, [] {});
            BOOST_TEST(other.reference().priority == task_priority::background);
            co_await self.hierarchy().await_children();
          });
  t.get();
}

BOOST_AUTO_TEST_SUITE_END()

namespace {

struct inheriting : stepwise {
  auto sleeper(std::string_view name, task_priority priority,
               axiom::runtime::duration span = 1h) {
    return start({.name = name, .priority = priority},
                 [span](task_context& self) -> async<void> {
                   co_await self.sleep_for(span);
                 });
  }

  template <class T>
  auto waiter(std::string_view name, task_priority priority,
              const axiom::task<T>& other) {
    return start({.name = name, .priority = priority}, awaiting(other));
  }

  task_priority now_of(std::string_view name) {
    return effective(coordinator(), name);
  }
};

} // namespace

BOOST_FIXTURE_TEST_SUITE(priority_inheritance, inheriting)

BOOST_AUTO_TEST_CASE(makes_a_task_as_urgent_as_who_waits_for_it) {
  auto low = sleeper("low", task_priority::low);
  auto high = waiter("high", task_priority::high, low);
  run();
  BOOST_TEST(now_of("low") == task_priority::high);
  BOOST_TEST(low.reference().priority == task_priority::low);
  BOOST_TEST(to_string(coordinator().snapshot()).find("raised to high")
             != std::string::npos);
  advance(1h);
  high.get();
}

BOOST_AUTO_TEST_CASE(is_nothing_where_the_waiter_is_less_urgent) {
  auto medium = sleeper("medium", task_priority::medium);
  auto low = waiter("low", task_priority::low, medium);
  run();
  BOOST_TEST(now_of("medium") == task_priority::medium);
  BOOST_TEST(now_of("low") == task_priority::low);
  advance(1h);
  low.get();
}

BOOST_AUTO_TEST_CASE(follows_a_chain_that_is_there_already) {
  auto c = sleeper("c", task_priority::background);
  auto b = waiter("b", task_priority::low, c);
  auto a = waiter("a", task_priority::medium, b);
  run();
  BOOST_TEST(now_of("c") == task_priority::medium);
  auto top = waiter("top", task_priority::high, a);
  run();
  for (auto* name : {"a", "b", "c"})
    BOOST_TEST(now_of(name) == task_priority::high);
  advance(1h);
  top.get();
}

BOOST_AUTO_TEST_CASE(follows_a_chain_that_is_made_afterwards) {
  auto c = sleeper("c", task_priority::background);
  auto b = start({.name = "b", .priority = task_priority::low},
                 [c](task_context& self) -> async<void> {
                   co_await self.sleep_for(1min);
                   co_await c;
                 });
  auto top = waiter("top", task_priority::high, b);
  run();
  BOOST_TEST(now_of("b") == task_priority::high);
  BOOST_TEST(now_of("c") == task_priority::background);
  advance(1min);
  BOOST_TEST(now_of("c") == task_priority::high);
  advance(1h);
  top.get();
}

BOOST_AUTO_TEST_CASE(ends_along_the_chain_when_the_waiter_is_cancelled) {
  auto c = sleeper("c", task_priority::background);
  auto b = waiter("b", task_priority::low, c);
  auto top = waiter("top", task_priority::high, b);
  run();
  BOOST_TEST(now_of("c") == task_priority::high);
  top.cancel();
  run();
  BOOST_TEST(now_of("b") == task_priority::low);
  BOOST_TEST(now_of("c") == task_priority::low);
  advance(1h);
}

BOOST_AUTO_TEST_CASE(ends_when_the_waiters_time_is_over) {
  auto low = sleeper("low", task_priority::low);
  auto high =
    start({.name = "high", .priority = task_priority::high, .timeout = 1s},
          awaiting(low));
  run();
  BOOST_TEST(now_of("low") == task_priority::high);
  advance(1s);
  BOOST_TEST(high.done());
  BOOST_TEST(now_of("low") == task_priority::low);
  advance(1h);
}

BOOST_AUTO_TEST_CASE(falls_back_to_the_most_urgent_waiter_left) {
  auto task = sleeper("task", task_priority::background);
  auto low = waiter("low", task_priority::low, task);
  auto high = waiter("high", task_priority::high, task);
  auto medium = waiter("medium", task_priority::medium, task);
  run();
  BOOST_TEST(now_of("task") == task_priority::high);
  high.cancel();
  run();
  BOOST_TEST(now_of("task") == task_priority::medium);
  medium.cancel();
  run();
  BOOST_TEST(now_of("task") == task_priority::low);
  low.cancel();
  run();
  BOOST_TEST(now_of("task") == task_priority::background);
  advance(1h);
}

BOOST_AUTO_TEST_CASE(reaches_the_children_of_the_task) {
  auto parent = start({.name = "parent", .priority = task_priority::low},
                      [](task_context& self) -> async<void> {
                        self.create_child_task("before", forever);
                        co_await self.sleep_for(1min);
                        self.create_child_task("after", forever);
                        co_await self.sleep_for(24h);
                      });
  run();
  BOOST_TEST(now_of("before") == task_priority::low);
  auto high = waiter("high", task_priority::high, parent);
  run();
  BOOST_TEST(now_of("before") == task_priority::high);
  advance(1min);
  BOOST_TEST(now_of("after") == task_priority::high);
  parent.cancel();
  run();
  BOOST_CHECK(code_thrown_by([&] { high.get(); }) == errc::cancelled);
}

BOOST_AUTO_TEST_CASE(leaves_the_children_when_they_are_woken_next) {
  auto parent = start({.name = "parent", .priority = task_priority::low},
                      [](task_context& self) -> async<void> {
                        self.create_child_task(
                          "child", [](task_context& self) -> async<void> {
                            co_await self.sleep_for(1min);
                            co_await self.sleep_for(1min);
                          });
                        co_await self.hierarchy().await_children();
                      });
  run();
  auto high = waiter("high", task_priority::high, parent);
  run();
  BOOST_TEST(now_of("child") == task_priority::high);
  high.cancel();
  run();
  BOOST_TEST(now_of("parent") == task_priority::low);
  advance(1min);
  BOOST_TEST(now_of("child") == task_priority::low);
  advance(1min);
}

BOOST_AUTO_TEST_CASE(stays_with_a_child_that_somebody_else_waits_for) {
  std::promise<axiom::task<void>> child;
  auto parent = start({.name = "parent", .priority = task_priority::low},
                      [&child](task_context& self) -> async<void> {
                        child.set_value(self.create_child_task(
                          "child", [](task_context& self) -> async<void> {
                            co_await self.sleep_for(1min);
                            co_await self.sleep_for(1min);
                          }));
                        co_await self.hierarchy().await_children();
                      });
  run();
  auto first = waiter("first", task_priority::high, parent);
  run();
  auto second = waiter("second", task_priority::high, child.get_future().get());
  run();
  first.cancel();
  advance(1min); // the child is woken, and its parent no longer raised
  BOOST_TEST(now_of("parent") == task_priority::low);
  BOOST_TEST(now_of("child") == task_priority::high);
  advance(1min);
  second.get();
}

BOOST_AUTO_TEST_CASE(comes_to_nothing_where_the_task_has_ended) {
  auto low = sleeper("low", task_priority::low, 0s);
  run();
  waiter("high", task_priority::high, low).get();
}

BOOST_AUTO_TEST_SUITE_END()

namespace {

struct inheriting_by_threads : threaded {
  void await_effective(std::string_view name, task_priority priority) {
    while (effective(coordinator(), name) != priority)
      std::this_thread::yield();
  }
};

} // namespace

BOOST_FIXTURE_TEST_SUITE(priority_inheritance_by_threads, inheriting_by_threads)

BOOST_AUTO_TEST_CASE(reaches_what_a_blocking_task_waits_for) {
  auto low =
    coordinator().create_child_task("low", task_priority::low, forever);
  auto high = coordinator().create_child_task(
    "high", task_priority::high, axiom::blocking([low] { low.wait(); }));
  await_effective("low", task_priority::high);
  high.cancel();
  high.wait();
  BOOST_TEST(effective(coordinator(), "low") == task_priority::low);
  low.cancel();
}

BOOST_AUTO_TEST_CASE(passes_through_a_blocking_task) {
  auto low =
    coordinator().create_child_task("low", task_priority::low, forever);
  auto medium = coordinator().create_child_task(
    "medium", task_priority::medium, axiom::blocking([low] { low.wait(); }));
  await_effective("low", task_priority::medium);
  auto high = coordinator().create_child_task("high", task_priority::high,
                                              awaiting(medium));
  await_effective("low", task_priority::high);
  high.cancel();
  high.wait();
  BOOST_TEST(effective(coordinator(), "medium") == task_priority::medium);
  BOOST_TEST(effective(coordinator(), "low") == task_priority::medium);
  medium.cancel();
  medium.wait();
  low.cancel();
}

BOOST_AUTO_TEST_SUITE_END()
