// map_with_limit, map_collect, for_each_with_limit: results, order, limits.

#include <algorithm>
#include <list>
#include <numeric>

#include "support/items.hpp"
#include "support/tasks.hpp"

using namespace test;
using axiom::for_each_with_limit;
using axiom::map_collect;
using axiom::map_with_limit;

namespace {

std::vector<int> numbers(int n) {
  std::vector<int> result(static_cast<std::size_t>(n));
  std::iota(result.begin(), result.end(), 0);
  return result;
}

/// Doubles its item after a time that depends on it.
async<int> doubled_late(task_context& self, int x) {
  co_await self.sleep_for((x * 7 % 5) * 1s);
  co_return 2 * x;
}

std::vector<int> doubles(int n) {
  auto result = numbers(n);
  for (auto& x : result)
    x *= 2;
  return result;
}

} // namespace

BOOST_FIXTURE_TEST_SUITE(map_results, stepwise)

BOOST_AUTO_TEST_CASE(come_in_order_of_the_items_whatever_the_order_of_ends) {
  for (std::size_t limit : {1, 2, 3, 64, 1024}) {
    auto t = start("t", [limit](task_context& self) -> async<std::vector<int>> {
      auto items = numbers(100);
      co_return co_await map_with_limit(self, items, limit, doubled_late);
    });
    advance(1000s);
    BOOST_TEST(t.get() == doubles(100), boost::test_tools::per_element());
  }
}

BOOST_AUTO_TEST_CASE(of_no_items_are_none) {
  auto t = start("t", [](task_context& self) -> async<bool> {
    std::vector<int> none;
    auto mapped = co_await map_with_limit(self, none, 4, doubled_late);
    auto collected = co_await map_collect(self, none, 4, doubled_late);
    co_await for_each_with_limit(self, none, 4, doubled_late);
    co_return mapped.empty() && collected.empty();
  });
  run();
  BOOST_TEST(t.get());
}

BOOST_AUTO_TEST_CASE(come_from_every_kind_of_operation) {
  auto t = start("t", [](task_context& self) -> async<void> {
    auto items = numbers(5);
    auto want = doubles(5);
    auto check = [&](const std::vector<int>& got) {
      BOOST_TEST(got == want, boost::test_tools::per_element());
    };
    check(co_await map_with_limit(self, items, 2, [](int x) { return 2 * x; }));
    check(co_await map_with_limit(self, items, 2, [](task_context&, int x) {
      return axiom::expected<int>{2 * x};
    }));
    check(co_await map_with_limit(
      self, items, 2, [](int x) { return caf::expected<int>{2 * x}; }));
    check(co_await map_with_limit(
      self, items, 2, [](int x) -> async<int> { co_return 2 * x; }));
    check(co_await map_with_limit(self, items, 2,
                                  [](task_context& me, int x) -> async<int> {
                                    co_await me.yield();
                                    co_return 2 * x;
                                  }));
  });
  run();
  t.get();
}

BOOST_AUTO_TEST_CASE(may_be_move_only_and_without_a_default) {
  struct sealed {
    explicit sealed(int x) : value(std::make_unique<int>(x)) {
      // nop
    }
    std::unique_ptr<int> value;
  };
  auto t = start("t", [](task_context& self) -> async<int> {
    auto items = numbers(200);
    auto all =
      co_await map_with_limit(self, items, 7, [](int x) { return sealed{x}; });
    int sum = 0;
    for (auto& x : all)
      sum += *x.value;
    co_return sum;
  });
  run();
  BOOST_TEST(t.get() == 199 * 200 / 2);
}

BOOST_AUTO_TEST_CASE(may_be_bools) {
  auto t = start("t", [](task_context& self) -> async<std::vector<bool>> {
    auto items = numbers(3);
    co_return co_await map_with_limit(self, items, 2,
                                      [](int x) { return x % 2 == 1; });
  });
  run();
  BOOST_TEST((t.get() == std::vector<bool>{false, true, false}));
}

BOOST_AUTO_TEST_CASE(of_calls_for_their_effect_are_dropped) {
  int sum = 0;
  auto t = start("t", [&](task_context& self) -> async<void> {
    auto items = numbers(10);
    co_await for_each_with_limit(self, items, 3, [&](int x) { sum += x; });
    co_await for_each_with_limit(self, items, 3,
                                 [&](task_context& me, int x) -> async<int> {
                                   co_await me.yield();
                                   co_return sum += x;
                                 });
  });
  run();
  t.get();
  BOOST_TEST(sum == 90);
}

