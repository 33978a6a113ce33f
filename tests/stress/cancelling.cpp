// What runs beside a cancellation. The interleavings looked for:
//
// - an on_cancel handler is registered before, during and after the walk that
//   cancels its task, and deregistered before, while and after it runs: it runs
//   once, or never, and not after its registration is gone;
// - a timer of a sleep fires before, during and after the task's cancellation;
// - a deadline passes while the task ends, is cancelled, or has children;
// - a shield starts while its owner's cancellation is on the way, ends while
//   its budget or the grace does, and is killed while it starts;
// - a blocking task ends, waits for another, or looks for its cancellation
//   while it is cancelled.

#include "support.hpp"

using namespace stress;

BOOST_AUTO_TEST_SUITE(stress_cancelling)

BOOST_AUTO_TEST_CASE(handlers_registered_and_removed_while_cancelled) {
  under_each_scheduler(virtual_time, [](auto& fix) {
    for (rounds r{400}; r.next();) {
      std::atomic<int> ran_after_removal{0};
      std::atomic<int> ran_twice{0};
      std::atomic<int> missed{0};
      std::atomic<int> ran{0};
      std::atomic<bool> started{false};
      auto stream = r.stream();
      auto t =
        fix.coordinator().create_child_task("task", [&](task_context& self) {
          started = true;
          chooser choose{stream + 99};
          for (int extra = 3; extra > 0;) {
            auto late = self.cancelled();
            extra -= late ? 1 : 0;
            std::array<std::atomic<int>, 3> calls{};
            std::array<std::atomic<bool>, 3> removed{};
            {
              std::array<axiom::cancel_registration, 3> registered;
              for (std::size_t i = 0; i < registered.size(); ++i)
                registered[i] = self.on_cancel([&, i] {
                  ran_after_removal += removed[i] ? 1 : 0;
                  ran_twice += calls[i]++ == 0 ? 0 : 1;
                  ++ran;
                });
              choose.dither();
              registered[2] = {};
              removed[2] = true;
              choose.dither();
            }
            for (std::size_t i = 0; i < calls.size(); ++i) {
              removed[i] = true;
              missed += late && calls[i] == 0 ? 1 : 0;
            }
          }
        });
      race(2, stream, [&](auto, auto& choose) {
        choose.dither();
        t.cancel();
      });
      t.wait();
      BOOST_TEST(ran_after_removal == 0);
      BOOST_TEST(ran_twice == 0);
      BOOST_TEST(missed == 0);
      BOOST_TEST(ran >= (started ? 9 : 0)); // in the last three turns
    }
  });
}

BOOST_AUTO_TEST_CASE(timers_firing_while_cancelled) {
  under_each_scheduler(real_time, [](auto& fix) {
    for (rounds r{400}; r.next();) {
      std::atomic<int> alive{0};
      auto stream = r.stream();
      auto t = fix.coordinator().create_child_task(
        "sleepers", [&alive, stream](task_context& self) -> async<void> {
          for (std::uint64_t i = 0; i < 40; ++i)
            self.create_child_task(
              "sleeper",
              [&alive, stream, i](task_context& self) -> async<void> {
                held here{alive};
                chooser choose{stream + 10 + i};
                for (int n = 0; n < 5; ++n)
                  co_await self.sleep_for(choose.microseconds(150));
              });
          co_await self.hierarchy().await_children();
        });
      race(2, stream, [&](auto i, auto& choose) {
        for (auto n = choose.below(60); n > 0; --n)
          choose.dither();
        if (i == 0 || choose.one_in(2))
          t.cancel();
      });
      t.wait();
      BOOST_TEST(alive == 0);
    }
  });
}

