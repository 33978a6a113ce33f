// A failure is never lost: where it shows when somebody looks at it, and where
// when nobody does.

#include <atomic>
#include <thread>

#include "support/tasks.hpp"

using namespace test;

namespace {

/// The errors that the exception thrown by `t.get()` holds.
template <class T>
std::vector<axiom::task_error> errors_of(const axiom::task<T>& t) {
  try {
    t.get();
  } catch (const axiom::concurrent_errors& ex) {
    return {ex.errors().begin(), ex.errors().end()};
  }
  BOOST_FAIL("no concurrent_errors");
  return {};
}

async<void> child_fails_unseen(task_context& self) {
  self.create_child_task("bad", failing);
  co_await self.hierarchy().await_children();
}

} // namespace

BOOST_FIXTURE_TEST_SUITE(child_failures, stepwise)

BOOST_AUTO_TEST_CASE(one_that_nobody_saw_fails_the_parent) {
  auto t = start("parent", [](task_context& self) -> async<int> {
    self.create_child_task("bad", failing);
    co_await self.hierarchy().await_children();
    co_return 1;
  });
  run();
  auto errors = errors_of(t);
  BOOST_REQUIRE(errors.size() == 1u);
  BOOST_TEST(errors[0].task.name == "bad");
  BOOST_TEST(errors[0].error.is(errc::invalid_argument));
  BOOST_CHECK(events().phases_of("parent").back() == task_phase::failed);
}

BOOST_AUTO_TEST_CASE(one_that_ends_after_the_body_fails_the_parent_too) {
  auto t = start("parent", [](task_context& self) {
    self.create_child_task("late", [](task_context& me) -> async<void> {
      co_await me.sleep_for(1s);
      throw std::runtime_error("late");
    });
    return 1;
  });
  advance(1s);
  auto errors = errors_of(t);
  BOOST_REQUIRE(errors.size() == 1u);
  BOOST_TEST(errors[0].error.is(errc::unhandled_exception));
}

BOOST_AUTO_TEST_CASE(all_that_nobody_saw_are_reported_together) {
  auto t = start("parent", [](task_context& self) -> async<void> {
    for (auto name : {"a", "b", "c"})
      self.create_child_task(name, failing);
    self.create_child_task("good", [] {});
    co_await self.hierarchy().await_children();
  });
  run();
  auto errors = errors_of(t);
  lines names;
  for (auto& x : errors)
    names.push_back(x.task.name);
  BOOST_TEST(names == (lines{"a", "b", "c"}), boost::test_tools::per_element());
}

BOOST_AUTO_TEST_CASE(one_that_was_awaited_and_caught_does_not) {
  auto t = start("parent", [](task_context& self) -> async<int> {
    auto bad = self.create_child_task("bad", failing);
    try {
      co_await bad;
    } catch (const axiom::exception& ex) {
      BOOST_TEST(ex.is(errc::invalid_argument));
    }
    co_return 1;
  });
  run();
  BOOST_TEST(t.get() == 1);
}

BOOST_AUTO_TEST_CASE(one_awaited_after_its_end_does_not) {
  auto t = start("parent", [](task_context& self) -> async<int> {
    auto bad = self.create_child_task("bad", failing);
    co_await self.hierarchy().await_children();
    BOOST_TEST(bad.done());
    auto seen = co_await axiom::as_expected(bad);
    BOOST_TEST(!seen);
    co_return 1;
  });
  run();
  BOOST_TEST(t.get() == 1);
}

BOOST_AUTO_TEST_CASE(one_awaited_without_a_handler_is_the_parents_own) {
  auto t = start("parent", [](task_context& self) -> async<int> {
    co_return co_await self.create_child_task("bad", failing);
  });
  run();
  BOOST_CHECK(code_thrown_by([&] { t.get(); }) == errc::invalid_argument);
}

BOOST_AUTO_TEST_CASE(the_type_of_an_exception_survives_awaiting) {
  struct my_error : std::runtime_error {
    using runtime_error::runtime_error;
  };
  auto t = start("parent", [](task_context& self) -> async<void> {
    co_await self.create_child_task("bad", []() -> int {
      throw my_error("mine");
    });
  });
  run();
  BOOST_CHECK_THROW(t.get(), my_error);
}

BOOST_AUTO_TEST_CASE(those_beside_an_error_of_the_parent_are_suppressed) {
  auto t = start("parent", [](task_context& self) -> async<void> {
    self.create_child_task("bad", failing);
    co_await self.hierarchy().await_children();
    throw std::runtime_error("own");
  });
  run();
  auto errors = errors_of(t);
  BOOST_REQUIRE(errors.size() == 1u);
  BOOST_TEST(errors[0].task.name == "parent");
  BOOST_TEST(errors[0].error.what().find("own") != std::string::npos);
  BOOST_REQUIRE(errors[0].suppressed.size() == 1u);
  BOOST_TEST(errors[0].suppressed[0].task.name == "bad");
}

