// Groups. The interleavings looked for:
//
// - places are taken, queued for, granted, given back by a child's end and by a
//   cancelled adder, from the body and from children at once: never more than
//   the limit, none lost (else the last adder would wait for ever);
// - next() is asked while results come, while the last child ends, and while
//   places are given back unused;
// - several children fail at the same moment, with the body: the first failure
//   and those suppressed are all that there were;
// - the group is cancelled from outside, or by a failure, in all of it.

#include "support.hpp"

#include <algorithm>

using namespace stress;

BOOST_AUTO_TEST_SUITE(stress_groups)

namespace {

using group_of_int = axiom::coordinated_task_group<int>;

/// Adds `count` children from this task and, through helpers that are no
/// children of the group's, from others.
async<int> fill(group_of_int& group, gauge& g, int count,
                std::uint64_t stream) {
  chooser choose{stream};
  for (int i = 0; i < count; ++i) {
    auto child = [&g,
                  turns = choose.below(3)](task_context& self) -> async<int> {
      in_gauge here{g};
      for (auto n = turns; n > 0; --n)
        co_await self.yield();
      co_return 1;
    };
    co_await group.add_task("child", axiom::named(child));
  }
  co_return count;
}

async<int> fill_from_three_tasks(task_context& self, int count,
                                 std::size_t limit, gauge& g,
                                 std::uint64_t stream) {
  co_return co_await axiom::with_task_group<int>(
    self, {.name = "group", .max_concurrency = limit},
    [&](group_of_int& group) -> async<int> {
      auto& me = group.context();
      for (std::uint64_t i = 1; i < 3; ++i)
        me.create_child_task(
          "helper", [&, i] { return fill(group, g, count, stream + i); });
      co_await fill(group, g, count, stream);
      int sum = 0;
      auto values = co_await group.wait_for_all();
      for (auto x : values)
        sum += x;
      co_return sum;
    });
}

} // namespace

BOOST_AUTO_TEST_CASE(the_limit_holds_and_no_place_is_lost) {
  under_each_scheduler(virtual_time, [](auto& fix) {
    for (rounds r{400}; r.next();) {
      gauge g;
      auto stream = r.stream();
      auto limit = 1 + stream / 256 % 5;
      auto t =
        fix.coordinator().create_child_task("owner", [&](task_context& self) {
          return fill_from_three_tasks(self, 30, limit, g, stream);
        });
      BOOST_TEST(t.get() == 90);
      BOOST_TEST(g.ran == 90);
      BOOST_TEST(g.now == 0);
      BOOST_TEST(g.most <= static_cast<int>(limit));
    }
  });
}

BOOST_AUTO_TEST_CASE(the_limit_holds_while_the_group_is_cancelled) {
  under_each_scheduler(virtual_time, [](auto& fix) {
    for (rounds r{400}; r.next();) {
      gauge g;
      auto stream = r.stream();
      auto limit = 1 + stream / 256 % 5;
      auto t =
        fix.coordinator().create_child_task("owner", [&](task_context& self) {
          return fill_from_three_tasks(self, 100, limit, g, stream);
        });
      race(2, stream, [&](auto, auto& choose) {
        for (auto n = choose.below(60); n > 0; --n)
          choose.dither();
        t.cancel();
      });
      t.wait();
      BOOST_TEST(g.now == 0);
      BOOST_TEST(g.most <= static_cast<int>(limit));
    }
  });
}

BOOST_AUTO_TEST_CASE(cancelled_adders_do_not_keep_places) {
  under_each_scheduler(virtual_time, [](auto& fix) {
    for (rounds r{400}; r.next();) {
      gauge g;
      auto stream = r.stream();
      std::vector<axiom::task<int>> helpers;
      auto t = fix.coordinator().create_child_task(
        "owner", [&, stream](task_context& self) -> async<int> {
          co_return co_await axiom::with_task_group<int>(
            self, {.name = "group", .max_concurrency = 2},
            [&, stream](group_of_int& group) -> async<int> {
              auto& me = group.context();
              helpers.clear();
              for (std::uint64_t i = 1; i < 6; ++i)
                helpers.push_back(me.create_child_task(
                  "helper", [&, i] { return fill(group, g, 20, stream + i); }));
              // Three of the helpers go, wherever they stand.
              for (int i = 0; i < 3; ++i) {
                co_await me.yield();
                helpers[static_cast<std::size_t>(i)].cancel();
              }
              co_await fill(group, g, 20, stream);
              co_await me.hierarchy().await_children();
              co_return 1;
            });
        });
      BOOST_TEST(t.get() == 1);
      BOOST_TEST(g.now == 0);
      BOOST_TEST(g.most <= 2);
      BOOST_TEST(g.ran >= 60);
    }
  });
}

