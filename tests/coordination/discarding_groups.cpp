// Groups that keep nothing of their children: memory, errors, who may add.

#include <algorithm>

#include "axiom/task/detail/live_tasks.hpp"
#include "support/tasks.hpp"

using namespace test;
using axiom::discarding_group_options;
using axiom::discarding_task_group;
using axiom::failure_mode;
using axiom::with_discarding_group;

namespace {

/// Counts its own living copies.
class counted {
public:
  explicit counted(int& alive) : alive_(&alive) {
    ++*alive_;
  }

  counted(const counted& other) : alive_(other.alive_) {
    ++*alive_;
  }

  counted& operator=(const counted&) = delete;

  ~counted() {
    --*alive_;
  }

private:
  int* alive_;
};

auto failing_after(axiom::runtime::duration span, const char* text) {
  return [span, text](task_context& self) -> async<int> {
    co_await self.sleep_for(span);
    co_return axiom::fail(errc::invalid_argument, text);
  };
}

template <class F>
axiom::task<int> start_group(stepwise& where,
                             const discarding_group_options& options, F body) {
  auto run_group = [options, body](task_context& self) -> async<int> {
    auto op = body;
    co_return co_await with_discarding_group(self, options, axiom::named(op));
  };
  return where.start("owner", run_group);
}

} // namespace

BOOST_FIXTURE_TEST_SUITE(discarding_groups, stepwise)

BOOST_AUTO_TEST_CASE(drop_each_value_at_the_end_of_its_child) {
  int alive = 0;
  auto body = [&](discarding_task_group& group) -> async<int> {
    for (int i = 0; i < 5; ++i)
      co_await group.add_task("child", [&](task_context& self)
                                         -> async<counted> {
        co_await self.sleep_for(1s);
        co_return counted{alive};
      });
    co_await group.context().sleep_for(2s);
    BOOST_TEST(group.running() == 0u);
    BOOST_TEST(alive == 0);
    co_return 7;
  };
  auto t = start_group(*this, {}, body);
  advance(2s);
  BOOST_TEST(t.get() == 7);
}

BOOST_AUTO_TEST_CASE(have_children_with_results_of_any_type) {
  int ran = 0;
  auto body = [&](discarding_task_group& group) -> async<int> {
    co_await group.add_task("int", [&] { return ++ran; });
    co_await group.add_task("void", [&] { ++ran; });
    co_await group.add_task("move-only", [&] {
      return std::make_unique<int>(++ran);
    });
    co_await group.wait_for_all();
    co_return ran;
  };
  auto t = start_group(*this, {}, body);
  run();
  BOOST_TEST(t.get() == 3);
}

BOOST_AUTO_TEST_CASE(hold_no_more_than_runs_however_many_children_ever_ran) {
  const auto before = axiom::detail::live_tasks::count();
  constexpr int many = 300'000;
  std::int64_t most_tasks = 0;
  std::size_t most_running = 0;
  int ran = 0;
  auto body = [&](discarding_task_group& group) -> async<int> {
    for (int i = 0; i < many; ++i) {
      co_await group.add_task("child", [&] { ++ran; });
      most_running = std::max(most_running, group.running());
      most_tasks = std::max(most_tasks,
                            axiom::detail::live_tasks::count() - before);
    }
    co_await group.wait_for_all();
    co_return static_cast<int>(group.running());
  };
  auto t = start_group(*this, {.max_concurrency = 8}, body);
  run();
  BOOST_TEST(t.get() == 0);
  BOOST_TEST(ran == many);
  BOOST_TEST(most_running <= 8u);
  BOOST_TEST(most_tasks <= 16);
}

BOOST_AUTO_TEST_CASE(are_cancelled_by_the_first_failure) {
  auto body = [](discarding_task_group& group) -> async<int> {
    co_await group.add_task("slow", forever);
    co_await group.add_task("bad", failing_after(1s, "broken"));
    co_await group.wait_for_all();
    BOOST_ERROR("went on after a failure");
    co_return 0;
  };
  auto t = start_group(*this, {}, body);
  advance(1s);
  BOOST_REQUIRE(t.done());
  try {
    t.get();
    BOOST_FAIL("no failure");
  } catch (const axiom::concurrent_errors& ex) {
    BOOST_TEST(ex.first().task.name == "bad");
  }
}

