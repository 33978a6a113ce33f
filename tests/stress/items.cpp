// Operations on each item of a source. The interleavings looked for:
//
// - lanes come for the next item at once, find it, the end, or a failure of the
//   source; every item is taken once, by one thread at a time, and its result
//   is at its place, though operations end in any order;
// - the last lane started comes to its first item while others start more:
// never
//   more calls than the limit, nor items that are out;
// - several calls and the source fail at the same moment: all of it is
// reported;
// - everything is cancelled at any moment, single lanes too: every item is
//   destroyed;
// - a stream is read while results come, the source ends, a place becomes free;
//   its body leaves while calls are at work.

#include "support.hpp"

#include "support/items.hpp"

using namespace stress;
using axiom::failure_mode;

BOOST_AUTO_TEST_SUITE(stress_items)

namespace {

/// Everything that a run with random choices shares.
struct run_state {
  explicit run_state(std::uint64_t stream, std::size_t most)
    : seed(stream), limit(1 + chooser{stream}.below(most)) {
    // nop
  }

  const std::uint64_t seed;
  const std::size_t limit;
  gauge calls;
  std::atomic<int> alive{0}; ///< items
  std::atomic<int> ended{0}; ///< calls, or results asked for
  std::atomic<int> too_early{0}; ///< items taken beyond the limit
  std::atomic<int> at_once{0}; ///< threads in the source
  std::atomic<int> clashes{0};
};

struct item : held {
  item(std::atomic<int>& alive, int x) : held(alive), value(x) {
    // nop
  }

  int value;
};

auto watched_items(run_state& run, int count, int broken_at = -1) {
  return test::made_items{
    count, [&run, broken_at](int i) {
      run.clashes += ++run.at_once == 1 ? 0 : 1;
      auto out = i - run.ended;
      run.too_early += out < static_cast<int>(run.limit) ? 0 : 1;
      chooser{run.seed + static_cast<std::uint64_t>(i)}.dither();
      --run.at_once;
      if (i == broken_at)
        throw std::runtime_error("the source is broken");
      return item{run.alive, i};
    }};
}

/// An operation that waits, creates children, or does neither.
async<int> work(task_context& self, run_state& run, const item& x) {
  in_gauge here{run.calls};
  chooser choose{run.seed + 3 * static_cast<std::uint64_t>(x.value)};
  switch (choose.below(4)) {
    case 0:
      co_await self.yield();
      break;
    case 1:
      for (auto n = choose.below(3); n > 0; --n)
        self.create_child_task("child", [&x, &run] {
          if (x.value < 0 || run.alive == 0)
            std::abort(); // the item is gone
        });
      break;
    case 2:
      co_await self.sleep_for(choose.microseconds(20));
      break;
    default:
      choose.dither();
  }
  co_return x.value;
}

void check(const run_state& run) {
  BOOST_TEST(run.alive == 0);
  BOOST_TEST(run.calls.now == 0);
  BOOST_TEST(run.calls.most <= static_cast<int>(run.limit));
  BOOST_TEST(run.too_early == 0);
  BOOST_TEST(run.clashes == 0);
}

void check_numbers(const std::vector<int>& got, int count) {
  BOOST_REQUIRE(got.size() == static_cast<std::size_t>(count));
  for (int i = 0; i < count; ++i)
    BOOST_REQUIRE(got[static_cast<std::size_t>(i)] == i);
}

/// All errors of a tree, for one without nested trees.
std::size_t count_errors(std::span<const axiom::task_error> errors) {
  auto result = errors.size();
  for (auto& x : errors)
    result += count_errors(x.suppressed);
  return result;
}

template <class T>
std::size_t count_errors(const axiom::expected<T>& got) {
  if (got)
    return 0;
  try {
    got.error().rethrow();
  } catch (const axiom::concurrent_errors& ex) {
    return count_errors(ex.errors());
  } catch (const std::runtime_error&) {
    return 1; // the source's alone
  }
}

} // namespace

