// Nothing recurses along the tree and nothing is quadratic: long loops, deep
// chains, wide groups, in whichever order the children end. (A recursion would
// overflow the stack here, a quadratic step would run into the time limit.)

#include <algorithm>
#include <numeric>
#include <random>

#include "support/tasks.hpp"

using namespace test;

namespace {

constexpr int deep = 100'000;

async<int> ready() {
  co_return 1;
}

async<int> recurse(int depth) {
  if (depth == 0)
    co_return 0;
  co_return 1 + co_await recurse(depth - 1);
}

async<void> recurse_and_sleep(task_context& self, int depth, int& unwound) {
  struct count {
    int& where;
    ~count() {
      ++where;
    }
  };
  count mine{unwound};
  if (depth == 0)
    co_await self.sleep_for(1h);
  else
    co_await recurse_and_sleep(self, depth - 1, unwound);
}

/// Each task of the chain creates the next and does not wait for it.
struct chain {
  int left;
  int* ended;
  bool sleep;

  async<void> operator()(task_context& self) {
    if (left > 0)
      self.create_child_task("link", chain{left - 1, ended, sleep});
    if (sleep)
      co_await self.sleep_for(1h);
    ++*ended;
  }
};

/// Each task of the chain awaits the next.
async<int> await_chain(task_context& self, int left) {
  if (left == 0)
    co_return 0;
  auto next = self.create_child_task("link", [left](task_context& me) {
    return await_chain(me, left - 1);
  });
  co_return 1 + co_await next;
}

} // namespace

BOOST_FIXTURE_TEST_SUITE(depth, stepwise)

BOOST_AUTO_TEST_CASE(two_million_ready_awaits_take_no_stack) {
  auto t = start("t", [](task_context&) -> async<int> {
    int sum = 0;
    for (int i = 0; i < 2'000'000; ++i)
      sum += co_await ready();
    co_return sum;
  });
  run();
  BOOST_TEST(t.get() == 2'000'000);
}

