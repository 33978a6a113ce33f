// Pools as tasks and threads use them: who gets an object and when, and what
// becomes of objects when a wait, a holder or a creation ends in any other way.

#include <thread>

#include <caf/actor_registry.hpp>

#include "support/pools.hpp"

using namespace test;
using axiom::pooled;
using axiom::resource_pool;
using axiom::task_priority;

BOOST_FIXTURE_TEST_SUITE(pool, pooling)

// -- objects ------------------------------------------------------------------

BOOST_AUTO_TEST_CASE(an_object_comes_back_with_its_scope) {
  auto pool = spawn(2);
  {
    auto a = pool.try_take();
    BOOST_TEST(static_cast<bool>(a));
    BOOST_TEST(a->number == 1);
    auto b = std::move(a);
    BOOST_TEST(!a);
    BOOST_TEST((*b).number == 1);
    BOOST_TEST(pool.stats().in_use == 1u);
  }
  auto stats = pool.stats();
  BOOST_TEST(stats.in_use == 0u);
  BOOST_TEST(stats.idle == 1u);
  BOOST_TEST(objects.alive == 1);
}

BOOST_AUTO_TEST_CASE(an_idle_object_is_used_again) {
  auto pool = spawn(2);
  for (int i = 0; i < 5; ++i)
    BOOST_TEST(pool.try_take()->number == 1);
  BOOST_TEST(objects.made == 1);
  BOOST_TEST(pool.stats().taken == 5u);
}

BOOST_AUTO_TEST_CASE(the_object_used_last_is_taken_first) {
  auto pool = spawn(3);
  {
    auto a = pool.try_take();
    auto b = pool.try_take();
    auto c = pool.try_take();
    b.release();
    a.release();
  }
  auto x = pool.try_take();
  auto y = pool.try_take();
  auto z = pool.try_take();
  BOOST_TEST(x->number == 3);
  BOOST_TEST(y->number == 1);
  BOOST_TEST(z->number == 2);
}

BOOST_AUTO_TEST_CASE(there_are_never_more_objects_than_the_maximum) {
  auto pool = spawn(2);
  auto a = pool.try_take();
  auto b = pool.try_take();
  BOOST_TEST(!pool.try_take());
  a.release();
  BOOST_TEST(static_cast<bool>(pool.try_take()));
  BOOST_TEST(objects.most == 2);
}

BOOST_AUTO_TEST_CASE(releasing_twice_gives_back_once) {
  auto pool = spawn(2);
  auto a = pool.try_take();
  auto b = pool.try_take();
  a.release();
  a.release();
  a.discard();
  auto stats = pool.stats();
  BOOST_TEST(stats.in_use == 1u);
  BOOST_TEST(stats.idle == 1u);
}

BOOST_AUTO_TEST_CASE(assigning_an_object_to_itself_keeps_it) {
  auto pool = spawn(1);
  auto a = pool.try_take();
  auto& same = a;
  a = std::move(same);
  BOOST_TEST(static_cast<bool>(a));
}

BOOST_AUTO_TEST_CASE(what_is_discarded_is_destroyed_and_makes_room) {
  auto pool = spawn(1);
  auto a = pool.try_take();
  a.discard();
  BOOST_TEST(!a);
  BOOST_TEST(objects.alive == 0);
  BOOST_TEST(pool.try_take()->number == 2);
  BOOST_TEST(pool.stats().discarded == 1u);
  BOOST_TEST(objects.most == 1);
}

BOOST_AUTO_TEST_CASE(an_uncontended_take_does_not_suspend) {
  auto pool = spawn(1);
  pool.try_take().release();
  auto t = start("t", [&](task_context&) -> async<int> {
    int n = 0;
    for (; n < 1000; ++n)
      auto x = co_await pool.take();
    co_return n;
  });
  BOOST_TEST(run_one());
  BOOST_TEST(t.get() == 1000);
  auto stats = pool.stats();
  BOOST_TEST(stats.taken == 1001u);
  BOOST_TEST(stats.waits.count == 1001u);
  BOOST_TEST(stats.waits.sum_seconds == 0);
  BOOST_TEST(objects.made == 1);
}