BOOST_AUTO_TEST_CASE(tell_their_handler_of_each_failure_at_once) {
  lines told;
  auto body = [&](discarding_task_group& group) -> async<int> {
    co_await group.add_task("b", failing_after(2s, "two"));
    co_await group.add_task("a", failing_after(1s, "one"));
    co_await group.wait_for_all();
    BOOST_TEST(group.failures() == 2u);
    co_return 3;
  };
  auto t = start_group(*this,
                       {.failure_mode = failure_mode::partial,
                        .on_error =
                          [&](const axiom::task_error& x) {
                            told.push_back(x.task.name + ": "
                                           + x.error.what());
                          }},
                       body);
  advance(1s);
  BOOST_TEST(told.size() == 1u);
  advance(1s);
  BOOST_TEST(t.get() == 3);
  BOOST_TEST(told
               == (lines{"a: invalid_argument: one",
                         "b: invalid_argument: two"}),
             boost::test_tools::per_element());
  BOOST_TEST(coordinator().stats().unobserved_errors == 0u);
}

BOOST_AUTO_TEST_CASE(report_failures_to_the_coordinator_without_a_handler) {
  auto body = [](discarding_task_group& group) -> async<int> {
    for (int i = 0; i < 3; ++i)
      co_await group.add_task("bad", failing_after(1s, "broken"));
    co_await group.wait_for_all();
    co_return 1;
  };
  auto t = start_group(*this, {.failure_mode = failure_mode::collect_all}, body);
  advance(1s);
  BOOST_TEST(t.get() == 1);
  auto stats = coordinator().stats();
  BOOST_TEST(stats.unobserved_errors == 3u);
  BOOST_REQUIRE(!stats.recent_errors.empty());
  BOOST_TEST(stats.recent_errors.back().task.name == "bad");
}

BOOST_AUTO_TEST_CASE(report_what_their_handler_throws_beside_the_failure) {
  auto body = [](discarding_task_group& group) -> async<int> {
    co_await group.add_task("bad", failing_after(1s, "broken"));
    co_await group.wait_for_all();
    co_return 1;
  };
  auto t = start_group(*this,
                       {.failure_mode = failure_mode::partial,
                        .on_error =
                          [](const axiom::task_error&) {
                            throw std::runtime_error("worse");
                          }},
                       body);
  advance(1s);
  BOOST_TEST(t.get() == 1);
  BOOST_TEST(coordinator().stats().unobserved_errors == 2u);
}

BOOST_AUTO_TEST_CASE(refuse_a_handler_that_would_never_be_called) {
  auto body = [](discarding_task_group&) -> async<int> { co_return 0; };
  auto t = start_group(*this, {.on_error = [](const axiom::task_error&) {}},
                       body);
  run();
  BOOST_CHECK(code_thrown_by([&] { t.get(); }) == errc::invalid_argument);
}

BOOST_AUTO_TEST_CASE(do_not_count_a_cancelled_child_as_a_failure) {
  auto body = [](discarding_task_group& group) -> async<int> {
    for (int i = 0; i < 3; ++i)
      co_await group.add_task("child", forever);
    co_await group.context().yield();
    group.cancel_all();
    co_await group.wait_for_all();
    co_return static_cast<int>(group.failures());
  };
  auto t = start_group(*this, {}, body);
  run();
  BOOST_TEST(t.get() == 0);
}

BOOST_AUTO_TEST_CASE(let_children_add_children_within_the_limit) {
  int ran = 0;
  auto body = [&](discarding_task_group& group) -> async<int> {
    auto adder = [&](task_context&) -> async<void> {
      for (int i = 0; i < 10; ++i)
        co_await group.add_task("deep", [&] {
          BOOST_TEST(group.running() <= 2u);
          ++ran;
        });
    };
    co_await group.add_task("adder", adder);
    co_await group.wait_for_all();
    co_return ran;
  };
  auto t = start_group(*this, {.max_concurrency = 2}, body);
  run();
  BOOST_TEST(t.get() == 10);
}

BOOST_AUTO_TEST_CASE(that_left_children_behind_end_in_time_or_with_an_error) {
  auto body = [](discarding_task_group& group) -> async<int> {
    co_await group.add_task("slow", forever);
    co_return 0;
  };
  auto t = start_group(*this, {.timeout = 1s}, body);
  advance(1s);
  BOOST_REQUIRE(t.done());
  BOOST_CHECK(code_thrown_by([&] { t.get(); }) == errc::deadline_exceeded);
}

BOOST_AUTO_TEST_CASE(end_in_time_or_with_an_error) {
  auto body = [](discarding_task_group& group) -> async<int> {
    co_await group.add_task("slow", forever);
    co_await group.wait_for_all();
    co_return 0;
  };
  auto t = start_group(*this, {.timeout = 1s}, body);
  advance(1s);
  BOOST_REQUIRE(t.done());
  BOOST_CHECK(code_thrown_by([&] { t.get(); }) == errc::deadline_exceeded);
}

BOOST_AUTO_TEST_SUITE_END()
