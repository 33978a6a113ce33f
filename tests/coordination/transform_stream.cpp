// transform_stream: order, back-pressure, sources, ends.

#include <algorithm>
#include <numeric>

#include "support/items.hpp"
#include "support/tasks.hpp"

using namespace test;
using axiom::failure_mode;
using axiom::stream_order;
using axiom::transform_stream;

namespace {

std::vector<int> numbers(int n) {
  std::vector<int> result(static_cast<std::size_t>(n));
  std::iota(result.begin(), result.end(), 0);
  return result;
}

/// Gives its item back after a time that depends on it.
async<int> late(task_context& self, int x) {
  co_await self.sleep_for((x * 7 % 5) * 1s);
  co_return x;
}

async<int> odd_fails(task_context& self, int x) {
  co_await self.sleep_for(x * 1s);
  if (x % 2 == 1)
    co_return axiom::fail(errc::invalid_argument, "odd");
  co_return x;
}

/// A body that reads all there is.
constexpr auto read_all = [](auto& stream) -> async<std::vector<int>> {
  std::vector<int> all;
  for (auto x = co_await stream.next(); x; x = co_await stream.next())
    all.push_back(*x);
  co_return all;
};

/// An async source of 0, 1, ... that takes a second for each.
auto slow_numbers(int n, int& taken) {
  return [n, &taken](task_context& self) -> async<std::optional<int>> {
    co_await self.sleep_for(1s);
    if (taken == n)
      co_return std::nullopt;
    co_return taken++;
  };
}

/// The errors that a task failed with, as lines `name: text`.
template <class T>
lines errors_of(const axiom::task<T>& t) {
  lines result;
  try {
    t.get();
  } catch (const axiom::concurrent_errors& ex) {
    for (auto& x : ex.errors())
      result.push_back(x.task.name + ": " + x.error.what());
  }
  return result;
}

} // namespace

BOOST_FIXTURE_TEST_SUITE(stream_results, stepwise)

BOOST_AUTO_TEST_CASE(come_in_order_of_the_items) {
  for (std::size_t limit : {1, 2, 3, 64, 1024}) {
    auto t = start("t", [limit](task_context& self) -> async<std::vector<int>> {
      auto items = numbers(100);
      co_return co_await transform_stream(self, items, limit, late, read_all);
    });
    advance(1000s);
    BOOST_TEST(t.get() == numbers(100), boost::test_tools::per_element());
  }
}

BOOST_AUTO_TEST_CASE(come_in_order_of_completion_if_that_is_wanted) {
  auto t = start("t", [](task_context& self) -> async<std::vector<int>> {
    std::vector<int> items{3, 1, 2};
    co_return co_await transform_stream(
      self, {.order = stream_order::completion}, items, 3,
      [](task_context& me, int x) -> async<int> {
        co_await me.sleep_for(x * 1s);
        co_return x;
      },
      read_all);
  });
  advance(10s);
  BOOST_TEST(t.get() == (std::vector<int>{1, 2, 3}),
             boost::test_tools::per_element());
}

BOOST_AUTO_TEST_CASE(come_from_operations_that_do_not_wait) {
  for (auto order : {stream_order::items, stream_order::completion})
    for (std::size_t limit : {1, 2, 64}) {
      auto t = start("t", [=](task_context& self) -> async<std::vector<int>> {
        co_return co_await transform_stream(
          self, {.order = order}, numbers(1000), limit, [](int x) { return x; },
          read_all);
      });
      run();
      BOOST_TEST(t.get() == numbers(1000), boost::test_tools::per_element());
    }
}

BOOST_AUTO_TEST_CASE(of_no_items_are_none) {
  auto t = start("t", [](task_context& self) -> async<std::vector<int>> {
    std::vector<int> none;
    co_return co_await transform_stream(self, none, 3, late, read_all);
  });
  run();
  BOOST_TEST(t.get().empty());
}

