// Memory pressure from readings to what is done: replayed readings, what is
// announced, who is asked for relief, and who is shed.

#include "support/pressured.hpp"

using namespace test;
using axiom::task_priority;
using boost::test_tools::per_element;

namespace {

/// What the kernel says from a time on.
struct recorded {
  std::chrono::milliseconds at;
  std::uint64_t used;
  std::uint64_t cache = 0;
  unsigned some = 0; ///< stalls, in hundredths of a percent
  unsigned full = 0;
};

/// The events of a run, each with the milliseconds since its beginning.
struct replay : pressured {
  lines events_of(const std::vector<recorded>& readings,
                  std::chrono::milliseconds end) {
    say(readings.front());
    begin();
    std::size_t next = 1;
    lines result;
    for (auto at = 0ms; at <= end; at += 100ms) {
      for (; next < readings.size() && readings[next].at == at; ++next)
        say(readings[next]);
      if (at > 0ms)
        advance(100ms);
      for (auto& x : announced())
        result.push_back(std::to_string(at.count()) + " ms: " + x);
    }
    BOOST_TEST(next == readings.size());
    return result;
  }

  void say(const recorded& x) {
    stall_total += x.full * 100;
    kernel.use("/app", x.used);
    kernel.cache("/app", x.cache);
    kernel.write(memory_kernel::file("/app", "memory.pressure"),
                 memory_kernel::stall_text(x.some, x.full, 0, stall_total));
  }

  std::uint64_t stall_total = 0;
};

bool contains(const std::string& text, const std::string& part) {
  return text.find(part) != std::string::npos;
}

} // namespace

// -- replayed readings --------------------------------------------------------

BOOST_FIXTURE_TEST_SUITE(memory_pressure_replays, replay)

BOOST_AUTO_TEST_CASE(from_normal_over_shedding_and_back) {
  std::vector<axiom::task<void>> low, high;
  for (const auto* name : {"low 1", "low 2", "low 3"})
    low.push_back(start_sheddable(name));
  high.push_back(start_sheddable("high", task_priority::high));
  auto other = start("other", forever); // may not be shed
  const auto seen = events_of({{0ms, 500},
                               {900ms, 900, 200}, // cache is no pressure
                               {1900ms, 850},
                               {2200ms, 960},
                               {2600ms, 960},
                               {2700ms, 700}},
                              6s);
  BOOST_TEST(
    seen
      == (lines{"2000 ms: level normal-warning, stage none",
                "2000 ms: shrink at warning, stage shrink",
                "2200 ms: level warning-critical, stage shrink",
                "2200 ms: serialise at critical, stage serialise",
                "2300 ms: shed at critical, stage serialise, 'low 3', 'low 2'",
                "2400 ms: shed at critical, stage serialise, 'low 1', 'high'",
                "4700 ms: level critical-normal, stage serialise",
                "4700 ms: unserialise at normal, stage shrink",
                "4700 ms: regrow at normal, stage none"}),
    per_element());
  for (auto& t : low)
    BOOST_TEST(t.cancelled());
  BOOST_TEST(high[0].cancelled());
  BOOST_TEST(!other.cancelled());
  const auto stats = pressure->stats();
  BOOST_TEST(stats.shed_tasks == 4u);
  BOOST_TEST(stats.shed_in_all == 4u);
  BOOST_TEST(stats.shed_overdue == 0u);
  BOOST_TEST(stats.shed_in_vain == 2u); // 2500 and 2600 ms
  BOOST_TEST(stats.entered == (std::array<std::uint64_t, 3>{1, 1, 1}),
             per_element());
  BOOST_TEST(stats.steps
               == (std::array<std::uint64_t, 8>{3, 1, 1, 2, 1, 1, 0, 0}),
             per_element());
  other.cancel();
}

BOOST_AUTO_TEST_CASE(a_usage_around_a_threshold_is_one_warning) {
  std::vector<recorded> readings{{0ms, 790}};
  for (auto at = 900ms; at < 9s; at += 100ms)
    readings.push_back({at, at % 200ms == 0ms ? 805u : 795u});
  BOOST_TEST(events_of(readings, 9s)
               == (lines{"1000 ms: level normal-warning, stage none",
                         "1000 ms: shrink at warning, stage shrink"}),
             per_element());
}