BOOST_AUTO_TEST_CASE(results_are_complete_and_in_order) {
  under_each_scheduler(real_time, [](auto& fix) {
    for (rounds r{400}; r.next();) {
      run_state run{r.stream(), 9};
      auto items = watched_items(run, 200);
      auto t = fix.coordinator().create_child_task(
        "owner", [&](task_context& self) -> async<std::vector<int>> {
          auto op = [&](task_context& me, const item& x) -> async<int> {
            auto result = co_await work(me, run, x);
            ++run.ended;
            co_return result;
          };
          co_return co_await axiom::map_with_limit(self, items, run.limit, op);
        });
      check_numbers(t.get(), 200);
      check(run);
    }
  });
}

BOOST_AUTO_TEST_CASE(operations_without_a_wait_run_once_for_each_item) {
  under_each_scheduler(real_time, [](auto& fix) {
    for (rounds r{400}; r.next();) {
      run_state run{r.stream(), 70};
      auto items = watched_items(run, 3000);
      auto t = fix.coordinator().create_child_task(
        "owner", [&](task_context& self) -> async<std::vector<int>> {
          co_return co_await axiom::map_with_limit(self, items, run.limit,
                                                   [&](const item& x) {
                                                     in_gauge here{run.calls};
                                                     ++run.ended;
                                                     return x.value;
                                                   });
        });
      check_numbers(t.get(), 3000);
      check(run);
    }
  });
}

BOOST_AUTO_TEST_CASE(cancelled_at_any_moment_every_item_is_destroyed) {
  under_each_scheduler(real_time, [](auto& fix) {
    for (rounds r{400}; r.next();) {
      run_state run{r.stream(), 9};
      auto items = watched_items(run, 500);
      auto t = fix.coordinator().create_child_task(
        "owner", [&](task_context& self) -> async<void> {
          auto op = [&](task_context& me, const item& x) -> async<void> {
            co_await work(me, run, x);
            ++run.ended;
          };
          co_await axiom::for_each_with_limit(self, items, run.limit, op);
        });
      race(2, run.seed, [&](auto, auto& choose) {
        for (auto n = choose.below(60); n > 0; --n)
          choose.dither();
        t.cancel();
      });
      t.wait();
      run.too_early = 0; // a call that was cancelled does not count as ended
      check(run);
    }
  });
}

BOOST_AUTO_TEST_CASE(failures_at_the_same_moment_are_all_kept) {
  for (auto mode : {failure_mode::throw_on_first, failure_mode::collect_all})
    under_each_scheduler(real_time, [mode](auto& fix) {
      for (rounds r{400, 150ms}; r.next();) {
        run_state run{r.stream(), 9};
        std::atomic<std::size_t> thrown{0};
        chooser choose{run.seed};
        auto broken = choose.one_in(2);
        auto items = watched_items(
          run, 60, broken ? static_cast<int>(choose.below(60)) : -1);
        auto t = fix.coordinator().create_child_task(
          "owner", [&](task_context& self) -> async<void> {
            auto op = [&](task_context& me, const item& x) -> async<int> {
              co_await work(me, run, x);
              ++run.ended;
              if (x.value % 7 == 3) {
                ++thrown;
                throw std::runtime_error("broken");
              }
              co_return 1;
            };
            co_await axiom::map_with_limit(self, {.failure_mode = mode}, items,
                                           run.limit, op);
          });
        auto seen = count_errors(t.get_expected());
        // In the mode that ends with the first failure the source may not have
        // come to its own.
        auto from_source = seen - thrown;
        BOOST_TEST(from_source <= (broken ? 1u : 0u));
        if (mode == failure_mode::collect_all)
          BOOST_TEST(from_source == (broken ? 1u : 0u));
        run.too_early = 0;
        check(run);
      }
    });
}

