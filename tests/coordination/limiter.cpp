// The limiter as tasks and threads use it: who gets permits and when, and what
// becomes of them when a wait or a holder ends in any other way.

#include <atomic>
#include <thread>

#include "support/limited.hpp"

using namespace test;
using axiom::concurrency_limiter;
using axiom::permit;
using axiom::task_priority;

BOOST_FIXTURE_TEST_SUITE(limiter, limited)

// -- permits ------------------------------------------------------------------

BOOST_AUTO_TEST_CASE(a_permit_comes_back_with_its_scope) {
  auto limiter = spawn(2);
  {
    auto a = limiter.try_acquire();
    BOOST_TEST(static_cast<bool>(a));
    BOOST_TEST(a.weight() == 1u);
    auto b = std::move(a);
    BOOST_TEST(!a);
    BOOST_TEST(limiter.in_use() == 1u);
    BOOST_TEST(!limiter.try_acquire(2));
    b = limiter.try_acquire();
    BOOST_TEST(limiter.in_use() == 1u);
  }
  BOOST_TEST(limiter.in_use() == 0u);
}

BOOST_AUTO_TEST_CASE(releasing_twice_gives_back_once) {
  auto limiter = spawn(2);
  auto a = limiter.try_acquire();
  auto b = limiter.try_acquire();
  a.release();
  a.release();
  BOOST_TEST(limiter.in_use() == 1u);
}

BOOST_AUTO_TEST_CASE(assigning_a_permit_to_itself_keeps_it) {
  auto limiter = spawn(1);
  auto a = limiter.try_acquire();
  auto& same = a;
  a = std::move(same);
  BOOST_TEST(static_cast<bool>(a));
}

BOOST_AUTO_TEST_CASE(an_uncontended_acquire_does_not_suspend) {
  auto limiter = spawn(1);
  auto t = start("t", [&](task_context&) -> async<int> {
    int n = 0;
    for (; n < 1000; ++n)
      auto held = co_await limiter.acquire();
    co_return n;
  });
  BOOST_TEST(run_one());
  BOOST_TEST(t.get() == 1000);
  auto stats = limiter.stats();
  BOOST_TEST(stats.granted == 1000u);
  BOOST_TEST(stats.queued == 0u);
  BOOST_TEST(stats.waits.count == 1000u);
  BOOST_TEST(stats.waits.sum_seconds == 0);
}

BOOST_AUTO_TEST_CASE(a_permit_is_back_before_the_join_of_its_holder_returns) {
  auto limiter = spawn(1);
  auto t = start("parent", [&](task_context& self) -> async<void> {
    for (int i = 0; i < 3; ++i) {
      auto op = [held = limiter.try_acquire()](task_context&) { return 1; };
      BOOST_TEST(limiter.in_use() == 1u);
      auto child = self.create_child_task("child", std::move(op));
      co_await child;
      BOOST_TEST(limiter.in_use() == 0u);
    }
  });
  run();
  t.get();
}

BOOST_AUTO_TEST_CASE(a_permit_may_outlive_its_holder_and_the_limiter) {
  permit kept;
  {
    auto limiter = spawn(1);
    auto t = start("t", [&](task_context&) -> async<permit> {
      co_return co_await limiter.acquire();
    });
    kept = std::move(t).get();
    BOOST_TEST(limiter.in_use() == 1u);
    t = {};
    run();
    BOOST_TEST(!limiter.try_acquire());
  }
  run();
  kept.release();
}

BOOST_AUTO_TEST_CASE(a_permit_given_to_another_task_comes_back_from_there) {
  auto limiter = spawn(1);
  auto t = start("t", [&](task_context& self) -> async<void> {
    auto held = co_await limiter.acquire();
    auto op = [held = std::move(held)](task_context&) mutable {
      held.release();
    };
    auto child = self.create_child_task("child", std::move(op));
    co_await child;
    auto again = co_await limiter.acquire(); // the former slot is free
  });
  run();
  t.get();
  BOOST_TEST(limiter.in_use() == 0u);
}

// -- order --------------------------------------------------------------------

BOOST_AUTO_TEST_CASE(those_who_wait_are_served_in_order) {
  auto limiter = spawn(1);
  lines order;
  for (auto name : {"a", "b", "c"})
    start(name, user(limiter, order));
  advance(3s);
  BOOST_TEST(order == (lines{"a", "b", "c"}), boost::test_tools::per_element());
}