BOOST_AUTO_TEST_CASE(an_object_may_outlive_the_pool_and_its_holder) {
  pooled<counted> kept;
  {
    auto pool = spawn(1);
    auto t = start("t", [&](task_context&) -> async<pooled<counted>> {
      co_return co_await pool.take();
    });
    kept = std::move(t).get();
    t = {};
    run();
  }
  run();
  BOOST_TEST(kept->number == 1);
  kept.release();
  BOOST_TEST(objects.alive == 0);
}

BOOST_AUTO_TEST_CASE(an_object_is_back_before_the_join_of_its_holder_returns) {
  auto pool = spawn(1);
  auto t = start("parent", [&](task_context& self) -> async<void> {
    for (int i = 0; i < 3; ++i) {
      auto op = [x = pool.try_take()](task_context&) { return 1; };
      BOOST_TEST(pool.stats().in_use == 1u);
      auto child = self.create_child_task("child", std::move(op));
      co_await child;
      BOOST_TEST(pool.stats().in_use == 0u);
    }
  });
  run();
  t.get();
}

// -- every end of a holder ----------------------------------------------------

BOOST_AUTO_TEST_CASE(an_object_comes_back_however_its_holder_ends) {
  auto pool = spawn(1);
  auto hold = [&](auto end) {
    return [&pool, end](task_context& self) -> async<int> {
      auto x = co_await pool.take();
      co_return co_await end(self);
    };
  };
  auto value = [](task_context& self) -> async<int> {
    co_await self.yield();
    co_return 1;
  };
  auto exception = [](task_context& self) -> async<int> {
    co_await self.yield();
    throw std::runtime_error{"broken"};
  };
  auto never = [](task_context& self) -> async<int> {
    co_await self.sleep_for(24h);
    co_return 1;
  };
  auto back = [&] {
    auto stats = pool.stats();
    return stats.in_use == 0 && stats.idle == 1 && objects.alive == 1;
  };
  auto t = start("value", hold(value));
  run();
  t.get();
  BOOST_TEST(back());
  t = start("exception", hold(exception));
  run();
  BOOST_CHECK_THROW(t.get(), std::runtime_error);
  BOOST_TEST(back());
  t = start("error", hold(failing));
  run();
  BOOST_CHECK(code_thrown_by([&] { t.get(); }) == errc::invalid_argument);
  BOOST_TEST(back());
  t = start("cancelled", hold(never));
  run();
  BOOST_TEST(!back());
  t.cancel();
  run();
  BOOST_TEST(back());
  t = start({.name = "timeout", .timeout = 1s}, hold(never));
  advance(1s);
  BOOST_TEST(back());
  t = start("killed", hold(never));
  run();
  test::send_exit(t.actor(), caf::exit_reason::kill);
  run();
  BOOST_TEST(back());
  BOOST_TEST(objects.made == 1);
}

// -- waiting ------------------------------------------------------------------

BOOST_AUTO_TEST_CASE(those_who_wait_are_served_in_order_with_what_comes_back) {
  auto pool = spawn(1);
  lines order;
  for (auto name : {"a", "b", "c"})
    start(name, user(pool, order));
  run();
  BOOST_TEST(pool.stats().waiting == 2u);
  advance(500ms);
  BOOST_CHECK(pool.stats().oldest_wait == 500ms);
  advance(3s);
  BOOST_TEST(order == (lines{"a 1", "b 1", "c 1"}),
             boost::test_tools::per_element());
  auto stats = pool.stats();
  BOOST_TEST(stats.waits.count == 3u);
  BOOST_TEST(stats.waits.sum_seconds == 3.0,
             boost::test_tools::tolerance(0.01));
}