BOOST_AUTO_TEST_CASE(stalls_alone_are_pressure_and_shed_while_they_last) {
  for (const auto* name : {"1", "2", "3", "4", "5"})
    start_sheddable(name);
  options.shed_batch = 1;
  // A tenth of the time is lost to stalls, for 300 ms; the average lags behind.
  BOOST_TEST(events_of({{0ms, 100},
                        {1000ms, 100, 0, 3000, 1000},
                        {1100ms, 100, 0, 3000, 1000},
                        {1200ms, 100, 0, 3000, 1000},
                        {1300ms, 100, 0, 3000, 0},
                        {1400ms, 100, 0, 3000, 0}},
                       2s)
               == (lines{"1000 ms: level normal-critical, stage none",
                         "1000 ms: shrink at critical, stage shrink",
                         "1000 ms: serialise at critical, stage serialise",
                         "1100 ms: shed at critical, stage serialise, '5'",
                         "1200 ms: shed at critical, stage serialise, '4'"}),
             per_element());
  coordinator().shutdown();
  run();
}

BOOST_AUTO_TEST_SUITE_END()

// -- levels and readings ------------------------------------------------------

BOOST_FIXTURE_TEST_SUITE(memory_pressure_readings, pressured)

BOOST_AUTO_TEST_CASE(the_first_reading_is_taken_at_once) {
  use(820);
  begin();
  BOOST_TEST(pressure->level() == level::warning);
  BOOST_TEST(*pressure->headroom() == 180 * mebibyte);
  BOOST_TEST(pressure->stats().readings == 1u);
  const auto all = axiom::all_memory_pressure_stats(system());
  BOOST_REQUIRE(all.size() == 1u);
  BOOST_TEST(all[0].level == level::warning);
}

BOOST_AUTO_TEST_CASE(readings_are_more_frequent_while_memory_is_short) {
  begin();
  advance(10s);
  BOOST_TEST(pressure->stats().readings == 11u);
  use(820, 1s);
  BOOST_TEST(pressure->stats().readings == 12u);
  advance(1s);
  BOOST_TEST(pressure->stats().readings == 22u);
}

BOOST_AUTO_TEST_CASE(nothing_known_is_normal) {
  kernel.remove("/sys");
  begin();
  advance(5s);
  BOOST_TEST(pressure->level() == level::normal);
  BOOST_TEST(!pressure->headroom());
  BOOST_TEST(pressure->stats().sources.empty());
  BOOST_TEST(announced().empty());
}

BOOST_AUTO_TEST_CASE(bad_options_are_refused_with_all_that_is_wrong) {
  options.warning = 2;
  options.interval = 0s;
  try {
    begin();
    BOOST_ERROR("taken");
  } catch (const axiom::exception& ex) {
    BOOST_TEST(ex.is(errc::invalid_argument));
    BOOST_TEST(contains(ex.what(), "warning is 2"));
    BOOST_TEST(contains(ex.what(), "interval must be positive"));
  }
}

BOOST_AUTO_TEST_CASE(a_source_that_turns_garbled_is_announced_once) {
  auto t = start_sheddable("t");
  begin();
  use(960, 1s);
  BOOST_TEST(pressure->level() == level::critical);
  announced();
  kernel.write(memory_kernel::file("/app", "memory.current"), "96000");
  advance(1s);
  BOOST_TEST(announced()
               == (lines{"source_lost at critical, stage serialise, "
                         "/sys/fs/cgroup/app 'memory.current' is cut short: "
                         "its last line has no end"}),
             per_element());
  BOOST_TEST(pressure->level() == level::critical); // nothing says otherwise
  BOOST_TEST(!t.cancelled()); // nor that it is so
  auto sources = pressure->stats().sources;
  BOOST_REQUIRE(sources.size() == 1u);
  BOOST_TEST(sources[0].source == "/sys/fs/cgroup/app");
  BOOST_TEST(contains(sources[0].problem, "cut short"));
  use(960, 100ms);
  BOOST_TEST(announced()
               == (lines{"source_back at critical, stage serialise, "
                         "/sys/fs/cgroup/app",
                         "shed at critical, stage serialise, 't'"}),
             per_element());
  BOOST_TEST(t.cancelled());
}

BOOST_AUTO_TEST_CASE(a_source_that_stays_garbled_has_no_level_in_the_end) {
  begin();
  use(960, 1s);
  kernel.write(memory_kernel::file("/app", "memory.max"), "unlimited\n");
  advance(29s);
  BOOST_TEST(pressure->level() == level::critical);
  announced();
  advance(1s);
  BOOST_TEST(announced()
               == (lines{"level critical-normal, stage serialise",
                         "unserialise at normal, stage shrink",
                         "regrow at normal, stage none"}),
             per_element());
  BOOST_TEST(!pressure->headroom());
}

