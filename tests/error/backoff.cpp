// The waits between attempts: a pure function, for any options and any random
// numbers.

#include <cmath>

#include <rapidcheck.h>
#include <rapidcheck/boost_test.h>

#include "support/tasks.hpp"

using namespace test;
using axiom::backoff;
using axiom::backoff_options;
using axiom::backoff_shape;
using axiom::uniform_source;
using axiom::runtime::duration;

namespace {

std::vector<duration> waits(const backoff_options& options, std::size_t n,
                            std::uint64_t seed = 1) {
  uniform_source random{seed};
  backoff x{options};
  std::vector<duration> result;
  for (std::size_t i = 0; i < n; ++i)
    result.push_back(x.next(random));
  return result;
}

backoff_options any_options() {
  backoff_options x;
  x.shape =
    *rc::gen::element(backoff_shape::constant, backoff_shape::exponential,
                      backoff_shape::decorrelated);
  // Of any order of magnitude.
  auto span = [](int bits) {
    return duration{*rc::gen::inRange<std::int64_t>(
      0, bits >= 63 ? INT64_MAX : (std::int64_t{1} << bits))};
  };
  x.initial = span(*rc::gen::inRange(1, 64));
  x.max = std::max(x.initial, span(*rc::gen::inRange(1, 64)));
  x.factor = 1 + *rc::gen::inRange(0, 1000) / 100.0;
  x.jitter = *rc::gen::inRange(0, 101) / 100.0;
  return x;
}

} // namespace

BOOST_AUTO_TEST_SUITE(backoffs)

BOOST_AUTO_TEST_CASE(are_constant) {
  auto all =
    waits({.shape = backoff_shape::constant, .initial = 30ms, .jitter = 0}, 3);
  BOOST_TEST((all == std::vector<duration>{30ms, 30ms, 30ms}));
}

BOOST_AUTO_TEST_CASE(grow_up_to_the_longest) {
  auto all = waits({.initial = 100ms, .max = 1s, .factor = 3, .jitter = 0}, 5);
  BOOST_TEST((all == std::vector<duration>{100ms, 300ms, 900ms, 1s, 1s}));
}

BOOST_AUTO_TEST_CASE(may_be_none_at_all) {
  for (auto shape : {backoff_shape::constant, backoff_shape::exponential,
                     backoff_shape::decorrelated})
    for (auto x : waits({.shape = shape, .initial = 0ms, .max = 0ms}, 5))
      BOOST_CHECK(x == 0ms);
}

BOOST_AUTO_TEST_CASE(begin_anew) {
  uniform_source random{1};
  backoff x{{.initial = 1s, .jitter = 0}};
  x.next(random);
  x.next(random);
  x.reset();
  BOOST_CHECK(x.next(random) == 1s);
}

BOOST_AUTO_TEST_CASE(are_the_same_for_the_same_seed_only) {
  const backoff_options options{.shape = backoff_shape::decorrelated};
  BOOST_TEST((waits(options, 10, 7) == waits(options, 10, 7)));
  BOOST_TEST((waits(options, 10, 7) != waits(options, 10, 8)));
  auto a = uniform_source::unpredictable();
  auto b = uniform_source::unpredictable();
  BOOST_TEST(a.next() != b.next());
}

BOOST_AUTO_TEST_CASE(spread_over_the_whole_range) {
  // 10,000 waits in tenths of [0, 1 s): full jitter fills each alike.
  uniform_source random{99};
  std::array<int, 10> tenths{};
  backoff x{{.shape = backoff_shape::constant, .initial = 1s, .jitter = 1}};
  for (int i = 0; i < 10'000; ++i) {
    auto index = static_cast<std::size_t>(x.next(random) / 100ms);
    ++tenths[std::min<std::size_t>(index, 9)];
  }
  for (auto n : tenths) { // 1,000 expected, standard deviation 30
    BOOST_TEST(n > 850);
    BOOST_TEST(n < 1150);
  }
}

BOOST_AUTO_TEST_CASE(that_make_no_sense_are_named) {
  auto problems = [](const backoff_options& x) {
    return axiom::problems_of(x).size();
  };
  BOOST_TEST(problems({}) == 0u);
  BOOST_TEST(problems({.initial = -1ns}) == 1u);
  BOOST_TEST(problems({.initial = 2s, .max = 1s}) == 1u);
  BOOST_TEST(problems({.factor = 0.5}) == 1u);
  BOOST_TEST(problems({.factor = std::nan("")}) == 1u);
  BOOST_TEST(problems({.jitter = 1.5}) == 1u);
  BOOST_TEST(problems({.initial = -1s, .max = -2s, .factor = 0, .jitter = -1})
             == 4u);
}

RC_BOOST_PROP(stay_within_their_bounds, (std::uint64_t seed)) {
  const auto options = any_options();
  RC_PRE(axiom::problems_of(options).empty());
  uniform_source random{seed};
  backoff x{options};
  auto previous = options.initial;
  for (int i = 0; i < 100; ++i) {
    const auto wait = x.next(random);
    RC_ASSERT(wait >= 0ns);
    RC_ASSERT(wait <= options.max);
    if (options.shape == backoff_shape::decorrelated) {
      // A double tells numbers apart to one in 2^53.
      const auto slack = duration{options.initial.count() >> 50};
      RC_ASSERT(wait >= options.initial - slack);
      // What it was before had a fraction too.
      RC_ASSERT(static_cast<double>(wait.count())
                <= 3.0 * (static_cast<double>(previous.count()) + 1)
                     * (1 + 1e-9));
      previous = wait;
    } else {
      const auto least =
        (1 - options.jitter) * static_cast<double>(options.initial.count());
      RC_ASSERT(static_cast<double>(wait.count()) >= least * (1 - 1e-9) - 1);
    }
  }
}

BOOST_AUTO_TEST_SUITE_END()
