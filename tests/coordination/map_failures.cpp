// map_with_limit and its kin: failures of calls and of sources, cancellation,
// and what a call leaves behind.

#include "support/items.hpp"
#include "support/tasks.hpp"

using namespace test;
using axiom::cancel_reason;
using axiom::failure_mode;
using axiom::for_each_with_limit;
using axiom::map_collect;
using axiom::map_with_limit;

namespace {

constexpr auto collect_all = failure_mode::collect_all;

/// The errors that a task failed with, as lines `name: text`.
template <class T>
lines errors_of(const axiom::task<T>& t) {
  lines result;
  try {
    t.get();
  } catch (const axiom::concurrent_errors& ex) {
    for (auto& x : ex.errors()) {
      result.push_back(x.task.name + ": " + x.error.what());
      for (auto& y : x.suppressed)
        result.push_back("+" + y.task.name + ": " + y.error.what());
    }
  }
  return result;
}

constexpr auto source_is_broken =
  "unhandled_exception: std::runtime_error: the source is broken";

/// Takes `x` seconds, and fails if `x` is odd.
async<int> odd_fails(task_context& self, int x) {
  co_await self.sleep_for(x * 1s);
  if (x % 2 == 1)
    co_return axiom::fail(errc::invalid_argument, "odd");
  co_return x;
}

/// Fails while it is being cancelled.
async<int> failing_when_cancelled(task_context& self, int) {
  co_await axiom::as_expected(self.sleep_for(24h));
  co_return axiom::fail(errc::invalid_argument, "in passing");
}

struct map_fixture : stepwise {
  /// Starts a map over what `items` is, in a task of its own.
  template <class Items, class F>
  axiom::task<void> map(const axiom::item_options& options, Items& items,
                        std::size_t limit, F op) {
    return start("owner", [=, &items](task_context& self) -> async<void> {
      auto copy = op;
      co_await map_with_limit(self, options, items, limit, axiom::named(copy));
    });
  }
};

} // namespace

BOOST_FIXTURE_TEST_SUITE(map_failures, map_fixture)

BOOST_AUTO_TEST_CASE(of_a_call_end_the_others_and_name_the_item) {
  int ended = 0;
  made_items items{100, [](int i) { return i; }};
  auto t = map(
    {.name = "pages"}, items, 4, [&](task_context& self, int x) -> async<int> {
      axiom::cancel_registration r = self.on_cancel([&ended] { ++ended; });
      co_await self.sleep_for((x == 2 ? 5 : 10) * 1s);
      if (x == 2)
        throw std::runtime_error("two");
      co_return x;
    });
  advance(5s);
  BOOST_TEST(t.done());
  BOOST_TEST(ended == 3);
  BOOST_TEST(items.taken() == 4);
  BOOST_TEST(errors_of(t)
               == (lines{"pages[2]: unhandled_exception: std::runtime_error: "
                         "two"}),
             boost::test_tools::per_element());
}

BOOST_AUTO_TEST_CASE(of_calls_without_a_wait_take_no_further_item) {
  made_items items{1000, [](int i) { return i; }};
  auto t = map({}, items, 3, [](int x) {
    return x == 17 ? axiom::expected<int>{axiom::fail(errc::invalid_argument,
                                                      "seventeen")}
                   : x;
  });
  run();
  BOOST_TEST(items.taken() == 18);
  BOOST_TEST(errors_of(t) == (lines{"map[17]: invalid_argument: seventeen"}),
             boost::test_tools::per_element());
}

BOOST_AUTO_TEST_CASE(that_come_later_are_suppressed) {
  std::vector<int> items{0, 1, 2};
  auto t = map({}, items, 3, [](task_context& self, int x) -> async<int> {
    if (x == 1)
      co_return co_await odd_fails(self, 1);
    co_return co_await failing_when_cancelled(self, x);
  });
  advance(1s);
  auto got = errors_of(t);
  BOOST_REQUIRE(got.size() == 3u);
  BOOST_TEST(got[0] == "map[1]: invalid_argument: odd");
  BOOST_TEST((got[1] == "+map[0]: invalid_argument: in passing"
              || got[1] == "+map[2]: invalid_argument: in passing"));
}