BOOST_AUTO_TEST_CASE(may_be_move_only) {
  auto t = start("t", [](task_context& self) -> async<int> {
    std::vector<std::unique_ptr<int>> items;
    for (int i = 0; i < 20; ++i)
      items.push_back(std::make_unique<int>(i));
    co_return co_await transform_stream(
      self, std::move(items), 4, [](std::unique_ptr<int> x) { return x; },
      [](auto& stream) -> async<int> {
        int sum = 0;
        for (auto x = co_await stream.next(); x; x = co_await stream.next())
          sum += **x;
        co_return sum;
      });
  });
  run();
  BOOST_TEST(t.get() == 190);
}

BOOST_AUTO_TEST_CASE(are_never_more_than_the_limit_beyond_what_was_read) {
  for (auto order : {stream_order::items, stream_order::completion})
    for (int limit : {1, 2, 5}) {
      int alive = 0;
      int running = 0;
      int most = 0;
      int read = 0;
      made_items items{60, [&](int i) {
                         BOOST_TEST(i < read + limit);
                         return counted_item{alive, i};
                       }};
      auto t = start("t", [&](task_context& self) -> async<int> {
        auto op = [&](task_context& me, const counted_item& x) -> async<int> {
          most = std::max(most, ++running);
          co_await me.sleep_for((x.value() % 3 + 1) * 1s);
          --running;
          co_return x.value();
        };
        auto body = [&](auto& stream) -> async<int> {
          co_await self.sleep_for(100s);
          BOOST_TEST(running == 0);
          BOOST_TEST(items.taken() == limit); // and then it waited
          for (auto x = co_await stream.next(); x; x = co_await stream.next()) {
            ++read;
            if (read % 10 == 0)
              co_await self.sleep_for(5s);
          }
          co_return read;
        };
        co_return co_await transform_stream(self, {.order = order}, items,
                                            static_cast<std::size_t>(limit), op,
                                            body);
      });
      advance(1000s);
      BOOST_TEST(t.get() == 60);
      BOOST_TEST(most == limit);
      BOOST_TEST(alive == 0);
    }
}

BOOST_AUTO_TEST_CASE(that_were_read_make_room_though_no_lane_waits) {
  int running = 0;
  auto t = start("t", [&](task_context& self) -> async<int> {
    // The first three are there at once; only then do calls take long.
    auto op = [&](task_context& me, int x) -> async<int> {
      if (x >= 3) {
        ++running;
        co_await me.sleep_for(10s);
        --running;
      }
      co_return x;
    };
    co_return co_await transform_stream(self, numbers(20), 4, op,
                                        [&](auto& stream) -> async<int> {
                                          co_await self.sleep_for(1s);
                                          for (int i = 0; i < 3; ++i)
                                            co_await stream.next();
                                          co_await self.sleep_for(1s);
                                          BOOST_TEST(running == 4);
                                          co_return 0;
                                        });
  });
  advance(100s);
  t.get();
}

BOOST_AUTO_TEST_SUITE_END()

BOOST_FIXTURE_TEST_SUITE(stream_sources, stepwise)

BOOST_AUTO_TEST_CASE(may_have_to_be_awaited) {
  for (std::size_t limit : {1, 3}) {
    int taken = 0;
    auto t = start("t", [&](task_context& self) -> async<std::vector<int>> {
      auto source = slow_numbers(10, taken);
      co_return co_await transform_stream(self, source, limit, late, read_all);
    });
    advance(1000s);
    BOOST_TEST(t.get() == numbers(10), boost::test_tools::per_element());
  }
}

BOOST_AUTO_TEST_CASE(are_asked_by_one_at_a_time) {
  int asking = 0;
  int given = 0;
  auto t = start("t", [&](task_context& self) -> async<std::vector<int>> {
    auto source = [&]() -> async<std::optional<int>> {
      BOOST_TEST(++asking == 1);
      co_await self.yield();
      --asking;
      if (given == 50)
        co_return std::nullopt;
      co_return given++;
    };
    co_return co_await transform_stream(
      self, source, 8,
      [](task_context& me, int x) -> async<int> {
        co_await me.yield();
        co_return x;
      },
      read_all);
  });
  run();
  BOOST_TEST(t.get() == numbers(50), boost::test_tools::per_element());
}

