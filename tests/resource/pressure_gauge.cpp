// From samples to a level, and from levels to steps: pure functions, so any
// sequence can be tried.

#include "axiom/resource/pressure/pressure_gauge.hpp"

#include <algorithm>
#include <chrono>
#include <limits>
#include <ostream>

#include <boost/test/unit_test.hpp>
#include <rapidcheck/boost_test.h>

#include "axiom/resource/pressure/pressure_response.hpp"

using namespace std::chrono_literals;
using namespace axiom;
using namespace axiom::detail;
using axiom::runtime::time_point;

using level = memory_pressure_level;
using steps = pressure_response::steps;

namespace axiom {

std::ostream& operator<<(std::ostream& out, memory_pressure_level x) {
  return out << to_string(x);
}

std::ostream& operator<<(std::ostream& out, relief_stage x) {
  return out << to_string(x);
}

std::ostream& operator<<(std::ostream& out, pressure_step x) {
  return out << to_string(x);
}

} // namespace axiom

namespace {

memory_sample usage(std::uint64_t used, std::string source = "group",
                    std::uint64_t failures = 0) {
  return {std::move(source), memory_use{1000, used, failures}};
}

memory_sample lost(std::string source = "group") {
  return {std::move(source), source_problem{"is garbled"}};
}

memory_sample stalls(double some, double full, std::uint64_t full_total) {
  return {"stalls", stall_times{some, full, 0, full_total}};
}

/// A gauge and its clock: thresholds 800 and 950 of 1000, margin 50, calm after
/// 3 readings and 2 s, stale after 10 s.
struct gauge {
  explicit gauge(memory_pressure_options x = options()) : tested(x) {
    // nop
  }

  static memory_pressure_options options() {
    memory_pressure_options result;
    result.stale_after = 10s;
    return result;
  }

  gauge_result read(std::vector<memory_sample> samples,
                    std::chrono::milliseconds later = 1s) {
    now += later;
    return tested.read(samples, now);
  }

  level at(std::uint64_t used, std::chrono::milliseconds later = 1s) {
    return read({usage(used)}, later).level;
  }

  time_point now{1h};
  pressure_gauge tested;
};

} // namespace

BOOST_FIXTURE_TEST_SUITE(pressure_gauges, gauge)

// -- levels -------------------------------------------------------------------

BOOST_AUTO_TEST_CASE(a_level_begins_at_its_threshold) {
  BOOST_TEST(at(0) == level::normal);
  BOOST_TEST(at(799) == level::normal);
  BOOST_TEST(at(800) == level::warning);
  BOOST_TEST(at(949) == level::warning);
  BOOST_TEST(at(950) == level::critical);
  BOOST_TEST(gauge{}.at(2000) == level::critical);
}

BOOST_AUTO_TEST_CASE(a_level_ends_after_enough_readings_below_the_margin) {
  BOOST_TEST(at(960) == level::critical);
  BOOST_TEST(at(899) == level::critical);
  BOOST_TEST(at(899) == level::critical);
  BOOST_TEST(at(899) == level::warning);
  BOOST_TEST(at(700) == level::warning);
  BOOST_TEST(at(700) == level::warning);
  BOOST_TEST(at(700) == level::normal);
}

BOOST_AUTO_TEST_CASE(a_level_ends_no_sooner_than_the_calm_has_lasted) {
  BOOST_TEST(at(960) == level::critical);
  for (int i = 0; i < 20; ++i)
    BOOST_TEST(at(100, 100ms) == level::critical);
  BOOST_TEST(at(100, 100ms) == level::normal); // 2 s after the first of them
}

BOOST_AUTO_TEST_CASE(within_the_margin_a_level_stays_and_the_calm_is_over) {
  BOOST_TEST(at(800) == level::warning);
  for (int i = 0; i < 50; ++i)
    BOOST_TEST(at(i % 3 == 2 ? 750 : 0) == level::warning);
}

BOOST_AUTO_TEST_CASE(a_level_falls_to_the_highest_of_the_calm) {
  BOOST_TEST(at(960) == level::critical);
  BOOST_TEST(at(0) == level::critical);
  BOOST_TEST(at(760) == level::critical); // keeps a warning up
  BOOST_TEST(at(0) == level::warning);
}

BOOST_AUTO_TEST_CASE(a_limit_of_nothing_is_full) {
  BOOST_TEST(read({{"group", memory_use{0, 0, 0}}}).level == level::critical);
}

BOOST_AUTO_TEST_CASE(the_highest_level_of_all_sources_counts) {
  auto x = read({usage(100, "a"), usage(960, "b"), usage(850, "c")});
  BOOST_TEST(x.level == level::critical);
  BOOST_TEST(x.reading.source == "b");
  BOOST_TEST(x.reading.used == 960u);
  BOOST_TEST(x.reading.limit == 1000u);
  BOOST_TEST(x.reading.share == 0.96);
  BOOST_TEST(x.reading.threshold == 0.95);
  BOOST_TEST(x.reading.headroom == 40u);
}