BOOST_AUTO_TEST_CASE(are_all_thrown_in_the_mode_that_collects_them) {
  std::vector<int> items{5, 4, 3, 2, 1, 0};
  auto t = map({.failure_mode = collect_all}, items, 2, odd_fails);
  advance(100s);
  BOOST_TEST(errors_of(t)
               == (lines{"map[0]: invalid_argument: odd",
                         "map[2]: invalid_argument: odd",
                         "map[4]: invalid_argument: odd"}),
             boost::test_tools::per_element());
}

BOOST_AUTO_TEST_CASE(of_a_source_let_what_was_started_complete) {
  for (int at : {0, 3, 9})
    for (std::size_t limit : {1, 2, 64}) {
      int ended = 0;
      auto items = throwing_at(at, 10);
      auto t =
        map({}, items, limit, [&](task_context& self, int x) -> async<int> {
          co_await self.sleep_for(x * 1s);
          ++ended;
          co_return x;
        });
      advance(100s);
      BOOST_CHECK_THROW(t.get(), std::runtime_error);
      BOOST_TEST(ended == at);
    }
}

BOOST_AUTO_TEST_CASE(of_source_and_calls_are_all_thrown) {
  for (auto mode : {failure_mode::throw_on_first, collect_all}) {
    auto items = throwing_at(2, 10);
    auto t = map({.failure_mode = mode}, items, 8, odd_fails);
    advance(100s);
    BOOST_TEST(errors_of(t)
                 == (lines{std::string{"map: "} + source_is_broken,
                           "+map[1]: invalid_argument: odd"}),
               boost::test_tools::per_element());
  }
  auto items = throwing_at(2, 10);
  auto t = start("owner", [&](task_context& self) -> async<void> {
    co_await map_collect(self, items, 8, odd_fails);
  });
  advance(100s);
  BOOST_TEST(errors_of(t)
               == (lines{std::string{"map: "} + source_is_broken,
                         "+map[1]: invalid_argument: odd"}),
             boost::test_tools::per_element());
}

BOOST_AUTO_TEST_CASE(of_a_source_are_not_lost_in_a_cancellation) {
  auto items = throwing_at(2, 10);
  auto t = map({}, items, 8, [](task_context& self, int) -> async<int> {
    co_await self.sleep_for(24h);
    co_return 0;
  });
  run();
  t.cancel();
  run();
  BOOST_TEST(t.get_expected().error().is(errc::concurrent_errors));
  BOOST_TEST(errors_of(t) == (lines{std::string{"map: "} + source_is_broken}),
             boost::test_tools::per_element());
}

namespace {

/// Throws when it is copied or moved once too often.
struct fragile {
  explicit fragile(int& budget) : left(&budget) {
    // nop
  }
  fragile(const fragile& other) : left(other.left) {
    if (--*left < 0)
      throw std::runtime_error("cannot be moved");
  }
  fragile& operator=(const fragile&) = default;

  int* left;
};

} // namespace

BOOST_AUTO_TEST_CASE(of_copying_and_moving_show_wherever_they_happen) {
  auto failures = 0;
  for (int budget = 0; budget < 12; ++budget) {
    int left = budget;
    made_items items{1, [&](int) { return 0; }};
    auto t = start("t", [&](task_context& self) -> async<std::size_t> {
      auto all = co_await map_with_limit(self, items, 1,
                                         [&](int) { return fragile{left}; });
      co_return all.size();
    });
    run();
    auto got = t.get_expected();
    BOOST_TEST(got.has_value() == (left >= 0));
    failures += got ? 0 : 1;
    if (got)
      BOOST_TEST(*got == 1u);
  }
  BOOST_TEST(failures > 0);
  BOOST_TEST(failures < 12);
}

