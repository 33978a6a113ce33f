// Pools as tasks, threads and their owner use them, all at once. The
// interleavings looked for:
//
// - objects are taken, made, given back, discarded, found unhealthy, trimmed and
//   expired by several at once: never more than the maximum, counted by the
//   objects themselves, and never one that two have;
// - a request is cancelled or times out at the moment it is let in, or within
//   the factory, and the factory fails now and then: no place is lost, else the
//   last task would wait for ever;
// - the maximum changes, and the pool is closed, in all of it;
// - objects come back after the pool and its actor have ended.
//
// At the end each object that was made is gone, exactly once.

#include "stress/support.hpp"
#include "support/pools.hpp"

using namespace stress;

using axiom::pooled;
using axiom::resource_pool;
using axiom::task_priority;
using test::census;

BOOST_AUTO_TEST_SUITE(stress_pool)

namespace {

/// An object that notices when two have it, and counts itself.
class thing {
public:
  explicit thing(census& c) : here_(std::make_unique<inside>(c)) {
    // nop
  }

  void use(chooser& choose) {
    if (here_->used.exchange(true))
      ++here_->all.clashes;
    choose.dither();
    here_->used = false;
  }

  std::atomic<bool>& broken() {
    return here_->broken;
  }

private:
  struct inside {
    explicit inside(census& c) : all(c) {
      all.came();
    }

    ~inside() {
      --all.alive;
    }

    census& all;
    std::atomic<bool> used = false;
    std::atomic<bool> broken = false;
  };

  std::unique_ptr<inside> here_;
};

using things = resource_pool<thing>;

struct failing_now : std::exception {};

axiom::pool_hooks<thing> hooks() {
  return {.healthy = [](thing& x) { return !x.broken(); },
          .reset = [](thing& x) { return !x.broken(); }};
}

/// @param every so many calls the factory fails
auto factory(census& objects, std::atomic<int>& calls, int every) {
  return [&objects, &calls, every] {
    if (++calls % every == 0)
      throw failing_now{};
    return thing{objects};
  };
}

/// Whether a request ended in one of the ways that it may.
bool expected_end(const axiom::failure& why) {
  if (why.is(errc::deadline_exceeded) || why.is(errc::scope_closed)
      || why.is(errc::cancelled))
    return true;
  try {
    why.rethrow();
  } catch (const failing_now&) {
    return true;
  } catch (...) {
    return false;
  }
}

async<void> use(task_context& self, const things& pool, int times,
                std::uint64_t stream) {
  chooser choose{stream};
  for (int i = 0; i < times; ++i) {
    auto priority = static_cast<task_priority>(choose.below(4));
    std::string key(1, static_cast<char>('a' + choose.below(3)));
    auto patience = choose.one_in(3) ? choose.microseconds(300) : 1h;
    auto wait = pool.take_for(patience, priority, key);
    auto got = co_await axiom::as_expected(wait);
    if (!got) {
      if (!expected_end(got.error()))
        got.error().rethrow();
      if (got.error().is(errc::scope_closed))
        co_return;
      continue;
    }
    auto x = std::move(*got);
    x->use(choose);
    for (auto n = choose.below(3); n > 0; --n)
      co_await self.yield();
    x->use(choose);
    if (choose.one_in(8))
      x->broken() = true;
    if (choose.one_in(8))
      x.discard();
  }
}

std::vector<axiom::task<void>> start_users(axiom::testing::fixture& fix,
                                           const things& pool, std::size_t n,
                                           int times, std::uint64_t stream) {
  std::vector<axiom::task<void>> result;
  for (std::uint64_t i = 0; i < n; ++i)
    result.push_back(fix.coordinator().create_child_task(
      "user", [&pool, times, stream, i](task_context& self) {
        return use(self, pool, times, stream + i);
      }));
  return result;
}

/// Nothing is out, and the pool's figures are those of the objects.
void check_all_back(const things& pool, const census& objects) {
  axiom::pool_stats stats;
  // The pool itself may be at work still.
  spin_until([&] {
    stats = pool.stats();
    return stats.in_use + stats.creating + stats.leaving == 0;
  });
  BOOST_TEST(objects.clashes == 0);
  BOOST_TEST(stats.waiting == 0u);
  BOOST_TEST(stats.keys == 0u);
  BOOST_TEST(stats.created - stats.destroyed == stats.idle);
  BOOST_TEST(stats.created == static_cast<std::uint64_t>(objects.made));
  BOOST_TEST(stats.idle == static_cast<std::uint64_t>(objects.alive));
}

} // namespace

