// What a limiter shares out and among whom: limits that change or adapt, keys,
// and groups whose children take permits.

#include <algorithm>

#include "support/limited.hpp"

using namespace test;
using axiom::concurrency_limiter;

namespace {

async<void> sleep_a_second(task_context& self) {
  co_await self.sleep_for(1s);
}

} // namespace

BOOST_FIXTURE_TEST_SUITE(limiter_sharing, limited)

// -- the limit ----------------------------------------------------------------

BOOST_AUTO_TEST_CASE(raising_the_limit_lets_waiters_in) {
  auto limiter = spawn(1);
  lines order;
  for (auto name : {"a", "b", "c"})
    start(name, user(limiter, order));
  run();
  limiter.set_limit(3);
  run();
  BOOST_TEST(order.size() == 3u);
  BOOST_TEST(limiter.in_use() == 3u);
  advance(1s);
}

BOOST_AUTO_TEST_CASE(lowering_it_below_what_is_in_use_waits_for_returns) {
  auto limiter = spawn(3);
  auto a = limiter.try_acquire();
  auto b = limiter.try_acquire();
  auto c = limiter.try_acquire();
  limiter.set_limit(1);
  lines order;
  start("d", user(limiter, order));
  a.release();
  b.release();
  run();
  BOOST_TEST(order.empty());
  c.release();
  run();
  BOOST_TEST(order.size() == 1u);
  BOOST_TEST(limiter.in_use() == 1u);
  advance(1s);
}

BOOST_AUTO_TEST_CASE(lowering_it_below_a_request_fails_that) {
  auto limiter = spawn(3);
  auto a = limiter.try_acquire();
  auto t = start("t", [&](task_context&) -> async<void> {
    auto p = co_await limiter.acquire(3);
  });
  run();
  limiter.set_limit(2);
  run();
  BOOST_CHECK(code_thrown_by([&] { t.get(); }) == errc::exceeds_capacity);
}

BOOST_AUTO_TEST_CASE(an_adaptive_limit_goes_down_with_drops_and_up_without) {
  auto limiter = concurrency_limiter::spawn(
    system(),
    {.name = "service",
     .max_concurrency = 8,
     .adaptive = {
       .algorithm = axiom::adaptive_algorithm::aimd, .min = 2, .max = 10}});
  auto calls = [&](bool dropped) {
    for (int i = 0; i < 200; ++i) {
      auto held = limiter.try_acquire(limiter.limit()); // all in use
      advance(20ms);
      if (dropped)
        held.dropped();
    }
  };
  calls(true);
  BOOST_TEST(limiter.limit() == 2u);
  calls(false);
  BOOST_TEST(limiter.limit() == 10u);
  BOOST_TEST(limiter.in_use() == 0u);
  BOOST_CHECK(code_thrown_by([&] { limiter.set_limit(3); })
              == errc::invalid_argument);
}

BOOST_AUTO_TEST_CASE(a_cancelled_holder_is_no_sample_but_one_out_of_time_is) {
  auto limiter = concurrency_limiter::spawn(
    system(),
    {.name = "service",
     .max_concurrency = 8,
     .adaptive = {
       .algorithm = axiom::adaptive_algorithm::aimd, .min = 1, .max = 8}});
  auto hold = [&](task_context& self) -> async<void> {
    auto held = co_await limiter.acquire();
    co_await self.sleep_for(1h);
  };
  for (int i = 0; i < 20; ++i) {
    auto t = start("t", hold);
    advance(1s);
    t.cancel();
    run();
  }
  BOOST_TEST(limiter.limit() == 8u);
  for (int i = 0; i < 20; ++i) {
    start({.name = "t", .timeout = 1s}, hold);
    advance(1s);
  }
  BOOST_TEST(limiter.limit() < 8u);
}

BOOST_AUTO_TEST_CASE(mistakes_in_adaptive_options_are_named) {
  try {
    concurrency_limiter::spawn(
      system(),
      {.name = "x",
       .max_concurrency = 4,
       .adaptive = {
         .algorithm = axiom::adaptive_algorithm::vegas, .min = 8, .max = 6}});
    BOOST_ERROR("nothing thrown");
  } catch (const axiom::exception& ex) {
    BOOST_TEST(std::string{ex.what()}.find("adaptive: ") != std::string::npos);
  }
}

// -- by key -------------------------------------------------------------------

BOOST_AUTO_TEST_CASE(keys_take_turns) {
  auto limiter = concurrency_limiter::spawn(
    system(), {.name = "tenants",
               .max_concurrency = 1,
               .sharing = axiom::limiter_sharing::by_key});
  auto held = limiter.partition("a").try_acquire();
  lines order;
  for (auto name : {"a1", "a2", "a3", "b1", "b2"}) {
    auto op = [&,
               key = std::string(1, *name)](task_context& self) -> async<void> {
      auto mine = limiter.partition(key);
      auto p = co_await mine.acquire();
      order.push_back(std::string{self.name()});
    };
    start(name, op);
  }
  run();
  held.release();
  run();
  BOOST_TEST(order == (lines{"a1", "b1", "a2", "b2", "a3"}),
             boost::test_tools::per_element());
  BOOST_TEST(limiter.in_use() == 0u);
}

