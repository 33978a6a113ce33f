// Factories of each kind, what they throw, and what becomes of a creation whose
// request is cancelled, or that the pool makes for itself.

#include <thread>

#include "support/pools.hpp"

using namespace test;
using axiom::pooled;
using axiom::resource_pool;

BOOST_FIXTURE_TEST_SUITE(pool_creation, pooling)

// -- errors -------------------------------------------------------------------

BOOST_AUTO_TEST_CASE(what_the_factory_throws_reaches_who_took) {
  auto pool = spawn(1);
  fail = true;
  BOOST_CHECK_THROW(pool.try_take(), std::runtime_error);
  BOOST_CHECK_THROW(pool.take_blocking(), std::runtime_error);
  auto t = start(
    "t", [&](task_context&) -> async<void> { auto x = co_await pool.take(); });
  run();
  BOOST_CHECK_THROW(t.get(), std::runtime_error);
  auto stats = pool.stats();
  BOOST_TEST(stats.failed_creations == 3u);
  BOOST_TEST((stats.last_error.find("no more") != std::string::npos),
             stats.last_error);
  BOOST_TEST(stats.creating == 0u);
  fail = false;
  BOOST_TEST(pool.try_take()->number == 1);
}

BOOST_AUTO_TEST_CASE(after_a_failed_creation_the_next_one_is_served) {
  auto pool = spawn(1);
  auto held = pool.try_take();
  lines order;
  auto a = start("a", user(pool, order, 0s));
  start("b", user(pool, order, 0s));
  run();
  // `a` will find no object, and the factory will fail for it.
  auto once = [&](task_context&) -> async<void> {
    fail = true;
    held.discard();
    co_return;
  };
  start("once", once);
  run_one();
  while (calls < 2 && run_one()) {
    // `a` is let in
  }
  fail = false;
  advance(0s);
  BOOST_CHECK_THROW(a.get(), std::runtime_error);
  BOOST_TEST(order == (lines{"b 2"}), boost::test_tools::per_element());
}

BOOST_AUTO_TEST_CASE(a_factory_that_fails_every_third_time_exhausts_nothing) {
  int n = 0;
  auto pool =
    resource_pool<counted>::spawn(system(), {.name = "flaky", .max = 2}, [&] {
      if (++n % 3 == 0)
        throw std::runtime_error{"third"};
      return counted{objects, n};
    });
  int served = 0;
  std::vector<axiom::task<void>> all;
  for (int i = 0; i < 30; ++i)
    all.push_back(start("user", [&](task_context& self) -> async<void> {
      auto x = co_await pool.take();
      ++served;
      co_await self.sleep_for(1ms);
      x.discard(); // so each needs a new one
    }));
  advance(1s);
  int failed = 0;
  for (auto& t : all)
    failed += error_of_task(t).empty() ? 0 : 1;
  BOOST_TEST(served == 20);
  BOOST_TEST(failed == 10);
  auto stats = pool.stats();
  BOOST_TEST(stats.failed_creations == 10u);
  BOOST_TEST(stats.created == 20u);
  BOOST_TEST(stats.discarded == 20u);
  BOOST_TEST(stats.in_use == 0u);
  BOOST_TEST(objects.most == 2);
  BOOST_TEST(objects.alive == 0);
}

BOOST_AUTO_TEST_CASE(a_factory_may_return_an_expected) {
  bool good = false;
  auto pool = resource_pool<int>::spawn(
    system(), {.name = "x"}, [&]() -> axiom::expected<int> {
      if (good)
        return 7;
      return axiom::fail(errc::invalid_argument, "not yet");
    });
  BOOST_CHECK(code_thrown_by([&] { auto x = pool.try_take(); })
              == errc::invalid_argument);
  BOOST_TEST(pool.stats().failed_creations == 1u);
  good = true;
  BOOST_TEST(*pool.try_take() == 7);
}

// -- factories that need a task -----------------------------------------------

BOOST_AUTO_TEST_CASE(a_factory_may_await) {
  auto pool = resource_pool<counted>::spawn(
    system(), {.name = "slow", .max = 1},
    [&](task_context& self) -> async<counted> {
      co_await self.sleep_for(1s);
      if (fail)
        throw std::runtime_error{"no more"};
      co_return counted{objects, objects.made + 1};
    });
  BOOST_TEST(!pool.try_take());
  lines order;
  start("a", user(pool, order));
  start("b", user(pool, order));
  run();
  BOOST_TEST(pool.stats().creating == 1u);
  BOOST_TEST(pool.stats().waiting == 1u);
  advance(1s);
  BOOST_TEST(order == (lines{"a 1"}), boost::test_tools::per_element());
  advance(1s);
  BOOST_TEST(order == (lines{"a 1", "b 1"}), boost::test_tools::per_element());
  advance(1s);
  pool.try_take().discard();
  // Cancelled within the factory: nothing is lost, and it is no failure.
  auto t = start("c", user(pool, order));
  advance(500ms);
  t.cancel();
  run();
  auto stats = pool.stats();
  BOOST_TEST(stats.creating == 0u);
  BOOST_TEST(stats.failed_creations == 0u);
  fail = true;
  t = start("d", user(pool, order));
  advance(1s);
  BOOST_CHECK_THROW(t.get(), std::runtime_error);
  BOOST_TEST(pool.stats().failed_creations == 1u);
  fail = false;
  t = start("e", user(pool, order));
  advance(2s);
  t.get();
  BOOST_TEST(order.back() == "e 2");
}