BOOST_AUTO_TEST_CASE(that_throw_do_so_after_what_was_started) {
  for (int at : {0, 3, 9})
    for (auto order : {stream_order::items, stream_order::completion}) {
      int read = 0;
      auto items = throwing_at(at, 10);
      auto t = start("t", [&](task_context& self) -> async<void> {
        auto body = [&](auto& stream) -> async<void> {
          for (auto x = co_await stream.next(); x; x = co_await stream.next())
            ++read;
        };
        co_await transform_stream(self, {.order = order}, items, 4, late, body);
      });
      advance(100s);
      BOOST_CHECK_THROW(t.get(), std::runtime_error);
      BOOST_TEST(read == at);
    }
}

BOOST_AUTO_TEST_CASE(that_failed_unseen_fail_the_scope) {
  auto items = throwing_at(2, 10);
  auto t = start("t", [&](task_context& self) -> async<int> {
    co_return co_await transform_stream(self, items, 4, late,
                                        [&](auto& stream) -> async<int> {
                                          co_await stream.next();
                                          co_await self.sleep_for(100s);
                                          co_return 1;
                                        });
  });
  advance(200s);
  BOOST_CHECK_THROW(t.get(), std::runtime_error);
}

BOOST_AUTO_TEST_SUITE_END()

BOOST_FIXTURE_TEST_SUITE(stream_ends, stepwise)

BOOST_AUTO_TEST_CASE(cancel_what_is_in_flight_when_the_body_leaves_early) {
  int alive = 0;
  int cancelled = 0;
  made_items items{100, [&](int i) { return counted_item{alive, i}; }};
  auto t = start("t", [&](task_context& self) -> async<int> {
    auto op = [&](task_context& me, counted_item x) -> async<int> {
      if (x.value() > 0) {
        auto r = me.on_cancel([&] { ++cancelled; });
        co_await me.sleep_for(24h);
      }
      co_return x.value();
    };
    auto body = [&](auto& stream) -> async<int> {
      auto first = co_await stream.next();
      co_await self.sleep_for(1s);
      co_return *first + 7;
    };
    co_return co_await transform_stream(self, items, 4, op, body);
  });
  advance(1s);
  BOOST_TEST(t.get() == 7);
  BOOST_TEST(cancelled == 4);
  BOOST_TEST(alive == 0);
}

BOOST_AUTO_TEST_CASE(keep_failures_of_calls_when_the_body_has_left) {
  auto t = start("t", [&](task_context& self) -> async<int> {
    auto op = [](task_context& me, int) -> async<int> {
      co_await axiom::as_expected(me.sleep_for(24h));
      co_return axiom::fail(errc::invalid_argument, "in passing");
    };
    auto body = [&](auto&) -> async<int> {
      co_await self.sleep_for(1s);
      co_return 7;
    };
    co_return co_await transform_stream(self, numbers(5), 1, op, body);
  });
  advance(1s);
  BOOST_TEST(errors_of(t) == (lines{"stream[0]: invalid_argument: in passing"}),
             boost::test_tools::per_element());
}

BOOST_AUTO_TEST_CASE(come_with_the_first_failure_of_a_call) {
  int read = 0;
  auto t = start("t", [&](task_context& self) -> async<int> {
    auto body = [&](auto& stream) -> async<int> {
      while (co_await stream.next())
        ++read;
      co_return 0;
    };
    co_return co_await transform_stream(self, {.name = "pages"}, numbers(10), 4,
                                        odd_fails, body);
  });
  advance(100s);
  BOOST_TEST(read == 1);
  BOOST_TEST(errors_of(t) == (lines{"pages[1]: invalid_argument: odd"}),
             boost::test_tools::per_element());
}