BOOST_AUTO_TEST_CASE(the_nearest_limit_is_not_always_that_of_the_level) {
  auto x = read({{"small", memory_use{100, 50, 0}},
                 {"large", memory_use{10'000, 9'000, 0}}});
  BOOST_TEST(x.level == level::warning);
  BOOST_TEST(x.reading.source == "large");
  BOOST_TEST(x.reading.headroom == 50u);
}

BOOST_AUTO_TEST_CASE(an_allocation_that_failed_makes_it_critical) {
  BOOST_TEST(read({usage(100, "group", 3)}).level == level::normal); // before
  auto x = read({usage(100, "group", 4)});
  BOOST_TEST(x.level == level::critical);
  BOOST_TEST(x.reading.failures == 1u);
  BOOST_TEST(!x.acute); // who was killed has made room
  x = read({usage(100, "group", 4)});
  BOOST_TEST(x.level == level::critical);
  BOOST_TEST(x.reading.failures == 0u);
}

// -- stalls -------------------------------------------------------------------

BOOST_AUTO_TEST_CASE(stalls_of_some_warn_and_those_of_all_are_critical) {
  BOOST_TEST(read({stalls(0.099, 0.099, 0)}).level == level::normal);
  BOOST_TEST(read({stalls(0.1, 0.099, 0)}).level == level::warning);
  auto x = read({stalls(0.3, 0.1, 0)});
  BOOST_TEST(x.level == level::critical);
  BOOST_TEST((x.reading.measure == memory_measure::stalls));
  BOOST_TEST(x.reading.share == 0.1);
  BOOST_TEST(x.reading.headroom == memory_reading::unlimited);
  for (int i = 0; i < 10; ++i)
    BOOST_TEST(read({stalls(0.05, 0.05, 0)}).level == level::critical);
  for (int i = 0; i < 2; ++i)
    BOOST_TEST(read({stalls(0.05, 0.04, 0)}).level == level::critical);
  BOOST_TEST(read({stalls(0.05, 0.04, 0)}).level == level::warning);
}

BOOST_AUTO_TEST_CASE(stalls_are_acute_only_while_time_is_lost) {
  BOOST_TEST(!read({stalls(0.9, 0.9, 5'000'000)}).acute); // since when?
  BOOST_TEST(read({stalls(0.9, 0.9, 5'100'000)}).acute); // a tenth of 1 s
  BOOST_TEST(!read({stalls(0.9, 0.9, 5'199'999)}).acute);
  BOOST_TEST(!read({stalls(0.8, 0.8, 5'199'999)}).acute);
  BOOST_TEST(!read({stalls(0.2, 0.09, 99'000'000)}).acute);
}

BOOST_AUTO_TEST_CASE(a_usage_is_acute_at_its_threshold_only) {
  BOOST_TEST(read({usage(950)}).acute);
  BOOST_TEST(!read({usage(949)}).acute);
  BOOST_TEST(read({usage(100, "a"), usage(970, "b")}).acute);
}

// -- sources that say nothing -------------------------------------------------

BOOST_AUTO_TEST_CASE(nothing_known_is_no_pressure) {
  auto x = read({});
  BOOST_TEST(x.level == level::normal);
  BOOST_TEST((x.reading.measure == memory_measure::nothing));
  x = read({lost()});
  BOOST_TEST(x.level == level::normal);
  BOOST_TEST((x.reading.measure == memory_measure::nothing));
  BOOST_TEST(x.reading.headroom == memory_reading::unlimited);
}

BOOST_AUTO_TEST_CASE(
  a_source_is_reported_once_when_it_is_lost_and_when_it_is_back) {
  using changes = std::vector<source_change>;
  BOOST_TEST(read({usage(100)}).changes.empty());
  BOOST_TEST(
    (read({lost()}).changes == changes{{"group", true, "is garbled"}}));
  BOOST_TEST(tested.sources().at(0).problem == "is garbled");
  BOOST_TEST(read({lost()}).changes.empty());
  BOOST_TEST((read({usage(100)}).changes == changes{{"group", false, ""}}));
  BOOST_TEST(tested.sources().at(0).problem == "");
  BOOST_TEST(read({usage(100)}).changes.empty());
  BOOST_TEST(read({lost()}).changes.size() == 1u);
  BOOST_TEST((read({}).changes == changes{{"group", false, ""}})); // for good
  BOOST_TEST(tested.sources().empty());
}

