// What the scheduler is made of, piece by piece: which level has its turn, the
// shared queue, where a worker sleeps, and what becomes of jobs left over.

#include <array>
#include <chrono>
#include <thread>
#include <vector>

#include "axiom/runtime/scheduler/injector.hpp"
#include "axiom/runtime/scheduler/leftover_jobs.hpp"
#include "axiom/runtime/scheduler/level_order.hpp"
#include "axiom/runtime/scheduler/parker.hpp"
#include "support/jobs.hpp"
#include "support/tasks.hpp"

using namespace test;
using runtime::job_level;

namespace {

/// How many of 4096 picks each level has when those of `ready` never run out.
std::array<int, runtime::job_levels> shares(std::uint32_t ready) {
  std::array<int, runtime::job_levels> result{};
  for (std::uint64_t pick = 1; pick <= 4096; ++pick)
    ++result[runtime::level_to_serve(ready, pick)];
  return result;
}

using four = std::array<int, runtime::job_levels>;

} // namespace

BOOST_AUTO_TEST_SUITE(level_order)

BOOST_AUTO_TEST_CASE(serves_what_alone_is_ready) {
  for (job_level level = 0; level < runtime::job_levels; ++level)
    for (std::uint64_t pick : {1, 8, 64, 512, 4096, 1 << 30})
      BOOST_TEST(runtime::level_to_serve(1U << level, pick) == level);
}

BOOST_AUTO_TEST_CASE(gives_each_level_below_an_eighth_of_the_one_above) {
  BOOST_TEST(shares(0b1111) == (four{8, 56, 448, 3584}),
             boost::test_tools::per_element());
}

BOOST_AUTO_TEST_CASE(counts_only_levels_that_have_jobs) {
  BOOST_TEST(shares(0b1001) == (four{512, 0, 0, 3584}),
             boost::test_tools::per_element());
  BOOST_TEST(shares(0b0110) == (four{0, 512, 3584, 0}),
             boost::test_tools::per_element());
}

BOOST_AUTO_TEST_CASE(keeps_no_level_waiting_for_longer_than_its_share) {
  for (std::uint32_t ready = 1; ready < 16; ++ready)
    for (job_level level = 0; level < runtime::job_levels; ++level) {
      if ((ready & (1U << level)) == 0)
        continue;
      const auto above = std::popcount(ready >> (level + 1U));
      const auto longest = std::uint64_t{1} << (3 * above);
      std::uint64_t last = 0;
      for (std::uint64_t pick = 1; pick <= 8192; ++pick)
        if (runtime::level_to_serve(ready, pick) == level) {
          BOOST_TEST_REQUIRE(pick - last <= 2 * longest);
          last = pick;
        }
      BOOST_TEST(8192 - last <= 2 * longest);
    }
}

BOOST_AUTO_TEST_CASE(lets_the_oldest_have_one_pick_of_31_at_every_level) {
  for (std::uint32_t skip : {1, 8, 64, 512}) {
    int oldest = 0;
    int own = 0;
    for (std::uint64_t n = 1; n <= 31 * 3; ++n) {
      oldest += runtime::takes_oldest(n * skip) ? 1 : 0;
      own += runtime::prefers_own(n * skip) ? 1 : 0;
    }
    BOOST_TEST(oldest == 3);
    BOOST_TEST(own == 1);
  }
}

BOOST_AUTO_TEST_SUITE_END()

namespace {

/// Jobs that are queued, not run.
struct some_jobs {
  some_jobs() {
    for (auto& x : all)
      x = new job{[] {}};
  }

  ~some_jobs() {
    for (auto* x : all)
      x->intrusive_ptr_release_impl();
  }

  caf::resumable* const* at(std::size_t i) const {
    return &all[i];
  }

  std::array<caf::resumable*, 100> all;
  std::vector<caf::resumable*> more;
};

} // namespace

BOOST_FIXTURE_TEST_SUITE(shared_queues, some_jobs)

BOOST_AUTO_TEST_CASE(are_first_in_first_out_within_a_level) {
  runtime::injector queue;
  queue.push({at(0), 2}, 1);
  queue.push({at(2), 1}, 3);
  queue.push({at(3), 1}, 1);
  BOOST_TEST(queue.take(3, 1, 0, more) == all[2]);
  BOOST_TEST(queue.take(1, 1, 0, more) == all[0]);
  BOOST_TEST(queue.take(1, 1, 0, more) == all[1]);
  BOOST_TEST(queue.take(1, 1, 0, more) == all[3]);
  BOOST_TEST(queue.take(1, 1, 0, more) == nullptr);
  BOOST_TEST(more.empty());
}