BOOST_AUTO_TEST_CASE(leave_failed_items_out_where_failures_are_collected) {
  for (auto order : {stream_order::items, stream_order::completion}) {
    std::vector<int> got;
    auto t = start("t", [&](task_context& self) -> async<int> {
      auto body = [&](auto& stream) -> async<int> {
        got = co_await read_all(stream);
        co_return 0;
      };
      co_return co_await transform_stream(
        self, {.failure_mode = failure_mode::collect_all, .order = order},
        numbers(6), 2, odd_fails, body);
    });
    advance(100s);
    BOOST_TEST(got == (std::vector<int>{0, 2, 4}),
               boost::test_tools::per_element());
    BOOST_TEST(errors_of(t).size() == 3u);
  }
}

BOOST_AUTO_TEST_CASE(throw_what_the_body_throws) {
  auto t = start("t", [&](task_context& self) -> async<int> {
    auto body = [](auto& stream) -> async<int> {
      co_await stream.next();
      throw std::logic_error("enough");
    };
    co_return co_await transform_stream(self, numbers(10), 4, late, body);
  });
  advance(100s);
  BOOST_CHECK_THROW(t.get(), std::logic_error);
}

BOOST_AUTO_TEST_CASE(come_with_a_cancellation_from_outside_or_a_timeout) {
  for (bool by_timeout : {false, true}) {
    int alive = 0;
    made_items items{100, [&](int i) { return counted_item{alive, i}; }};
    auto t = start("t", [&](task_context& self) -> async<void> {
      axiom::stream_options options;
      if (by_timeout)
        options.timeout = 3s;
      co_await transform_stream(
        self, options, items, 4,
        [](task_context& me, counted_item x) -> async<int> {
          co_await me.sleep_for(2s);
          co_return x.value();
        },
        [&](auto& stream) -> async<void> {
          while (co_await stream.next())
            co_await self.yield();
        });
    });
    advance(3s);
    if (!by_timeout) {
      BOOST_TEST(!t.done());
      t.cancel();
      run();
    }
    BOOST_TEST(t.done());
    BOOST_TEST(alive == 0);
    BOOST_TEST(t.get_expected().error().is(by_timeout ? errc::deadline_exceeded
                                                      : errc::cancelled));
  }
}

BOOST_AUTO_TEST_CASE(do_not_come_when_a_call_is_cancelled_alone) {
  std::vector<int> got;
  auto t = start("t", [&](task_context& self) -> async<void> {
    auto op = [](task_context& me, int x) -> async<int> {
      if (x == 1)
        send_exit(caf::actor_cast<caf::actor>(me.reference().local),
                  axiom::make_error(errc::invalid_argument));
      co_await me.sleep_for(1s);
      co_return x;
    };
    auto body = [&](auto& stream) -> async<void> {
      got = co_await read_all(stream);
    };
    co_await transform_stream(self, {.failure_mode = failure_mode::collect_all},
                              numbers(4), 1, op, body);
  });
  advance(100s);
  BOOST_TEST(got == (std::vector<int>{0, 2, 3}),
             boost::test_tools::per_element());
  BOOST_TEST(errors_of(t).size() == 1u);
}

BOOST_AUTO_TEST_CASE(are_refused_to_readers_that_could_outlive_them) {
  auto t = start("t", [&](task_context& self) -> async<void> {
    auto body = [&](auto& stream) -> async<void> {
      auto other = self.create_child_task(
        "other", [&]() -> async<void> { co_await stream.next(); });
      auto got = co_await axiom::as_expected(other);
      BOOST_TEST(got.error().is(errc::not_in_scope));
    };
    co_await transform_stream(self, numbers(4), 1, late, body);
  });
  advance(100s);
  t.get();
}

BOOST_AUTO_TEST_CASE(are_refused_at_once_with_a_limit_of_0) {
  auto t = start("t", [&](task_context& self) -> async<void> {
    co_await transform_stream(self, numbers(4), 0, late, read_all);
  });
  run();
  BOOST_TEST(t.get_expected().error().is(errc::invalid_argument));
}

BOOST_AUTO_TEST_SUITE_END()
