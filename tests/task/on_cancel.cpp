// on_cancel: when a handler runs, how often, and when it never does.

#include <atomic>
#include <thread>

#include "support/tasks.hpp"

using namespace test;

BOOST_FIXTURE_TEST_SUITE(on_cancel, stepwise)

BOOST_AUTO_TEST_CASE(runs_a_handler_once_however_often_the_task_is_cancelled) {
  int calls = 0;
  auto t = start("t", [&](task_context& self) -> async<void> {
    auto registration = self.on_cancel([&] { ++calls; });
    co_await self.sleep_for(1h);
  });
  run();
  BOOST_TEST(calls == 0);
  t.cancel();
  BOOST_TEST(calls == 1); // before cancel() returned
  t.cancel();
  run();
  BOOST_TEST(calls == 1);
}

BOOST_AUTO_TEST_CASE(runs_handlers_when_the_whole_tree_is_signalled) {
  std::vector<axiom::task<void>> all;
  int seen_by_handler = 0;
  auto count_signalled = [&] {
    for (auto& x : all)
      seen_by_handler += x.cancelled() ? 1 : 0;
  };
  auto child = [&](task_context& self) -> async<void> {
    auto registration = self.on_cancel(count_signalled);
    co_await self.sleep_for(1h);
  };
  auto t = start("t", [&](task_context& self) -> async<void> {
    auto registration = self.on_cancel(count_signalled);
    for (int i = 0; i < 3; ++i)
      all.push_back(self.create_child_task("child", child));
    co_await self.hierarchy().await_children();
  });
  all.push_back(t);
  run();
  t.cancel();
  BOOST_TEST(seen_by_handler == 4 * 4);
}

BOOST_AUTO_TEST_CASE(never_runs_a_handler_of_a_task_that_ends_otherwise) {
  int calls = 0;
  auto t = start("t", [&](task_context& self) -> async<void> {
    auto registration = self.on_cancel([&] { ++calls; });
    co_await self.sleep_for(1s);
  });
  advance(1s);
  t.cancel();
  BOOST_TEST(t.done());
  BOOST_TEST(calls == 0);
}

BOOST_AUTO_TEST_CASE(never_runs_a_handler_after_its_registration_is_gone) {
  int calls = 0;
  auto t = start("t", [&](task_context& self) -> async<void> {
    {
      auto registration = self.on_cancel([&] { ++calls; });
      co_await self.sleep_for(1s);
    }
    co_await self.sleep_for(1h);
  });
  advance(1s);
  t.cancel();
  run();
  BOOST_TEST(calls == 0);
}

BOOST_AUTO_TEST_CASE(runs_those_of_the_middle_too_when_one_is_taken_out) {
  lines called;
  auto t = start("t", [&](task_context& self) -> async<void> {
    auto a = self.on_cancel([&] { called.push_back("a"); });
    auto b = self.on_cancel([&] { called.push_back("b"); });
    auto c = self.on_cancel([&] { called.push_back("c"); });
    b = {};
    auto moved = std::move(a);
    co_await self.sleep_for(1h);
  });
  run();
  t.cancel();
  std::sort(called.begin(), called.end());
  BOOST_TEST(called == (lines{"a", "c"}), boost::test_tools::per_element());
}

BOOST_AUTO_TEST_CASE(runs_a_handler_at_once_if_the_task_is_cancelled_already) {
  int calls = 0;
  auto t = start("t", [&](task_context& self) {
    coordinator().cancel_task_tree(self.reference());
    auto registration = self.on_cancel([&] { ++calls; });
    BOOST_TEST(calls == 1);
  });
  run();
  BOOST_TEST(calls == 1);
}

BOOST_AUTO_TEST_CASE(lets_a_handler_end_its_own_registration) {
  int calls = 0;
  std::optional<axiom::cancel_registration> registration;
  auto t = start("t", [&](task_context& self) -> async<void> {
    registration = self.on_cancel([&] {
      ++calls;
      registration.reset();
    });
    co_await self.sleep_for(1h);
  });
  run();
  t.cancel();
  run();
  BOOST_TEST(calls == 1);
  BOOST_TEST(!registration.has_value());
}