BOOST_AUTO_TEST_CASE(next_gives_every_result_once) {
  under_each_scheduler(virtual_time, [](auto& fix) {
    for (rounds r{400}; r.next();) {
      auto stream = r.stream();
      constexpr int count = 60;
      auto t = fix.coordinator().create_child_task(
        "owner", [stream](task_context& self) -> async<std::vector<int>> {
          co_return co_await axiom::with_task_group<int>(
            self, {.name = "group", .max_concurrency = 8},
            [stream](group_of_int& group) -> async<std::vector<int>> {
              auto& me = group.context();
              me.create_child_task(
                "adder", [&group, stream](task_context&) -> async<void> {
                  chooser choose{stream};
                  for (int i = 0; i < count; ++i) {
                    auto op = [i, turns = choose.below(3)](
                                task_context& self) -> async<int> {
                      for (auto n = turns; n > 0; --n)
                        co_await self.yield();
                      co_return i;
                    };
                    // One that never comes to be, and gives its place back.
                    if (choose.one_in(4)) {
                      auto name = std::string(65, 'x');
                      auto bad = group.add_task(name, axiom::named(op));
                      co_await axiom::as_expected(std::move(bad));
                    }
                    co_await group.add_task("child", axiom::named(op));
                  }
                });
              std::vector<int> result;
              while (result.size() < count) {
                auto got = co_await group.next();
                if (got)
                  result.push_back(**got);
                else
                  co_await me.yield();
              }
              auto more = co_await group.next();
              if (more)
                result.push_back(-1);
              co_return result;
            });
        });
      auto values = t.get();
      std::sort(values.begin(), values.end());
      BOOST_REQUIRE(values.size() == count);
      for (int i = 0; i < count; ++i)
        BOOST_REQUIRE(values[static_cast<std::size_t>(i)] == i);
    }
  });
}

namespace {

std::size_t count_failures(std::span<const axiom::task_error> errors) {
  std::size_t result = 0;
  for (auto& x : errors) {
    // One of the group itself stands for nothing but its suppressed ones.
    result += 1 + count_failures(x.suppressed);
    if (auto* below = x.nested())
      result += count_failures(below->errors()) - 1;
  }
  return result;
}

} // namespace

BOOST_AUTO_TEST_CASE(failures_at_the_same_moment_are_all_kept) {
  for (auto mode :
       {axiom::failure_mode::throw_on_first, axiom::failure_mode::partial,
        axiom::failure_mode::collect_all})
    under_each_scheduler(virtual_time, [mode](auto& fix) {
      for (rounds r{400, 150ms}; r.next();) {
        auto stream = r.stream();
        std::atomic<std::size_t> thrown{0};
        auto t = fix.coordinator().create_child_task(
          "owner", [&, mode, stream](task_context& self) -> async<void> {
            co_await axiom::with_task_group<int>(
              self, {.name = "group", .failure_mode = mode},
              [&, stream](group_of_int& group) -> async<void> {
                chooser choose{stream};
                for (int i = 0; i < 40; ++i) {
                  auto op = [&thrown, fails = choose.one_in(3),
                             turns = choose.below(3)](
                              task_context& self) -> async<int> {
                    for (auto n = turns; n > 0; --n)
                      co_await self.yield();
                    if (fails) {
                      ++thrown;
                      throw std::runtime_error("broken");
                    }
                    co_return 1;
                  };
                  co_await group.add_task("child", axiom::named(op));
                }
                if (choose.one_in(3)) {
                  ++thrown;
                  throw std::runtime_error("body");
                }
                co_await group.context().hierarchy().await_children();
              });
          });
        auto got = t.get_expected();
        std::size_t seen = 0;
        if (!got) {
          try {
            got.error().rethrow();
          } catch (const axiom::concurrent_errors& ex) {
            seen = count_failures(ex.errors());
          } catch (const std::runtime_error&) {
            seen = 1; // the body's alone
          }
        }
        BOOST_TEST(seen == thrown);
      }
    });
}

BOOST_AUTO_TEST_SUITE_END()