BOOST_AUTO_TEST_CASE(a_source_that_is_garbled_does_not_hide_the_others) {
  kernel.host(1000, 500);
  begin();
  kernel.write(memory_kernel::file("/app", "memory.stat"), "\xff\xfe");
  advance(1s);
  kernel.host(1000, 150);
  advance(1s);
  BOOST_TEST(pressure->level() == level::warning);
  BOOST_TEST(pressure->stats().reading.source == "/proc/meminfo");
}

BOOST_AUTO_TEST_CASE(it_answers_messages) {
  begin();
  use(850);
  auto t = start("t", [&](task_context& self) -> async<void> {
    auto& to = pressure->actor();
    auto before = co_await self.request(to, 1s, axiom::level_atom_v);
    BOOST_TEST(before == level::normal);
    auto reading = co_await self.request(to, 1s, axiom::read_atom_v);
    BOOST_TEST(reading.used == 850 * mebibyte);
    BOOST_TEST(to_string(reading)
               == "/sys/fs/cgroup/app uses 850.0 MiB of 1000.0 MiB (85.0 %, "
                  "threshold 80.0 %)");
    auto after = co_await self.request(to, 1s, axiom::level_atom_v);
    BOOST_TEST(after == level::warning);
    auto stats = co_await self.request(to, 1s, axiom::stats_atom_v);
    BOOST_TEST(stats.readings == 2u);
    BOOST_TEST(stats.subscribers == 1u);
  });
  run();
  t.get();
  BOOST_TEST(announced().size() == 2u); // what it said was heard as well
  BOOST_TEST(pending_timers() == 1u);
}

BOOST_AUTO_TEST_SUITE_END()

// -- relief -------------------------------------------------------------------

BOOST_FIXTURE_TEST_SUITE(memory_pressure_reliefs, pressured)

BOOST_AUTO_TEST_CASE(are_asked_in_order_and_let_go_in_the_reverse_order) {
  lines asked;
  auto a = std::make_shared<noting_relief>("a", asked);
  auto b = std::make_shared<noting_relief>("b", asked);
  begin();
  pressure->attach(a);
  pressure->attach(b);
  pressure->attach(a);
  use(820, 1s);
  use(960, 100ms);
  use(100, 3s);
  BOOST_TEST(asked
               == (lines{"a shrink", "b shrink", "a serialise", "b serialise",
                         "b shrink", "a shrink", "b none", "a none"}),
             per_element());
  BOOST_TEST(pressure->stats().reliefs == 2u);
  BOOST_TEST(pressure->stats().relief_failures == 0u);
}

BOOST_AUTO_TEST_CASE(are_told_the_headroom_at_once_and_at_each_reading) {
  lines asked;
  auto a = std::make_shared<noting_relief>("a", asked);
  begin();
  pressure->attach(a);
  run();
  use(200, 1s);
  auto b = std::make_shared<noting_relief>("b", asked);
  pressure->attach(b);
  use(1200, 1s);
  BOOST_TEST(a->told == (std::vector<std::uint64_t>{900, 800, 0}),
             per_element());
  BOOST_TEST(b->told == (std::vector<std::uint64_t>{800, 0}), per_element());
}

BOOST_AUTO_TEST_CASE(that_come_late_are_told_where_things_stand) {
  lines asked;
  begin();
  become_critical();
  auto a = std::make_shared<noting_relief>("a", asked);
  pressure->attach(a);
  run(); // not only at the next reading
  BOOST_TEST(asked == (lines{"a serialise"}), per_element());
  BOOST_TEST(pressure->stats().reliefs == 1u);
}

BOOST_AUTO_TEST_CASE(that_are_gone_are_forgotten) {
  lines asked;
  auto a = std::make_shared<noting_relief>("a", asked);
  auto b = std::make_shared<noting_relief>("b", asked);
  begin();
  pressure->attach(a);
  pressure->attach(b);
  use(820, 1s);
  a.reset();
  use(960, 100ms);
  BOOST_TEST(asked == (lines{"a shrink", "b shrink", "b serialise"}),
             per_element());
  BOOST_TEST(pressure->stats().reliefs == 1u);
}

BOOST_AUTO_TEST_CASE(that_fail_are_counted_and_keep_nobody_else_from_relief) {
  lines asked;
  auto a = std::make_shared<noting_relief>("a", asked);
  auto b = std::make_shared<noting_relief>("b", asked);
  a->fails = true;
  begin();
  pressure->attach(a);
  pressure->attach(b);
  use(820, 1s);
  BOOST_TEST(asked == (lines{"a shrink", "b shrink"}), per_element());
  BOOST_TEST(b->told.size() == 2u); // at first, and at the reading
  BOOST_TEST(pressure->stats().relief_failures == 3u);
  BOOST_TEST(pressure->level() == level::warning);
}

