// The end of coordinators and of actor systems. The interleavings looked for:
//
// - the last handle of a coordinator goes, or it is shut down, while threads
//   and tasks create tasks: each is refused, or ends;
// - an actor system goes while the last tasks settle, their handles stay;
// - an actor system that does not wait goes while tasks are queued: the
//   scheduler throws them away, under its own lock, and each ends all the same,
//   parents after their children;
// - counters of several threads, some of which have ended, add up to the
// events.

#include <caf/event_based_actor.hpp>

#include "support.hpp"

using namespace stress;

BOOST_AUTO_TEST_SUITE(stress_shutdown)

namespace {

/// Some of everything: plain, suspended, blocking, adopted, nested.
async<void> mixed(task_context& self, std::size_t depth,
                  std::atomic<int>& alive) {
  held here{alive};
  if (depth == 0) {
    co_await self.sleep_for(24h);
    co_return;
  }
  for (int i = 0; i < 3; ++i)
    self.create_child_task("node", [depth, &alive](task_context& self) {
      return mixed(self, depth - 1, alive);
    });
  self.create_child_task("callable", [&alive] { held here{alive}; });
  self.create_child_task("busy", [&alive](task_context& self) -> async<void> {
    held here{alive};
    for (;;)
      co_await self.yield();
  });
  if (depth == 2)
    self.create_child_task("blocking",
                           axiom::blocking([&alive](task_context& self) {
                             held here{alive};
                             while (!self.cancelled())
                               std::this_thread::yield();
                           }));
  auto registered = self.on_cancel([&alive] { held here{alive}; });
  auto clean_up = [&alive](task_context& self) -> async<void> {
    held here{alive};
    co_await self.yield();
  };
  co_await axiom::as_expected(self.hierarchy().await_children());
  auto shield = self.shielded(clean_up);
  co_await axiom::as_expected(shield);
}

} // namespace

BOOST_AUTO_TEST_CASE(systems_made_and_destroyed_with_work_in_flight) {
  for (auto scheduler : {policy::axiom, policy::sharing, policy::stealing})
    for (rounds r{200}; r.next();) {
      std::atomic<int> alive{0};
      std::vector<axiom::task<void>> handles;
      chooser choose{r.stream()};
      {
        axiom::config cfg;
        cfg.axiom.scheduler = scheduler;
        cfg.axiom.threads = 1 + choose.below(3);
        cfg.axiom.shutdown_grace = std::chrono::milliseconds{choose.below(3)};
        caf::actor_system sys{cfg};
        auto coordinator = axiom::structured_task_coordinator::spawn(sys);
        for (int i = 0; i < 3; ++i)
          handles.push_back(
            coordinator.create_child_task("root", [&alive](task_context& self) {
              return mixed(self, 2, alive);
            }));
        for (auto n = choose.below(100); n > 0; --n)
          choose.dither();
        if (choose.one_in(2))
          coordinator.shutdown(choose.microseconds(1000));
      }
      BOOST_TEST(alive == 0);
      for (auto& t : handles) {
        BOOST_TEST(t.done());
        BOOST_TEST(t.cancelled());
        BOOST_CHECK_THROW(t.get(), axiom::cancelled_error);
        t.cancel();
      }
    }
}

BOOST_AUTO_TEST_CASE(systems_that_do_not_wait_for_what_is_queued) {
  for (auto scheduler : {policy::axiom, policy::sharing, policy::stealing})
    for (rounds r{200}; r.next();) {
      std::atomic<int> alive{0};
      std::vector<axiom::task<void>> handles;
      chooser choose{r.stream()};
      {
        axiom::config cfg;
        cfg.axiom.scheduler = scheduler;
        cfg.axiom.threads = 1 + choose.below(3);
        caf::actor_system sys{cfg};
        sys.await_actors_before_shutdown(false);
        auto coordinator = axiom::structured_task_coordinator::spawn(sys);
        for (int i = 0; i < 3; ++i)
          handles.push_back(
            coordinator.create_child_task("root", [&alive](task_context& self) {
              return mixed(self, 2, alive);
            }));
        for (auto n = choose.below(100); n > 0; --n)
          choose.dither();
        coordinator.shutdown(0s);
      }
      BOOST_TEST(alive == 0);
      for (auto& t : handles)
        BOOST_TEST(t.done());
    }
}

BOOST_AUTO_TEST_CASE(tasks_created_while_their_coordinator_ends) {
  under_each_scheduler(virtual_time, [](auto& fix) {
    for (rounds r{400}; r.next();) {
      std::atomic<int> alive{0};
      std::atomic<int> refused{0};
      std::vector<std::vector<axiom::task<void>>> made(3);
      auto stream = r.stream();
      {
        std::optional coordinator{
          axiom::structured_task_coordinator::spawn(fix.system())};
        race(3, stream, [&, copy = *coordinator](auto i, auto& choose) {
          for (int n = 0; n < 30; ++n)
            try {
              made[i].push_back(copy.create_child_task(
                "task", [&alive](task_context& self) -> async<void> {
                  held here{alive};
                  co_await self.yield();
                }));
              choose.dither();
              if (i == 0 && n == 15)
                copy.shutdown();
            } catch (const axiom::exception& ex) {
              refused += ex.error() == errc::scope_closed ? 1 : 100;
            }
        });
      }
      std::size_t total = static_cast<std::size_t>(refused);
      for (auto& tasks : made) {
        for (auto& t : tasks)
          t.wait();
        total += tasks.size();
      }
      BOOST_TEST(total == 90u);
      BOOST_TEST(alive == 0);
    }
  });
}

BOOST_AUTO_TEST_CASE(counters_add_up_to_the_events) {
  under_each_scheduler(virtual_time, [](auto& fix) {
    using axiom::task_phase;
    auto& sys = fix.system();
    for (rounds r{20}; r.next();)
      race(3, r.stream(), [&](auto, auto& choose) {
        for (int n = 0; n < 20; ++n) {
          auto kind = choose.below(3);
          auto t = fix.coordinator().create_child_task(
            "task", [kind](task_context& self) -> async<int> {
              if (kind == 0)
                co_await self.sleep_for(24h);
              if (kind == 1)
                co_return axiom::fail(errc::invalid_argument, "broken");
              co_return 1;
            });
          if (kind == 0 || choose.one_in(4))
            t.cancel();
          auto seen = axiom::runtime::snapshot_metrics(sys);
          if (seen.completed + seen.failed + seen.cancelled > seen.created)
            std::abort();
        }
      });
    spin_until([&] { return fix.coordinator().stats().roots == 0; });
    auto counted = axiom::runtime::snapshot_metrics(sys);
    auto& events = fix.events();
    BOOST_TEST(counted.created == events.count(task_phase::created));
    BOOST_TEST(counted.completed == events.count(task_phase::completed));
    BOOST_TEST(counted.failed == events.count(task_phase::failed));
    BOOST_TEST(counted.cancelled == events.count(task_phase::cancelled));
    BOOST_TEST(counted.active() == 0u);
  });
}

BOOST_AUTO_TEST_SUITE_END()