BOOST_AUTO_TEST_CASE(the_maximum_holds_and_nothing_is_lost) {
  under_each_scheduler(real_time, [](auto& fix) {
    for (rounds r{100}; r.next();) {
      census objects;
      std::atomic<int> calls = 0;
      auto stream = r.stream();
      auto max = static_cast<std::uint32_t>(1 + stream / 256 % 4);
      auto pool = things::spawn(
        fix.system(),
        {.name = "db",
         .min = max / 2,
         .max = max,
         .idle_timeout = 100us,
         .health_interval = 150us,
         .key_quota = static_cast<std::uint32_t>(stream / 256 % 3 * 2),
         .ageing = 200us,
         .retry_delay = 100us},
        factory(objects, calls, 5), hooks());
      auto users = start_users(fix, pool, 10, 30, stream);
      race(3, stream, [&](auto index, auto& choose) {
        for (int i = 0; i < 30; ++i) {
          choose.dither();
          if (index == 0) {
            pool.trim(choose.below(3));
            continue;
          }
          try {
            auto x = index == 1 ? pool.try_take("a")
                                : pool.take_blocking(std::nullopt, "b");
            if (x)
              x->use(choose);
          } catch (const failing_now&) {
            // Now and then it does.
          }
        }
      });
      for (auto& t : users)
        t.get();
      BOOST_TEST(objects.most <= static_cast<int>(max));
      pool.close();
      check_all_back(pool, objects);
      BOOST_TEST(objects.alive == 0);
    }
  });
}

BOOST_AUTO_TEST_CASE(cancelled_tasks_leave_and_give_back) {
  under_each_scheduler(real_time, [](auto& fix) {
    for (rounds r{100}; r.next();) {
      census objects;
      auto stream = r.stream();
      auto awaiting = [&objects](task_context& self) -> async<thing> {
        co_await self.yield();
        thing made{objects};
        co_await self.yield();
        co_return std::move(made);
      };
      auto pool = things::spawn(fix.system(), {.name = "db", .max = 2},
                                awaiting, hooks());
      auto users = start_users(fix, pool, 10, 1000, stream);
      race(3, stream, [&](auto index, auto& choose) {
        for (auto i = index; i < users.size(); i += 3) {
          choose.dither();
          users[i].cancel();
        }
      });
      for (auto& t : users)
        t.wait();
      // The places are there for others.
      auto a = pool.take_blocking();
      auto b = pool.take_blocking();
      BOOST_TEST(objects.most <= 2);
      BOOST_TEST(objects.clashes == 0);
      a.release();
      b.release();
      pool.close();
      spin_until([&] { return pool.stats().creating == 0; });
      BOOST_TEST(objects.alive == 0);
    }
  });
}

BOOST_AUTO_TEST_CASE(the_maximum_changes_and_at_last_the_pool_closes) {
  under_each_scheduler(real_time, [](auto& fix) {
    for (rounds r{100}; r.next();) {
      census objects;
      std::atomic<int> calls = 0;
      auto stream = r.stream();
      auto pool =
        things::spawn(fix.system(), {.name = "db", .min = 1, .max = 4},
                      factory(objects, calls, 7), hooks());
      auto users = start_users(fix, pool, 8, 1'000'000, stream);
      race(2, stream, [&](auto index, auto& choose) {
        for (int i = 0; i < 30; ++i) {
          pool.set_max(static_cast<std::uint32_t>(1 + choose.below(4)));
          choose.dither();
        }
        if (index == 0)
          pool.close();
      });
      for (auto& t : users)
        t.get();
      // Who was let in before the maximum sank may make one more meanwhile.
      BOOST_TEST(objects.most <= 8);
      check_all_back(pool, objects);
      BOOST_TEST(objects.alive == 0);
    }
  });
}

BOOST_AUTO_TEST_CASE(objects_come_back_while_the_pool_ends) {
  under_each_scheduler(real_time, [](auto& fix) {
    for (rounds r{200}; r.next();) {
      census objects;
      std::atomic<int> calls = 0;
      auto stream = r.stream();
      {
        std::optional<things> pool =
          things::spawn(fix.system(),
                        {.name = "db",
                         .min = 1,
                         .max = 4,
                         .idle_timeout = 10us,
                         .key_quota = 2},
                        factory(objects, calls, 1'000'000), hooks());
        std::vector<pooled<thing>> out;
        for (auto key : {"a", "b", "a"})
          out.push_back(pool->take_blocking(std::nullopt, key));
        race(4, stream, [&](auto index, auto& choose) {
          choose.dither();
          if (index == 3)
            pool.reset();
          else if (choose.one_in(2))
            out[index].release();
          else
            out[index].discard();
        });
      }
      // The pool may be about to make another one, which is counted here.
      spin_until([&] {
        return axiom::runtime::snapshot_metrics(fix.system()).active() == 0;
      });
      spin_until([&] { return objects.alive == 0; });
      BOOST_TEST(objects.made >= 3);
      BOOST_TEST(objects.most <= 4);
    }
  });
}

BOOST_AUTO_TEST_SUITE_END()