BOOST_AUTO_TEST_CASE(they_climb_as_a_tree) {
  auto t = start("top", [](task_context& self) -> async<void> {
    self.create_child_task("middle", child_fails_unseen);
    co_await self.hierarchy().await_children();
  });
  run();
  auto errors = errors_of(t);
  BOOST_REQUIRE(errors.size() == 1u);
  BOOST_TEST(errors[0].task.name == "middle");
  auto* below = errors[0].nested();
  BOOST_REQUIRE(below != nullptr);
  BOOST_TEST(below->first().task.name == "bad");
  BOOST_TEST(below->first().nested() == nullptr);
  BOOST_TEST(below->matches(errc::invalid_argument));
}

BOOST_AUTO_TEST_CASE(one_under_a_cancelled_parent_is_not_lost) {
  auto t = start("parent", [](task_context& self) -> async<void> {
    auto bad = self.create_child_task("bad", [](task_context& me)
                                        -> async<void> {
      struct complain {
        task_context& me;
        bool& said;
        ~complain() {
          said = me.cancelled();
        }
      };
      bool said = false;
      {
        complain x{me, said};
        co_await axiom::as_expected(me.sleep_for(1h));
      }
      BOOST_TEST(said);
      throw std::runtime_error("broken while cancelled");
    });
    co_await bad;
  });
  run();
  t.cancel();
  run();
  auto errors = errors_of(t);
  BOOST_REQUIRE(errors.size() == 1u);
  BOOST_TEST(errors[0].task.name == "bad");
  BOOST_TEST(t.cancelled());
}

BOOST_AUTO_TEST_CASE(a_cancelled_child_is_no_failure_unless_awaited) {
  auto t = start("parent", [](task_context& self) -> async<int> {
    auto child = self.create_child_task("child", forever);
    co_await self.yield();
    child.cancel();
    co_await self.hierarchy().await_children();
    co_return 1;
  });
  run();
  BOOST_TEST(t.get() == 1);
}

BOOST_AUTO_TEST_CASE(a_sibling_goes_on) {
  auto t = start("parent", [](task_context& self) -> async<int> {
    auto good = self.create_child_task("good", [](task_context& me)
                                         -> async<int> {
      co_await me.sleep_for(1s);
      co_return 2;
    });
    try {
      co_await self.create_child_task("bad", failing);
    } catch (const axiom::exception&) {
      // looked at
    }
    co_return co_await good;
  });
  advance(1s);
  BOOST_TEST(t.get() == 2);
}

BOOST_AUTO_TEST_CASE(a_task_returns_an_expected_without_value_as_failure) {
  auto ours = start("ours", []() -> axiom::expected<int> {
    return axiom::fail(errc::invalid_argument, "ours");
  });
  auto cafs = start("cafs", []() -> caf::expected<int> {
    return caf::make_error(caf::sec::runtime_error, "cafs");
  });
  auto good = start("good", []() -> axiom::expected<int> { return 4; });
  run();
  BOOST_CHECK(code_thrown_by([&] { ours.get(); }) == errc::invalid_argument);
  auto seen = cafs.get_expected();
  BOOST_REQUIRE(!seen);
  BOOST_CHECK(seen.error().error() == caf::sec::runtime_error);
  BOOST_TEST(good.get() == 4);
}

BOOST_AUTO_TEST_CASE(thousands_seen_in_between_do_not_pile_up) {
  auto t = start("parent", [](task_context& self) -> async<int> {
    for (int i = 0; i < 5000; ++i)
      co_await axiom::as_expected(self.create_child_task("bad", failing));
    co_return 1;
  });
  run();
  BOOST_TEST(t.get() == 1);
}

BOOST_AUTO_TEST_CASE(each_has_the_time_when_it_happened) {
  auto t = start("parent", [](task_context& self) -> async<void> {
    for (auto span : {1s, 2s, 3s}) {
      self.create_child_task("bad", [span](task_context& me) -> async<void> {
        co_await me.sleep_for(span);
        throw std::runtime_error("x");
      });
    }
    co_await self.sleep_for(1h);
  });
  run();
  const auto created = t.reference().created_at;
  advance(1h);
  auto errors = errors_of(t);
  BOOST_REQUIRE(errors.size() == 3u);
  for (std::size_t i = 0; i < 3; ++i)
    BOOST_CHECK(errors[i].at - created == std::chrono::seconds{i + 1});
}

