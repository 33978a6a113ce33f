// Limiters as tasks, threads and other actors use them, all at once. The
// interleavings looked for:
//
// - permits are taken from the word, queued for, granted, and given back by the
//   holder's end, while others do the same: never more than the limit, counted
//   apart from it, and none lost, else the last task would wait for ever;
// - a waiting task is cancelled, times out, or has a grandchild that keeps its
//   frames, at the moment of the grant;
// - the limit is raised and lowered, and the limiter closed, in all of it;
// - tasks wait in circles, of which each is broken once, while others wait in
//   none.

#include "support.hpp"

using namespace stress;

using axiom::concurrency_limiter;
using axiom::permit;
using axiom::task_priority;

BOOST_AUTO_TEST_SUITE(stress_limiter)

namespace {

/// Permits in use, counted by those who have them.
struct weighed {
  std::atomic<std::uint32_t> now{0};
  std::atomic<std::uint32_t> most{0};

  void enter(std::uint32_t weight) {
    auto n = now += weight;
    for (auto m = most.load(); n > m && !most.compare_exchange_weak(m, n);) {
      // again
    }
  }
};

class in_weighed {
public:
  in_weighed(weighed& w, std::uint32_t weight) : weighed_(w), weight_(weight) {
    weighed_.enter(weight);
  }

  in_weighed(const in_weighed&) = delete;
  in_weighed& operator=(const in_weighed&) = delete;

  ~in_weighed() {
    weighed_.now -= weight_;
  }

private:
  weighed& weighed_;
  const std::uint32_t weight_;
};

concurrency_limiter spawn(axiom::testing::fixture& fix, std::uint32_t limit) {
  return concurrency_limiter::spawn(
    fix.system(),
    {.name = "io", .max_concurrency = limit, .ageing = 200us});
}

/// Whether an acquire ended in one of the ways that it may.
bool expected_end(const axiom::failure& why) {
  return why.is(errc::deadline_exceeded) || why.is(errc::exceeds_capacity)
      || why.is(errc::scope_closed) || why.is(errc::cancelled);
}

async<void> use(task_context& self, const axiom::permit_source& limiter,
                weighed& w, std::uint32_t most, int times,
                std::uint64_t stream) {
  chooser choose{stream};
  for (int i = 0; i < times; ++i) {
    auto weight = static_cast<std::uint32_t>(1 + choose.below(most));
    auto priority = static_cast<task_priority>(choose.below(4));
    permit held;
    if (choose.one_in(3)) {
      held = limiter.try_acquire(weight);
    } else if (choose.one_in(3)) {
      auto wait = limiter.acquire_for(choose.microseconds(300), weight,
                                      priority);
      auto got = co_await axiom::as_expected(wait);
      if (!got && !expected_end(got.error()))
        got.error().rethrow();
      if (got)
        held = std::move(*got);
    } else {
      held = co_await limiter.acquire(weight, priority);
    }
    if (!held)
      continue;
    in_weighed here{w, weight};
    for (auto n = choose.below(3); n > 0; --n)
      co_await self.yield();
  }
}

/// Starts `n` tasks that use the limiter, each with the same arguments.
std::vector<axiom::task<void>>
start_users(axiom::testing::fixture& fix, const axiom::permit_source& limiter,
            weighed& w, std::size_t n, std::uint32_t most, int times,
            std::uint64_t stream) {
  std::vector<axiom::task<void>> result;
  for (std::uint64_t i = 0; i < n; ++i)
    result.push_back(fix.coordinator().create_child_task(
      "user", [&, most, times, stream, i](task_context& self) {
        return use(self, limiter, w, most, times, stream + i);
      }));
  return result;
}

void check_all_back(const concurrency_limiter& limiter) {
  auto stats = limiter.stats();
  BOOST_TEST(stats.in_use == 0u);
  BOOST_TEST(stats.waiting == 0u);
}

} // namespace

BOOST_AUTO_TEST_CASE(the_limit_holds_and_no_permit_is_lost) {
  under_each_scheduler(real_time, [](auto& fix) {
    for (rounds r{200}; r.next();) {
      weighed w;
      auto stream = r.stream();
      auto limit = static_cast<std::uint32_t>(1 + stream / 256 % 5);
      auto limiter = spawn(fix, limit);
      for (auto& t : start_users(fix, limiter, w, 12, limit, 30, stream))
        t.get();
      BOOST_TEST(w.most <= limit);
      check_all_back(limiter);
    }
  });
}

BOOST_AUTO_TEST_CASE(cancelled_tasks_leave_and_give_back) {
  under_each_scheduler(real_time, [](auto& fix) {
    for (rounds r{200}; r.next();) {
      weighed w;
      auto stream = r.stream();
      auto limiter = spawn(fix, 2);
      auto users = start_users(fix, limiter, w, 12, 2, 1000, stream);
      race(3, stream, [&](auto index, auto& choose) {
        for (auto i = index; i < users.size(); i += 3) {
          choose.dither();
          users[i].cancel();
        }
      });
      for (auto& t : users)
        t.wait();
      BOOST_TEST(w.most <= 2u);
      BOOST_TEST(w.now == 0u);
      check_all_back(limiter);
    }
  });
}

