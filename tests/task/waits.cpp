// Waiting: sleeps, joins, blocking waits; what a cancellation does to each,
// and to the coroutines that wait.

#include <atomic>
#include <future>
#include <thread>

#include "support/tasks.hpp"

using namespace test;

BOOST_FIXTURE_TEST_SUITE(sleeping, stepwise)

BOOST_AUTO_TEST_CASE(takes_the_time_it_says) {
  auto begin = now();
  auto t = start("t", [&](task_context& self) -> async<void> {
    co_await self.sleep_for(90min);
    BOOST_CHECK(now() - begin == 90min);
    co_await self.sleep_until(begin + 2h);
    BOOST_CHECK(now() - begin == 2h);
    co_await self.sleep_until(begin);
    co_await self.sleep_for(0s);
    BOOST_CHECK(now() - begin == 2h);
  });
  advance(3h);
  t.get();
}

BOOST_AUTO_TEST_CASE(ends_in_the_order_of_time_then_of_arming) {
  lines order;
  auto sleeper = [&](auto span) {
    return [&order, span](task_context& self) -> async<void> {
      co_await self.sleep_for(span);
      order.push_back(std::string{self.name()});
    };
  };
  start("c", sleeper(3s));
  start("a", sleeper(1s));
  start("b1", sleeper(2s));
  start("b2", sleeper(2s));
  advance(3s);
  BOOST_TEST(order == (lines{"a", "b1", "b2", "c"}),
             boost::test_tools::per_element());
}

BOOST_AUTO_TEST_CASE(leaves_no_timer_when_cancelled) {
  std::vector<axiom::task<void>> all;
  for (int i = 0; i < 5; ++i)
    all.push_back(start("t", forever));
  run();
  BOOST_TEST(pending_timers() == 5u);
  for (auto& x : all)
    x.cancel();
  run();
  BOOST_TEST(pending_timers() == 0u);
}

BOOST_AUTO_TEST_CASE(without_time_still_lets_others_run) {
  bool other_ran = false;
  int rounds = 0;
  auto t = start("poller", [&](task_context& self) -> async<void> {
    while (!other_ran) {
      ++rounds;
      BOOST_REQUIRE(rounds < 100);
      co_await self.sleep_for(0s);
    }
  });
  start("other", [&] { other_ran = true; });
  run();
  BOOST_TEST(t.done());
}

BOOST_AUTO_TEST_CASE(yielding_lets_others_run) {
  lines order;
  auto body = [&](task_context& self) -> async<void> {
    for (int i = 0; i < 3; ++i) {
      order.push_back(std::string{self.name()});
      co_await self.yield();
    }
  };
  start("a", body);
  start("b", body);
  run();
  BOOST_TEST(order == (lines{"a", "b", "a", "b", "a", "b"}),
             boost::test_tools::per_element());
}

BOOST_AUTO_TEST_CASE(a_cancellation_takes_effect_at_a_yield) {
  int rounds = 0;
  auto t = start("t", [&](task_context& self) -> async<void> {
    for (;;) {
      ++rounds;
      co_await self.yield();
    }
  });
  while (rounds < 10)
    BOOST_REQUIRE(run_one());
  t.cancel();
  run();
  BOOST_TEST(t.done());
  BOOST_TEST(rounds == 10);
}

BOOST_AUTO_TEST_CASE(for_the_longest_span_lasts_until_it_is_cancelled) {
  for (auto span : {axiom::runtime::duration::max(),
                    axiom::runtime::duration::max() - 1ns}) {
    auto t = start("t", [span](task_context& self) -> async<void> {
      co_await self.sleep_for(span);
    });
    advance(24h);
    BOOST_TEST(!t.done());
    t.cancel();
    run();
    BOOST_CHECK(code_thrown_by([&] { t.get(); }) == errc::cancelled);
  }
}

BOOST_AUTO_TEST_SUITE_END()

BOOST_FIXTURE_TEST_SUITE(joining, stepwise)

BOOST_AUTO_TEST_CASE(gives_a_reference_or_moves_the_value_out) {
  auto t = start("t", [](task_context& self) -> async<void> {
    auto child = self.create_child_task("child", [] {
      return std::make_unique<int>(4);
    });
    const auto& look = co_await child;
    BOOST_TEST(*look == 4);
    std::unique_ptr<int> taken = co_await std::move(child);
    BOOST_TEST(*taken == 4);
  });
  run();
  t.get();
}