BOOST_AUTO_TEST_CASE(a_factory_may_see_the_task_that_takes) {
  auto pool = resource_pool<std::string>::spawn(
    system(), {.name = "x", .max = 3},
    [](task_context& self) { return std::string{self.name()}; });
  BOOST_TEST(!pool.try_take()); // there is no task
  auto t = start("taker", [&](task_context&) -> async<std::string> {
    auto a = co_await pool.take();
    auto b = pool.try_take();
    co_return *a + ' ' + *b;
  });
  run();
  BOOST_TEST(t.get() == "taker taker");
}

BOOST_AUTO_TEST_CASE(a_type_that_only_moves_can_be_pooled) {
  auto pool = resource_pool<std::unique_ptr<int>>::spawn(
    system(), {.name = "x"}, [] { return std::make_unique<int>(7); });
  BOOST_TEST(**pool.try_take() == 7);
}

// -- the minimum --------------------------------------------------------------

BOOST_AUTO_TEST_CASE(the_minimum_is_made_beforehand) {
  auto pool = spawn({.name = "db", .min = 2, .max = 3});
  run();
  auto stats = pool.stats();
  BOOST_TEST(stats.idle == 2u);
  BOOST_TEST(stats.taken == 0u);
  BOOST_TEST(stats.waits.count == 0u);
  BOOST_TEST(objects.made == 2);
}

BOOST_AUTO_TEST_CASE(the_minimum_is_made_by_a_factory_that_awaits) {
  auto pool = resource_pool<counted>::spawn(
    system(), {.name = "slow", .min = 2, .max = 3},
    [&](task_context& self) -> async<counted> {
      co_await self.sleep_for(1s);
      co_return counted{objects, objects.made + 1};
    });
  run();
  BOOST_TEST(pool.stats().creating == 2u);
  advance(1s);
  BOOST_TEST(pool.stats().idle == 2u);
}

BOOST_AUTO_TEST_CASE(closing_gives_up_what_is_being_made_for_stock) {
  auto pool = resource_pool<counted>::spawn(
    system(), {.name = "slow", .min = 2, .max = 3},
    [&](task_context& self) -> async<counted> {
      co_await self.sleep_for(1h);
      co_return counted{objects, 1};
    });
  run();
  BOOST_TEST(pool.stats().creating == 2u);
  pool.close();
  run();
  BOOST_TEST(pool.stats().creating == 0u);
  BOOST_TEST(pending_timers() == 0u);
}

BOOST_AUTO_TEST_CASE(what_is_discarded_below_the_minimum_is_made_again) {
  auto pool = spawn({.name = "db", .min = 2, .max = 2});
  run();
  auto a = pool.try_take();
  auto b = pool.try_take();
  a.discard();
  b.discard();
  run();
  BOOST_TEST(pool.stats().idle == 2u);
  BOOST_TEST(objects.made == 4);
  BOOST_TEST(objects.most == 2);
}

BOOST_AUTO_TEST_CASE(the_pool_tries_again_ever_more_slowly_for_its_minimum) {
  fail = true;
  auto pool = spawn({.name = "db", .min = 1, .max = 1, .retry_delay = 100ms});
  run();
  BOOST_TEST(calls == 1);
  advance(99ms);
  BOOST_TEST(calls == 1);
  advance(1ms);
  BOOST_TEST(calls == 2);
  advance(199ms);
  BOOST_TEST(calls == 2);
  advance(1ms);
  BOOST_TEST(calls == 3);
  BOOST_TEST(pool.stats().failed_creations == 3u);
  // It is not in the way of who takes: he gets the error, or the object.
  BOOST_CHECK_THROW(pool.try_take(), std::runtime_error);
  fail = false;
  BOOST_TEST(pool.try_take()->number == 1);
  advance(1h);
  BOOST_TEST(pool.stats().idle == 1u);
  BOOST_TEST(objects.made == 1);
}

// -- hooks --------------------------------------------------------------------