BOOST_AUTO_TEST_CASE(many_awaits_of_ended_tasks_take_no_stack) {
  auto ended = start("ended", [] { return 1; });
  run();
  auto t = start("t", [&](task_context&) -> async<int> {
    int sum = 0;
    for (int i = 0; i < 500'000; ++i)
      sum += co_await ended;
    co_return sum;
  });
  run();
  BOOST_TEST(t.get() == 500'000);
}

BOOST_AUTO_TEST_CASE(a_coroutine_calls_itself_to_any_depth) {
  auto t = start("t", [](task_context&) { return recurse(deep); });
  run();
  BOOST_TEST(t.get() == deep);
}

BOOST_AUTO_TEST_CASE(a_deep_call_is_unwound_when_cancelled) {
  int unwound = 0;
  auto t = start("t", [&](task_context& self) -> async<void> {
    co_await recurse_and_sleep(self, deep, unwound);
  });
  run();
  BOOST_TEST(unwound == 0);
  t.cancel();
  run();
  BOOST_TEST(unwound == deep + 1);
}

BOOST_AUTO_TEST_CASE(a_deep_chain_of_tasks_ends_from_the_bottom) {
  auto t = start("top", [](task_context& self) {
    return await_chain(self, deep);
  });
  run();
  BOOST_TEST(t.get() == deep);
}

BOOST_AUTO_TEST_CASE(a_deep_chain_whose_bodies_ended_before_ends_at_once) {
  int ended = 0;
  auto t = start("top", chain{deep, &ended, false});
  run();
  BOOST_TEST(t.done());
  BOOST_TEST(ended == deep + 1);
}

BOOST_AUTO_TEST_CASE(a_deep_chain_is_cancelled_in_one_pass) {
  int ended = 0;
  auto t = start("top", chain{deep, &ended, true});
  run();
  auto request = coordinator().cancel_task_tree(t.reference());
  run();
  auto report = request.get();
  BOOST_TEST(report.requested == std::uint64_t{deep} + 1);
  BOOST_TEST(report.all_acknowledged());
  BOOST_TEST(ended == 0);
  BOOST_TEST(pending_timers() == 0u);
}

BOOST_AUTO_TEST_CASE(a_deep_chain_can_be_seen_and_reported_overdue) {
  auto t = start("top", [](task_context& self) -> async<void> {
    co_await self.shielded([](task_context& me) -> async<void> {
      int ended = 0;
      me.create_child_task("chain", chain{10'000, &ended, true});
      co_await me.sleep_for(24h);
    }, 24h);
  });
  run();
  BOOST_TEST(coordinator().snapshot().tasks.size() == 10'003u);
  auto request = coordinator().cancel_task_tree(
    t.reference(), axiom::cancel_reason::user, 1s);
  advance(1s);
  auto report = request.get();
  BOOST_TEST(report.overdue_count == 10'003u);
  BOOST_TEST(report.overdue.size()
             == axiom::cancellation_report::max_listed);
  BOOST_TEST(to_string(report).find("and 9903 more") != std::string::npos);
  BOOST_TEST(t.done());
}

BOOST_AUTO_TEST_CASE(tasks_whose_values_own_the_next_are_destroyed) {
  struct holder {
    axiom::task<std::shared_ptr<holder>> next;
  };
  axiom::task<std::shared_ptr<holder>> first;
  for (int i = 0; i < deep; ++i) {
    auto value = std::make_shared<holder>(holder{std::move(first)});
    first = start("link", [value] { return value; });
    run();
  }
  first = {};
  // The fixture proves that all the memory is given back.
  BOOST_TEST(coordinator().stats().completed == std::uint64_t{deep});
}

BOOST_AUTO_TEST_SUITE_END()

BOOST_FIXTURE_TEST_SUITE(width, stepwise)

BOOST_AUTO_TEST_CASE(children_may_end_in_any_order) {
  std::vector<std::vector<int>> orders(3, std::vector<int>(deep));
  for (auto& x : orders)
    std::iota(x.begin(), x.end(), 1);
  std::reverse(orders[1].begin(), orders[1].end());
  std::shuffle(orders[2].begin(), orders[2].end(), std::mt19937{42});
  for (auto& order : orders) {
    auto t = start("t", [&](task_context& self) -> async<void> {
      for (auto when : order)
        self.create_child_task("child", [when](task_context& me)
                                          -> async<void> {
          co_await me.sleep_for(std::chrono::microseconds{when});
        });
      co_await self.hierarchy().await_children();
    });
    run();
    BOOST_TEST(t.hierarchy().child_count() == std::size_t{deep});
    advance(1s);
    BOOST_TEST(t.done());
  }
}

BOOST_AUTO_TEST_CASE(a_wide_group_gives_all_results_in_order) {
  auto t = start("t", [](task_context& self) -> async<bool> {
    auto body = [](axiom::coordinated_task_group<int>& group) -> async<bool> {
      for (int i = 0; i < deep; ++i)
        co_await group.add_task("child", [i](task_context& me) -> async<int> {
          co_await me.sleep_for(std::chrono::microseconds{i * 7919 % deep + 1});
          co_return i;
        });
      auto all = co_await group.wait_for_all();
      co_return all.size() == std::size_t{deep}
        && std::is_sorted(all.begin(), all.end());
    };
    co_return co_await axiom::with_task_group<int>(self, body);
  });
  advance(1s);
  BOOST_TEST(t.get());
}

BOOST_AUTO_TEST_CASE(a_wide_group_gives_all_results_by_next) {
  auto t = start("t", [](task_context& self) -> async<int> {
    auto body = [](axiom::coordinated_task_group<int>& group) -> async<int> {
      int sum = 0;
      for (int i = 0; i < deep; ++i) {
        co_await group.add_task("child", [] { return 1; });
        if (i % 2 == 0)
          sum += (co_await group.next())->value();
      }
      for (auto x = co_await group.next(); x; x = co_await group.next())
        sum += x->value();
      co_return sum;
    };
    co_return co_await axiom::with_task_group<int>(
      self, {.max_concurrency = 64}, body);
  });
  run();
  BOOST_TEST(t.get() == deep);
}

BOOST_AUTO_TEST_CASE(a_wide_tree_is_cancelled) {
  auto t = start("t", [](task_context& self) -> async<void> {
    for (int i = 0; i < deep; ++i)
      self.create_child_task("child", forever);
    co_await self.hierarchy().await_children();
  });
  run();
  auto request = coordinator().cancel_task_tree(t.reference());
  run();
  BOOST_TEST(request.get().requested == std::uint64_t{deep} + 1);
  BOOST_TEST(t.done());
}

BOOST_AUTO_TEST_CASE(many_waiters_of_one_task_all_go_on) {
  auto slow = start("slow", [](task_context& self) -> async<int> {
    co_await self.sleep_for(1s);
    co_return 1;
  });
  int sum = 0;
  for (int i = 0; i < deep; ++i)
    start("waiter", [&](task_context&) -> async<void> {
      sum += co_await slow;
    });
  advance(1s);
  BOOST_TEST(sum == deep);
}

BOOST_AUTO_TEST_CASE(many_failures_are_all_counted) {
  auto t = start("t", [](task_context& self) -> async<void> {
    for (int i = 0; i < 10'000; ++i)
      self.create_child_task("bad", failing);
    co_await self.hierarchy().await_children();
  });
  run();
  try {
    t.get();
    BOOST_FAIL("no failure");
  } catch (const axiom::concurrent_errors& ex) {
    BOOST_TEST(ex.size() == 10'000u);
    auto text = to_string(ex);
    BOOST_TEST(std::count(text.begin(), text.end(), '\n') == 101);
  }
}

BOOST_AUTO_TEST_SUITE_END()

BOOST_FIXTURE_TEST_SUITE(links, stepwise)

BOOST_AUTO_TEST_CASE(a_long_chain_of_linked_tasks_falls_with_one_kill) {
  std::vector<axiom::task<void>> all;
  for (int i = 0; i < deep; ++i)
    all.push_back(start("linked", forever));
  run();
  for (std::size_t i = 1; i < all.size(); ++i)
    link(all[i - 1].actor(), all[i].actor());
  caf::anon_send_exit(all[0].actor(), caf::exit_reason::kill);
  run();
  BOOST_TEST(std::all_of(all.begin(), all.end(),
                         [](auto& x) { return x.done() && x.cancelled(); }));
  BOOST_TEST(pending_timers() == 0u);
  // The error that travelled along does not grow with every link.
  BOOST_TEST(all.back().get_expected().error().what().size() < 2000u);
}

BOOST_AUTO_TEST_CASE(a_ring_of_linked_tasks_falls_with_one_kill) {
  std::vector<axiom::task<void>> all;
  for (int i = 0; i < deep; ++i)
    all.push_back(start("linked", forever));
  run();
  for (std::size_t i = 0; i < all.size(); ++i)
    link(all[i].actor(), all[(i + 1) % all.size()].actor());
  caf::anon_send_exit(all[all.size() / 2].actor(), caf::exit_reason::kill);
  run();
  BOOST_TEST(std::all_of(all.begin(), all.end(),
                         [](auto& x) { return x.done() && x.cancelled(); }));
}

BOOST_AUTO_TEST_SUITE_END()