BOOST_AUTO_TEST_CASE(of_copying_an_item_are_those_of_the_source) {
  int left = 1'000;
  made_items items{5, [&](int i) {
                     if (i == 3)
                       left = 0; // the copies of this one fail
                     return fragile{left};
                   }};
  int calls = 0;
  auto t = map({}, items, 2, [&](const fragile&) {
    ++calls;
    return 0;
  });
  run();
  BOOST_CHECK_THROW(t.get(), std::runtime_error);
  BOOST_TEST(calls == 3);
}

BOOST_AUTO_TEST_SUITE_END()

BOOST_FIXTURE_TEST_SUITE(map_calls, map_fixture)

BOOST_AUTO_TEST_CASE(are_over_when_their_children_are) {
  lines log;
  std::vector<int> items{0, 1};
  auto t = map({}, items, 1, [&](task_context& self, int x) {
    log.push_back("call " + std::to_string(x));
    self.create_child_task(
      "child", [&log, &item = items[x]](task_context& me) -> async<void> {
        co_await me.sleep_for(1s);
        log.push_back("child " + std::to_string(item));
      });
    return x;
  });
  advance(2s);
  t.get();
  BOOST_TEST(log == (lines{"call 0", "child 0", "call 1", "child 1"}),
             boost::test_tools::per_element());
}

BOOST_AUTO_TEST_CASE(have_the_failures_of_children_nobody_looked_at) {
  std::vector<int> items{0, 1, 2};
  auto t = start("owner", [&](task_context& self) -> async<void> {
    auto all =
      co_await map_collect(self, items, 1, [](task_context& me, int x) {
        if (x == 1)
          me.create_child_task("child", failing);
        return x;
      });
    BOOST_TEST(all[0].has_value());
    BOOST_TEST(all[2].has_value());
    BOOST_REQUIRE(!all[1].has_value());
    BOOST_TEST(all[1].error().what()
               == "concurrent_errors: 'child': invalid_argument: broken");
  });
  run();
  t.get();
}

BOOST_AUTO_TEST_CASE(keep_their_own_failure_beside_their_childrens) {
  std::vector<int> items{0};
  auto t = map({}, items, 1, [](task_context& self, int) -> int {
    self.create_child_task("child", failing);
    throw std::runtime_error("mine");
  });
  run();
  auto got = t.get_expected();
  BOOST_REQUIRE(!got);
  try {
    got.error().rethrow();
  } catch (const axiom::concurrent_errors& ex) {
    auto* below = ex.first().nested();
    BOOST_REQUIRE(below != nullptr);
    BOOST_TEST(below->first().error.what()
               == "unhandled_exception: std::runtime_error: mine");
    BOOST_REQUIRE(below->first().suppressed.size() == 1u);
    BOOST_TEST(below->first().suppressed[0].task.name == "child");
  }
}

BOOST_AUTO_TEST_CASE(keep_their_failure_when_cancelled_while_children_run) {
  std::vector<int> items{0};
  auto t = map({}, items, 1, [](task_context& self, int) -> int {
    self.create_child_task("child", forever);
    throw std::runtime_error("mine");
  });
  run();
  BOOST_TEST(!t.done());
  t.cancel();
  run();
  BOOST_TEST(errors_of(t)
               == (lines{"map: concurrent_errors: 'map[0]': "
                         "unhandled_exception: std::runtime_error: mine"}),
             boost::test_tools::per_element());
}

BOOST_AUTO_TEST_CASE(leave_no_handlers_to_those_that_follow) {
  int handled = 0;
  std::vector<axiom::cancel_registration> kept;
  std::vector<int> items{0, 1};
  auto t = map({}, items, 1, [&](task_context& self, int x) -> async<int> {
    if (x == 0)
      kept.push_back(self.on_cancel([&handled] { ++handled; }));
    else
      co_await self.sleep_for(24h);
    co_return x;
  });
  run();
  t.cancel();
  run();
  BOOST_TEST(handled == 0);
  BOOST_TEST(t.get_expected().error().is(errc::cancelled));
}

BOOST_AUTO_TEST_SUITE_END()

BOOST_FIXTURE_TEST_SUITE(map_cancelling, map_fixture)