BOOST_AUTO_TEST_CASE(an_object_goes_to_the_most_urgent) {
  auto pool = spawn(1);
  auto held = pool.try_take();
  lines order;
  auto begin = [&](const char* name, task_priority priority) {
    start({.name = name, .priority = priority}, user(pool, order, 0s));
    run();
  };
  begin("low", task_priority::low);
  begin("high", task_priority::high);
  begin("medium", task_priority::medium);
  auto by_hand = [&](task_context&) -> async<void> {
    auto x = co_await pool.take(task_priority::high);
    order.emplace_back("by hand");
  };
  start({.name = "x", .priority = task_priority::background}, by_hand);
  run();
  held.release();
  advance(0s);
  BOOST_TEST(order == (lines{"high 1", "by hand", "medium 1", "low 1"}),
             boost::test_tools::per_element());
}

BOOST_AUTO_TEST_CASE(waiting_raises_a_request_past_urgent_newcomers) {
  auto pool = spawn(1);
  auto held = pool.try_take();
  lines order;
  start({.name = "old", .priority = task_priority::background},
        user(pool, order, 0s));
  advance(800ms); // three periods
  start({.name = "new", .priority = task_priority::high},
        user(pool, order, 0s));
  run();
  held.release();
  advance(0s);
  BOOST_TEST(order == (lines{"old 1", "new 1"}),
             boost::test_tools::per_element());
}

BOOST_AUTO_TEST_CASE(a_cancelled_wait_leaves_and_nothing_is_lost) {
  auto pool = spawn(1);
  auto held = pool.try_take();
  lines order;
  auto a = start("a", user(pool, order));
  start("b", user(pool, order));
  run();
  a.cancel();
  run();
  BOOST_TEST(pool.stats().waiting == 1u);
  BOOST_TEST(pool.stats().cancelled == 1u);
  held.release();
  run();
  BOOST_TEST(order == (lines{"b 1"}), boost::test_tools::per_element());
  advance(1s);
  BOOST_TEST(pool.stats().idle == 1u);
}

BOOST_AUTO_TEST_CASE(a_task_that_is_cancelled_already_takes_nothing) {
  auto pool = spawn(1);
  pool.try_take().release();
  auto t = start("t", [&](task_context& self) -> async<void> {
    auto cancelled = co_await axiom::as_expected(self.sleep_for(1h));
    BOOST_TEST(!cancelled);
    auto x = co_await pool.take();
    BOOST_ERROR("taken");
  });
  run();
  t.cancel();
  run();
  auto stats = pool.stats();
  BOOST_TEST(stats.idle == 1u);
  BOOST_TEST(stats.taken == 1u);
}

BOOST_AUTO_TEST_CASE(a_wait_ends_with_its_timeout) {
  auto pool = spawn(1);
  auto held = pool.try_take();
  auto t = start("t", [&](task_context&) -> async<void> {
    auto x = co_await pool.take_for(250ms);
  });
  advance(249ms);
  BOOST_TEST(pool.stats().waiting == 1u);
  advance(1ms);
  BOOST_TEST(error_of_task(t)
             == "deadline_exceeded: pool 'db' had no object within 250.0 ms");
  auto stats = pool.stats();
  BOOST_TEST(stats.waiting == 0u);
  BOOST_TEST(stats.timed_out == 1u);
  BOOST_TEST(stats.in_use == 1u);
}

BOOST_AUTO_TEST_CASE(an_object_in_time_leaves_no_timer) {
  auto pool = spawn(1);
  auto held = pool.try_take();
  auto t = start("t", [&](task_context&) -> async<int> {
    auto x = co_await pool.take_for(1s, task_priority::high);
    co_return x->number;
  });
  advance(500ms);
  held.release();
  run();
  BOOST_TEST(t.get() == 1);
  BOOST_TEST(pool.stats().timed_out == 0u);
}