BOOST_AUTO_TEST_CASE(a_source_that_is_lost_keeps_its_level_until_it_is_stale) {
  BOOST_TEST(at(960) == level::critical);
  for (int i = 0; i < 9; ++i) {
    auto x = read({lost(), usage(100, "other")});
    BOOST_TEST(x.level == level::critical);
    BOOST_TEST(!x.acute);
    BOOST_TEST(x.reading.headroom == 40u);
  }
  auto x = read({lost(), usage(100, "other")});
  BOOST_TEST(x.level == level::normal);
  BOOST_TEST(x.reading.headroom == 900u);
  BOOST_TEST(x.reading.source == "other");
  BOOST_TEST(x.changes.empty());
}

BOOST_AUTO_TEST_CASE(what_was_calm_before_a_gap_does_not_count_after_it) {
  BOOST_TEST(at(960) == level::critical);
  at(100);
  at(100);
  read({lost()});
  BOOST_TEST(at(100) == level::critical);
  BOOST_TEST(at(100) == level::critical);
  BOOST_TEST(at(100) == level::normal);
}

BOOST_AUTO_TEST_CASE(a_source_that_is_gone_has_no_level) {
  read({usage(960, "a"), usage(850, "b")});
  BOOST_TEST(read({usage(850, "b")}).level == level::warning);
}

BOOST_AUTO_TEST_SUITE_END()

// -- any sequence -------------------------------------------------------------

namespace {

rc::Gen<std::vector<std::uint64_t>> usages() {
  // Mostly around the thresholds and their margins.
  return rc::gen::container<std::vector<std::uint64_t>>(
    rc::gen::weightedOneOf<std::uint64_t>(
      {{1, rc::gen::inRange<std::uint64_t>(0, 1200)},
       {4, rc::gen::element<std::uint64_t>(740, 749, 750, 751, 799, 800, 801,
                                           899, 900, 901, 949, 950, 951)}}));
}

level reached(std::uint64_t used, std::uint64_t margin = 0) {
  return used >= 950 - margin ? level::critical
       : used >= 800 - margin ? level::warning
                              : level::normal;
}

} // namespace

BOOST_AUTO_TEST_SUITE(pressure_gauge_properties)

RC_BOOST_PROP(levels_rise_at_once_and_fall_only_after_a_calm, ()) {
  const auto sequence = *usages();
  const auto step = *rc::gen::element(100ms, 700ms, 1000ms, 3000ms);
  const auto calm = std::max<std::size_t>(3, 1 + (2000ms + step - 1ms) / step);
  gauge x;
  auto before = level::normal;
  for (std::size_t n = 1; n <= sequence.size(); ++n) {
    const auto used = sequence[n - 1];
    const auto now = x.at(used, step);
    // What readings that are recent enough keep up.
    const auto recent = std::min(n, calm);
    auto kept = level::normal;
    for (auto i = n - recent; i < n; ++i)
      kept = std::max(kept, reached(sequence[i], 50));
    if (reached(used) > before)
      RC_ASSERT(now == reached(used));
    else if (recent < calm)
      RC_ASSERT(now == before);
    else
      RC_ASSERT(now == std::min(before, kept));
    before = now;
  }
}

RC_BOOST_PROP(higher_readings_never_give_lower_levels, ()) {
  const auto low = *usages();
  gauge a, b;
  for (auto used : low) {
    const auto more = *rc::gen::element<std::uint64_t>(0, 1, 49, 50, 51, 300);
    RC_ASSERT(a.at(used) <= b.at(used + more));
  }
}

RC_BOOST_PROP(sources_do_not_disturb_each_other, ()) {
  const auto one = *usages();
  const auto other = *usages();
  gauge both, a, b;
  for (std::size_t i = 0; i < std::min(one.size(), other.size()); ++i) {
    const auto x = both.read({usage(one[i], "a"), usage(other[i], "b")}).level;
    RC_ASSERT(x == std::max(a.at(one[i]), b.at(other[i])));
  }
}

RC_BOOST_PROP(a_gap_never_raises_a_level, ()) {
  const auto sequence = *usages();
  gauge x;
  auto before = level::normal;
  for (auto used : sequence) {
    const auto gap = *rc::gen::element(true, false);
    const auto now = gap ? x.read({lost()}).level : x.at(used);
    if (gap)
      RC_ASSERT(now <= before);
    before = now;
  }
}

// -- the response -------------------------------------------------------------

