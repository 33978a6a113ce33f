// What tasks stand on: timers, counters, the small mutex, blocking threads.

#include <atomic>
#include <future>
#include <thread>

#include "axiom/runtime/blocking_pool.hpp"
#include "axiom/runtime/host.hpp"
#include "axiom/runtime/small_mutex.hpp"
#include "axiom/runtime/steady_timer.hpp"
#include "axiom/runtime/virtual_timer.hpp"
#include "support/jobs.hpp"
#include "support/tasks.hpp"

using namespace test;

namespace {

struct call : runtime::timer_entry {
  explicit call(std::function<void()> f) : fun(std::move(f)) {
    // nop
  }

  void fire() noexcept override {
    fun();
  }

  std::function<void()> fun;
};

} // namespace

BOOST_AUTO_TEST_SUITE(timers_virtual)

BOOST_AUTO_TEST_CASE(fire_in_the_order_of_time_then_of_arming) {
  runtime::virtual_timer timer;
  lines order;
  call a{[&] { order.push_back("a"); }};
  call b{[&] { order.push_back("b"); }};
  call c{[&] { order.push_back("c"); }};
  auto start = timer.now();
  timer.arm(c, start + 2s);
  timer.arm(a, start + 1s);
  timer.arm(b, start + 1s);
  BOOST_TEST(timer.pending() == 3u);
  BOOST_TEST(timer.advance(999ms) == 0u);
  BOOST_TEST(timer.advance(1ms) == 2u);
  BOOST_TEST(timer.advance(1h) == 1u);
  BOOST_TEST(order == (lines{"a", "b", "c"}), boost::test_tools::per_element());
  BOOST_TEST(timer.pending() == 0u);
}

BOOST_AUTO_TEST_CASE(show_the_time_of_what_fires_next) {
  runtime::virtual_timer timer;
  call a{[] {}};
  auto start = timer.now();
  timer.arm(a, start + 5s);
  BOOST_TEST(timer.advance_to_next_before(start + 10s) == 1u);
  BOOST_CHECK(timer.now() == start + 5s);
  BOOST_TEST(timer.advance_to_next_before(start + 10s) == 0u);
  BOOST_CHECK(timer.now() == start + 10s);
}

BOOST_AUTO_TEST_CASE(fire_what_is_past_without_going_back) {
  runtime::virtual_timer timer;
  bool fired = false;
  call a{[&] { fired = true; }};
  auto start = timer.now();
  timer.arm(a, start - 5s);
  timer.advance(0s);
  BOOST_TEST(fired);
  BOOST_CHECK(timer.now() == start);
}

BOOST_AUTO_TEST_CASE(cancelled_never_fire_and_can_be_armed_again) {
  runtime::virtual_timer timer;
  int fired = 0;
  call a{[&] { ++fired; }};
  timer.arm(a, timer.now() + 1s);
  BOOST_TEST(timer.cancel(a));
  BOOST_TEST(!timer.cancel(a));
  timer.advance(2s);
  BOOST_TEST(fired == 0);
  timer.arm(a, timer.now() + 1s);
  timer.advance(2s);
  BOOST_TEST(fired == 1);
  BOOST_TEST(!timer.cancel(a));
}

BOOST_AUTO_TEST_SUITE_END()

BOOST_AUTO_TEST_SUITE(timers_steady)

BOOST_AUTO_TEST_CASE(fire_when_due_in_order) {
  runtime::steady_timer timer;
  std::promise<void> last;
  lines order;
  call a{[&] { order.push_back("a"); }};
  call b{[&] {
    order.push_back("b");
    last.set_value();
  }};
  auto start = timer.now();
  timer.arm(b, start + 2ms);
  timer.arm(a, start + 1ms);
  last.get_future().wait();
  BOOST_TEST((timer.now() >= start + 2ms));
  BOOST_TEST(!timer.cancel(b)); // waits until fire() has returned
  BOOST_TEST(order == (lines{"a", "b"}), boost::test_tools::per_element());
}

BOOST_AUTO_TEST_CASE(armed_earlier_than_all_others_are_not_late) {
  runtime::steady_timer timer;
  std::promise<void> fired;
  call late{[] {}};
  call early{[&] { fired.set_value(); }};
  timer.arm(late, timer.now() + 1h);
  timer.arm(early, timer.now() - 1s);
  fired.get_future().wait();
  BOOST_TEST(timer.pending() == 1u);
  BOOST_TEST(timer.cancel(late));
}

BOOST_AUTO_TEST_CASE(either_fire_or_are_cancelled) {
  runtime::steady_timer timer;
  for (int i = 0; i < 500; ++i) {
    std::atomic<int> fired = 0;
    {
      call a{[&] { ++fired; }};
      timer.arm(a, timer.now());
      auto cancelled = timer.cancel(a);
      BOOST_REQUIRE(fired.load() == (cancelled ? 0 : 1));
    }
  }
}

BOOST_AUTO_TEST_CASE(stopped_fire_no_more) {
  bool fired = false;
  call a{[&] { fired = true; }};
  runtime::steady_timer timer;
  timer.arm(a, timer.now() + 1h);
  timer.stop();
  BOOST_TEST(timer.cancel(a));
  call b{[&] { fired = true; }};
  timer.arm(b, timer.now());
  BOOST_TEST(timer.pending() == 1u);
  BOOST_TEST(!fired);
  BOOST_TEST(timer.cancel(b));
}

BOOST_AUTO_TEST_SUITE_END()

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