BOOST_AUTO_TEST_CASE(lets_a_handler_end_the_registration_of_another) {
  int calls = 0;
  std::optional<axiom::cancel_registration> a;
  std::optional<axiom::cancel_registration> b;
  auto t = start("t", [&](task_context& self) -> async<void> {
    a = self.on_cancel([&] {
      ++calls;
      b.reset();
    });
    b = self.on_cancel([&] {
      ++calls;
      a.reset();
    });
    co_await self.sleep_for(1h);
  });
  run();
  t.cancel();
  run();
  BOOST_TEST(calls == 1);
  a.reset();
  b.reset();
}

BOOST_AUTO_TEST_CASE(refuses_to_create_tasks_in_a_handler) {
  std::optional<errc> by_coordinator;
  std::optional<errc> by_context;
  std::optional<errc> by_shield;
  auto t = start("t", [&](task_context& self) -> async<void> {
    auto registration = self.on_cancel([&] {
      by_coordinator = code_thrown_by([&] { start("new", [] {}); });
      by_context
        = code_thrown_by([&] { self.create_child_task("new", [] {}); });
      by_shield = code_thrown_by([&] { self.shielded([] {}); });
    });
    co_await self.sleep_for(1h);
  });
  run();
  t.cancel();
  run();
  BOOST_CHECK(by_coordinator == errc::scope_closed);
  BOOST_CHECK(by_context == errc::scope_closed);
  BOOST_CHECK(by_shield == errc::scope_closed);
  BOOST_TEST(events().phases_of("new").empty());
}

BOOST_AUTO_TEST_CASE(has_no_current_task_in_a_handler) {
  static axiom::task_local<int> value{0};
  int seen = -1;
  auto t = start("t", [&](task_context& self) -> async<void> {
    auto body = [&](task_context& me) -> async<void> {
      auto registration = me.on_cancel([&] { seen = value.get(); });
      co_await me.sleep_for(1h);
    };
    co_await value.with(self, 5, body);
  });
  run();
  t.cancel();
  BOOST_TEST(seen == 0);
}

BOOST_AUTO_TEST_CASE(runs_the_handlers_of_an_exit_message_on_a_worker) {
  int calls = 0;
  auto t = start("t", [&](task_context& self) -> async<void> {
    auto registration = self.on_cancel([&] { ++calls; });
    co_await axiom::as_expected(self.sleep_for(1h));
    co_await self.shielded([](task_context& me) -> async<void> {
      co_await me.sleep_for(1ms);
    });
  });
  run();
  send_exit(t.actor(), caf::make_error(caf::sec::runtime_error));
  BOOST_TEST(calls == 0); // CAF may hold locks there
  BOOST_TEST(t.cancelled());
  run();
  BOOST_TEST(calls == 1);
  advance(1ms);
}

BOOST_AUTO_TEST_SUITE_END()

BOOST_FIXTURE_TEST_SUITE(on_cancel_across_threads, threaded)

BOOST_AUTO_TEST_CASE(has_finished_when_the_registration_is_gone) {
  // The body ends its registration while the handler runs on another thread.
  for (int i = 0; i < 50; ++i) {
    std::atomic<bool> entered = false;
    bool finished = false;
    bool seen = false;
    auto t = start("t", axiom::blocking([&](task_context& self) {
      {
        auto registration = self.on_cancel([&] {
          entered = true;
          entered.notify_all();
          std::this_thread::yield();
          finished = true;
        });
        entered.wait(false);
      }
      seen = finished;
    }));
    while (events().count(task_phase::started) != std::size_t(i) + 1)
      std::this_thread::yield();
    t.cancel();
    t.wait();
    BOOST_REQUIRE(seen);
  }
}

BOOST_AUTO_TEST_SUITE_END()