BOOST_AUTO_TEST_CASE(may_be_done_by_many) {
  auto slow = start("slow", [](task_context& self) -> async<int> {
    co_await self.sleep_for(1s);
    co_return 3;
  });
  int sum = 0;
  for (int i = 0; i < 5; ++i)
    start("waiter", [&](task_context&) -> async<void> {
      sum += co_await slow;
    });
  run();
  BOOST_TEST(sum == 0);
  advance(1s);
  BOOST_TEST(sum == 15);
}

BOOST_AUTO_TEST_CASE(leaves_the_queue_when_the_waiter_is_cancelled) {
  auto slow = start("slow", forever);
  auto waiter = start("waiter", [&](task_context&) -> async<void> {
    co_await slow;
  });
  run();
  waiter.cancel();
  run();
  BOOST_TEST(waiter.done());
  BOOST_TEST(!slow.done());
  slow.cancel();
}

BOOST_AUTO_TEST_CASE(a_cancelled_task_throws_where_the_waiter_is_not) {
  auto t = start("t", [](task_context& self) -> async<int> {
    auto child = self.create_child_task("child", forever);
    child.cancel(axiom::cancel_reason::node_down);
    try {
      co_await child;
    } catch (const axiom::cancelled_error& ex) {
      BOOST_CHECK(ex.cause().reason == axiom::cancel_reason::node_down);
      co_return 1;
    }
    co_return 0;
  });
  run();
  BOOST_TEST(t.get() == 1);
}

BOOST_AUTO_TEST_CASE(a_cancelled_task_not_caught_fails_the_waiter) {
  auto t = start("t", [](task_context& self) -> async<void> {
    auto child = self.create_child_task("child", forever);
    child.cancel();
    co_await child;
  });
  run();
  BOOST_CHECK(code_thrown_by([&] { t.get(); }) == errc::cancelled);
  BOOST_TEST(!t.cancelled());
  BOOST_CHECK(events().phases_of("t").back() == task_phase::failed);
}

BOOST_AUTO_TEST_CASE(of_oneself_and_of_those_above_is_refused) {
  std::optional<errc> self_join;
  std::optional<errc> parent_join;
  axiom::task<void> outer;
  outer = start("outer", [&](task_context& self) -> async<void> {
    auto inner = self.create_child_task("inner", [&](task_context&)
                                          -> async<void> {
      try {
        co_await outer;
      } catch (const axiom::exception& ex) {
        parent_join = static_cast<errc>(ex.error().code());
      }
    });
    co_await inner;
    try {
      co_await outer;
    } catch (const axiom::exception& ex) {
      self_join = static_cast<errc>(ex.error().code());
    }
  });
  run();
  BOOST_CHECK(self_join == errc::self_join);
  BOOST_CHECK(parent_join == errc::self_join);
  outer = {};
}

BOOST_AUTO_TEST_CASE(a_blocking_wait_for_what_can_never_come_says_so) {
  auto t = start("sleeper", forever);
  BOOST_CHECK(code_thrown_by([&] { t.get(); }) == errc::deadline_exceeded);
  BOOST_TEST(!t.wait_for(1h)); // no time passes by itself
  t.cancel();
  BOOST_CHECK(code_thrown_by([&] { t.get(); }) == errc::cancelled);
}

BOOST_AUTO_TEST_CASE(get_of_the_task_itself_is_refused) {
  std::optional<errc> seen;
  axiom::task<void> t;
  t = start("t", [&] { seen = code_thrown_by([&] { t.get(); }); });
  run();
  BOOST_CHECK(seen == errc::self_join);
  t = {};
}

BOOST_AUTO_TEST_SUITE_END()

BOOST_FIXTURE_TEST_SUITE(unwinding, stepwise)

BOOST_AUTO_TEST_CASE(runs_destructors_from_the_innermost_frame_out) {
  lines order;
  auto inner = [&](task_context& self) -> async<void> {
    noted_end a{order, "inner first"};
    noted_end b{order, "inner second"};
    co_await self.sleep_for(1h);
  };
  auto middle = [&](task_context& self) -> async<void> {
    noted_end a{order, "middle"};
    co_await inner(self);
  };
  auto t = start("t", [&](task_context& self) -> async<void> {
    noted_end a{order, "outer"};
    co_await middle(self);
  });
  run();
  t.cancel();
  run();
  BOOST_TEST(order
               == (lines{"inner second", "inner first", "middle", "outer"}),
             boost::test_tools::per_element());
}