BOOST_AUTO_TEST_CASE(a_released_permit_goes_to_the_most_urgent) {
  auto limiter = spawn(1);
  auto held = limiter.try_acquire();
  lines order;
  auto begin = [&](const char* name, task_priority priority) {
    start({.name = name, .priority = priority}, user(limiter, order, 1, 0s));
    run();
  };
  begin("low", task_priority::low);
  begin("high", task_priority::high);
  begin("medium", task_priority::medium);
  held.release();
  run();
  BOOST_TEST(order == (lines{"high", "medium", "low"}),
             boost::test_tools::per_element());
}

BOOST_AUTO_TEST_CASE(waiting_raises_a_request_past_urgent_newcomers) {
  auto limiter = spawn(1);
  auto held = limiter.try_acquire();
  lines order;
  start({.name = "old", .priority = task_priority::background},
        user(limiter, order, 1, 0s));
  advance(800ms); // three periods
  start({.name = "new", .priority = task_priority::high},
        user(limiter, order, 1, 0s));
  run();
  held.release();
  run();
  BOOST_TEST(order == (lines{"old", "new"}), boost::test_tools::per_element());
}

BOOST_AUTO_TEST_CASE(time_alone_lets_an_old_request_pass_a_large_urgent_one) {
  auto limiter = spawn(4);
  auto most = limiter.try_acquire(3);
  auto one = limiter.try_acquire(1);
  lines order;
  start({.name = "old", .priority = task_priority::background},
        user(limiter, order, 1));
  advance(1ms);
  start({.name = "large", .priority = task_priority::high},
        user(limiter, order, 4));
  run();
  one.release();
  advance(748ms);
  BOOST_TEST(order.empty()); // one is free, but the large one is first
  advance(1ms);
  BOOST_TEST(order == (lines{"old"}), boost::test_tools::per_element());
  most.release();
  advance(2s);
  BOOST_TEST(order.size() == 2u);
}

BOOST_AUTO_TEST_CASE(a_large_request_is_not_overtaken) {
  auto limiter = spawn(3);
  lines order;
  start("one", user(limiter, order, 1));
  start("three", user(limiter, order, 3));
  start("other", user(limiter, order, 1));
  run();
  BOOST_TEST(order == (lines{"one"}), boost::test_tools::per_element());
  advance(3s);
  BOOST_TEST(order == (lines{"one", "three", "other"}),
             boost::test_tools::per_element());
}

BOOST_AUTO_TEST_CASE(those_behind_a_cancelled_large_request_go_on_at_once) {
  auto limiter = spawn(3);
  lines order;
  start("one", user(limiter, order, 1));
  auto three = start("three", user(limiter, order, 3));
  start("other", user(limiter, order, 1));
  run();
  three.cancel();
  run();
  BOOST_TEST(order == (lines{"one", "other"}),
             boost::test_tools::per_element());
  advance(2s);
}

BOOST_AUTO_TEST_CASE(
  a_cancelled_request_leaves_before_the_children_of_its_task) {
  auto limiter = spawn(2);
  auto held = limiter.try_acquire(1);
  lines order;
  auto gate = start("parent", [&](task_context& self) -> async<void> {
    auto op = [](task_context& self) -> async<void> {
      auto done = self.shielded(
        [](task_context& self) -> async<void> { co_await self.sleep_for(1s); });
      co_await done;
    };
    auto child = self.create_child_task("slow to end", op);
    auto two = co_await limiter.acquire(2);
  });
  run();
  start("other", user(limiter, order, 1));
  run();
  BOOST_TEST(order.empty());
  gate.cancel();
  run();
  BOOST_TEST(order == (lines{"other"}), boost::test_tools::per_element());
  BOOST_TEST(limiter.stats().cancelled == 1u);
  advance(2s);
}

// -- what is refused ----------------------------------------------------------

