// Groups whose results are taken as they come, groups that drop them, and
// children that somebody waits for until they are started. The interleavings
// looked for:
//
// - adders wait for room while readers take, several of each, places are given
//   back unused, and the group is closed: each result reaches one reader, there
//   are never more than the bound, and all readers learn of the end;
// - the same while all of it is cancelled: nobody is left waiting;
// - a child says that it is started, fails, or ends, at the moment in which the
//   time is up or who waits is cancelled: each failure is reported once, by the
//   start or by the group;
// - failures in a group that drops results, from several threads: each reaches
//   the handler once, and the memory does not grow.

#include "support.hpp"

#include <algorithm>
#include <fstream>
#include <string>

#include <unistd.h>

using namespace stress;

BOOST_AUTO_TEST_SUITE(stress_group_streams)

namespace {

using int_group = axiom::coordinated_task_group<int>;

// -- streams ------------------------------------------------------------------

/// What goes through a stream.
struct stream_log {
  std::atomic<int> added{0};
  std::atomic<int> taken{0};
  std::atomic<int> here{0}; ///< begun and not taken
  std::atomic<int> most{0};

  void begin() {
    auto n = ++here;
    for (auto m = most.load(); n > m && !most.compare_exchange_weak(m, n);) {
      // again
    }
  }

  void take() {
    --here;
    ++taken;
  }
};

async<void> produce(int_group& group, stream_log& log, int count,
                    std::uint64_t stream) {
  chooser choose{stream};
  for (int i = 0; i < count; ++i) {
    auto op = [&log, i,
               turns = choose.below(3)](task_context& self) -> async<int> {
      log.begin();
      for (auto n = turns; n > 0; --n)
        co_await self.yield();
      co_return i;
    };
    // One that never comes to be, and gives its place back.
    if (choose.one_in(4)) {
      auto name = std::string(65, 'x');
      auto bad = group.add_task(name, axiom::named(op));
      co_await axiom::as_expected(std::move(bad));
    }
    co_await group.add_task("job", axiom::named(op));
    ++log.added;
  }
}

async<void> consume(int_group& group, stream_log& log) {
  while (auto result = co_await group.next())
    if (*result) // else it was cancelled, maybe before it began
      log.take();
}

constexpr std::uint64_t tasks_a_side = 3;

/// Producers and readers are children; the body closes the group.
async<void> stream_through(task_context& self, stream_log& log, int count,
                           const axiom::group_options& options,
                           std::uint64_t stream) {
  co_await axiom::with_task_group<int>(
    self, options, [&](int_group& group) -> async<void> {
      auto& me = group.context();
      std::vector<axiom::task<void>> producers;
      std::vector<axiom::task<void>> readers;
      for (std::uint64_t i = 0; i < tasks_a_side; ++i) {
        producers.push_back(me.create_child_task("producer", [&, i] {
          return produce(group, log, count, stream + i);
        }));
        readers.push_back(
          me.create_child_task("reader", [&] { return consume(group, log); }));
      }
      for (auto& x : producers)
        co_await x;
      group.close();
      for (auto& x : readers)
        co_await x;
    });
}

axiom::group_options random_limits(std::uint64_t stream) {
  chooser choose{stream};
  return {.name = "stream",
          .max_concurrency = 1 + choose.below(6),
          .max_unread = 1 + choose.below(6)};
}

} // namespace

BOOST_AUTO_TEST_CASE(each_result_reaches_one_reader_within_the_bound) {
  under_each_scheduler(virtual_time, [](auto& fix) {
    for (rounds r{400}; r.next();) {
      stream_log log;
      auto stream = r.stream();
      const auto options = random_limits(stream);
      auto t =
        fix.coordinator().create_child_task("owner", [&](task_context& self) {
          return stream_through(self, log, 30, options, stream);
        });
      t.get();
      const auto all = static_cast<int>(30 * tasks_a_side);
      BOOST_TEST(log.added == all);
      BOOST_TEST(log.taken == all);
      // A reader that has a result has not counted it yet.
      BOOST_TEST(log.most
                 <= static_cast<int>(options.max_unread + tasks_a_side));
    }
  });
}

BOOST_AUTO_TEST_CASE(a_body_that_reads_alone_sees_the_end) {
  under_each_scheduler(virtual_time, [](auto& fix) {
    for (rounds r{400}; r.next();) {
      stream_log log;
      auto stream = r.stream();
      auto t = fix.coordinator().create_child_task(
        "owner", [&, stream](task_context& self) -> async<void> {
          co_await axiom::with_task_group<int>(
            self, random_limits(stream),
            [&, stream](int_group& group) -> async<void> {
              for (std::uint64_t i = 0; i < tasks_a_side; ++i)
                group.context().create_child_task("producer", [&, i] {
                  return produce(group, log, 30, stream + i);
                });
              co_await consume(group, log);
            });
        });
      t.get();
      BOOST_TEST(log.taken == static_cast<int>(30 * tasks_a_side));
    }
  });
}

BOOST_AUTO_TEST_CASE(nobody_is_left_waiting_in_a_cancelled_stream) {
  under_each_scheduler(virtual_time, [](auto& fix) {
    for (rounds r{400}; r.next();) {
      stream_log log;
      auto stream = r.stream();
      const auto options = random_limits(stream);
      auto t =
        fix.coordinator().create_child_task("owner", [&](task_context& self) {
          return stream_through(self, log, 100, options, stream);
        });
      race(2, stream, [&](auto, auto& choose) {
        for (auto n = choose.below(60); n > 0; --n)
          choose.dither();
        t.cancel();
      });
      t.wait();
      BOOST_TEST(log.here >= 0);
    }
  });
}