BOOST_AUTO_TEST_CASE(unhealthy_objects_are_replaced_when_taken) {
  auto pool = spawn({.name = "db", .max = 3}, {.healthy = [](counted& x) {
                      if (x.number == 2)
                        throw std::runtime_error{"cannot say"};
                      return !x.broken;
                    }});
  {
    auto a = pool.try_take();
    auto b = pool.try_take();
    auto c = pool.try_take();
    a->broken = true;
    c.release();
    b.release();
    a.release();
  }
  auto t = start("t", [&](task_context&) -> async<int> {
    auto x = co_await pool.take(); // 1 is broken, 2 cannot say
    co_return x->number;
  });
  run();
  BOOST_TEST(t.get() == 3);
  auto stats = pool.stats();
  BOOST_TEST(stats.unhealthy == 2u);
  BOOST_TEST(stats.idle == 1u);
  BOOST_TEST(objects.alive == 1);
  {
    auto c = pool.try_take();
    c->broken = true;
  }
  BOOST_TEST(pool.try_take()->number == 4); // none was left
}

BOOST_AUTO_TEST_CASE(what_cannot_be_reset_is_destroyed) {
  auto pool = spawn({.name = "db", .max = 2}, {.reset = [](counted& x) {
                      if (x.number == 2)
                        throw std::runtime_error{"cannot"};
                      return x.number != 1;
                    }});
  for (int i = 1; i <= 3; ++i)
    BOOST_TEST(pool.try_take()->number == i);
  BOOST_TEST(pool.try_take()->number == 3);
  BOOST_TEST(pool.stats().reset_failed == 2u);
  BOOST_TEST(objects.most == 1);
}

BOOST_AUTO_TEST_CASE(the_hook_destroy_is_called_for_each_object_once) {
  std::vector<int> seen;
  {
    auto pool = spawn({.name = "db", .max = 3}, {.destroy = [&](counted& x) {
                        seen.push_back(x.number);
                        throw std::runtime_error{"dropped"};
                      }});
    auto a = pool.try_take();
    auto b = pool.try_take();
    auto c = pool.try_take();
    a.discard();
    b.release();
    pool.close();
    BOOST_TEST(seen == (std::vector<int>{1, 2}),
               boost::test_tools::per_element());
  }
  run();
  BOOST_TEST(seen == (std::vector<int>{1, 2, 3}),
             boost::test_tools::per_element());
}

BOOST_AUTO_TEST_SUITE_END()

BOOST_FIXTURE_TEST_SUITE(pool_creation_with_workers, threaded)

BOOST_AUTO_TEST_CASE(a_blocking_factory_never_runs_on_a_worker) {
  census objects;
  {
    auto& host = axiom::runtime::host::of(system());
    std::atomic<int> on_worker = 0;
    auto pool = resource_pool<counted>::spawn(
      system(), {.name = "db", .min = 1, .max = 3}, axiom::blocking([&] {
        on_worker += host.on_worker_thread() ? 1 : 0;
        return counted{objects, objects.made + 1};
      }));
    while (pool.stats().idle == 0)
      std::this_thread::yield();
    auto first = pool.try_take();
    BOOST_TEST(static_cast<bool>(first));
    BOOST_TEST(!pool.try_take()); // it would have to wait for the factory
    auto t = start("t", [&](task_context&) -> async<int> {
      auto x = co_await pool.take();
      x.discard();
      co_return 1;
    });
    BOOST_TEST(t.get() == 1);
    auto mine = pool.take_blocking();
    BOOST_TEST(static_cast<bool>(mine));
    BOOST_TEST(on_worker == 0);
    auto on_one =
      start("t", [&](task_context&) { auto x = pool.take_blocking(); });
    BOOST_CHECK(code_thrown_by([&] { on_one.get(); })
                == errc::blocking_on_worker);
  }
}

BOOST_AUTO_TEST_CASE(a_thread_awaits_a_factory_that_needs_a_task) {
  auto pool = resource_pool<int>::spawn(system(), {.name = "db"},
                                        [](task_context& self) -> async<int> {
                                          co_await self.yield();
                                          co_return 7;
                                        });
  BOOST_TEST(*pool.take_blocking() == 7);
  auto in_task =
    start("t", axiom::blocking([&] { return *pool.take_blocking(); }));
  BOOST_TEST(in_task.get() == 7);
}

BOOST_AUTO_TEST_CASE(a_thread_learns_that_the_pool_was_closed_meanwhile) {
  auto pool = resource_pool<int>::spawn(system(), {.name = "db"},
                                        [](task_context& self) -> async<int> {
                                          co_await self.sleep_for(1h);
                                          co_return 7;
                                        });
  std::optional<errc> code;
  std::thread waiting{
    [&] { code = code_thrown_by([&] { auto x = pool.take_blocking(); }); }};
  while (pool.stats().creating == 0)
    std::this_thread::yield();
  pool.close();
  waiting.join();
  BOOST_CHECK(code == errc::scope_closed);
}

BOOST_AUTO_TEST_SUITE_END()