BOOST_AUTO_TEST_CASE(a_minimum_is_kept_for_its_key) {
  auto limiter = concurrency_limiter::spawn(
    system(), {.name = "tenants",
               .max_concurrency = 2,
               .sharing = axiom::limiter_sharing::by_key,
               .shares = {{"gold", {.minimum = 1}}}});
  auto others = limiter.partition("others");
  auto a = others.try_acquire();
  auto b = others.try_acquire(); // what a minimum leaves unused
  BOOST_TEST(static_cast<bool>(b));
  lines order;
  auto wait = [&](const char* key) {
    auto op = [&order, part = limiter.partition(key)](
                task_context& self) -> async<void> {
      auto p = co_await part.acquire();
      order.push_back(std::string{self.name()});
    };
    start(key, op);
    run();
  };
  wait("others");
  wait("gold");
  a.release();
  run();
  BOOST_TEST(order.front() == "gold");
}

BOOST_AUTO_TEST_CASE(a_limiter_without_keys_has_no_partitions) {
  auto limiter = spawn(1);
  BOOST_CHECK(code_thrown_by([&] { auto p = limiter.partition("a"); })
              == errc::invalid_argument);
  BOOST_CHECK(code_thrown_by([&] { limiter.set_share("a", {}); })
              == errc::invalid_argument);
}

BOOST_AUTO_TEST_CASE(minima_beyond_the_limit_are_refused) {
  auto limiter = concurrency_limiter::spawn(
    system(), {.name = "tenants",
               .max_concurrency = 2,
               .sharing = axiom::limiter_sharing::by_key});
  limiter.set_share("a", {.minimum = 2});
  BOOST_CHECK(code_thrown_by([&] { limiter.set_share("b", {.minimum = 1}); })
              == errc::invalid_argument);
  BOOST_CHECK(code_thrown_by([&] { limiter.set_limit(1); })
              == errc::invalid_argument);
}

// -- groups -------------------------------------------------------------------

BOOST_AUTO_TEST_CASE(groups_share_a_limiter) {
  auto limiter = spawn(2);
  int now = 0;
  int most = 0;
  auto op = [&](task_context& self) -> async<int> {
    most = std::max(most, ++now);
    BOOST_TEST(limiter.in_use() >= static_cast<std::uint32_t>(now));
    co_await self.sleep_for(1s);
    --now;
    co_return 1;
  };
  auto owner = [&](task_context& self) -> async<int> {
    auto body = [&op](auto& group) -> async<int> {
      for (int i = 0; i < 3; ++i)
        co_await group.add_task("child", op);
      auto values = co_await group.wait_for_all();
      co_return static_cast<int>(values.size());
    };
    co_return co_await axiom::with_task_group<int>(
      self, {.name = "group", .limiter = &limiter}, body);
  };
  auto a = start("a", owner);
  auto b = start("b", owner);
  advance(3s);
  BOOST_TEST(a.get() + b.get() == 6);
  BOOST_TEST(most == 2);
  BOOST_TEST(limiter.in_use() == 0u);
}

BOOST_AUTO_TEST_CASE(a_child_keeps_its_permit_until_its_own_children_end) {
  auto limiter = spawn(1);
  auto owner = start("owner", [&](task_context& self) -> async<void> {
    auto body = [&](auto& group) -> async<void> {
      auto op = [](task_context& me) {
        me.create_child_task("grandchild", [](task_context& self) {
          return sleep_a_second(self);
        });
      };
      co_await group.add_task("child", op);
    };
    co_await axiom::with_task_group<void>(self, {.limiter = &limiter}, body);
    BOOST_TEST(limiter.in_use() == 0u);
  });
  advance(500ms);
  BOOST_TEST(limiter.in_use() == 1u);
  advance(500ms);
  owner.get();
}

BOOST_AUTO_TEST_CASE(every_kind_of_operation_may_need_a_permit) {
  auto limiter = spawn(1);
  auto owner = start("owner", [&](task_context& self) -> async<int> {
    auto body = [&](auto& group) -> async<int> {
      co_await group.add_task("plain", [] { return 1; });
      co_await group.add_task("expected", []() -> axiom::expected<int> {
        return axiom::fail(errc::invalid_argument, "no");
      });
      auto started = [](task_context& me) -> async<int> {
        me.started(10);
        co_return 2;
      };
      auto value = co_await group.template start<int>("started", started);
      int sum = value;
      for (auto& x : co_await group.collect_results())
        sum += x.value_or(100);
      co_return sum;
    };
    co_return co_await axiom::with_task_group<int>(
      self, {.failure_mode = axiom::failure_mode::partial, .limiter = &limiter},
      body);
  });
  run();
  BOOST_TEST(owner.get() == 113);
  BOOST_TEST(limiter.stats().granted == 3u);
}

BOOST_AUTO_TEST_SUITE_END()