BOOST_AUTO_TEST_CASE(ends_all_calls_and_destroys_every_item_once) {
  for (std::size_t limit : {1, 2, 64}) {
    int alive = 0;
    int started = 0;
    int ended = 0;
    lines unwound;
    made_items items{100, [&](int i) { return counted_item{alive, i}; }};
    auto t = map({}, items, limit,
                 [&](task_context& self, counted_item x) -> async<int> {
                   ++started;
                   noted_end here{unwound, "ended"};
                   co_await self.sleep_for((x.value() % 7 + 1) * 1s);
                   ++ended;
                   co_return 0;
                 });
    advance(3s);
    BOOST_TEST(!t.done());
    t.cancel();
    run();
    BOOST_TEST(t.done());
    BOOST_TEST(alive == 0);
    BOOST_TEST(unwound.size() == static_cast<std::size_t>(started));
    BOOST_TEST(items.taken() == started);
    BOOST_TEST(started - ended == static_cast<int>(limit));
    BOOST_TEST(t.get_expected().error().is(errc::cancelled));
  }
}

BOOST_AUTO_TEST_CASE(reaches_calls_that_do_not_wait) {
  made_items items{1'000'000, [](int i) { return i; }};
  axiom::task<void>* self_handle = nullptr;
  auto t = map({}, items, 4, [&](int x) {
    if (x == 1000)
      self_handle->cancel();
    return x;
  });
  self_handle = &t;
  run();
  BOOST_TEST(items.taken() == 1001);
  BOOST_TEST(t.get_expected().error().is(errc::cancelled));
}

BOOST_AUTO_TEST_CASE(by_check_cancelled_is_no_failure_of_a_call) {
  axiom::task<void>* self_handle = nullptr;
  std::vector<int> items{0, 1, 2};
  auto t = map({}, items, 2, [&](task_context& self, int x) {
    self_handle->cancel();
    self.check_cancelled();
    return x;
  });
  self_handle = &t;
  run();
  BOOST_TEST(t.get_expected().error().is(errc::cancelled));
}

BOOST_AUTO_TEST_CASE(by_its_timeout_is_a_deadline_exceeded) {
  int alive = 0;
  made_items items{10, [&](int i) { return counted_item{alive, i}; }};
  auto t = map({.name = "slow", .timeout = 3s}, items, 2,
               [](task_context& self, const counted_item&) -> async<int> {
                 co_await self.sleep_for(2s);
                 co_return 0;
               });
  advance(3s);
  BOOST_TEST(t.done());
  BOOST_TEST(alive == 0);
  BOOST_TEST(t.get_expected().error().what()
             == "deadline_exceeded: 'slow' did not end in time");
}

BOOST_AUTO_TEST_CASE(comes_with_the_deadline_of_the_caller) {
  std::vector<int> items{0, 1, 2};
  auto t = start(
    {.name = "owner", .timeout = 1s}, [&](task_context& self) -> async<void> {
      co_await for_each_with_limit(
        self, items, 2, [](task_context& me, int) { return forever(me); });
    });
  advance(1s);
  BOOST_TEST(t.get_expected().error().is(errc::cancelled));
}

BOOST_AUTO_TEST_CASE(of_one_call_alone_fails_its_item_only) {
  for (std::size_t limit : {1, 3}) {
    std::vector<int> items{0, 1, 2, 3};
    auto t = start("owner", [&](task_context& self) -> async<void> {
      auto all = co_await map_collect(
        self, items, limit, [](task_context& me, int x) -> async<int> {
          if (x == 1) {
            auto actor = caf::actor_cast<caf::actor>(me.reference().local);
            send_exit(actor, axiom::make_error(errc::invalid_argument));
          }
          co_await me.sleep_for(1s);
          co_return x;
        });
      BOOST_TEST(all[0].has_value());
      BOOST_TEST(all[1].error().is(errc::cancelled));
      BOOST_TEST(all[2].has_value());
      BOOST_TEST(all[3].has_value());
    });
    advance(10s);
    t.get();
  }
}

BOOST_AUTO_TEST_SUITE_END()