RC_BOOST_PROP(the_response_goes_one_stage_at_a_time_and_sheds_last, ()) {
  pressure_response x;
  auto stage = relief_stage::none;
  auto out = false;
  const auto n = *rc::gen::inRange(0, 60);
  for (int i = 0; i < n; ++i) {
    const auto now =
      *rc::gen::element(level::normal, level::warning, level::critical);
    const auto acute = now == level::critical && *rc::gen::arbitrary<bool>();
    const auto before = stage;
    const auto result = x.on_reading(now, acute);
    auto shed = false;
    for (auto step : result) {
      switch (step) {
        case pressure_step::shrink:
          RC_ASSERT(stage == relief_stage::none);
          stage = relief_stage::shrink;
          break;
        case pressure_step::serialise:
          RC_ASSERT(stage == relief_stage::shrink);
          stage = relief_stage::serialise;
          break;
        case pressure_step::unserialise:
          RC_ASSERT(stage == relief_stage::serialise);
          stage = relief_stage::shrink;
          break;
        case pressure_step::regrow:
          RC_ASSERT(stage == relief_stage::shrink);
          stage = relief_stage::none;
          break;
        default:
          RC_ASSERT(step == pressure_step::shed);
          RC_ASSERT(!shed);
          shed = true;
      }
    }
    RC_ASSERT(x.stage() == stage);
    RC_ASSERT(stage == static_cast<relief_stage>(now));
    RC_ASSERT(shed == (acute && before == relief_stage::serialise && !out));
    if (shed && *rc::gen::arbitrary<bool>()) {
      x.batch_begins();
      out = true;
    } else if (out && *rc::gen::arbitrary<bool>()) {
      x.batch_ends();
      out = false;
    }
  }
  for (auto step : x.on_close())
    RC_ASSERT(step == pressure_step::unserialise
              || step == pressure_step::regrow);
  RC_ASSERT(x.stage() == relief_stage::none);
}

BOOST_AUTO_TEST_CASE(steps_of_one_reading_are_undone_in_the_reverse_order) {
  pressure_response x;
  BOOST_TEST(x.on_reading(level::critical, true)
               == (steps{pressure_step::shrink, pressure_step::serialise}),
             boost::test_tools::per_element());
  BOOST_TEST(x.on_reading(level::critical, true)
               == (steps{pressure_step::shed}),
             boost::test_tools::per_element());
  BOOST_TEST(x.on_reading(level::normal, false)
               == (steps{pressure_step::unserialise, pressure_step::regrow}),
             boost::test_tools::per_element());
}

// -- names and options --------------------------------------------------------

BOOST_AUTO_TEST_CASE(enumerators_are_read_back_by_their_names) {
  for (auto x : {level::normal, level::warning, level::critical}) {
    auto y = level::normal;
    BOOST_TEST(from_string(to_string(x), y));
    BOOST_TEST(x == y);
  }
  for (std::size_t i = 0; i < pressure_steps; ++i) {
    auto y = pressure_step::level;
    BOOST_TEST(from_string(to_string(static_cast<pressure_step>(i)), y));
    BOOST_TEST(static_cast<std::size_t>(y) == i);
  }
  auto stage = relief_stage::shrink;
  BOOST_TEST(!from_string("Serialise", stage));
  BOOST_TEST(stage == relief_stage::shrink);
  BOOST_TEST(from_string("serialise", stage));
  BOOST_TEST(stage == relief_stage::serialise);
}

BOOST_AUTO_TEST_CASE(bytes_are_printed_in_the_unit_that_fits) {
  BOOST_TEST(bytes_in_words(0) == "0 B");
  BOOST_TEST(bytes_in_words(1023) == "1023 B");
  BOOST_TEST(bytes_in_words(1536) == "1.5 KiB");
  BOOST_TEST(bytes_in_words(std::uint64_t{1} << 30) == "1.0 GiB");
  BOOST_TEST(bytes_in_words(memory_reading::unlimited) == "16.0 EiB");
}

BOOST_AUTO_TEST_CASE(all_that_is_wrong_with_options_is_said) {
  BOOST_TEST(problems_of({}).empty());
  memory_pressure_options x;
  x.warning = 0.95;
  x.critical = 0.9;
  x.margin = 0.95;
  x.stall_critical = 1.01;
  x.stall_margin = -0.1;
  x.calm_readings = 0;
  x.calm_for = -1s;
  x.stale_after = -1s;
  x.interval = 0s;
  x.urgent_interval = 1s;
  x.shed_batch = 100'000;
  x.shed_grace = -1s;
  x.root.clear();
  const auto problems = problems_of(x);
  BOOST_TEST(problems.size() == 12u);
  for (const auto* part :
       {"warning is 0.95", "margin is 0.95", "stall_critical is 1.01",
        "stall_margin is -0.1", "calm_readings", "calm_for", "stale_after",
        "interval must be positive", "longer than interval", "shed_batch",
        "shed_grace", "root is empty"})
    BOOST_TEST(std::any_of(
                 problems.begin(), problems.end(),
                 [part](auto& y) { return y.find(part) != std::string::npos; }),
               part);
  memory_pressure_options none;
  none.warning = std::numeric_limits<double>::quiet_NaN();
  none.critical = 0;
  none.margin = std::numeric_limits<double>::quiet_NaN();
  none.urgent_interval = 0s;
  BOOST_TEST(problems_of(none).size() == 4u);
}

BOOST_AUTO_TEST_SUITE_END()
