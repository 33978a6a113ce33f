// The two timer services: virtual time, and the steady clock with its thread.
// What they have in common, the order of entries, is in timer_wheel.cpp.

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <fstream>
#include <functional>
#include <future>
#include <memory>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include <unistd.h>

#include <boost/test/unit_test.hpp>

#include "axiom/runtime/steady_timer.hpp"
#include "axiom/runtime/virtual_timer.hpp"

using namespace std::chrono_literals;
using namespace axiom::runtime;

namespace {

using lines = std::vector<std::string>;

struct call : timer_entry {
  explicit call(std::function<void()> f) : fun(std::move(f)) {
    // nop
  }

  void fire() noexcept override {
    fun();
  }

  std::function<void()> fun;
};

struct listener : timer_listener {
  explicit listener(std::function<void()> f) : fun(std::move(f)) {
    // nop
  }

  void after_batch() noexcept override {
    fun();
  }

  std::function<void()> fun;
};

/// Whether a thread of this process sleeps in the kernel.
bool is_asleep(pid_t thread) {
  std::ifstream in{"/proc/self/task/" + std::to_string(thread) + "/stat"};
  std::string word;
  in >> word >> word; // its number, its name
  return in >> word && word == "S";
}

} // namespace

BOOST_AUTO_TEST_SUITE(timers_virtual)

BOOST_AUTO_TEST_CASE(fire_in_the_order_of_time_then_of_arming) {
  virtual_timer timer;
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
  virtual_timer timer;
  call a{[] {}};
  auto start = timer.now();
  timer.arm(a, start + 5s);
  BOOST_TEST(timer.advance_to_next_before(start + 10s) == 1u);
  BOOST_CHECK(timer.now() == start + 5s);
  BOOST_TEST(timer.advance_to_next_before(start + 10s) == 0u);
  BOOST_CHECK(timer.now() == start + 10s);
}

BOOST_AUTO_TEST_CASE(fire_what_is_past_without_going_back) {
  virtual_timer timer;
  bool fired = false;
  call a{[&] { fired = true; }};
  auto start = timer.now();
  timer.arm(a, start - 5s);
  timer.advance(0s);
  BOOST_TEST(fired);
  BOOST_CHECK(timer.now() == start);
}

