// Adaptive limits before a simulated service whose best limit is known: where
// they settle, how they follow it, and what they must not do under load.
//
// Simulated time, seeds as named in the context of a failure.

#include <algorithm>
#include <cmath>
#include <deque>

#include <boost/test/unit_test.hpp>

#include "axiom/coordination/limiter/adaptive.hpp"
#include "support/queueing_service.hpp"

using axiom::adaptive_algorithm;
using axiom::adaptive_limit;
using axiom::adaptive_options;
using test::limit_range;
using test::queueing_service;
using test::service_options;
using namespace std::chrono_literals;

namespace {

constexpr adaptive_algorithm algorithms[] = {
  adaptive_algorithm::aimd,
  adaptive_algorithm::vegas,
  adaptive_algorithm::gradient,
};

/// A limit and a service that belongs to it: aimd needs one that turns away
/// what it cannot queue, the others see its queue.
struct pair {
  pair(adaptive_algorithm algorithm, std::size_t initial,
       service_options options = {}, std::uint64_t seed = 1)
    : limit({.algorithm = algorithm}, initial),
      service(limit, with_queue(algorithm, options), seed) {
    // nop
  }

  static service_options with_queue(adaptive_algorithm algorithm,
                                    service_options options) {
    if (algorithm == adaptive_algorithm::aimd)
      options.queue = options.servers / 5;
    return options;
  }

  adaptive_limit limit;
  queueing_service service;
};

/// Where a limit has to be before so many servers.
struct band {
  double least;
  double most;
};

/// Before a service whose calls take all the same time.
band exact_band(adaptive_algorithm algorithm, double servers) {
  switch (algorithm) {
    case adaptive_algorithm::aimd: // a step past servers and queue; backs off
                                   // twice
      return {0.81 * 1.2 * servers - 2, 1.2 * servers + 1};
    case adaptive_algorithm::vegas: { // its queue, and a step
      auto unit = std::max(1.0, std::log10(1.2 * servers));
      return {servers, servers + 8 * unit};
    }
    default: // the tolerance, and a step
      return {servers, 1.25 * servers + std::max(4.0, std::sqrt(servers))};
  }
}

/// With service times at random, what is seen of the queue is, too.
band random_band(adaptive_algorithm algorithm, double servers) {
  auto exact = exact_band(algorithm, servers);
  return {std::min(exact.least, 0.75 * servers), 1.5 * exact.most};
}

void check_within(limit_range seen, band wanted) {
  BOOST_TEST(static_cast<double>(seen.least) >= wanted.least);
  BOOST_TEST(static_cast<double>(seen.most) <= wanted.most);
}

template <class F>
void with_each_algorithm(F f) {
  for (auto algorithm : algorithms)
    BOOST_TEST_CONTEXT("algorithm " << to_string(algorithm))
  f(algorithm);
}

} // namespace

BOOST_AUTO_TEST_SUITE(adaptive_limits)

// -- where they settle --------------------------------------------------------

BOOST_AUTO_TEST_CASE(settle_near_the_number_of_servers_and_stay_there) {
  with_each_algorithm([](adaptive_algorithm algorithm) {
    for (std::size_t servers : {20, 100})
      for (std::size_t initial : {std::size_t{1}, 10 * servers})
        BOOST_TEST_CONTEXT(servers << " servers, from " << initial) {
          pair x{algorithm, initial, {.servers = servers, .random = false}};
          x.service.run(15s);
          check_within(x.service.run(3min),
                       exact_band(algorithm, static_cast<double>(servers)));
        }
  });
}