BOOST_AUTO_TEST_CASE(many_stay_in_order_when_those_seen_are_forgotten) {
  auto t = start("parent", [](task_context& self) -> async<void> {
    std::vector<axiom::task<void>> children;
    for (int i = 0; i < 100; ++i)
      children.push_back(
        self.create_child_task(std::to_string(i), [](task_context&) {
          throw std::runtime_error("x");
        }));
    co_await self.sleep_for(1s);
    for (int i = 0; i < 100; i += 2) // each second one is seen
      static_cast<void>(children[i].get_expected());
    for (int i = 100; i < 300; ++i)
      self.create_child_task(std::to_string(i), [](task_context&) {
        throw std::runtime_error("x");
      });
    co_await self.sleep_for(1s);
  });
  advance(2s);
  auto errors = errors_of(t);
  BOOST_REQUIRE(errors.size() == 250u);
  for (std::size_t i = 1; i < errors.size(); ++i)
    BOOST_REQUIRE(std::stoi(errors[i - 1].task.name)
                  < std::stoi(errors[i].task.name));
}

BOOST_AUTO_TEST_SUITE_END()

BOOST_FIXTURE_TEST_SUITE(unobserved_errors_of_roots, stepwise)

BOOST_AUTO_TEST_CASE(go_to_the_coordinator_when_the_last_handle_goes) {
  auto t = start("bad", failing);
  run();
  BOOST_TEST(coordinator().stats().unobserved_errors == 0u);
  t = {};
  auto stats = coordinator().stats();
  BOOST_TEST(stats.unobserved_errors == 1u);
  BOOST_REQUIRE(stats.recent_errors.size() == 1u);
  BOOST_TEST(stats.recent_errors[0].task.name == "bad");
  BOOST_TEST(axiom::is(stats.recent_errors[0].error, errc::invalid_argument));
}

BOOST_AUTO_TEST_CASE(are_not_reported_when_somebody_looked) {
  auto t = start("bad", failing);
  run();
  BOOST_CHECK_THROW(t.get(), axiom::exception);
  t = {};
  BOOST_TEST(coordinator().stats().unobserved_errors == 0u);
}

BOOST_AUTO_TEST_CASE(are_reported_when_somebody_only_waited) {
  auto t = start("bad", failing);
  t.wait();
  BOOST_TEST(t.done());
  t = {};
  BOOST_TEST(coordinator().stats().unobserved_errors == 1u);
}

BOOST_AUTO_TEST_CASE(are_reported_when_somebody_only_cancelled) {
  auto t = start("bad", failing);
  run();
  t.cancel();
  t = {};
  BOOST_TEST(coordinator().stats().unobserved_errors == 1u);
}

BOOST_AUTO_TEST_CASE(do_not_include_cancellations) {
  start("gone", forever).cancel();
  run();
  BOOST_TEST(coordinator().stats().unobserved_errors == 0u);
}

BOOST_AUTO_TEST_CASE(are_kept_in_a_bounded_ring_and_all_counted) {
  auto other = axiom::structured_task_coordinator::spawn(
    system(), {.name = "other", .error_history = 3});
  for (int i = 0; i < 10; ++i) {
    other.create_child_task("bad-" + std::to_string(i), failing);
    run();
  }
  auto stats = other.stats();
  BOOST_TEST(stats.unobserved_errors == 10u);
  BOOST_REQUIRE(stats.recent_errors.size() == 3u);
  BOOST_TEST(stats.recent_errors[0].task.name == "bad-7");
  BOOST_TEST(stats.recent_errors[2].task.name == "bad-9");
}

BOOST_AUTO_TEST_SUITE_END()

BOOST_FIXTURE_TEST_SUITE(unobserved_errors_across_threads, threaded)

BOOST_AUTO_TEST_CASE(are_reported_when_a_thread_only_waited) {
  std::atomic<bool> go = false;
  auto t = start("bad", axiom::blocking([&] {
    go.wait(false);
    throw std::runtime_error("broken");
  }));
  std::thread waiting{[&] { t.wait(); }};
  go = true;
  go.notify_all();
  waiting.join();
  t = {};
  // The task's own reference goes on its thread, after the waiter's wake-up.
  while (coordinator().stats().roots != 0)
    std::this_thread::yield();
  coordinator().shutdown().get();
  while (coordinator().stats().unobserved_errors == 0)
    std::this_thread::yield();
  BOOST_TEST(coordinator().stats().unobserved_errors == 1u);
}

BOOST_AUTO_TEST_SUITE_END()
