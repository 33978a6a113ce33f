// Operations that block: on threads of their own, cancelled by cooperation.

#include <atomic>
#include <condition_variable>
#include <mutex>
#include <set>
#include <thread>

#include "axiom/runtime/host.hpp"
#include "support/tasks.hpp"

using namespace test;

BOOST_FIXTURE_TEST_SUITE(blocking_operations, threaded)

BOOST_AUTO_TEST_CASE(run_beside_the_workers) {
  auto& host = axiom::runtime::host::of(system());
  auto blocking = start("blocking", axiom::blocking([&] {
    return host.on_worker_thread();
  }));
  auto plain = start("plain", [&] { return host.on_worker_thread(); });
  BOOST_TEST(!blocking.get());
  BOOST_TEST(plain.get());
}

BOOST_AUTO_TEST_CASE(hold_no_worker) {
  // More of them than workers wait for a plain task.
  std::atomic<bool> go = false;
  std::vector<axiom::task<int>> all;
  for (int i = 0; i < 8; ++i)
    all.push_back(start("blocking", axiom::blocking([&] {
      go.wait(false);
      return 1;
    })));
  start("plain", [&] {
    go = true;
    go.notify_all();
  });
  int sum = 0;
  for (auto& x : all)
    sum += x.get();
  BOOST_TEST(sum == 8);
}

BOOST_AUTO_TEST_CASE(know_their_task_and_may_create_children) {
  auto t = start("outer", axiom::blocking([&](task_context& self) {
    auto inner = start("inner", [](task_context& me) {
      return me.reference().parent;
    });
    return inner.get() == self.id(); // a wait that is allowed here
  }));
  BOOST_TEST(t.get());
}

BOOST_AUTO_TEST_CASE(carry_task_locals) {
  static axiom::task_local<int> local{1};
  auto t = start("t", [&](task_context& self) -> async<int> {
    auto body = [](task_context& me) -> async<int> {
      auto child = me.create_child_task("blocking", axiom::blocking([] {
        return local.get();
      }));
      co_return co_await child;
    };
    co_return co_await local.with(self, 42, body);
  });
  BOOST_TEST(t.get() == 42);
}

BOOST_AUTO_TEST_CASE(notice_a_cancellation_when_they_check) {
  std::atomic<bool> started = false;
  auto t = start("t", axiom::blocking([&](task_context& self) {
    started = true;
    started.notify_all();
    while (true)
      self.check_cancelled();
  }));
  started.wait(false);
  t.cancel();
  BOOST_CHECK(code_thrown_by([&] { t.get(); }) == errc::cancelled);
  BOOST_TEST(events().count(task_phase::cancelled) == 1u);
}

BOOST_AUTO_TEST_CASE(are_woken_by_an_on_cancel_handler) {
  std::atomic<bool> started = false;
  auto t = start("t", axiom::blocking([&](task_context& self) {
    std::mutex mutex;
    std::condition_variable changed;
    bool over = false;
    auto registration = self.on_cancel([&] {
      std::lock_guard guard{mutex};
      over = true;
      changed.notify_all();
    });
    started = true;
    started.notify_all();
    std::unique_lock guard{mutex};
    changed.wait(guard, [&] { return over; });
    return 5;
  }));
  started.wait(false);
  t.cancel();
  BOOST_TEST(t.get() == 5);
}

BOOST_AUTO_TEST_CASE(waiting_for_another_task_are_interrupted_when_cancelled) {
  auto slow = start("slow", forever);
  std::atomic<bool> started = false;
  auto t = start("t", axiom::blocking([&] {
    started = true;
    started.notify_all();
    slow.get();
  }));
  started.wait(false);
  t.cancel();
  BOOST_CHECK(code_thrown_by([&] { t.get(); }) == errc::cancelled);
  BOOST_TEST(!slow.done());
  slow.cancel();
}

BOOST_AUTO_TEST_CASE(waiting_for_oneself_or_above_are_refused) {
  axiom::task<void> outer;
  std::atomic<bool> assigned = false;
  std::optional<errc> own;
  std::optional<errc> above;
  auto t = start("outer", axiom::blocking([&](task_context& self) {
    assigned.wait(false);
    own = code_thrown_by([&] { outer.get(); });
    auto inner = self.create_child_task("inner", axiom::blocking([&] {
      above = code_thrown_by([&] { outer.get(); });
    }));
    inner.get();
  }));
  outer = t;
  assigned = true;
  assigned.notify_all();
  t.get();
  outer = {};
  BOOST_CHECK(own == errc::self_join);
  BOOST_CHECK(above == errc::self_join);
}

BOOST_AUTO_TEST_CASE(cancelled_before_they_start_never_run) {
  std::atomic<bool> ran = false;
  auto parent = start("parent", [&](task_context& self) -> async<void> {
    coordinator().cancel_task_tree(self.reference());
    self.create_child_task("never", axiom::blocking([&] { ran = true; }));
    co_await self.hierarchy().await_children();
  });
  parent.wait();
  BOOST_TEST(!ran);
  BOOST_CHECK((events().phases_of("never")
               == phases{task_phase::created, task_phase::cancelled}));
}

BOOST_AUTO_TEST_CASE(may_be_a_groups_children_and_a_shields_work) {
  auto t = start("t", [&](task_context& self) -> async<int> {
    auto body = [](axiom::coordinated_task_group<int>& group) -> async<int> {
      for (int i = 0; i < 4; ++i)
        co_await group.add_task("member", axiom::blocking([i] { return i; }));
      int sum = 0;
      for (auto x : co_await group.wait_for_all())
        sum += x;
      co_return sum;
    };
    co_return co_await axiom::with_task_group<int>(self, body);
  });
  BOOST_TEST(t.get() == 6);
}

BOOST_AUTO_TEST_CASE(pass_their_exceptions_on) {
  auto t = start("t", axiom::blocking([]() -> int {
    throw std::out_of_range("far out");
  }));
  BOOST_CHECK_THROW(t.get(), std::out_of_range);
}

BOOST_AUTO_TEST_SUITE_END()
