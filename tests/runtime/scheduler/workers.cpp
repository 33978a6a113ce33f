// Several workers: who takes what, who is woken, and how many there are.

#include <algorithm>
#include <atomic>
#include <chrono>
#include <ctime>
#include <future>
#include <latch>
#include <memory>
#include <optional>
#include <thread>
#include <vector>

#include <caf/actor_system.hpp>

#include "stress/support.hpp"
#include "support/jobs.hpp"
#include "support/tasks.hpp"

using namespace test;
using runtime::placement;
using runtime::worker_state;

namespace {

/// The time that this process has been running on a processor.
std::chrono::nanoseconds processor_time() {
  timespec now{};
  clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
  return std::chrono::seconds{now.tv_sec}
       + std::chrono::nanoseconds{now.tv_nsec};
}

} // namespace

BOOST_FIXTURE_TEST_SUITE(two_workers, workers<2>)

BOOST_AUTO_TEST_CASE(run_every_job_of_a_batch_from_outside) {
  std::latch ran{1'000};
  std::vector<caf::resumable*> batch;
  for (int i = 0; i < 1'000; ++i)
    batch.push_back(new job{[&] { ran.count_down(); }});
  host->submit_batch(batch, nullptr, medium);
  ran.wait();
}

BOOST_AUTO_TEST_CASE(are_both_woken_for_a_batch) {
  for (int round = 0; round < 100; ++round) {
    await_rest(*host);
    // Each job waits for the other one: one worker alone would not do.
    auto met = std::make_shared<std::latch>(2);
    std::vector<caf::resumable*> batch;
    for (int i = 0; i < 2; ++i)
      batch.push_back(new job{[met] { met->arrive_and_wait(); }});
    host->submit_batch(batch, nullptr, medium);
    met->wait();
  }
}

BOOST_AUTO_TEST_CASE(are_woken_by_a_single_job_each_time) {
  for (int round = 0; round < 200; ++round) {
    await_rest(*host);
    std::promise<void> ran;
    submit([&] { ran.set_value(); });
    ran.get_future().wait();
  }
}

BOOST_AUTO_TEST_CASE(take_the_jobs_of_one_that_is_held_up) {
  for (int round = 0; round < 100; ++round) {
    std::latch others{20};
    std::promise<void> done;
    submit([&] {
      for (int i = 0; i < 20; ++i)
        submit([&] { others.count_down(); }, medium, placement::fresh);
      others.wait();
      done.set_value();
    });
    done.get_future().wait();
  }
}

BOOST_AUTO_TEST_CASE(take_the_job_that_one_held_up_was_to_run_next) {
  for (int round = 0; round < 100; ++round) {
    std::promise<void> done;
    submit([&] {
      std::promise<void> other;
      submit([&] { other.set_value(); });
      other.get_future().wait();
      done.set_value();
    });
    done.get_future().wait();
  }
}

BOOST_AUTO_TEST_CASE(know_that_they_are_workers) {
  BOOST_TEST(!host->on_worker_thread());
  std::promise<bool> here;
  submit([&] { here.set_value(host->on_worker_thread()); });
  BOOST_TEST(here.get_future().get());
  std::promise<bool> blocking;
  host->submit_blocking(
    new job{[&] { blocking.set_value(host->on_worker_thread()); }});
  BOOST_TEST(!blocking.get_future().get());
  workers<1> others;
  std::promise<bool> elsewhere;
  others.submit([&] { elsewhere.set_value(host->on_worker_thread()); });
  BOOST_TEST(!elsewhere.get_future().get());
}

BOOST_AUTO_TEST_CASE(use_no_processor_while_they_have_nothing_to_do) {
  if (stress::sanitized)
    return; // a sanitizer has work of its own
  submit([] {});
  await_rest(*host);
  std::this_thread::sleep_for(50ms); // nobody looks after empty slots by then
  const auto begin = std::chrono::steady_clock::now();
  const auto before = processor_time();
  std::this_thread::sleep_for(1s);
  const std::chrono::duration<double> used = processor_time() - before;
  const std::chrono::duration<double> passed =
    std::chrono::steady_clock::now() - begin;
  BOOST_TEST(used / passed < 2 * 0.005);
}

BOOST_AUTO_TEST_SUITE_END()

namespace {

/// One of two workers is held up beside more urgent jobs than it could run; the
/// other one until `release`.
struct busy_neighbour : workers<2> {
  busy_neighbour() {
    held.emplace(*host);
    std::promise<void> filled;
    submit([&] {
      for (int i = 0; i < urgent_jobs; ++i)
        submit(
          [this] {
            if (left-- == urgent_jobs)
              first_taken.set_value(executed(*host));
          },
          high, placement::fresh);
      filled.set_value();
      neighbour.get_future().wait();
    });
    filled.get_future().wait();
  }

  /// Lets both go.
  void end() {
    neighbour.set_value();
    await_rest(*host);
    BOOST_TEST(left == 0);
  }

  static constexpr int urgent_jobs = 5'000;

  std::optional<held_worker> held;
  std::atomic<int> left = urgent_jobs;
  std::promise<std::uint64_t> first_taken; ///< at which pick
  std::promise<void> neighbour;
};

} // namespace

BOOST_FIXTURE_TEST_SUITE(workers_with_a_busy_neighbour, busy_neighbour)

BOOST_AUTO_TEST_CASE(run_its_urgent_jobs_before_their_own) {
  endless own{host, medium, placement::fresh};
  submit(own, medium);
  const auto begin = executed(*host);
  held.reset();
  const auto first = first_taken.get_future().get();
  *own.stop = true;
  // One of eight picks looks at somebody, be it at oneself.
  BOOST_TEST(first - begin < 400u);
  end();
}

BOOST_AUTO_TEST_CASE(keep_the_share_of_their_lower_levels) {
  constexpr std::size_t jobs = 20;
  endless own{host, high, placement::fresh};
  std::vector<std::uint64_t> picks;
  std::promise<void> done;
  submit(
    [&] {
      for (std::size_t i = 0; i < jobs; ++i)
        submit(
          [&] {
            picks.push_back(executed(*host));
            if (picks.size() < jobs)
              return;
            *own.stop = true;
            done.set_value();
          },
          low, placement::fresh);
      own();
    },
    high);
  held.reset();
  done.get_future().wait();
  for (std::size_t i = 1; i < picks.size(); ++i)
    BOOST_TEST(picks[i] - picks[i - 1] == 8u);
  end();
}

BOOST_AUTO_TEST_SUITE_END()

BOOST_FIXTURE_TEST_SUITE(three_workers, workers<3>)

BOOST_AUTO_TEST_CASE(empty_a_slot_though_the_one_that_watched_it_is_needed) {
  const auto parked = [this] {
    const auto all = stats();
    return std::count_if(all.begin(), all.end(), [](auto& x) {
      return x.state == worker_state::parked;
    });
  };
  std::atomic<int> forgotten = 0;
  for (int round = 0; round < 30; ++round) {
    std::promise<void> done;
    submit([&] {
      // The worker that empties the slot the first time sleeps last, and so is
      // the one to be woken for the other job.
      std::promise<void> first;
      submit([&] { first.set_value(); });
      first.get_future().wait();
      while (parked() < 2)
        std::this_thread::yield();
      std::promise<void> second;
      auto emptied = second.get_future().share();
      std::promise<void> other;
      submit([&] { second.set_value(); });
      submit(
        [&, emptied] {
          if (emptied.wait_for(20s) != std::future_status::ready)
            ++forgotten;
          other.set_value();
        },
        medium, placement::last);
      other.get_future().wait();
      emptied.wait();
      done.set_value();
    });
    done.get_future().wait();
    if (forgotten != 0)
      break;
  }
  BOOST_TEST(forgotten == 0);
}

BOOST_AUTO_TEST_SUITE_END()