BOOST_AUTO_TEST_CASE(passes_no_handler) {
  lines order;
  auto t = start("t", [&](task_context& self) -> async<void> {
    try {
      co_await self.sleep_for(1h);
    } catch (...) {
      order.push_back("swallowed");
    }
    order.push_back("went on");
  });
  run();
  t.cancel();
  run();
  BOOST_TEST(t.done());
  BOOST_TEST(order.empty());
  BOOST_CHECK(events().phases_of("t").back() == task_phase::cancelled);
}

BOOST_AUTO_TEST_CASE(of_a_coroutine_that_never_started_runs_nothing) {
  bool ran = false;
  auto callee = [&]() -> async<void> {
    ran = true;
    co_return;
  };
  auto t = start("t", [&](task_context& self) -> async<void> {
    coordinator().cancel_task_tree(self.reference());
    co_await callee();
  });
  run();
  BOOST_TEST(!ran);
  BOOST_TEST(t.done());
}

BOOST_AUTO_TEST_CASE(releases_the_callable_before_the_end_is_known) {
  auto held = std::make_shared<int>(1);
  auto body = [held](task_context& self) -> async<int> {
    co_await self.sleep_for(1s);
    co_return *held;
  };
  auto t = start("t", std::move(body));
  run();
  BOOST_TEST(held.use_count() == 2);
  advance(1s);
  BOOST_TEST(t.done());
  BOOST_TEST(held.use_count() == 1);
}

BOOST_AUTO_TEST_CASE(an_exception_crosses_frames_as_usual) {
  lines order;
  auto inner = [&](task_context& self) -> async<int> {
    noted_end a{order, "inner"};
    co_await self.yield();
    throw std::logic_error("deep");
  };
  auto t = start("t", [&](task_context& self) -> async<int> {
    try {
      co_return co_await inner(self);
    } catch (const std::logic_error&) {
      order.push_back("caught");
    }
    co_return 2;
  });
  run();
  BOOST_TEST(t.get() == 2);
  BOOST_TEST(order == (lines{"inner", "caught"}),
             boost::test_tools::per_element());
}

BOOST_AUTO_TEST_SUITE_END()

BOOST_FIXTURE_TEST_SUITE(as_expected, stepwise)

BOOST_AUTO_TEST_CASE(gives_values_and_errors_as_values) {
  auto good = [](task_context& self) -> async<int> {
    co_await self.yield();
    co_return 3;
  };
  auto bad = [](task_context& self) -> async<int> {
    co_await self.yield();
    throw std::runtime_error("bad");
  };
  auto nothing = [](task_context&) -> async<void> { co_return; };
  auto t = start("t", [&](task_context& self) -> async<void> {
    auto a = co_await axiom::as_expected(good(self));
    BOOST_TEST(a.value() == 3);
    auto b = co_await axiom::as_expected(bad(self));
    BOOST_TEST(b.error().is(errc::unhandled_exception));
    BOOST_CHECK_THROW(b.error().rethrow(), std::runtime_error);
    auto c = co_await axiom::as_expected(nothing(self));
    BOOST_TEST(c.has_value());
    auto d = co_await axiom::as_expected(failing(self));
    BOOST_TEST(d.error().is(errc::invalid_argument));
  });
  run();
  t.get();
}

BOOST_AUTO_TEST_CASE(gives_back_the_own_cancellation_and_then_waits_end) {
  lines order;
  auto t = start("t", [&](task_context& self) -> async<void> {
    auto waits = [&](task_context& me) -> async<void> {
      noted_end a{order, "callee"};
      co_await me.sleep_for(1h);
    };
    auto got = co_await axiom::as_expected(waits(self));
    BOOST_TEST(!got);
    BOOST_TEST(got.error().is(errc::cancelled));
    order.push_back("went on");
    noted_end b{order, "body"};
    co_await self.sleep_for(1h);
    order.push_back("unreachable");
  });
  run();
  t.cancel();
  run();
  BOOST_TEST(order == (lines{"callee", "went on", "body"}),
             boost::test_tools::per_element());
  BOOST_CHECK(events().phases_of("t").back() == task_phase::cancelled);
}

BOOST_AUTO_TEST_CASE(stops_an_unwinding_at_the_innermost_boundary_only) {
  lines order;
  auto inner = [&](task_context& self) -> async<int> {
    auto got = co_await axiom::as_expected(self.sleep_for(1h));
    order.push_back(got ? "slept" : "inner boundary");
    co_return 5;
  };
  auto t = start("t", [&](task_context& self) -> async<int> {
    auto got = co_await axiom::as_expected(inner(self));
    order.push_back(got ? "value" : "outer boundary");
    co_return got.value();
  });
  run();
  t.cancel();
  run();
  BOOST_TEST(order == (lines{"inner boundary", "value"}),
             boost::test_tools::per_element());
  BOOST_TEST(t.get() == 5);
  BOOST_TEST(t.cancelled());
}