BOOST_AUTO_TEST_CASE(deadlines_that_pass_while_their_task_ends) {
  under_each_scheduler(real_time, [](auto& fix) {
    for (rounds r{400}; r.next();) {
      std::atomic<int> alive{0};
      std::atomic<int> returned{0};
      auto stream = r.stream();
      std::vector<axiom::task<int>> tasks;
      chooser choose{stream};
      for (std::uint64_t i = 0; i < 40; ++i)
        tasks.push_back(fix.coordinator().create_child_task(
          {.name = "task", .timeout = 1us + choose.microseconds(300)},
          [&, stream, i](task_context& self) -> async<int> {
            held here{alive};
            chooser choose{stream + 10 + i};
            if (choose.one_in(2))
              self.create_child_task({.name = "child", .timeout = 100us},
                                     forever);
            co_await self.sleep_for(choose.microseconds(300));
            ++returned;
            co_return 1;
          }));
      int values = 0;
      for (auto& t : tasks) {
        auto got = t.get_expected();
        values += got ? 1 : 0;
        if (!got)
          BOOST_TEST(got.error().is(errc::cancelled));
      }
      // A body that returned has a value, however late.
      BOOST_TEST(values == returned);
      BOOST_TEST(alive == 0);
    }
  });
}

BOOST_AUTO_TEST_CASE(shields_racing_with_the_end_of_the_grace) {
  under_each_scheduler(real_time, [](auto& fix) {
    for (rounds r{400}; r.next();) {
      std::atomic<int> alive{0};
      std::atomic<int> begun{0};
      std::atomic<int> ended{0};
      auto stream = r.stream();
      auto t = fix.coordinator().create_child_task(
        "owners", [&, stream](task_context& self) -> async<void> {
          for (std::uint64_t i = 0; i < 16; ++i)
            self.create_child_task(
              "owner", [&, stream, i](task_context& self) -> async<void> {
                held here{alive};
                chooser choose{stream + 10 + i};
                co_await axiom::as_expected(
                  self.sleep_for(choose.microseconds(200)));
                auto span = choose.microseconds(400);
                auto stubborn = choose.one_in(4);
                auto clean_up = [&begun, &ended, &alive, span,
                                 stubborn](task_context& self) -> async<void> {
                  held here{alive};
                  ++begun;
                  do
                    co_await axiom::as_expected(self.sleep_for(span));
                  while (stubborn && !self.cancelled());
                  ++ended;
                };
                auto shield = self.shielded(clean_up, choose.microseconds(300));
                co_await axiom::as_expected(shield);
              });
          co_await self.hierarchy().await_children();
        });
      chooser choose{stream};
      for (auto n = choose.below(60); n > 0; --n)
        choose.dither();
      auto report =
        fix.coordinator()
          .cancel_task_tree(t.reference(), axiom::cancel_reason::user,
                            choose.microseconds(400))
          .get();
      t.wait();
      BOOST_TEST(alive == 0);
      BOOST_TEST(ended <= begun);
    }
  });
}

BOOST_AUTO_TEST_CASE(blocking_tasks_cancelled) {
  under_each_scheduler(virtual_time, [](auto& fix) {
    for (rounds r{400}; r.next();) {
      std::atomic<int> alive{0};
      auto stream = r.stream();
      auto sleeper = fix.coordinator().create_child_task("sleeper", forever);
      std::vector<axiom::task<void>> tasks;
      for (int i = 0; i < 6; ++i)
        tasks.push_back(fix.coordinator().create_child_task(
          "blocking", axiom::blocking([&alive, i, sleeper](task_context& self) {
            held here{alive};
            if (i == 0)
              return;
            if (i % 2 == 0)
              return sleeper.get(); // until one of them is cancelled
            auto child = self.create_child_task("child", forever);
            while (!self.cancelled())
              std::this_thread::yield();
            self.check_cancelled();
          })));
      race(2, stream, [&](auto, auto& choose) {
        choose.dither();
        for (auto& t : tasks) {
          t.cancel();
          choose.dither();
        }
        sleeper.cancel();
      });
      for (auto& t : tasks)
        t.wait();
      sleeper.wait();
      BOOST_TEST(alive == 0);
    }
  });
}

BOOST_AUTO_TEST_SUITE_END()