// -- starts -------------------------------------------------------------------

namespace {

struct failure_log {
  std::atomic<int> thrown{0};
  std::atomic<int> by_start{0};
  std::atomic<int> by_group{0};
};

/// Says or does not say that it is started, and fails or does not.
async<void> serve(task_context& self, failure_log& log, std::uint64_t stream) {
  chooser choose{stream};
  const auto failing = choose.one_in(2);
  const auto speaking = choose.one_in(2);
  // Also after a cancellation: it fails then too.
  co_await axiom::as_expected(self.sleep_for(1ms));
  if (speaking)
    self.started(1);
  for (auto n = choose.below(3); n > 0; --n)
    co_await axiom::as_expected(self.yield());
  if (failing) {
    ++log.thrown;
    throw std::runtime_error("broken");
  }
}

async<void> start_one(axiom::discarding_task_group& group, failure_log& log,
                      std::uint64_t stream) {
  auto op = [&log, stream](task_context& self) {
    return serve(self, log, stream);
  };
  auto start = group.start<int>("server", axiom::named(op), 1ms);
  auto got = co_await axiom::as_expected(std::move(start));
  if (got || got.error().is(errc::cancelled))
    co_return;
  // An error of the child's, alone or beside the timeout.
  try {
    got.error().rethrow();
  } catch (const axiom::concurrent_errors&) {
    ++log.by_start;
  } catch (const std::runtime_error& ex) {
    log.by_start += ex.what() == std::string{"broken"} ? 1 : 0;
  } catch (const axiom::exception&) {
    // too late, or never
  }
}

} // namespace

BOOST_AUTO_TEST_CASE(each_failure_is_reported_once_by_its_start_or_its_group) {
  under_each_scheduler(virtual_time, [](auto& fix) {
    for (rounds r{400}; r.next();) {
      failure_log log;
      auto stream = r.stream();
      std::atomic<bool> ready{false};
      std::vector<axiom::task<void>> starters;
      auto t = fix.coordinator().create_child_task(
        "owner", [&, stream](task_context& self) -> async<void> {
          const axiom::discarding_group_options options{
            .failure_mode = axiom::failure_mode::partial,
            .on_error = [&log](const auto&) { ++log.by_group; }};
          auto body =
            [&, stream](axiom::discarding_task_group& group) -> async<void> {
            for (std::uint64_t i = 0; i < 16; ++i)
              starters.push_back(
                group.context().create_child_task("starter", [&, i] {
                  return start_one(group, log, stream + i);
                }));
            ready = true;
            co_await group.wait_for_all();
          };
          co_await axiom::with_discarding_group(self, options,
                                                axiom::named(body));
        });
      spin_until([&] { return ready.load(); });
      race(2, stream, [&](auto i, auto& choose) {
        for (auto n = choose.below(40); n > 0; --n)
          choose.dither();
        if (i == 0)
          fix.advance(1ms);
        else
          for (auto n = choose.below(8); n > 0; --n)
            choose.pick(starters).cancel();
      });
      while (!t.wait_for(1ms))
        fix.advance(1ms);
      t.get();
      BOOST_TEST(log.by_start + log.by_group == log.thrown);
    }
  });
}

// -- groups that drop results -------------------------------------------------

namespace {

/// What of this process is in memory, in bytes.
std::size_t resident_memory() {
  std::ifstream in{"/proc/self/statm"};
  std::size_t size = 0;
  std::size_t resident = 0;
  in >> size >> resident;
  return resident * static_cast<std::size_t>(sysconf(_SC_PAGESIZE));
}

} // namespace

// Without a fixture, which keeps all events.
BOOST_AUTO_TEST_CASE(a_long_run_in_a_discarding_group_takes_no_more_memory) {
  constexpr int count = sanitized ? 20'000 : 300'000;
  constexpr std::size_t growth_allowed = 4 << 20; // results would be > 10 MB
  std::atomic<int> thrown{0};
  std::atomic<int> reported{0};
  std::size_t before = 0;
  std::size_t after = 0;
  axiom::config cfg;
  cfg.axiom.threads = 3;
  caf::actor_system sys{cfg};
  auto coordinator =
    axiom::structured_task_coordinator::spawn(sys, {.name = "long"});
  auto run = [&](task_context& self) -> async<void> {
    const axiom::discarding_group_options options{
      .failure_mode = axiom::failure_mode::collect_all,
      .max_concurrency = 64,
      .on_error = [&reported](const auto&) { ++reported; }};
    auto body = [&](axiom::discarding_task_group& group) -> async<void> {
      for (int i = 0; i < count; ++i) {
        co_await group.add_task("child", [&thrown, i]() -> async<int> {
          if (i % 16 == 0) {
            ++thrown;
            co_return axiom::fail(errc::invalid_argument, "broken");
          }
          co_return i;
        });
        if (i == count / 8)
          before = resident_memory();
      }
      co_await group.wait_for_all();
      after = resident_memory();
    };
    co_await axiom::with_discarding_group(self, options, axiom::named(body));
  };
  auto t = coordinator.create_child_task("owner", run);
  t.get();
  BOOST_TEST(thrown == (count + 15) / 16);
  BOOST_TEST(reported == thrown);
  if (!sanitized)
    BOOST_TEST(after <= before + growth_allowed);
}

BOOST_AUTO_TEST_SUITE_END()