BOOST_AUTO_TEST_CASE(bad_options_are_all_named) {
  try {
    concurrency_limiter::spawn(system(), {.name = "x",
                                          .max_concurrency = 0,
                                          .ageing = -1s,
                                          .shares = {{"k", {.weight = 0}}}});
    BOOST_ERROR("nothing thrown");
  } catch (const axiom::exception& ex) {
    BOOST_TEST(ex.is(errc::invalid_argument));
    std::string text = ex.what();
    for (auto part : {"max_concurrency is 0", "ageing is negative",
                      "not shared by key", "weight of key 'k' is 0"})
      BOOST_TEST((text.find(part) != std::string::npos), text);
  }
  auto long_name = [&] {
    concurrency_limiter::spawn(system(), {.name = std::string(65, 'x')});
  };
  BOOST_CHECK(code_thrown_by(long_name) == errc::name_too_long);
}

BOOST_AUTO_TEST_CASE(asking_for_nothing_is_refused) {
  auto limiter = spawn(1);
  BOOST_CHECK(code_thrown_by([&] { auto p = limiter.try_acquire(0); })
              == errc::invalid_argument);
  BOOST_CHECK(code_thrown_by([&] { auto p = limiter.acquire_blocking(0); })
              == errc::invalid_argument);
}

BOOST_AUTO_TEST_CASE(asking_for_more_than_there_is_fails_at_once) {
  auto limiter = spawn(8);
  auto held = limiter.try_acquire(8); // also where it would have to wait
  BOOST_CHECK(code_thrown_by([&] { auto p = limiter.try_acquire(9); })
              == errc::exceeds_capacity);
  auto text = error_of([&](task_context&) -> async<void> {
    auto p = co_await limiter.acquire(9);
  });
  BOOST_TEST(text
             == "exceeds_capacity: 9 permits of limiter 'io' are asked for; "
                "the limit is 8");
  BOOST_TEST(limiter.stats().refused == 2u);
}

BOOST_AUTO_TEST_CASE(a_limit_of_nothing_is_refused) {
  auto limiter = spawn(1);
  BOOST_CHECK(code_thrown_by([&] { limiter.set_limit(0); })
              == errc::invalid_argument);
  BOOST_CHECK(code_thrown_by([&] { limiter.set_limit(1U << 31); })
              == errc::invalid_argument);
  BOOST_TEST(limiter.limit() == 1u);
}

BOOST_AUTO_TEST_CASE(a_closed_limiter_refuses_and_takes_back) {
  auto limiter = spawn(1);
  auto held = limiter.try_acquire();
  auto t = start("t", [&](task_context&) -> async<void> {
    auto p = co_await limiter.acquire();
  });
  run();
  limiter.close();
  limiter.close();
  run();
  BOOST_CHECK(code_thrown_by([&] { t.get(); }) == errc::scope_closed);
  BOOST_CHECK(code_thrown_by([&] { auto p = limiter.try_acquire(); })
              == errc::scope_closed);
  held.release();
  BOOST_TEST(limiter.in_use() == 0u);
}

BOOST_AUTO_TEST_CASE(the_end_of_its_actor_closes_it) {
  auto limiter = spawn(1);
  caf::anon_send_exit(limiter.actor(), caf::exit_reason::kill);
  run();
  BOOST_CHECK(code_thrown_by([&] { auto p = limiter.try_acquire(); })
              == errc::scope_closed);
  BOOST_CHECK(code_thrown_by([&] { auto p = limiter.acquire_blocking(); })
              == errc::scope_closed);
  auto text = error_of([&](task_context&) -> async<void> {
    auto p = co_await limiter.acquire_for(1s);
  });
  BOOST_TEST(text == "scope_closed: limiter 'io' is closed");
}

// -- timeouts -----------------------------------------------------------------

BOOST_AUTO_TEST_CASE(a_wait_ends_with_its_timeout) {
  auto limiter = spawn(1);
  auto held = limiter.try_acquire();
  auto t = start("t", [&](task_context&) -> async<void> {
    auto p = co_await limiter.acquire_for(250ms);
  });
  advance(249ms);
  BOOST_TEST(limiter.stats().waiting == 1u);
  BOOST_CHECK(limiter.stats().oldest_wait == 249ms);
  advance(1ms);
  try {
    t.get();
    BOOST_ERROR("nothing thrown");
  } catch (const axiom::exception& ex) {
    BOOST_TEST(ex.what()
               == std::string{"deadline_exceeded: limiter 'io' did not grant "
                              "1 permit within 250.0 ms"});
  }
  auto stats = limiter.stats();
  BOOST_TEST(stats.waiting == 0u);
  BOOST_TEST(stats.timed_out == 1u);
  BOOST_TEST(stats.in_use == 1u);
}