BOOST_AUTO_TEST_CASE(say_which_levels_have_jobs) {
  runtime::injector queue;
  BOOST_TEST(queue.levels() == 0u);
  queue.push({at(0), 1}, 0);
  queue.push({at(1), 2}, 3);
  BOOST_TEST(queue.levels() == 0b1001u);
  BOOST_TEST(queue.size(3) == 2u);
  queue.take(3, 1, 0, more);
  BOOST_TEST(queue.levels() == 0b1001u);
  queue.take(3, 1, 0, more);
  BOOST_TEST(queue.levels() == 0b0001u);
  queue.take(0, 1, 0, more);
  BOOST_TEST(queue.levels() == 0u);
}

BOOST_AUTO_TEST_CASE(give_no_more_than_a_fair_share_at_a_time) {
  runtime::injector queue;
  queue.push({at(0), 100}, 2);
  BOOST_TEST(queue.take(2, 4, 32, more) == all[0]);
  BOOST_TEST(more.size() == 25u); // of a hundred among four
  BOOST_CHECK(std::equal(more.begin(), more.end(), at(1)));
  more.clear();
  BOOST_TEST(queue.take(2, 2, 32, more) == all[26]);
  BOOST_TEST(more.size() == 32u); // of 74 among two: the limit
  more.clear();
  BOOST_TEST(queue.take(2, 1, 1000, more) == all[59]);
  BOOST_TEST(more.size() == 40u); // all the rest
  BOOST_TEST(queue.levels() == 0u);
}

BOOST_AUTO_TEST_SUITE_END()

BOOST_AUTO_TEST_SUITE(parkers)

BOOST_AUTO_TEST_CASE(keep_a_token_for_the_wait_that_follows) {
  runtime::parker x;
  x.notify();
  BOOST_TEST(x.wait());
}

BOOST_AUTO_TEST_CASE(do_not_add_tokens_up) {
  runtime::parker x;
  x.notify();
  x.notify();
  BOOST_TEST(x.wait());
  BOOST_TEST(!x.wait(0ns));
}

BOOST_AUTO_TEST_CASE(give_up_when_the_time_is_over_and_not_before) {
  runtime::parker x;
  const auto begin = std::chrono::steady_clock::now();
  BOOST_TEST(!x.wait(2ms));
  BOOST_CHECK(std::chrono::steady_clock::now() - begin >= 2ms);
  x.notify();
  BOOST_TEST(x.wait(24h));
}

BOOST_AUTO_TEST_CASE(wake_for_another_thread_with_what_it_has_written) {
  constexpr int rounds = 2'000;
  runtime::parker here;
  runtime::parker there;
  int written = 0;
  std::jthread other{[&] {
    for (int i = 0; i < rounds; ++i) {
      there.wait();
      ++written;
      here.notify();
    }
  }};
  for (int i = 0; i < rounds; ++i) {
    there.notify();
    here.wait();
    BOOST_TEST_REQUIRE(written == i + 1);
  }
}

BOOST_AUTO_TEST_SUITE_END()

namespace {

struct leftovers {
  /// A job that must not run, and calls `f` when it is thrown away.
  template <class F>
  static caf::resumable* job_with_end(F f) {
    auto end = std::shared_ptr<void>{nullptr, [f](void*) { f(); }};
    return new job{[end] { BOOST_ERROR("a job left over was run"); }};
  }

  runtime::leftover_jobs jobs;
  int thrown_away = 0;
};

} // namespace

BOOST_FIXTURE_TEST_SUITE(leftover_jobs, leftovers)

BOOST_AUTO_TEST_CASE(are_taken_only_when_the_scheduler_stops) {
  auto* x = job_with_end([this] { ++thrown_away; });
  BOOST_TEST(!jobs.is_open());
  BOOST_TEST(!jobs.take(x));
  jobs.open();
  BOOST_TEST(jobs.take(x));
  BOOST_TEST(thrown_away == 0);
  jobs.close();
  BOOST_TEST(thrown_away == 1);
}

BOOST_AUTO_TEST_CASE(that_come_late_are_thrown_away_at_once) {
  jobs.open();
  jobs.close();
  BOOST_TEST(jobs.take(job_with_end([this] { ++thrown_away; })));
  BOOST_TEST(thrown_away == 1);
}

BOOST_AUTO_TEST_CASE(may_bring_others_of_any_depth_when_thrown_away) {
  std::function<void()> bring = [&, this] {
    if (++thrown_away < 100'000)
      jobs.take(job_with_end(bring));
  };
  jobs.open();
  jobs.take(job_with_end(bring));
  jobs.close();
  BOOST_TEST(thrown_away == 100'000);
}

BOOST_AUTO_TEST_CASE(of_many_threads_are_all_thrown_away) {
  std::atomic<int> ended = 0;
  jobs.open();
  std::vector<std::jthread> threads;
  for (int i = 0; i < 4; ++i)
    threads.emplace_back([&] {
      for (int j = 0; j < 1'000; ++j)
        jobs.take(job_with_end([&] { ++ended; }));
    });
  jobs.close();
  threads.clear();
  BOOST_TEST(ended == 4'000);
}

BOOST_AUTO_TEST_SUITE_END()