BOOST_AUTO_TEST_CASE(lanes_cancelled_alone_are_replaced) {
  under_each_scheduler(real_time, [](auto& fix) {
    for (rounds r{400, 150ms}; r.next();) {
      run_state run{r.stream(), 5};
      std::atomic<std::size_t> gone{0};
      std::size_t count = 0;
      auto items = watched_items(run, 60);
      auto t = fix.coordinator().create_child_task(
        "owner", [&](task_context& self) -> async<std::size_t> {
          auto op = [&](task_context& me, const item& x) -> async<int> {
            if (x.value % 5 == 2) {
              ++gone;
              auto lane = caf::actor_cast<caf::actor>(me.reference().local);
              lane->enqueue(nullptr, caf::make_message_id(),
                            caf::make_message(caf::exit_msg{
                              {}, axiom::make_error(errc::no_such_task)}),
                            nullptr);
            }
            auto result = co_await work(me, run, x);
            co_await me.yield();
            co_return result;
          };
          auto all = co_await axiom::map_collect(self, items, run.limit, op);
          std::size_t failed = 0;
          for (auto& x : all)
            failed += x ? 0 : 1;
          count = all.size();
          co_return failed;
        });
      BOOST_TEST(t.get() == gone);
      BOOST_TEST(count == 60u);
      run.too_early = 0;
      check(run);
    }
  });
}

namespace {

/// Reads a stream, as fast or slow as chance will have it; after `most` results
/// it leaves.
template <class Stream>
async<std::vector<int>> read(task_context& self, Stream& stream, run_state& run,
                             std::size_t most) {
  chooser choose{run.seed + 77};
  std::vector<int> got;
  while (got.size() < most) {
    ++run.ended; // its place may be taken again before it is here
    auto x = co_await stream.next();
    if (!x)
      break;
    got.push_back(*x);
    if (choose.one_in(9))
      co_await self.sleep_for(choose.microseconds(50));
  }
  co_return got;
}

async<std::vector<int>> stream_all(task_context& self, run_state& run,
                                   axiom::stream_order order, int count,
                                   std::size_t most) {
  auto items = watched_items(run, count);
  auto op = [&](task_context& me, const item& x) { return work(me, run, x); };
  auto body = [&](auto& stream) { return read(self, stream, run, most); };
  co_return co_await axiom::transform_stream(self, {.order = order}, items,
                                             run.limit, op, body);
}

} // namespace

BOOST_AUTO_TEST_CASE(streams_give_every_result_once_within_their_limit) {
  for (auto order :
       {axiom::stream_order::items, axiom::stream_order::completion})
    under_each_scheduler(real_time, [order](auto& fix) {
      for (rounds r{400, 200ms}; r.next();) {
        run_state run{r.stream(), 9};
        auto t =
          fix.coordinator().create_child_task("owner", [&](task_context& self) {
            return stream_all(self, run, order, 200, 1000);
          });
        auto got = t.get();
        if (order == axiom::stream_order::completion)
          std::sort(got.begin(), got.end());
        check_numbers(got, 200);
        check(run);
      }
    });
}

BOOST_AUTO_TEST_CASE(streams_left_or_cancelled_leave_nothing_behind) {
  under_each_scheduler(real_time, [](auto& fix) {
    for (rounds r{400}; r.next();) {
      run_state run{r.stream(), 9};
      chooser choose{run.seed};
      auto order = choose.one_in(2) ? axiom::stream_order::items
                                    : axiom::stream_order::completion;
      auto most = choose.below(100);
      auto t =
        fix.coordinator().create_child_task("owner", [&](task_context& self) {
          return stream_all(self, run, order, 300, most);
        });
      if (choose.one_in(2))
        race(2, run.seed, [&](auto, auto& pick) {
          for (auto n = pick.below(60); n > 0; --n)
            pick.dither();
          t.cancel();
        });
      t.wait();
      if (auto got = t.get_expected())
        BOOST_TEST(got->size() == most);
      run.too_early = 0; // a call that was cancelled frees its place
      check(run);
    }
  });
}

BOOST_AUTO_TEST_SUITE_END()