BOOST_AUTO_TEST_CASE(does_not_stop_a_kill) {
  lines order;
  auto t = start("t", [&](task_context& self) -> async<void> {
    noted_end a{order, "frame"};
    co_await axiom::as_expected(self.sleep_for(1h));
    order.push_back("went on");
  });
  run();
  caf::anon_send_exit(t.actor(), caf::exit_reason::kill);
  run();
  BOOST_TEST(order == (lines{"frame"}), boost::test_tools::per_element());
}

BOOST_AUTO_TEST_CASE(tells_a_childs_cancellation_from_the_own) {
  auto t = start("t", [](task_context& self) -> async<int> {
    auto child = self.create_child_task("child", forever);
    child.cancel();
    auto got = co_await axiom::as_expected(child);
    BOOST_TEST(!got);
    BOOST_TEST(got.error().is(errc::cancelled));
    BOOST_TEST(!self.cancelled());
    co_await self.yield(); // still works
    co_return 1;
  });
  run();
  BOOST_TEST(t.get() == 1);
}

BOOST_AUTO_TEST_SUITE_END()

BOOST_FIXTURE_TEST_SUITE(blocking_waits, threaded)

BOOST_AUTO_TEST_CASE(are_refused_on_workers_of_either_kind) {
  auto slow = start("slow", forever);
  std::optional<errc> in_task;
  auto t = start("t", [&] { in_task = code_thrown_by([&] { slow.get(); }); });
  t.get();
  BOOST_CHECK(in_task == errc::blocking_on_worker);
  std::promise<std::optional<errc>> in_actor;
  system().spawn([&](caf::event_based_actor*) {
    in_actor.set_value(code_thrown_by([&] { slow.wait(); }));
  });
  BOOST_CHECK(in_actor.get_future().get() == errc::blocking_on_worker);
  slow.cancel();
  BOOST_CHECK(code_thrown_by([&] { slow.get(); }) == errc::cancelled);
}

BOOST_AUTO_TEST_CASE(are_allowed_on_workers_when_the_task_has_ended) {
  auto ready = start("ready", [] { return 2; });
  ready.wait();
  auto t = start("t", [&] { return ready.get(); });
  BOOST_TEST(t.get() == 2);
}

BOOST_AUTO_TEST_CASE(end_with_the_task_whichever_thread_ends_it) {
  for (int i = 0; i < 100; ++i) {
    auto t = start("t", [i] { return i; });
    BOOST_REQUIRE(t.get() == i);
  }
}

BOOST_AUTO_TEST_CASE(of_several_threads_all_end) {
  auto t = start("t", forever);
  std::vector<std::thread> threads;
  std::atomic<int> ended = 0;
  for (int i = 0; i < 4; ++i)
    threads.emplace_back([&] {
      if (code_thrown_by([&] { t.get(); }) == errc::cancelled)
        ++ended;
    });
  t.cancel();
  for (auto& x : threads)
    x.join();
  BOOST_TEST(ended == 4);
}

BOOST_AUTO_TEST_CASE(give_up_after_their_timeout) {
  auto t = start("t", forever);
  BOOST_TEST(!t.wait_for(1ms));
  t.cancel();
  t.wait();
  BOOST_TEST(t.wait_for(0s));
}

BOOST_AUTO_TEST_CASE(with_the_longest_timeout_do_not_give_up) {
  auto t = start("t", forever);
  std::promise<void> begun;
  auto ended = false;
  std::thread waiter{[&] {
    begun.set_value();
    ended = t.wait_for(std::chrono::nanoseconds::max());
  }};
  begun.get_future().get();
  t.cancel();
  waiter.join();
  BOOST_TEST(ended);
}

BOOST_AUTO_TEST_SUITE_END()

// -- on the real clock --------------------------------------------------------

BOOST_FIXTURE_TEST_SUITE(sleeping_in_real_time, real_time)

BOOST_AUTO_TEST_CASE(for_the_longest_span_ends_by_a_cancellation_alone) {
  auto t = start("t", [](task_context& self) -> async<void> {
    co_await self.sleep_for(axiom::runtime::duration::max());
  });
  // Of two timers the one that is due first fires first.
  auto other = start("other", [](task_context& self) -> async<void> {
    co_await self.sleep_for(1ms);
  });
  other.get();
  t.cancel();
  BOOST_CHECK(code_thrown_by([&] { t.get(); }) == errc::cancelled);
}

BOOST_AUTO_TEST_SUITE_END()
