// What can be done with a lease: drawing on it, giving parts back, taking over
// another one; and that nothing is lost or made up by any of that.

#include "support/monitored.hpp"

using namespace test;

BOOST_FIXTURE_TEST_SUITE(leases, monitored)

BOOST_AUTO_TEST_CASE(a_child_draws_on_its_parents_lease) {
  auto host = spawn(memory(100));
  auto t = start("parent", [&](task_context& self) -> async<void> {
    auto lease = co_await host.acquire(memory(80));
    auto op = [&](task_context& child) -> async<void> {
      auto mine = lease.share(memory(50));
      BOOST_TEST(to_string(mine.held()) == "50 B of memory");
      BOOST_TEST(to_string(lease.held()) == "30 B of memory");
      co_await child.sleep_for(1s);
    };
    auto child = self.create_child_task("child", op);
    co_await child;
    // It came back to the lease before the child's end was known.
    BOOST_TEST(to_string(lease.held()) == "80 B of memory");
    BOOST_TEST(in_use(host, "memory") == 80u);
  });
  run();
  BOOST_TEST(in_use(host, "memory") == 80u);
  advance(1s);
  t.get();
  BOOST_TEST(in_use(host, "memory") == 0u);
}

BOOST_AUTO_TEST_CASE(more_than_a_lease_has_left_is_refused) {
  auto host = spawn({memory(100), custom("licence", 1)});
  auto lease = host.try_acquire(memory(80));
  auto part = lease.share(memory(50));
  BOOST_TEST(
    thrown(errc::exceeds_capacity, [&] { auto x = lease.share(memory(31)); })
    == "exceeds_capacity: 31 B of memory cannot be drawn on a lease of "
       "resource monitor 'host' that has 30 B of memory left");
  BOOST_TEST(!thrown(errc::exceeds_capacity, [&] {
                auto x = lease.share({memory(1), custom("licence", 1)});
              }).empty());
  BOOST_TEST(to_string(lease.held()) == "30 B of memory");
}

BOOST_AUTO_TEST_CASE(a_share_outlives_the_lease_it_was_drawn_on) {
  auto host = spawn(memory(100));
  auto lease = host.try_acquire(memory(80));
  auto part = lease.share(memory(50));
  auto deeper = part.share(memory(20));
  lease.release();
  BOOST_TEST(in_use(host, "memory") == 50u);
  BOOST_TEST(host.stats().leases == 3u);
  part.release(); // its own 30 are free, since nobody has drawn on them
  BOOST_TEST(in_use(host, "memory") == 20u);
  deeper.release();
  BOOST_TEST(in_use(host, "memory") == 0u);
  BOOST_TEST(host.stats().leases == 0u);
}

BOOST_AUTO_TEST_CASE(a_share_of_a_share_goes_back_past_one_that_is_released) {
  auto host = spawn(memory(100));
  auto lease = host.try_acquire(memory(80));
  auto part = lease.share(memory(50));
  auto deeper = part.share(memory(20));
  part.release();
  BOOST_TEST(to_string(lease.held()) == "60 B of memory");
  deeper.release();
  BOOST_TEST(to_string(lease.held()) == "80 B of memory");
  BOOST_TEST(in_use(host, "memory") == 80u);
}

BOOST_AUTO_TEST_CASE(a_part_is_given_back_early) {
  auto host = spawn({memory(100), cpu(1)});
  lines order;
  auto lease = host.try_acquire({memory(80), cpu(1)});
  auto waits = start("waits", user(host, order, memory(50), 0s));
  run();
  BOOST_TEST(order.empty());
  lease.release(memory(40));
  run();
  BOOST_TEST((order == lines{"waits"}));
  BOOST_TEST(to_string(lease.held()) == "40 B of memory and 1 cpu");
  BOOST_TEST(thrown(errc::invalid_argument, [&] { lease.release(memory(41)); })
             == "invalid_argument: 41 B of memory cannot be given back to "
                "resource monitor 'host': the lease has 40 B of memory and 1 "
                "cpu");
  auto part = lease.share(cpu(0.5));
  part.release(cpu(0.25));
  BOOST_TEST(to_string(lease.held()) == "40 B of memory and 0.75 cpu");
}

BOOST_AUTO_TEST_CASE(a_lease_that_has_nothing_left_is_still_one) {
  resource_lease lease;
  {
    auto host = spawn(memory(100));
    lease = host.try_acquire(memory(10));
    lease.release(memory(10));
    BOOST_TEST(static_cast<bool>(lease));
    BOOST_TEST(lease.held().empty());
    BOOST_TEST(in_use(host, "memory") == 0u);
  }
  run();
  lease.release();
}

BOOST_AUTO_TEST_CASE(a_holder_grows_by_taking_over_another_lease) {
  auto host = spawn({memory(100), cpu(1)});
  auto t = start("t", [&](task_context&) -> async<void> {
    auto lease = co_await host.acquire(memory(30));
    auto more = co_await host.acquire({memory(20), cpu(1)});
    lease.absorb(std::move(more));
    BOOST_TEST(!more);
    BOOST_TEST(to_string(lease.held()) == "50 B of memory and 1 cpu");
    BOOST_TEST(host.stats().leases == 1u);
  });
  run();
  t.get();
  BOOST_TEST(in_use(host, "memory") == 0u);
  BOOST_TEST(in_use(host, "cpu") == 0u);
}

BOOST_AUTO_TEST_CASE(a_lease_that_takes_over_itself_stays_as_it_was) {
  auto host = spawn(memory(100));
  auto lease = host.try_acquire(memory(30));
  auto& same = lease;
  lease.absorb(std::move(same));
  BOOST_TEST(static_cast<bool>(lease));
  BOOST_TEST(to_string(lease.held()) == "30 B of memory");
  lease.release();
  BOOST_TEST(in_use(host, "memory") == 0u);
  BOOST_TEST(host.stats().leases == 0u);
}

BOOST_AUTO_TEST_CASE(what_cannot_be_taken_over_stays_as_it_was) {
  auto host = spawn(memory(100));
  auto other = spawn(memory(100), "other");
  auto a = host.try_acquire(memory(30));
  auto b = other.try_acquire(memory(30));
  auto share = a.share(memory(10));
  for (auto* x : {&b, &share}) {
    BOOST_TEST(!thrown(errc::invalid_argument, [&] {
                  a.absorb(std::move(*x));
                }).empty());
    BOOST_TEST(static_cast<bool>(*x));
  }
  BOOST_TEST(
    !thrown(errc::empty_handle, [&] { a.absorb(resource_lease{}); }).empty());
  BOOST_TEST(!thrown(errc::empty_handle, [] {
                auto x = resource_lease{}.share(memory(1));
              }).empty());
}

BOOST_AUTO_TEST_SUITE_END()