BOOST_AUTO_TEST_CASE(a_request_can_be_awaited_as_an_expected) {
  auto pool = spawn(1);
  pooled<counted> held;
  auto t = start("t", [&](task_context&) -> async<void> {
    auto first = co_await axiom::as_expected(pool.take());
    BOOST_TEST(first.has_value());
    first->release();
    held = pool.try_take();
    auto wait = pool.take_for(10ms);
    auto second = co_await axiom::as_expected(wait);
    BOOST_TEST((!second && second.error().is(errc::resource_deadlock)));
  });
  run();
  t.get();
  t = start("t", [&](task_context&) -> async<void> {
    auto wait = pool.take_for(10ms);
    auto third = co_await axiom::as_expected(wait);
    BOOST_TEST((!third && third.error().is(errc::deadline_exceeded)));
  });
  advance(10ms);
  t.get();
}

BOOST_AUTO_TEST_CASE(a_task_that_would_wait_for_itself_is_refused) {
  auto pool = spawn(1);
  auto text = error_of([&](task_context&) -> async<void> {
    auto a = co_await pool.take();
    auto b = co_await pool.take();
  });
  BOOST_TEST(text.find("resource_deadlock") == 0u);
  BOOST_TEST((text.find("'db'") != std::string::npos), text);
  BOOST_TEST(pool.stats().deadlocks == 1u);
  BOOST_TEST(pool.stats().idle == 1u);
}

// -- its end ------------------------------------------------------------------

BOOST_AUTO_TEST_CASE(a_closed_pool_refuses_and_destroys_what_comes_back) {
  auto pool = spawn(2);
  auto held = pool.try_take();
  pool.try_take().release();
  auto other = pool.try_take();
  auto t = start(
    "t", [&](task_context&) -> async<void> { auto x = co_await pool.take(); });
  run();
  other.release();
  run();
  t.get();
  BOOST_TEST(objects.alive == 2);
  auto again = pool.try_take();
  t = start(
    "t", [&](task_context&) -> async<void> { auto x = co_await pool.take(); });
  run();
  again.discard(); // so `t` makes one, and gives it back
  run();
  t.get();
  again = pool.try_take();
  t = start(
    "t", [&](task_context&) -> async<void> { auto x = co_await pool.take(); });
  run();
  pool.close();
  pool.close();
  run();
  BOOST_TEST(error_of_task(t) == "scope_closed: pool 'db' is closed");
  BOOST_CHECK(code_thrown_by([&] { auto x = pool.try_take(); })
              == errc::scope_closed);
  BOOST_CHECK(code_thrown_by([&] { auto x = pool.take_blocking(); })
              == errc::scope_closed);
  BOOST_TEST(error_of([&](task_context&) -> async<void> {
               auto x = co_await pool.take();
             })
             == "scope_closed: pool 'db' is closed");
  BOOST_TEST(objects.alive == 2);
  held.release();
  BOOST_TEST(objects.alive == 1);
  again.release();
  BOOST_TEST(objects.alive == 0);
  auto stats = pool.stats();
  BOOST_TEST(stats.created == stats.destroyed);
  BOOST_TEST(stats.in_use == 0u);
}

BOOST_AUTO_TEST_CASE(closing_destroys_what_is_idle) {
  auto pool = spawn(3);
  {
    auto a = pool.try_take();
    auto b = pool.try_take();
  }
  BOOST_TEST(objects.alive == 2);
  pool.close();
  BOOST_TEST(objects.alive == 0);
}

BOOST_AUTO_TEST_CASE(the_last_handle_closes_it_and_ends_its_actors) {
  const auto before = system().registry().running();
  {
    auto pool = spawn({.name = "db", .min = 1, .max = 2, .key_quota = 1});
    auto copy = pool;
    run();
    pool.try_take("a").release();
    BOOST_TEST(objects.alive == 1);
  }
  run();
  BOOST_TEST(objects.alive == 0);
  BOOST_TEST(system().registry().running() == before);
}

BOOST_AUTO_TEST_CASE(the_end_of_its_actor_closes_it) {
  for (auto reason :
       {caf::exit_reason::kill, caf::exit_reason::user_shutdown}) {
    auto pool = spawn({.name = "db", .max = 1, .key_quota = 1});
    pool.try_take("a").release();
    caf::anon_send_exit(pool.actor(), reason);
    run();
    BOOST_TEST(objects.alive == 0);
    BOOST_CHECK(code_thrown_by([&] { auto x = pool.try_take("a"); })
                == errc::scope_closed);
    BOOST_TEST(axiom::all_pool_stats(system()).empty());
  }
}