BOOST_AUTO_TEST_CASE(of_every_item_are_collected_as_values_and_failures) {
  auto t = start("t", [](task_context& self) -> async<void> {
    auto items = numbers(6);
    auto all = co_await map_collect(
      self, items, 4, [](task_context& me, int x) -> async<int> {
        co_await me.sleep_for((6 - x) * 1s);
        if (x % 3 == 1)
          co_return axiom::fail(errc::invalid_argument, std::to_string(x));
        co_return x;
      });
    BOOST_REQUIRE(all.size() == 6u);
    for (int i = 0; i < 6; ++i) {
      auto& x = all[static_cast<std::size_t>(i)];
      if (i % 3 == 1)
        BOOST_TEST(x.error().what()
                   == "invalid_argument: " + std::to_string(i));
      else
        BOOST_TEST(x.value() == i);
    }
    auto done = co_await map_collect(self, items, 4, [](int x) {
      if (x == 2)
        throw std::runtime_error("two");
    });
    BOOST_TEST(!done[2].has_value());
    BOOST_TEST(done[3].has_value());
  });
  advance(100s);
  t.get();
}

BOOST_AUTO_TEST_SUITE_END()

BOOST_FIXTURE_TEST_SUITE(map_items, stepwise)

BOOST_AUTO_TEST_CASE(of_an_lvalue_are_used_where_they_are) {
  std::list<int> items{1, 2, 3};
  auto t = start("t", [&](task_context& self) -> async<void> {
    co_await for_each_with_limit(self, items, 2,
                                 [](task_context& me, int& x) -> async<void> {
                                   co_await me.yield();
                                   x *= 10;
                                 });
    const auto& constant = items;
    auto places = co_await map_with_limit(self, constant, 2,
                                          [](const int& x) { return &x; });
    BOOST_TEST(places.front() == &items.front());
  });
  run();
  t.get();
  BOOST_TEST(items == (std::list<int>{10, 20, 30}),
             boost::test_tools::per_element());
}

BOOST_AUTO_TEST_CASE(that_were_moved_in_are_given_away) {
  auto t = start("t", [](task_context& self) -> async<int> {
    std::vector<std::unique_ptr<int>> items;
    for (int i = 0; i < 10; ++i)
      items.push_back(std::make_unique<int>(i));
    auto moved = co_await map_with_limit(
      self, std::move(items), 3,
      [](task_context& me,
         std::unique_ptr<int> x) -> async<std::unique_ptr<int>> {
        co_await me.yield();
        co_return x;
      });
    auto seen = co_await map_with_limit(
      self, std::move(moved), 3, [](std::unique_ptr<int>& x) { return *x; });
    co_return std::accumulate(seen.begin(), seen.end(), 0);
  });
  run();
  BOOST_TEST(t.get() == 45);
}

BOOST_AUTO_TEST_CASE(may_be_a_temporary_range) {
  auto t = start("t", [](task_context& self) -> async<std::vector<int>> {
    co_return co_await map_with_limit(self, numbers(10), 3, doubled_late);
  });
  advance(100s);
  BOOST_TEST(t.get() == doubles(10), boost::test_tools::per_element());
}

BOOST_AUTO_TEST_CASE(of_a_single_pass_range_are_taken_when_a_call_can_start) {
  for (int limit : {1, 2, 64, 1024}) {
    int alive = 0;
    int running = 0;
    int most = 0;
    int ended = 0;
    auto make = [&](int i) {
      BOOST_TEST(i < ended + limit); // taken before: i
      return counted_item{alive, i};
    };
    made_items items{200, make};
    auto t = start("t", [&](task_context& self) -> async<std::size_t> {
      auto op = [&](task_context& me, counted_item x) -> async<int> {
        most = std::max(most, ++running);
        BOOST_TEST(alive <= 2 * limit); // in the lane and in the call
        co_await me.sleep_for((x.value() % 3 + 1) * 1s);
        --running;
        ++ended;
        co_return x.value();
      };
      auto all = co_await map_with_limit(self, items,
                                         static_cast<std::size_t>(limit), op);
      BOOST_TEST(all == numbers(200), boost::test_tools::per_element());
      co_return all.size();
    });
    run();
    BOOST_TEST(running == std::min(limit, 200));
    advance(1000s);
    BOOST_TEST(t.get() == 200u);
    BOOST_TEST(most == std::min(limit, 200));
    BOOST_TEST(alive == 0);
  }
}