BOOST_AUTO_TEST_SUITE_END()

// -- shedding -----------------------------------------------------------------

BOOST_FIXTURE_TEST_SUITE(memory_pressure_sheds, pressured)

BOOST_AUTO_TEST_CASE(with_a_cause_that_says_why) {
  auto t = start_sheddable("victim");
  begin();
  become_critical();
  BOOST_TEST(!t.cancelled()); // whether the stage before it helps is not known
  advance(100ms);
  BOOST_TEST(t.done());
  try {
    t.get();
    BOOST_ERROR("has a value");
  } catch (const axiom::cancelled_error& ex) {
    BOOST_TEST((ex.cause().reason == axiom::cancel_reason::limit_shed));
    BOOST_TEST(ex.cause().origin
               == "memory pressure (critical: /sys/fs/cgroup/app uses 960.0 "
                  "MiB of 1000.0 MiB (96.0 %, threshold 95.0 %))");
    BOOST_TEST(contains(ex.what(), "limit_shed of 'victim' by memory"));
  }
}

BOOST_AUTO_TEST_CASE(all_that_is_below_a_task_with_it) {
  std::vector<axiom::task<void>> below;
  auto t = start({.name = "t", .sheddable = true},
                 [&below](task_context& self) -> async<void> {
                   below.push_back(self.create_child_task("a", forever));
                   below.push_back(self.create_child_task("b", forever));
                   co_await self.sleep_for(24h);
                 });
  begin();
  become_critical();
  advance(100ms);
  BOOST_TEST(t.done());
  BOOST_TEST(below.size() == 2u);
  for (auto& x : below)
    BOOST_TEST(x.cancelled());
  BOOST_TEST(pressure->stats().shed_tasks == 1u);
  BOOST_TEST(pressure->stats().shed_in_all == 3u);
}

BOOST_AUTO_TEST_CASE(the_next_batch_only_when_the_one_before_has_ended) {
  options.shed_batch = 1;
  auto first = start_sheddable("first");
  auto slow = start(
    {.name = "slow", .priority = task_priority::background, .sheddable = true},
    [](task_context& self) -> async<void> {
      auto cut = co_await axiom::as_expected(forever(self));
      BOOST_TEST(!cut);
      co_await self.shielded(
        [](task_context& me) -> async<void> { co_await me.sleep_for(550ms); });
    });
  begin();
  become_critical();
  advance(100ms);
  BOOST_TEST(slow.cancelled());
  advance(500ms);
  BOOST_TEST(!slow.done());
  BOOST_TEST(!first.cancelled());
  advance(50ms);
  BOOST_TEST(slow.done());
  BOOST_TEST(!first.cancelled()); // a reading has to say that it is not enough
  advance(50ms);
  BOOST_TEST(first.cancelled());
}

BOOST_AUTO_TEST_CASE(no_longer_waits_for_a_batch_that_is_overdue) {
  options.shed_batch = 1;
  options.shed_grace = 300ms;
  auto first = start_sheddable("first");
  auto stubborn =
    start({.name = "stubborn",
           .priority = task_priority::background,
           .sheddable = true},
          [](task_context& self) -> async<void> {
            for (int i = 0; i < 2; ++i)
              co_await self.shielded([](task_context& me) -> async<void> {
                co_await me.sleep_for(1h);
              });
          });
  begin();
  become_critical();
  advance(300ms);
  BOOST_TEST(stubborn.cancelled());
  BOOST_TEST(!first.cancelled());
  advance(200ms);
  BOOST_TEST(first.cancelled());
}

BOOST_AUTO_TEST_CASE(nobody_while_the_level_only_lasts) {
  auto t = start_sheddable("t");
  begin();
  become_critical();
  use(920, 10s); // within the margin
  BOOST_TEST(pressure->level() == level::critical);
  BOOST_TEST(!t.cancelled());
  t.cancel();
}

BOOST_AUTO_TEST_CASE(nobody_if_it_is_told_so) {
  options.shed_batch = 0;
  auto t = start_sheddable("t");
  begin();
  use(990, 10s);
  BOOST_TEST(!t.cancelled());
  BOOST_TEST(pressure->stats().shed_in_vain > 0u);
  t.cancel();
}

BOOST_AUTO_TEST_SUITE_END()