BOOST_AUTO_TEST_CASE(a_grant_in_time_leaves_no_timer) {
  auto limiter = spawn(1);
  auto held = limiter.try_acquire();
  auto t = start("t", [&](task_context&) -> async<void> {
    auto p = co_await limiter.acquire_for(1s);
  });
  advance(500ms);
  held.release();
  run();
  t.get();
  BOOST_TEST(limiter.stats().timed_out == 0u);
}

BOOST_AUTO_TEST_CASE(without_time_it_asks_once) {
  auto limiter = spawn(1);
  auto ask = [&](task_context&) -> async<void> {
    auto p = co_await limiter.acquire_for(0s);
  };
  auto t = start("t", ask);
  advance(0s);
  t.get();
  auto held = limiter.try_acquire();
  t = start("t", ask);
  advance(0s);
  BOOST_CHECK(code_thrown_by([&] { t.get(); }) == errc::deadline_exceeded);
}

// -- threads ------------------------------------------------------------------

BOOST_AUTO_TEST_CASE(a_thread_that_is_the_only_worker_lets_others_run) {
  auto limiter = spawn(1);
  auto t = start("t", [&](task_context& self) -> async<void> {
    auto p = co_await limiter.acquire();
    co_await self.yield();
  });
  run_one();
  auto mine = limiter.acquire_blocking();
  BOOST_TEST(static_cast<bool>(mine));
  BOOST_CHECK(code_thrown_by([&] { auto p = limiter.acquire_blocking(); })
              == errc::deadline_exceeded);
  BOOST_TEST(limiter.in_use() == 1u);
}

BOOST_AUTO_TEST_SUITE_END()

BOOST_FIXTURE_TEST_SUITE(limiter_with_workers, threaded)

BOOST_AUTO_TEST_CASE(a_thread_gets_what_a_task_gives_back) {
  auto limiter = concurrency_limiter::spawn(system(), {.name = "io"});
  auto held = limiter.try_acquire();
  std::atomic<bool> got = false;
  std::thread waiting{[&] {
    auto mine = limiter.acquire_blocking();
    got = true;
  }};
  while (limiter.stats().waiting == 0)
    std::this_thread::yield();
  BOOST_TEST(!got);
  auto op = [held = std::move(held)](task_context&) mutable { held.release(); };
  start("t", std::move(op)).get();
  waiting.join();
  BOOST_TEST(got);
}

BOOST_AUTO_TEST_CASE(a_blocking_child_of_a_group_takes_a_permit) {
  auto limiter = concurrency_limiter::spawn(system(), {.name = "io"});
  auto owner = start("owner", [&](task_context& self) -> async<int> {
    auto body = [&](auto& group) -> async<int> {
      auto op =
        axiom::blocking([&] { return static_cast<int>(limiter.in_use()); });
      for (int i = 0; i < 3; ++i)
        co_await group.add_task("child", op);
      int sum = 0;
      for (auto x : co_await group.wait_for_all())
        sum += x;
      co_return sum;
    };
    co_return co_await axiom::with_task_group<int>(self, {.limiter = &limiter},
                                                   body);
  });
  BOOST_TEST(owner.get() == 3);
}

BOOST_AUTO_TEST_CASE(a_worker_is_not_blocked) {
  auto limiter = concurrency_limiter::spawn(system(), {.name = "io"});
  auto held = limiter.try_acquire();
  auto t =
    start("t", [&](task_context&) { auto p = limiter.acquire_blocking(); });
  BOOST_CHECK(code_thrown_by([&] { t.get(); }) == errc::blocking_on_worker);
}

BOOST_AUTO_TEST_CASE(a_blocking_operation_is_cancelled_while_it_waits) {
  auto limiter = concurrency_limiter::spawn(system(), {.name = "io"});
  auto held = limiter.try_acquire();
  auto t = start("t", axiom::blocking([&](task_context&) {
                   auto p = limiter.acquire_blocking();
                 }));
  while (limiter.stats().waiting == 0)
    std::this_thread::yield();
  t.cancel();
  BOOST_CHECK(code_thrown_by([&] { t.get(); }) == errc::cancelled);
  BOOST_TEST(limiter.stats().waiting == 0u);
}

BOOST_AUTO_TEST_SUITE_END()