BOOST_AUTO_TEST_CASE(are_not_touched_before_the_map_is_awaited) {
  made_items items{3, [](int i) { return i; }};
  auto t = start("t", [&](task_context& self) -> async<void> {
    auto request = map_with_limit(self, items, 2, doubled_late);
    BOOST_TEST(items.taken() == 0);
    co_await std::move(request);
  });
  advance(10s);
  t.get();
  BOOST_TEST(items.taken() == 3);
}

BOOST_AUTO_TEST_SUITE_END()

BOOST_FIXTURE_TEST_SUITE(map_limits, stepwise)

BOOST_AUTO_TEST_CASE(of_nothing_are_refused_with_advice) {
  auto t = start("t", [](task_context& self) -> async<void> {
    auto items = numbers(3);
    auto zero = map_with_limit(self, {.name = "pages"}, items, 0, doubled_late);
    co_await std::move(zero);
  });
  run();
  auto got = t.get_expected();
  BOOST_REQUIRE(!got);
  BOOST_TEST(got.error().what()
             == "invalid_argument: the limit of 'pages' is 0: no call could "
                "ever start; use at least 1");
}

BOOST_AUTO_TEST_CASE(do_not_go_with_the_failure_mode_partial) {
  auto t = start("t", [](task_context& self) -> async<void> {
    auto items = numbers(3);
    auto partial =
      map_with_limit(self, {.failure_mode = axiom::failure_mode::partial},
                     items, 1, doubled_late);
    co_await std::move(partial);
  });
  run();
  BOOST_TEST(t.get_expected().error().is(errc::invalid_argument));
}

BOOST_AUTO_TEST_CASE(far_above_the_number_of_items_cost_no_tasks) {
  auto t = start("t", [](task_context& self) -> async<void> {
    auto items = numbers(3);
    co_await map_with_limit(self, items, 1'000'000, doubled_late);
  });
  advance(10s);
  t.get();
  // One a call that waits, and one that found nothing left.
  BOOST_TEST(events().count(task_phase::created) <= 2u + 4u);
}

BOOST_AUTO_TEST_CASE(are_not_used_up_by_calls_that_do_not_wait) {
  auto t = start("t", [](task_context& self) -> async<void> {
    auto items = numbers(1000);
    co_await map_with_limit(self, items, 1024, [](int x) { return x; });
  });
  run();
  t.get();
  BOOST_TEST(events().count(task_phase::created) < 100u);
}

BOOST_AUTO_TEST_CASE(let_others_run_between_calls_that_do_not_wait) {
  int calls = 0;
  int seen = -1;
  auto t = start("t", [&](task_context& self) -> async<void> {
    auto items = numbers(10'000);
    co_await for_each_with_limit(self, items, 1, [&](int) { ++calls; });
  });
  run_one(); // the map's caller
  auto other = start("other", [&] { seen = calls; });
  run();
  t.get();
  other.get();
  BOOST_TEST(seen >= 0);
  BOOST_TEST(seen < 200);
  BOOST_TEST(calls == 10'000);
}

BOOST_AUTO_TEST_CASE(keep_memory_flat_over_a_huge_input) {
  int alive = 0;
  int most = 0;
  made_items items{300'000, [&](int i) { return counted_item{alive, i}; }};
  auto t = start("t", [&](task_context& self) -> async<void> {
    co_await for_each_with_limit(self, items, 10, [&](const counted_item&) {
      most = std::max(most, alive);
    });
  });
  run();
  t.get();
  BOOST_TEST(items.taken() == 300'000);
  BOOST_TEST(most == 1); // no call waited
  BOOST_TEST(events().count(task_phase::created) <= 2u + 10u);
}

BOOST_AUTO_TEST_SUITE_END()

BOOST_FIXTURE_TEST_SUITE(map_on_threads, threaded)

BOOST_AUTO_TEST_CASE(runs_blocking_operations_on_threads_of_their_own) {
  std::atomic<bool> on_worker{false};
  auto t = start("t", [&](task_context& self) -> async<std::vector<int>> {
    auto items = numbers(20);
    auto op = axiom::blocking([&](task_context& me, int x) {
      if (axiom::runtime::host::of(me.system()).on_worker_thread())
        on_worker = true;
      return 2 * x;
    });
    co_return co_await map_with_limit(self, items, 4, axiom::named(op));
  });
  BOOST_TEST(t.get() == doubles(20), boost::test_tools::per_element());
  BOOST_TEST(!on_worker);
}

BOOST_AUTO_TEST_SUITE_END()