// -- bad options --------------------------------------------------------------

BOOST_AUTO_TEST_CASE(bad_options_are_all_named) {
  try {
    spawn({.name = "x",
           .min = 1,
           .max = 0,
           .idle_timeout = -1s,
           .health_interval = 1s,
           .ageing = -1s,
           .retry_delay = 0s});
    BOOST_ERROR("nothing thrown");
  } catch (const axiom::exception& ex) {
    BOOST_TEST(ex.is(errc::invalid_argument));
    std::string text = ex.what();
    for (auto part : {"pool 'x'", "max is 0", "min is 1, more than max",
                      "no hook healthy", "idle_timeout is negative",
                      "ageing is negative", "retry_delay is not positive"})
      BOOST_TEST((text.find(part) != std::string::npos), text);
  }
  BOOST_CHECK(code_thrown_by([&] { spawn({.name = std::string(65, 'x')}); })
              == errc::name_too_long);
  BOOST_TEST(axiom::all_pool_stats(system()).empty());
}

BOOST_AUTO_TEST_CASE(a_pool_with_the_longest_name_has_keys_too) {
  auto pool = spawn({.name = std::string(64, 'x'), .max = 1, .key_quota = 1});
  BOOST_TEST(pool.try_take("a")->number == 1);
}

// -- threads ------------------------------------------------------------------

BOOST_AUTO_TEST_CASE(a_thread_that_is_the_only_worker_lets_others_run) {
  auto pool = spawn(1);
  auto t = start("t", [&](task_context& self) -> async<void> {
    auto x = co_await pool.take();
    co_await self.yield();
  });
  run_one();
  auto mine = pool.take_blocking();
  BOOST_TEST(mine->number == 1);
  BOOST_CHECK(code_thrown_by([&] { auto x = pool.take_blocking(); })
              == errc::deadline_exceeded);
}

BOOST_AUTO_TEST_SUITE_END()

BOOST_FIXTURE_TEST_SUITE(pool_with_workers, threaded)

BOOST_AUTO_TEST_CASE(a_thread_gets_what_a_task_gives_back) {
  auto pool =
    resource_pool<int>::spawn(system(), {.name = "db"}, [] { return 7; });
  auto held = pool.try_take();
  std::atomic<int> got = 0;
  std::thread waiting{[&] { got = *pool.take_blocking(); }};
  while (pool.stats().waiting == 0)
    std::this_thread::yield();
  BOOST_TEST(got == 0);
  auto op = [held = std::move(held)](task_context&) mutable { held.release(); };
  start("t", std::move(op)).get();
  waiting.join();
  BOOST_TEST(got == 7);
}

BOOST_AUTO_TEST_CASE(a_worker_is_not_blocked) {
  auto pool =
    resource_pool<int>::spawn(system(), {.name = "db"}, [] { return 7; });
  auto held = pool.try_take();
  auto t = start("t", [&](task_context&) { auto x = pool.take_blocking(); });
  BOOST_CHECK(code_thrown_by([&] { t.get(); }) == errc::blocking_on_worker);
}

BOOST_AUTO_TEST_CASE(a_blocking_operation_is_cancelled_while_it_waits) {
  auto pool =
    resource_pool<int>::spawn(system(), {.name = "db"}, [] { return 7; });
  auto held = pool.try_take();
  auto t = start("t", axiom::blocking(
                        [&](task_context&) { auto x = pool.take_blocking(); }));
  while (pool.stats().waiting == 0)
    std::this_thread::yield();
  t.cancel();
  BOOST_CHECK(code_thrown_by([&] { t.get(); }) == errc::cancelled);
  BOOST_TEST(pool.stats().waiting == 0u);
}

BOOST_AUTO_TEST_SUITE_END()
