// How many workers there are, what is known about them, and their end.

#include <atomic>
#include <future>
#include <latch>
#include <memory>
#include <thread>

#include <caf/actor_system.hpp>

#include "support/jobs.hpp"
#include "support/tasks.hpp"

using namespace test;
using runtime::placement;
using runtime::worker_state;

namespace {} // namespace

BOOST_FIXTURE_TEST_SUITE(number_of_workers, workers<2>)

BOOST_AUTO_TEST_CASE(can_be_changed_within_limits) {
  BOOST_TEST(host->workers() == 2u);
  BOOST_TEST(host->max_workers() >= 2u);
  for (auto n : {std::size_t{0}, host->max_workers() + 1})
    BOOST_CHECK(code_thrown_by([&] { host->set_workers(n); })
                == errc::invalid_argument);
  BOOST_TEST(host->workers() == 2u);
  host->set_workers(1);
  BOOST_TEST(host->workers() == 1u);
  host->set_workers(host->max_workers());
  BOOST_TEST(host->workers() == host->max_workers());
}

BOOST_AUTO_TEST_CASE(retires_those_that_are_too_many_and_brings_them_back) {
  const auto await_state = [this](auto wanted) {
    while (!wanted(stats().at(1).state))
      std::this_thread::yield();
  };
  for (int round = 0; round < 50; ++round) {
    host->set_workers(1);
    await_state([](auto x) { return x == worker_state::retired; });
    std::promise<void> ran;
    submit([&] { ran.set_value(); });
    ran.get_future().wait();
    host->set_workers(2);
    await_state([](auto x) { return x != worker_state::retired; });
  }
}

BOOST_AUTO_TEST_CASE(loses_no_job_when_it_changes) {
  constexpr int roots = 20'000;
  std::latch all{roots * 4};
  std::atomic<bool> over = false;
  std::jthread changing{[&] {
    for (std::size_t n = 1; !over; n = 3 - n)
      host->set_workers(n);
  }};
  for (int i = 0; i < roots; ++i)
    submit([&] {
      for (auto where : {placement::next, placement::fresh, placement::last})
        submit([&] { all.count_down(); }, low, where);
      all.count_down();
    });
  all.wait();
  over = true;
}

BOOST_AUTO_TEST_CASE(is_fixed_under_cafs_own_policies) {
  for (auto policy : {runtime::scheduler_policy::sharing,
                      runtime::scheduler_policy::stealing}) {
    axiom::config cfg;
    cfg.axiom.scheduler = policy;
    cfg.axiom.threads = 2;
    caf::actor_system sys{cfg};
    auto& other = runtime::host::of(sys);
    BOOST_TEST(other.workers() == 2u);
    BOOST_TEST(other.max_workers() == 2u);
    other.set_workers(2);
    BOOST_CHECK(code_thrown_by([&] { other.set_workers(1); })
                == errc::invalid_argument);
    BOOST_TEST(other.stats().workers.empty());
  }
}

BOOST_AUTO_TEST_SUITE_END()

BOOST_AUTO_TEST_SUITE(scheduler_stats)

BOOST_FIXTURE_TEST_CASE(count_each_job_once, workers<2>) {
  await_rest(*host);
  const auto before = executed(*host);
  std::latch all{2'000};
  for (int i = 0; i < 1'000; ++i)
    submit([&] {
      submit([&] { all.count_down(); }, medium, placement::fresh);
      all.count_down();
    });
  all.wait();
  await_rest(*host);
  BOOST_TEST(executed(*host) - before == 2'000u);
  for (auto& x : stats()) {
    BOOST_TEST(x.stolen <= x.executed);
    BOOST_TEST(x.parks > 0u);
  }
}

BOOST_FIXTURE_TEST_CASE(show_what_waits_where, workers<1>) {
  held_worker held{*host};
  std::promise<void> filled;
  std::promise<void> go_on;
  submit(
    [&] {
      submit([] {}, high, placement::next);
      for (int i = 0; i < 2; ++i)
        submit([] {}, low, placement::fresh);
      filled.set_value();
      go_on.get_future().wait();
    },
    high);
  for (int i = 0; i < 3; ++i)
    submit([] {}, medium);
  BOOST_TEST(host->stats().injected[medium] == 3u);
  BOOST_TEST(host->stats().injected[high] == 1u);
  held.release();
  filled.get_future().wait();
  const auto seen = host->stats();
  BOOST_TEST(seen.injected[high] == 0u);
  BOOST_TEST(seen.injected[medium] == 3u);
  BOOST_TEST(seen.workers.at(0).queued[high] == 1u);
  BOOST_TEST(seen.workers.at(0).queued[low] == 2u);
  go_on.set_value();
  await_rest(*host);
  BOOST_TEST(host->stats().injected[medium] == 0u);
  BOOST_TEST(stats().at(0).queued[low] == 0u);
}

BOOST_FIXTURE_TEST_CASE(count_the_time_of_running_jobs, workers<1>) {
  await_rest(*host);
  const auto at_rest = stats().at(0).busy;
  {
    held_worker held{*host};
    BOOST_CHECK(stats().at(0).state == worker_state::running);
    const auto begin = stats().at(0).busy;
    while (stats().at(0).busy < begin + 5ms)
      std::this_thread::yield();
  }
  await_rest(*host);
  const auto after = stats().at(0).busy;
  BOOST_CHECK(after >= at_rest + 5ms);
  BOOST_CHECK(stats().at(0).busy == after);
}

BOOST_AUTO_TEST_SUITE_END()

BOOST_AUTO_TEST_SUITE(stopping_schedulers)

BOOST_FIXTURE_TEST_CASE(throw_queued_jobs_away_without_running_them,
                        workers<1>) {
  auto kept = std::make_shared<int>();
  std::atomic<int> ran = 0;
  std::promise<void> filled;
  submit([&, kept] {
    for (auto where : {placement::next, placement::fresh, placement::last})
      for (int i = 0; i < 10; ++i)
        submit([&ran, kept] { ++ran; }, low, where);
    filled.set_value();
    while (host->workers() != 0) // until they have to stop
      std::this_thread::yield();
  });
  filled.get_future().wait();
  BOOST_TEST(kept.use_count() == 32);
  system.reset();
  BOOST_TEST(kept.use_count() == 1);
  BOOST_TEST(ran == 0);
}

BOOST_AUTO_TEST_SUITE_END()