BOOST_AUTO_TEST_CASE(cancelled_never_fire_and_can_be_armed_again) {
  virtual_timer timer;
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

BOOST_AUTO_TEST_CASE(armed_for_the_past_count_as_armed_for_now) {
  virtual_timer timer;
  lines order;
  call a{[&] { order.push_back("a"); }};
  call b{[&] { order.push_back("b"); }};
  call c{[&] { order.push_back("c"); }};
  timer.arm(a, timer.now());
  timer.arm(b, time_point::min());
  timer.arm(c, timer.now() - 1s);
  BOOST_TEST(timer.advance(0s) == 3u);
  BOOST_TEST(order == (lines{"a", "b", "c"}), boost::test_tools::per_element());
}

BOOST_AUTO_TEST_CASE(armed_for_the_end_of_time_never_fire) {
  virtual_timer timer;
  call a{[] {}};
  timer.arm(a, time_point::max());
  BOOST_TEST(timer.advance(24h * 365 * 200) == 0u);
  BOOST_TEST(timer.cancel(a));
}

BOOST_AUTO_TEST_CASE(tell_the_listener_after_all_that_was_due) {
  virtual_timer timer;
  lines order;
  call a{[&] { order.push_back("a"); }};
  call b{[&] { order.push_back("b"); }};
  auto start = timer.now();
  listener after{[&] { // may call the service, as fire() may not
    order.push_back("told");
    BOOST_CHECK(timer.now() == start + 3s);
    if (order.size() == 3)
      timer.arm(a, start + 4s);
  }};
  timer.listen(&after);
  timer.arm(b, start + 2s);
  timer.arm(a, start + 1s);
  BOOST_TEST(timer.advance(3s) == 2u);
  BOOST_TEST(timer.advance(0s) == 0u); // nothing fired, nobody is told
  timer.listen(nullptr);
  BOOST_TEST(timer.advance(3s) == 1u);
  BOOST_TEST(order == (lines{"a", "b", "told", "a"}),
             boost::test_tools::per_element());
}

BOOST_AUTO_TEST_SUITE_END()

BOOST_AUTO_TEST_SUITE(timers_steady)

BOOST_AUTO_TEST_CASE(fire_when_due_in_order) {
  steady_timer timer;
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
  steady_timer timer;
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
  steady_timer timer;
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
  steady_timer timer;
  timer.arm(a, timer.now() + 1h);
  timer.stop();
  BOOST_TEST(timer.cancel(a));
  call b{[&] { fired = true; }};
  timer.arm(b, timer.now());
  BOOST_TEST(timer.pending() == 1u);
  BOOST_TEST(!fired);
  BOOST_TEST(timer.cancel(b));
}

BOOST_AUTO_TEST_CASE(are_never_early) {
  steady_timer timer;
  std::atomic<int> left = 1000;
  std::atomic<int> early = 0;
  std::deque<call> all;
  auto start = timer.now();
  for (int i = left; i > 0; --i) {
    auto due = start + 7919ns * (i * i % 1009 * 5); // all over 40 ms
    auto& x = all.emplace_back([&, due] {
      if (clock_type::now() < due)
        ++early;
      if (--left == 0)
        left.notify_one();
    });
    timer.arm(x, due);
  }
  while (auto n = left.load())
    left.wait(n);
  BOOST_TEST(early == 0);
  BOOST_TEST(timer.pending() == 0u);
  // Neighbours share a wake-up: there are at most as many as ticks, and one for
  // each arm that was earlier than all before it.
  BOOST_TEST(timer.wakeups()
             <= (timer.now() - start) / steady_timer::tick + 1000u);
}

BOOST_AUTO_TEST_CASE(leave_the_thread_asleep_for_what_comes_later) {
  steady_timer timer;
  call first{[] {}};
  std::deque<call> all;
  auto start = timer.now();
  timer.arm(first, start + 1h);
  for (int i = 0; i < 1000; ++i)
    timer.arm(all.emplace_back([] {}), start + 1h + i * 1ms);
  for (auto& x : all)
    BOOST_TEST_REQUIRE(timer.cancel(x));
  BOOST_TEST(timer.cancel(first));
  BOOST_TEST(timer.wakeups() == 0u);
}

BOOST_AUTO_TEST_CASE(armed_for_the_end_of_time_leave_the_thread_asleep) {
  steady_timer timer;
  call never{[] {}};
  timer.arm(never, time_point::max());
  for (int i = 0; i < 3; ++i) {
    std::promise<void> fired;
    call soon{[&] { fired.set_value(); }};
    timer.arm(soon, timer.now() + 1ms);
    fired.get_future().wait();
    timer.cancel(soon); // waits until fire() has returned
  }
  // Twice each, to see the earlier one and to fire it; not again and again.
  BOOST_TEST(timer.wakeups() <= 20u);
  BOOST_TEST(timer.cancel(never));
}

BOOST_AUTO_TEST_CASE(wake_the_thread_seldom_for_a_crowd_that_is_earlier) {
  steady_timer timer;
  std::promise<void> fired;
  call late{[] {}};
  call last{[&] { fired.set_value(); }};
  std::deque<call> all;
  timer.arm(late, timer.now() + 1h);
  auto due = timer.now() + 5ms;
  for (int i = 0; i < 1000; ++i)
    timer.arm(all.emplace_back([] {}), due);
  timer.arm(last, due);
  fired.get_future().wait();
  BOOST_TEST(timer.cancel(late));
  // Four times if nothing intervenes: to see that they are earlier, to prepare
  // them on two levels, and to fire them. Not a thousand times.
  BOOST_TEST(timer.wakeups() <= 20u);
}

BOOST_AUTO_TEST_CASE(let_others_in_after_one_batch_of_a_crowd) {
  constexpr std::size_t n = 100'000;
  steady_timer timer;
  std::atomic<bool> firing = false;
  std::atomic<bool> asking = false;
  call signal{[] {}};
  call first{[&, waiter = gettid()] {
    firing = true;
    while (!asking || !is_asleep(waiter))
      std::this_thread::yield();
  }};
  std::deque<call> all;
  listener arm_all{[&] { // on the timer's thread, so that none fires meanwhile
    if (!all.empty())
      return;
    timer.arm(first, time_point::min());
    for (std::size_t i = 1; i < n; ++i)
      timer.arm(all.emplace_back([] {}), time_point::min());
  }};
  timer.listen(&arm_all);
  timer.arm(signal, timer.now());
  while (!firing)
    std::this_thread::yield();
  asking = true;
  BOOST_TEST(timer.pending() == n - steady_timer::batch);
  while (timer.pending() > 0)
    std::this_thread::yield();
  timer.listen(nullptr);
}

BOOST_AUTO_TEST_CASE(by_the_million_come_and_go) {
  steady_timer timer;
  std::deque<call> all;
  auto start = timer.now() + 1h;
  for (std::int64_t i = 0; i < 1'000'000; ++i)
    timer.arm(all.emplace_back([] {}), start + duration{i * i});
  BOOST_TEST(timer.pending() == 1'000'000u);
  std::size_t cancelled = 0;
  for (auto& x : all)
    cancelled += timer.cancel(x) ? 1 : 0;
  BOOST_TEST(cancelled == 1'000'000u);
  BOOST_TEST(timer.pending() == 0u);
}

BOOST_AUTO_TEST_CASE(tell_the_listener_without_the_lock) {
  steady_timer timer;
  std::promise<void> again;
  call b{[&] { again.set_value(); }};
  call a{[] {}};
  auto armed = false;
  listener after{[&] {
    if (!std::exchange(armed, true))
      timer.arm(b, timer.now()); // would wait for ever
  }};
  timer.listen(&after);
  timer.arm(a, timer.now());
  again.get_future().wait();
  timer.listen(nullptr);
  BOOST_TEST(!timer.cancel(b));
}

BOOST_AUTO_TEST_CASE(do_not_outlive_the_listener_they_tell) {
  for (int i = 0; i < 200; ++i) {
    steady_timer timer;
    std::atomic<bool> inside = false;
    call a{[] {}};
    auto after = std::make_unique<listener>([&] {
      inside = true;
      std::this_thread::yield();
      inside = false;
    });
    timer.listen(after.get());
    timer.arm(a, timer.now());
    if (i % 2 == 0)
      std::this_thread::yield();
    timer.listen(nullptr); // it has finished, or is not called any more
    BOOST_TEST_REQUIRE(!inside);
    after.reset();
    timer.cancel(a);
  }
}

BOOST_AUTO_TEST_SUITE_END()
