// What tasks stand on: counters, the small mutex, blocking threads.

#include <atomic>
#include <future>
#include <thread>

#include "axiom/runtime/blocking_pool.hpp"
#include "axiom/runtime/host.hpp"
#include "axiom/runtime/small_mutex.hpp"
#include "axiom/runtime/topology.hpp"
#include "support/jobs.hpp"
#include "support/tasks.hpp"

using namespace test;

BOOST_AUTO_TEST_SUITE(counters)

BOOST_AUTO_TEST_CASE(of_threads_that_ended_are_kept) {
  runtime::metrics_registry registry;
  for (int i = 0; i < 20; ++i)
    std::thread{[&] {
      registry.local().add(runtime::counter::created, 2);
      registry.local().add(runtime::counter::completed);
    }}.join();
  auto sum = registry.snapshot();
  BOOST_TEST(sum.created == 40u);
  BOOST_TEST(sum.completed == 20u);
  BOOST_TEST(sum.active() == 20u);
}

BOOST_AUTO_TEST_CASE(of_many_threads_at_once_add_up) {
  runtime::metrics_registry registry;
  std::vector<std::thread> threads;
  for (int i = 0; i < 4; ++i)
    threads.emplace_back([&] {
      for (int j = 0; j < 10'000; ++j)
        registry.local().add(runtime::counter::failed);
    });
  for (auto& x : threads)
    x.join();
  BOOST_TEST(registry.snapshot().failed == 40'000u);
}

BOOST_AUTO_TEST_CASE(of_two_registries_on_one_thread_are_apart) {
  runtime::metrics_registry a;
  {
    runtime::metrics_registry b;
    for (int i = 0; i < 3; ++i) {
      a.local().add(runtime::counter::created);
      b.local().add(runtime::counter::created, 10);
    }
    BOOST_TEST(b.snapshot().created == 30u);
  }
  a.local().add(runtime::counter::created);
  BOOST_TEST(a.snapshot().created == 4u);
}

BOOST_AUTO_TEST_CASE(of_a_latency_go_to_the_bucket_below_its_edge) {
  runtime::metrics_registry registry;
  registry.local().observe_cancellation(1us);   // an edge belongs to its bucket
  registry.local().observe_cancellation(1001ns);
  registry.local().observe_cancellation(1h);
  auto seen = registry.snapshot().cancellation;
  BOOST_TEST(seen.count == 3u);
  BOOST_TEST(seen.buckets[3] == 1u);
  BOOST_TEST(seen.buckets[4] == 1u);
  BOOST_TEST(seen.buckets.back() == 1u);
  BOOST_TEST(seen.sum_seconds == 3600.000002, boost::test_tools::tolerance(1e-9));
}

BOOST_AUTO_TEST_SUITE_END()

BOOST_AUTO_TEST_SUITE(small_mutexes)

BOOST_AUTO_TEST_CASE(exclude_each_other) {
  runtime::small_mutex mutex;
  int unprotected = 0;
  std::vector<std::thread> threads;
  for (int i = 0; i < 4; ++i)
    threads.emplace_back([&] {
      for (int j = 0; j < 50'000; ++j) {
        std::lock_guard guard{mutex};
        ++unprotected;
      }
    });
  for (auto& x : threads)
    x.join();
  BOOST_TEST(unprotected == 200'000);
}

BOOST_AUTO_TEST_CASE(refuse_a_second_lock_and_wake_a_sleeper) {
  runtime::small_mutex mutex;
  BOOST_TEST(mutex.try_lock());
  BOOST_TEST(!mutex.try_lock());
  std::thread sleeper{[&] {
    mutex.lock();
    mutex.unlock();
  }};
  mutex.unlock();
  sleeper.join();
  BOOST_TEST(mutex.try_lock());
  BOOST_TEST(sizeof(mutex) == 4u);
}

BOOST_AUTO_TEST_SUITE_END()

BOOST_AUTO_TEST_SUITE(blocking_threads)

BOOST_AUTO_TEST_CASE(are_as_many_as_jobs_that_block_up_to_the_limit) {
  runtime::blocking_pool pool{{.max_threads = 3}};
  std::atomic<int> running = 0;
  std::atomic<int> most = 0;
  std::atomic<int> ended = 0;
  std::atomic<bool> go = false;
  for (int i = 0; i < 10; ++i)
    pool.submit(new job{[&] {
      auto now = ++running;
      for (auto seen = most.load(); seen < now;)
        most.compare_exchange_weak(seen, now);
      go.wait(false);
      --running;
      ++ended;
    }});
  while (running < 3)
    std::this_thread::yield();
  BOOST_TEST(pool.threads() == 3u);
  go = true;
  go.notify_all();
  pool.stop(); // runs what is queued
  BOOST_TEST(ended == 10);
  BOOST_TEST(most == 3);
  BOOST_TEST(pool.threads() == 0u);
}

BOOST_AUTO_TEST_CASE(that_are_idle_are_used_again) {
  runtime::blocking_pool pool{{.max_threads = 8}};
  for (int i = 0; i < 50; ++i) {
    std::promise<void> done;
    pool.submit(new job{[&] { done.set_value(); }});
    done.get_future().wait();
  }
  BOOST_TEST(pool.threads() <= 8u);
}

BOOST_AUTO_TEST_CASE(end_when_idle_for_long) {
  runtime::blocking_pool pool{{.max_threads = 2, .keep_alive = 1ms}};
  std::promise<void> done;
  pool.submit(new job{[&] { done.set_value(); }});
  done.get_future().wait();
  while (pool.threads() != 0)
    std::this_thread::yield();
  std::promise<void> again;
  pool.submit(new job{[&] { again.set_value(); }});
  again.get_future().wait();
}

BOOST_AUTO_TEST_CASE(of_a_pinned_thread_run_where_the_pool_was_told) {
  const auto everywhere = runtime::allowed_processors();
  runtime::blocking_pool pool{{.processors = everywhere}};
  std::promise<std::vector<runtime::processor_id>> seen;
  std::thread{[&] {
    runtime::pin_this_thread(everywhere.front());
    pool.submit(new job{[&] {
      seen.set_value(runtime::allowed_processors());
    }});
  }}.join();
  BOOST_TEST(seen.get_future().get() == everywhere,
             boost::test_tools::per_element());
}

BOOST_AUTO_TEST_CASE(stopped_release_what_comes_late_without_running_it) {
  runtime::blocking_pool pool;
  pool.stop();
  bool ran = false;
  auto held = std::make_shared<int>(1);
  pool.submit(new job{[&ran, held] { ran = true; }});
  BOOST_TEST(!ran);
  BOOST_TEST(held.use_count() == 1);
}

BOOST_AUTO_TEST_SUITE_END()

BOOST_AUTO_TEST_SUITE(schedulers)

BOOST_AUTO_TEST_CASE(know_their_workers_under_every_policy) {
  for (auto policy : {runtime::scheduler_policy::axiom,
                      runtime::scheduler_policy::sharing,
                      runtime::scheduler_policy::stealing}) {
    axiom::testing::fixture fix{{.scheduler = policy}};
    auto& host = runtime::host::of(fix.system());
    BOOST_TEST(!host.on_worker_thread());
    auto t = fix.coordinator().create_child_task("t", [&] {
      return host.on_worker_thread();
    });
    BOOST_TEST(t.get());
    std::promise<bool> in_actor;
    fix.system().spawn([&](caf::event_based_actor*) {
      in_actor.set_value(host.on_worker_thread());
    });
    BOOST_TEST(in_actor.get_future().get());
  }
}

BOOST_AUTO_TEST_CASE(have_as_many_workers_as_told) {
  axiom::config cfg;
  cfg.axiom.threads = 3;
  caf::actor_system sys{cfg};
  BOOST_TEST(sys.scheduler().num_workers() == 3u);
  BOOST_TEST(runtime::usable_processors() >= 1u);
}

BOOST_AUTO_TEST_CASE(never_take_back_the_time_that_workers_were_busy) {
  axiom::testing::fixture fix{
    {.scheduler = runtime::scheduler_policy::axiom}};
  auto& host = runtime::host::of(fix.system());
  std::atomic<bool> done{false};
  std::chrono::nanoseconds last{0};
  auto falls = 0;
  std::thread reader{[&] {
    while (!done) {
      auto sum = std::chrono::nanoseconds{0};
      for (auto& x : host.stats().workers)
        sum += x.busy;
      falls += sum < last ? 1 : 0;
      last = sum;
    }
  }};
  // Each leaves the workers idle before the next.
  for (int i = 0; i < 2'000; ++i)
    fix.coordinator().create_child_task("t", [] {}).get();
  done = true;
  reader.join();
  BOOST_TEST(falls == 0);
  BOOST_CHECK(last > 0ns);
}

BOOST_AUTO_TEST_CASE(are_installed_into_a_configuration_of_ones_own) {
  caf::actor_system_config cfg;
  runtime::runtime_options options;
  options.threads = 1;
  axiom::setup(cfg, options);
  caf::actor_system sys{cfg};
  BOOST_TEST(runtime::host::find(sys) != nullptr);
  auto coordinator = axiom::structured_task_coordinator::spawn(sys);
  auto t = coordinator.create_child_task("t", [] { return 1; });
  BOOST_TEST(t.get() == 1);
}

BOOST_AUTO_TEST_SUITE_END()
