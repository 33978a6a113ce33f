// Adaptive limits sample by sample: their options, the windows, and what holds
// for any samples whatever.

#include <algorithm>
#include <cmath>
#include <limits>
#include <optional>
#include <string>
#include <tuple>
#include <vector>

#include <boost/test/unit_test.hpp>
#include <rapidcheck.h>

#include "axiom/coordination/limiter/adaptive.hpp"
#include "axiom/coordination/limiter/limit_targets.hpp"
#include "axiom/error/exception.hpp"

using axiom::adaptive_algorithm;
using axiom::adaptive_limit;
using axiom::adaptive_options;
using axiom::limit_sample;
using axiom::detail::sample_window;
using axiom::runtime::duration;
using axiom::runtime::time_point;
using namespace std::chrono_literals;

namespace {

constexpr adaptive_algorithm algorithms[] = {
  adaptive_algorithm::aimd,
  adaptive_algorithm::vegas,
  adaptive_algorithm::gradient,
};

const adaptive_options gradient{.algorithm = adaptive_algorithm::gradient};

/// The only problem of `options` with an initial limit.
std::string problem_of(const adaptive_options& options,
                       std::size_t initial = 10) {
  auto all = problems_of(options, initial);
  BOOST_TEST(all.size() == 1u);
  return all.empty() ? "" : all.front();
}

template <class F>
adaptive_options changed(F change) {
  auto result = gradient;
  change(result);
  return result;
}

/// Feeds a window with samples of these round trips, one each 20 ms.
template <class... Ts>
auto fill(sample_window& window, time_point from, Ts... rtts) {
  std::optional<axiom::detail::window_summary> result;
  auto add = [&](duration rtt) {
    BOOST_REQUIRE(!result);
    result = window.add({from - rtt, rtt, 1}, from);
    from += 20ms;
  };
  (add(rtts), ...);
  return result;
}

/// Any samples: how long after the last one a call ends, how long it took, how
/// many were in flight, and whether it was dropped (one in five).
using any_sample = std::tuple<duration::rep, duration::rep, std::size_t, bool>;

rc::Gen<std::vector<any_sample>> any_samples() {
  auto ms = duration{1ms}.count();
  return rc::gen::container<std::vector<any_sample>>(rc::gen::tuple(
    rc::gen::inRange<duration::rep>(0, 100 * ms),
    rc::gen::inRange<duration::rep>(0, 400 * ms),
    rc::gen::inRange<std::size_t>(0, 100),
    rc::gen::map(rc::gen::inRange(0, 5), [](int x) { return x == 0; })));
}

adaptive_options any_options() {
  adaptive_options result;
  result.algorithm = *rc::gen::elementOf(std::vector<adaptive_algorithm>(
    std::begin(algorithms), std::end(algorithms)));
  result.min = *rc::gen::inRange<std::size_t>(1, 20);
  result.max = result.min + *rc::gen::inRange<std::size_t>(0, 60);
  result.backoff = *rc::gen::inRange(1, 100) / 100.0;
  result.smoothing = *rc::gen::inRange(1, 101) / 100.0;
  result.tolerance = 1 + *rc::gen::inRange(0, 100) / 100.0;
  result.probe_interval = *rc::gen::inRange(1, 2'000) * 1ms;
  result.sampling.min_samples = *rc::gen::inRange<std::size_t>(1, 5);
  if (*rc::gen::arbitrary<bool>())
    result.sampling.quantile = 0.9;
  if (*rc::gen::arbitrary<bool>())
    result.timeout = 300ms;
  return result;
}

std::size_t any_limit(const adaptive_options& options) {
  return *rc::gen::inRange(options.min, options.max + 1);
}

/// Feeds all of them, and `check`s after each.
template <class F>
time_point feed(adaptive_limit& limit, const std::vector<any_sample>& samples,
                F check) {
  time_point now{1h};
  for (auto [gap, rtt, in_flight, dropped] : samples) {
    now += duration{gap};
    auto before = limit.limit();
    limit.add({now - duration{rtt}, duration{rtt}, in_flight, dropped});
    check(before, dropped);
  }
  return now;
}

} // namespace

BOOST_AUTO_TEST_SUITE(adaptive_limit_options)

BOOST_AUTO_TEST_CASE(are_off_unless_told) {
  adaptive_limit limit{{}, 7};
  BOOST_TEST(limit.limit() == 7u);
  for (int i = 0; i < 100; ++i)
    limit.add({time_point{i * 100ms}, 10ms, 7, i % 2 == 0});
  BOOST_TEST(limit.limit() == 7u);
  BOOST_TEST(!limit.probing());
  // A limit that is none needs no bounds.
  auto none = std::numeric_limits<std::size_t>::max();
  BOOST_TEST((adaptive_limit{{}, none}.limit()) == none);
}

BOOST_AUTO_TEST_CASE(are_right_by_default) {
  for (auto algorithm : algorithms)
    BOOST_TEST(
      problems_of(adaptive_options{.algorithm = algorithm}, 1).empty());
}

BOOST_AUTO_TEST_CASE(that_are_wrong_are_named) {
  BOOST_TEST(problem_of(changed([](auto& x) { x.min = 0; }))
             == "min is 0 (expected at least 1)");
  BOOST_TEST(problem_of(changed([](auto& x) { x.min = 8, x.max = 4; }))
             == "max is 4, less than min (8)");
  BOOST_TEST(problem_of(changed([](auto& x) { x.max = 9; }))
             == "the initial limit is 10 (expected between 1 and 9)");
  for (double bad : {0.0, 1.0, -1.0, std::nan("")})
    BOOST_TEST(problem_of(changed([=](auto& x) { x.backoff = bad; }))
               == "backoff is not between 0 and 1");
  BOOST_TEST(problem_of(changed([](auto& x) { x.timeout = 0s; }))
             == "timeout is not positive");
  BOOST_TEST(problem_of(changed([](auto& x) { x.tolerance = 0.99; }))
             == "tolerance is less than 1");
  BOOST_TEST(problem_of(changed([](auto& x) { x.smoothing = 0; }))
             == "smoothing is not above 0 and at most 1");
  BOOST_TEST(problem_of(changed([](auto& x) { x.probe_interval = -1s; }))
             == "probe_interval is not positive");
  BOOST_TEST(problem_of(changed([](auto& x) { x.sampling.min_length = 0s; }))
             == "sampling.min_length is not positive");
  BOOST_TEST(problem_of(changed([](auto& x) { x.sampling.max_length = 1ms; }))
             == "sampling.max_length is less than min_length");
  BOOST_TEST(problem_of(changed([](auto& x) { x.sampling.max_length = 2h; }))
             == "sampling.max_length is more than an hour");
  BOOST_TEST(problem_of(changed([](auto& x) { x.sampling.min_samples = 0; }))
             == "sampling.min_samples is 0 (expected between 1 and 1000000)");
  BOOST_TEST(problem_of(changed([](auto& x) { x.sampling.quantile = 1; }))
             == "sampling.quantile is not between 0 and 1");
  BOOST_TEST(problem_of(changed([](auto& x) { x.sampling.min_rtt = 0s; }))
             == "sampling.min_rtt is not positive");
}

BOOST_AUTO_TEST_CASE(are_refused_with_all_that_is_wrong) {
  auto bad = changed([](auto& x) { x.min = 0, x.backoff = 2; });
  BOOST_CHECK_EXCEPTION(
    (adaptive_limit{bad, 5}), axiom::exception, [](const auto& ex) {
      return ex.what()
          == std::string{"invalid_argument: min is 0 (expected at least 1); "
                         "backoff is not between 0 and 1"};
    });
}

BOOST_AUTO_TEST_CASE(have_names_for_the_algorithms) {
  BOOST_TEST(to_string(adaptive_algorithm::gradient) == "gradient");
  BOOST_CHECK(axiom::parse_adaptive_algorithm("vegas")
              == adaptive_algorithm::vegas);
  BOOST_CHECK(!axiom::parse_adaptive_algorithm("bbr"));
}

BOOST_AUTO_TEST_SUITE_END()

BOOST_AUTO_TEST_SUITE(sample_windows)

BOOST_AUTO_TEST_CASE(give_the_average_when_their_time_is_over) {
  sample_window window{{.min_samples = 3}};
  auto closed =
    fill(window, time_point{1s}, 10ms, 20ms, 30ms, 40ms, 50ms, 30ms);
  BOOST_REQUIRE(closed);
  BOOST_CHECK(closed->rtt == 30ms);
  BOOST_CHECK(closed->end == time_point{1100ms});
  BOOST_TEST(closed->in_flight == 1u);
  BOOST_TEST(!closed->dropped);
}

BOOST_AUTO_TEST_CASE(give_a_quantile_to_within_three_per_cent) {
  BOOST_CHECK(rc::check("a quantile", [] {
    // A single sample closes no window: there is no time in it.
    auto count = *rc::gen::inRange<std::size_t>(2, 100);
    auto rtts = *rc::gen::container<std::vector<duration::rep>>(
      count, rc::gen::inRange<duration::rep>(1, duration{2s}.count()));
    auto quantile = *rc::gen::inRange(1, 100) / 100.0;
    sample_window window{{.min_samples = count, .quantile = quantile}};
    time_point now{1h};
    std::optional<axiom::detail::window_summary> closed;
    for (auto x : rtts) {
      closed = window.add({now - duration{x}, duration{x}, 1}, now);
      now += 1s;
    }
    RC_ASSERT(closed.has_value());
    std::sort(rtts.begin(), rtts.end());
    auto rank = static_cast<std::size_t>(
      std::ceil(quantile * static_cast<double>(rtts.size())));
    auto exact = static_cast<double>(rtts[std::max<std::size_t>(rank, 1) - 1]);
    auto given = static_cast<double>(closed->rtt.count());
    RC_ASSERT(std::abs(given - exact) <= exact / 32 + 1);
  }));
}

BOOST_AUTO_TEST_CASE(with_few_samples_stay_open) {
  sample_window window{{.min_samples = 3}};
  time_point now{1h};
  BOOST_TEST(!window.add({now, 10ms, 1}, now));
  BOOST_TEST(!window.add({now, 30ms, 2}, now + 10min));
  auto closed = window.add({now, 20ms, 1}, now + 20min);
  BOOST_REQUIRE(closed);
  BOOST_CHECK(closed->rtt == 20ms);
  BOOST_TEST(closed->in_flight == 2u);
}

BOOST_AUTO_TEST_CASE(with_a_drop_need_no_other_samples_and_do_not_time_it) {
  sample_window window{{}};
  time_point now{1h};
  BOOST_TEST(!window.add({now, 5s, 4, true}, now));
  auto closed = window.add({now, 10ms, 1, false}, now + 100ms);
  BOOST_REQUIRE(closed);
  BOOST_TEST(closed->dropped);
  BOOST_TEST(closed->in_flight == 4u);
  BOOST_CHECK(closed->rtt == 10ms);
}

BOOST_AUTO_TEST_CASE(pass_over_calls_that_took_no_time) {
  sample_window window{{.min_samples = 1, .min_rtt = 1ms}};
  time_point now{1h};
  BOOST_TEST(!window.add({now, 0ms, 1}, now));
  BOOST_TEST(!window.add({now, 999us, 1}, now + 1s));
  BOOST_TEST(!window.add({now, 1ms, 1}, now + 2s)); // opens it
  BOOST_TEST(window.add({now, 1ms, 1}, now + 3s).has_value());
}

BOOST_AUTO_TEST_CASE(last_twice_the_shortest_round_trip_of_the_one_before) {
  sample_window window{{.min_samples = 1}};
  time_point now{1h};
  auto length_after = [&](duration rtt) {
    window.add({now, rtt, 1}, now);
    BOOST_TEST(window.add({now, rtt * 2, 1}, now + 2s).has_value());
    now += 10s;
    window.add({now, rtt, 1}, now); // opens the next
    duration length{};
    while (!window.add({now, rtt, 1}, now + length))
      length += 10ms;
    now += 10s;
    return length / 10ms * 10;
  };
  BOOST_TEST(length_after(200ms) == 400);
  BOOST_TEST(length_after(10ms) == 100); // the least
  BOOST_TEST(length_after(800ms) == 1'000); // the most
}

BOOST_AUTO_TEST_SUITE_END()

BOOST_AUTO_TEST_SUITE(adaptive_limit_properties)

BOOST_AUTO_TEST_CASE(limits_stay_within_bounds_and_no_drop_raises_them) {
  BOOST_CHECK(rc::check("bounds and drops", [] {
    auto options = any_options();
    adaptive_limit limit{options, any_limit(options)};
    feed(limit, *any_samples(), [&](std::size_t before, bool dropped) {
      RC_ASSERT(limit.limit() >= options.min);
      RC_ASSERT(limit.limit() <= options.max);
      if (dropped)
        RC_ASSERT(limit.limit() <= before);
    });
  }));
}

BOOST_AUTO_TEST_CASE(a_drop_that_closes_a_window_lowers_the_limit) {
  BOOST_CHECK(rc::check("a drop at the end of a window", [] {
    auto options = any_options();
    adaptive_limit limit{options, any_limit(options)};
    auto now = feed(limit, *any_samples(), [](std::size_t, bool) {});
    auto before = limit.limit();
    // One of the two closes a window, with or without the other in it.
    limit.add({now + 10s, 1ms, 1, true});
    limit.add({now + 20s, 1ms, 1, true});
    RC_ASSERT(limit.limit() < before || before == options.min);
  }));
}

BOOST_AUTO_TEST_CASE(slower_calls_never_lead_to_a_higher_limit) {
  BOOST_CHECK(rc::check("monotone in the round-trip time", [] {
    auto options = any_options();
    options.timeout.reset();
    adaptive_limit faster{options, any_limit(options)};
    sample_window window{
      options.sampling}; // tells when that of `faster` closes
    time_point now{1h};
    for (auto [gap, rtt, in_flight, dropped] : *any_samples()) {
      now += duration{gap};
      limit_sample x{now - duration{rtt}, duration{rtt}, in_flight, dropped};
      if (dropped || !faster.probing())
        window.add(x, now);
      faster.add(x);
    }
    RC_PRE(!faster.probing());
    auto slower = faster;
    auto any_rtt = [] {
      return duration{
        *rc::gen::inRange<duration::rep>(1, duration{1s}.count())};
    };
    for (bool closed = false; !closed;) {
      auto x = any_rtt();
      auto y = any_rtt();
      auto in_flight = *rc::gen::inRange<std::size_t>(1, 100);
      now += 1s;
      closed = window.add({now - x, x, in_flight}, now).has_value();
      faster.add({now - std::min(x, y), std::min(x, y), in_flight});
      slower.add({now - std::max(x, y), std::max(x, y), in_flight});
      RC_ASSERT(faster.limit() >= slower.limit() || slower.probing());
    }
  }));
}

BOOST_AUTO_TEST_CASE(no_algorithm_aims_higher_for_slower_calls) {
  using namespace axiom::detail;
  BOOST_CHECK(rc::check("monotone targets", [] {
    auto limit = *rc::gen::inRange(10, 100'000) / 10.0;
    auto slowdown = [] { return 1 + *rc::gen::inRange(0, 10'000) / 1'000.0; };
    auto a = slowdown();
    auto b = slowdown();
    if (a > b)
      std::swap(a, b);
    RC_ASSERT(vegas_target(limit, a) >= vegas_target(limit, b));
    RC_ASSERT(gradient_target(limit, a, 1.25, 0.2)
              >= gradient_target(limit, b, 1.25, 0.2));
  }));
}

BOOST_AUTO_TEST_CASE(a_gradient_halves_at_most_and_grows_only_without_a_queue) {
  using axiom::detail::gradient_target;
  BOOST_TEST(gradient_target(100, 1, 1.25, 1) == 110);
  BOOST_TEST(gradient_target(100, 1.25, 1.25, 1) == 110);
  BOOST_TEST(gradient_target(100, 1.5625, 1.25, 1) == 80);
  BOOST_TEST(gradient_target(100, 100, 1.25, 1) == 50);
  BOOST_TEST(gradient_target(100, 100, 1.25, 0.2) == 90);
  // The mild overload that makes the published one grow.
  BOOST_TEST(gradient_target(10, 1.1 * 1.25, 1.25, 0.2) < 10);
}

BOOST_AUTO_TEST_CASE(vegas_keeps_a_queue_of_three_to_six) {
  using axiom::detail::vegas_target;
  BOOST_TEST(vegas_target(10, 1) == 16); // no queue
  BOOST_TEST(vegas_target(10, 10.0 / 8.5) == 11); // 2
  BOOST_TEST(vegas_target(10, 10.0 / 7.5) == 10); // 3
  BOOST_TEST(vegas_target(10, 10.0 / 4.5) == 10); // 6
  BOOST_TEST(vegas_target(10, 10.0 / 3.5) == 9); // 7
}

BOOST_AUTO_TEST_SUITE_END()