BOOST_AUTO_TEST_CASE(a_cancelled_task_whose_children_live_on_gets_nothing) {
  under_each_scheduler(real_time, [](auto& fix) {
    for (rounds r{200}; r.next();) {
      auto stream = r.stream();
      auto limiter = spawn(fix, 1);
      auto held = limiter.try_acquire();
      std::atomic<bool> let_go = false;
      auto parent = [&](task_context& self) -> async<void> {
        auto child = [&](task_context& me) -> async<void> {
          while (!let_go)
            co_await axiom::as_expected(me.yield());
        };
        self.create_child_task("stays", child);
        auto mine = co_await limiter.acquire();
      };
      auto t = fix.coordinator().create_child_task("parent", parent);
      race(2, stream, [&](auto index, auto& choose) {
        choose.dither();
        if (index == 0)
          t.cancel();
        else
          held.release();
      });
      // Whoever won, the permit can be had by somebody else: if it was granted
      // the parent ends, else it is in nobody's hands.
      let_go = true;
      auto mine = limiter.acquire_blocking();
      t.wait();
    }
  });
}

BOOST_AUTO_TEST_CASE(threads_and_tasks_share_a_limiter) {
  under_each_scheduler(real_time, [](auto& fix) {
    for (rounds r{100}; r.next();) {
      weighed w;
      auto stream = r.stream();
      auto limiter = spawn(fix, 3);
      auto users = start_users(fix, limiter, w, 4, 3, 30, stream);
      race(3, stream, [&](auto, auto& choose) {
        for (int i = 0; i < 30; ++i) {
          auto weight = static_cast<std::uint32_t>(1 + choose.below(3));
          auto mine = limiter.acquire_blocking(weight);
          in_weighed here{w, weight};
          choose.dither();
        }
      });
      for (auto& t : users)
        t.get();
      BOOST_TEST(w.most <= 3u);
      check_all_back(limiter);
    }
  });
}

BOOST_AUTO_TEST_CASE(the_limit_changes_and_at_last_the_limiter_closes) {
  under_each_scheduler(real_time, [](auto& fix) {
    for (rounds r{100}; r.next();) {
      weighed w;
      auto stream = r.stream();
      auto limiter = spawn(fix, 4);
      auto users = start_users(fix, limiter, w, 8, 2, 1'000'000, stream);
      race(2, stream, [&](auto index, auto& choose) {
        for (int i = 0; i < 50; ++i) {
          limiter.set_limit(static_cast<std::uint32_t>(2 + choose.below(3)));
          choose.dither();
        }
        if (index == 0)
          limiter.close();
      });
      for (auto& t : users) {
        auto end = t.get_expected();
        BOOST_TEST((!end && end.error().is(errc::scope_closed)));
      }
      BOOST_TEST(w.most <= 4u);
      check_all_back(limiter);
    }
  });
}

BOOST_AUTO_TEST_CASE(keys_share_a_limiter) {
  under_each_scheduler(real_time, [](auto& fix) {
    for (rounds r{100}; r.next();) {
      weighed w;
      auto stream = r.stream();
      auto limiter = concurrency_limiter::spawn(
        fix.system(), {.name = "tenants",
                       .max_concurrency = 3,
                       .sharing = axiom::limiter_sharing::by_key,
                       .shares = {{"a", {.weight = 3, .minimum = 1}}}});
      auto a = limiter.partition("a");
      auto b = limiter.partition("b");
      auto users = start_users(fix, a, w, 5, 3, 20, stream);
      for (auto& t : start_users(fix, b, w, 5, 3, 20, stream + 100))
        t.get();
      for (auto& t : users)
        t.get();
      BOOST_TEST(w.most <= 3u);
      check_all_back(limiter);
    }
  });
}

BOOST_AUTO_TEST_CASE(circles_of_waits_are_broken_and_nothing_else_is_refused) {
  under_each_scheduler(real_time, [](auto& fix) {
    for (rounds r{60}; r.next();) {
      auto stream = r.stream();
      // Philosophers that all take the left fork first.
      constexpr std::size_t seats = 5;
      std::vector<concurrency_limiter> forks;
      for (std::size_t i = 0; i < seats; ++i)
        forks.push_back(spawn(fix, 1));
      std::atomic<int> meals{0};
      std::atomic<int> refusals{0};
      std::vector<axiom::task<void>> all;
      for (std::size_t i = 0; i < seats; ++i)
        all.push_back(fix.coordinator().create_child_task(
          "philosopher", [&, i, stream](task_context& self) -> async<void> {
            chooser choose{stream + i};
            for (int n = 0; n < 10;) {
              auto left = co_await forks[i].acquire();
              for (auto turns = choose.below(3); turns > 0; --turns)
                co_await self.yield();
              auto wait = forks[(i + 1) % seats].acquire();
              auto right = co_await axiom::as_expected(wait);
              if (right) {
                ++meals;
                ++n;
              } else if (right.error().is(errc::resource_deadlock)) {
                ++refusals;
              } else {
                right.error().rethrow();
              }
            }
          }));
      for (auto& t : all)
        t.get();
      BOOST_TEST(meals == static_cast<int>(10 * seats));
      std::uint64_t counted = 0;
      for (auto& fork : forks)
        counted += fork.stats().deadlocks;
      BOOST_TEST(counted == static_cast<std::uint64_t>(refusals));
    }
  });
}

BOOST_AUTO_TEST_SUITE_END()