BOOST_AUTO_TEST_CASE(settle_where_service_times_are_random_and_keep_it_busy) {
  with_each_algorithm([](adaptive_algorithm algorithm) {
    for (std::uint64_t seed = 1; seed <= 5; ++seed)
      for (std::size_t initial : {1, 200})
        BOOST_TEST_CONTEXT("seed " << seed << ", from " << initial) {
          pair x{algorithm, initial, {.servers = 20}, seed};
          x.service.run(15s);
          auto before = x.service.served();
          check_within(x.service.run(3min), random_band(algorithm, 20));
          // 2,000 a second are the most, probes included.
          auto served = static_cast<double>(x.service.served() - before);
          BOOST_TEST(served > 0.95 * 2'000 * 180);
        }
  });
}

BOOST_AUTO_TEST_CASE(go_by_a_quantile_as_well_as_by_the_average) {
  for (double quantile : {0.5, 0.9})
    BOOST_TEST_CONTEXT("quantile " << quantile) {
      adaptive_limit limit{{.algorithm = adaptive_algorithm::gradient,
                            .sampling = {.quantile = quantile}},
                           200};
      queueing_service service{limit, {.servers = 20}, 1};
      service.run(15s);
      check_within(service.run(3min),
                   random_band(adaptive_algorithm::gradient, 20));
    }
}

BOOST_AUTO_TEST_CASE(of_a_single_server_settle_too) {
  for (auto algorithm :
       {adaptive_algorithm::vegas, adaptive_algorithm::gradient})
    BOOST_TEST_CONTEXT("algorithm " << to_string(algorithm)) {
      pair x{algorithm, 50, {.servers = 1, .random = false}};
      x.service.run(1min);
      check_within(x.service.run(3min), exact_band(algorithm, 1));
    }
}

// -- how they follow ----------------------------------------------------------

BOOST_AUTO_TEST_CASE(follow_more_and_fewer_servers) {
  with_each_algorithm([](adaptive_algorithm algorithm) {
    pair x{algorithm, 40, {.servers = 40, .random = false}};
    x.service.run(1min);
    x.service.servers(80);
    if (algorithm != adaptive_algorithm::aimd) { // its queue is for 40
      x.service.run(30s);
      check_within(x.service.run(1min), exact_band(algorithm, 80));
    }
    x.service.servers(20);
    x.service.run(30s);
    auto wanted = algorithm == adaptive_algorithm::aimd
                  ? band{0.81 * 28 - 2, 28 + 1} // 20 servers, a queue of 8
                  : exact_band(algorithm, 20);
    check_within(x.service.run(1min), wanted);
  });
}

BOOST_AUTO_TEST_CASE(take_slower_calls_for_a_queue_only_until_the_next_probe) {
  for (auto algorithm :
       {adaptive_algorithm::vegas, adaptive_algorithm::gradient})
    BOOST_TEST_CONTEXT("algorithm " << to_string(algorithm)) {
      pair x{algorithm, 20, {.servers = 20, .random = false}};
      x.service.run(1min);
      x.service.service_time(30ms);
      x.service.run(1min);
      BOOST_TEST(x.limit.base_rtt() / 1ms == 30);
      check_within(x.service.run(1min), exact_band(algorithm, 20));
      x.service.service_time(10ms);
      x.service.run(1min);
      check_within(x.service.run(1min), exact_band(algorithm, 20));
    }
}

BOOST_AUTO_TEST_CASE(probe_early_where_less_in_flight_makes_calls_no_faster) {
  pair x{adaptive_algorithm::gradient, 20, {.servers = 20, .random = false}};
  x.service.run(1min);
  x.service.service_time(30ms);
  x.service.run(15s);
  BOOST_TEST(x.limit.base_rtt() / 1ms == 30);
  check_within(x.service.run(10s),
               exact_band(adaptive_algorithm::gradient, 20));
}

// -- what they must not do ----------------------------------------------------

BOOST_AUTO_TEST_CASE(do_not_grow_in_an_hour_of_mild_overload) {
  with_each_algorithm([](adaptive_algorithm algorithm) {
    for (std::uint64_t seed = 1; seed <= 2; ++seed)
      BOOST_TEST_CONTEXT("seed " << seed) {
        pair x{algorithm, 20, {.servers = 20, .service_time = 50ms}, seed};
        x.service.calls_per_second(1.1 * 20 / 0.050);
        x.service.run(1min);
        for (int i = 0; i < 6; ++i)
          BOOST_TEST(x.service.run(10min).most <= 50u);
        BOOST_TEST(x.service.served() > 0.95 * 20 / 0.050 * 3'660);
      }
  });
}

BOOST_AUTO_TEST_CASE(do_not_grow_in_an_hour_of_a_few_callers_too_many) {
  with_each_algorithm([](adaptive_algorithm algorithm) {
    // All of them fit below the limit at first, and queue in the service.
    pair x{algorithm, 30, {.servers = 20, .random = false}};
    x.service.callers(30);
    x.service.run(1min);
    x.service.run(49min);
    check_within(x.service.run(10min), exact_band(algorithm, 20));
  });
}

BOOST_AUTO_TEST_CASE(do_not_take_each_others_queue_for_the_service) {
  for (auto algorithm :
       {adaptive_algorithm::vegas, adaptive_algorithm::gradient})
    for (bool random : {false, true})
      BOOST_TEST_CONTEXT("algorithm " << to_string(algorithm)
                                      << (random ? ", random" : "")) {
        std::deque<adaptive_limit> limits;
        auto make_limit = [&]() -> adaptive_limit& {
          return limits.emplace_back(adaptive_options{.algorithm = algorithm},
                                     10u);
        };
        queueing_service service{
          make_limit(), {.servers = 40, .random = random}, 1};
        for (int i = 0; i < 3; ++i) {
          service.run(3'700ms);
          service.join(make_limit());
        }
        service.run(2min);
        auto before = service.served();
        // Each on its own adds a little; together they must not add it to what
        // the others have added.
        for (int i = 0; i < 4; ++i)
          BOOST_TEST(service.run(5min).most <= (random ? 160u : 66u));
        auto served = static_cast<double>(service.served() - before);
        BOOST_TEST(served > 0.95 * 4'000 * 1'200);
      }
}

BOOST_AUTO_TEST_CASE(do_not_grow_beyond_twice_the_demand) {
  with_each_algorithm([](adaptive_algorithm algorithm) {
    pair x{algorithm, 1, {.servers = 100}};
    x.service.callers(8);
    auto seen = x.service.run(10min);
    BOOST_TEST(seen.most >= 8u);
    BOOST_TEST(seen.most <= 2u * 8 + 6); // and a step of vegas
  });
}

BOOST_AUTO_TEST_CASE(do_not_shrink_when_nobody_uses_them) {
  for (auto algorithm :
       {adaptive_algorithm::vegas, adaptive_algorithm::gradient})
    BOOST_TEST_CONTEXT("algorithm " << to_string(algorithm)) {
      pair x{algorithm, 100, {.servers = 4, .random = false}};
      x.service.callers(10); // they queue, but the limit is not what they need
      auto seen = x.service.run(10min);
      BOOST_TEST(seen.least == 100u);
      BOOST_TEST(seen.most == 100u);
    }
}

BOOST_AUTO_TEST_CASE(probe_once_where_the_interval_has_no_end) {
  adaptive_limit limit{{.algorithm = adaptive_algorithm::gradient,
                        .probe_interval = axiom::runtime::duration::max()},
                       200};
  queueing_service service{limit, {.servers = 20, .random = false}, 1};
  service.run(15s);
  for (int i = 0; i < 10'000; ++i) {
    service.run(10ms);
    BOOST_REQUIRE(!limit.probing());
  }
}

BOOST_AUTO_TEST_CASE(cost_little_throughput_for_probes) {
  for (auto algorithm :
       {adaptive_algorithm::vegas, adaptive_algorithm::gradient})
    BOOST_TEST_CONTEXT("algorithm " << to_string(algorithm)) {
      pair x{algorithm, 20, {.servers = 20, .service_time = 1s}};
      x.service.run(10min);
      auto before = x.service.served();
      x.service.run(1h);
      auto served = static_cast<double>(x.service.served() - before);
      BOOST_TEST(served > 0.94 * 20 * 3'600);
    }
}

// -- drops --------------------------------------------------------------------

BOOST_AUTO_TEST_CASE(shrink_to_the_least_under_constant_timeouts) {
  with_each_algorithm([](adaptive_algorithm algorithm) {
    for (bool told : {true, false})
      BOOST_TEST_CONTEXT((told ? "told" : "seen by their time")) {
        adaptive_limit limit{
          {.algorithm = algorithm, .min = 3, .timeout = 4'999ms}, 200};
        axiom::runtime::time_point now{};
        // As many at once as the limit admits, each ends after 5 s.
        for (int round = 0; round < 60 && limit.limit() > 3; ++round) {
          auto n = limit.limit();
          for (std::size_t i = 1; i <= n; ++i)
            limit.add({now + i * 1ms, 5s, i, told});
          now += 5s;
          BOOST_TEST(limit.limit() < n);
        }
        BOOST_TEST(limit.limit() == 3u);
        for (std::size_t i = 0; i < 1'000; ++i)
          limit.add({now + i * 1s, 5s, 3, told});
        BOOST_TEST(limit.limit() == 3u);
      }
  });
}

BOOST_AUTO_TEST_CASE(come_back_after_the_timeouts) {
  with_each_algorithm([](adaptive_algorithm algorithm) {
    pair x{algorithm, 20, {.servers = 20, .random = false}};
    x.service.run(1min);
    x.service.servers(0);
    x.service.run(1min);
    BOOST_TEST(x.limit.limit() == 1u);
    x.service.servers(20);
    x.service.run(1min);
    check_within(x.service.run(1min), exact_band(algorithm, 20));
  });
}

BOOST_AUTO_TEST_CASE(stay_low_when_a_drop_ends_a_probe) {
  pair x{adaptive_algorithm::vegas, 64, {.servers = 8, .random = false}};
  axiom::runtime::duration elapsed{};
  auto low = [&] { return x.limit.probing() && x.limit.limit() == 16; };
  while (!low() && elapsed < 1min) {
    x.service.run(1ms);
    elapsed += 1ms;
  }
  BOOST_REQUIRE(low());
  axiom::runtime::time_point now{elapsed};
  BOOST_TEST(x.limit.add({now, 1ms, 16, true}) == 16u);
  BOOST_TEST(!x.limit.probing());
  BOOST_TEST(x.limit.add({now + 1s, 1ms, 16, false})
             == 14u); // the window's end
}

BOOST_AUTO_TEST_SUITE_END()
