// The resource monitor as tasks and threads use it: who gets what and when, and
// what becomes of it when a wait or a holder ends in any other way.

#include <thread>

#include "support/monitored.hpp"

using namespace test;

BOOST_FIXTURE_TEST_SUITE(resource_monitors, monitored)

// -- leases -------------------------------------------------------------------

BOOST_AUTO_TEST_CASE(a_lease_comes_back_with_its_scope) {
  auto host = spawn({memory(1_MiB), custom("licence", 2)});
  {
    auto a = host.try_acquire({memory(512_KiB), custom("licence", 1)});
    BOOST_TEST(static_cast<bool>(a));
    BOOST_TEST(in_use(host, "memory") == 512_KiB);
    BOOST_TEST(in_use(host, "licence") == 1u);
    BOOST_TEST(to_string(a.held()) == "512 KiB of memory and 1 of 'licence'");
    auto b = std::move(a);
    BOOST_TEST(!a);
    BOOST_TEST(in_use(host, "licence") == 1u);
    b = host.try_acquire(custom("licence", 1));
    BOOST_TEST(in_use(host, "memory") == 0u);
    BOOST_TEST(in_use(host, "licence") == 1u);
  }
  BOOST_TEST(in_use(host, "licence") == 0u);
}

BOOST_AUTO_TEST_CASE(releasing_twice_gives_back_once) {
  auto host = spawn(custom("licence", 2));
  auto a = host.try_acquire(custom("licence", 1));
  auto b = host.try_acquire(custom("licence", 1));
  a.release();
  a.release();
  BOOST_TEST(in_use(host, "licence") == 1u);
}

BOOST_AUTO_TEST_CASE(a_request_gets_all_or_nothing) {
  auto host = spawn({memory(1_MiB), cpu(2)});
  auto a = host.try_acquire({memory(1_KiB), cpu(2)});
  BOOST_TEST(static_cast<bool>(a));
  auto b = host.try_acquire({memory(1_KiB), cpu(0.5)});
  BOOST_TEST(!b);
  BOOST_TEST(in_use(host, "memory") == 1_KiB);
}

BOOST_AUTO_TEST_CASE(what_is_said_twice_of_one_resource_is_added_up) {
  auto host = spawn(custom("licence", 3));
  auto a = host.try_acquire({custom("licence", 1), custom("licence", 2)});
  BOOST_TEST(in_use(host, "licence") == 3u);
}

BOOST_AUTO_TEST_CASE(an_uncontended_acquire_does_not_suspend) {
  auto host = spawn({memory(1_MiB), cpu(1)});
  auto t = start("t", [&](task_context&) -> async<int> {
    int n = 0;
    for (; n < 1000; ++n)
      auto held = co_await host.acquire({memory(1), cpu(1)});
    co_return n;
  });
  BOOST_TEST(run_one());
  BOOST_TEST(t.get() == 1000);
  auto stats = host.stats();
  BOOST_TEST(stats.granted == 1000u);
  BOOST_TEST(stats.queued == 0u);
  BOOST_TEST(stats.waits.count == 1000u);
}

BOOST_AUTO_TEST_CASE(a_lease_may_outlive_its_holder_and_the_monitor) {
  resource_lease kept;
  {
    auto host = spawn(custom("licence", 1));
    auto t = start("t", [&](task_context&) -> async<resource_lease> {
      co_return co_await host.acquire(custom("licence", 1));
    });
    kept = std::move(t).get();
    t = {};
    run();
    BOOST_TEST(in_use(host, "licence") == 1u);
    BOOST_TEST(axiom::all_resource_holdings(system()).empty());
  }
  run();
  kept.release();
}

// -- order --------------------------------------------------------------------

BOOST_AUTO_TEST_CASE(the_more_urgent_goes_first_and_who_came_first) {
  auto host = spawn(custom("licence", 1), "host", 0s); // nobody rises
  lines order;
  const auto one = custom("licence", 1);
  auto a = start("a", user(host, order, one));
  run();
  auto low = start({.name = "low", .priority = task_priority::low},
                   user(host, order, one));
  auto b = start("b", user(host, order, one));
  auto c = start("c", user(host, order, one));
  auto high = start({.name = "high", .priority = task_priority::high},
                    user(host, order, one));
  run();
  advance(5s);
  BOOST_TEST((order == lines{"a", "high", "b", "c", "low"}));
}

BOOST_AUTO_TEST_CASE(who_waits_rises) {
  auto host = spawn(custom("licence", 1), "host", 1s);
  lines order;
  const auto one = custom("licence", 1);
  auto a = start("a", user(host, order, one, 2s));
  run();
  auto low = start({.name = "low", .priority = task_priority::low},
                   user(host, order, one));
  run();
  advance(1500ms);
  auto b = start("b", user(host, order, one));
  run();
  advance(3s);
  BOOST_TEST((order == lines{"a", "low", "b"}));
}

BOOST_AUTO_TEST_CASE(a_request_for_another_resource_does_not_wait) {
  auto host = spawn({memory(1_MiB), custom("licence", 1)});
  lines order;
  auto held = host.try_acquire(memory(1_MiB));
  auto waits = start("waits", user(host, order, memory(1_KiB), 0s));
  run();
  auto passes = start("passes", user(host, order, custom("licence", 1), 0s));
  run();
  BOOST_TEST(order == lines{"passes"}, boost::test_tools::per_element());
  held.release();
  run();
  BOOST_TEST((order == lines{"passes", "waits"}));
}

BOOST_AUTO_TEST_CASE(a_large_request_is_not_overtaken) {
  auto host = spawn(memory(10));
  lines order;
  auto small = start("small", user(host, order, memory(4), 1s));
  auto large = start("large", user(host, order, memory(10), 1s));
  auto behind = start("behind", user(host, order, memory(1), 0s));
  run();
  BOOST_TEST(order == lines{"small"}, boost::test_tools::per_element());
  advance(1s);
  BOOST_TEST((order == lines{"small", "large"}));
  advance(1s);
  BOOST_TEST((order == lines{"small", "large", "behind"}));
}

BOOST_AUTO_TEST_CASE(who_stands_behind_one_that_gives_up_moves_up_at_once) {
  auto host = spawn(memory(10));
  lines order;
  auto small = start("small", user(host, order, memory(4), 1s));
  auto large = start("large", user(host, order, memory(10), 1s));
  auto behind = start("behind", user(host, order, memory(1), 0s));
  run();
  large.cancel();
  run();
  BOOST_TEST((order == lines{"small", "behind"}));
  BOOST_TEST(host.stats().cancelled == 1u);
  advance(1s);
  BOOST_TEST(in_use(host, "memory") == 0u);
}

// -- ends of a wait -----------------------------------------------------------

BOOST_AUTO_TEST_CASE(what_never_fits_fails_at_once_and_says_why) {
  auto host = spawn({memory(1_MiB), custom("licence", 2)});
  auto t = start("t", [&](task_context&) -> async<void> {
    auto held = co_await host.acquire({memory(1_KiB), custom("licence", 3)});
  });
  run();
  BOOST_TEST(thrown(errc::exceeds_capacity, [&] { t.get(); })
             == "exceeds_capacity: 3 of 'licence' is asked for; resource "
                "monitor 'host' has 2 of 'licence'");
  BOOST_TEST(in_use(host, "memory") == 0u);
  BOOST_TEST(host.stats().refused == 1u);
  BOOST_TEST(!thrown(errc::exceeds_capacity, [&] {
                auto x = host.try_acquire(memory(2_MiB));
              }).empty());
}

BOOST_AUTO_TEST_CASE(a_timeout_ends_a_wait) {
  auto host = spawn(custom("licence", 1));
  auto held = host.try_acquire(custom("licence", 1));
  auto t = start("t", [&](task_context&) -> async<void> {
    auto lease = co_await host.acquire_for(20ms, custom("licence", 1));
  });
  run();
  advance(20ms);
  BOOST_TEST(thrown(errc::deadline_exceeded, [&] { t.get(); })
             == "deadline_exceeded: resource monitor 'host' did not grant 1 of "
                "'licence' within 20.0 ms");
  BOOST_TEST(host.stats().timed_out == 1u);
  held.release();
  BOOST_TEST(in_use(host, "licence") == 0u);
}

BOOST_AUTO_TEST_CASE(a_timeout_without_end_is_none) {
  auto host = spawn(custom("licence", 1));
  auto held = host.try_acquire(custom("licence", 1));
  auto t = start("t", [&](task_context&) -> async<void> {
    auto lease = co_await host.acquire_for(axiom::runtime::duration::max(),
                                           custom("licence", 1));
  });
  run();
  advance(24h);
  BOOST_TEST(host.stats().waiting == 1u);
  held.release();
  run();
  t.get();
}

BOOST_AUTO_TEST_CASE(a_task_holds_what_it_was_granted_before_it_runs) {
  auto host = spawn(custom("licence", 1));
  lines order;
  auto held = host.try_acquire(custom("licence", 1));
  auto t = start("t", user(host, order, custom("licence", 1), 0s));
  run();
  held.release();
  auto found = axiom::all_resource_holdings(system());
  BOOST_TEST_REQUIRE(found.size() == 1u);
  BOOST_TEST(found[0].task.name == "t");
  BOOST_TEST(host.stats().leases == 1u);
  t.cancel();
  run();
  auto stats = host.stats();
  BOOST_TEST(stats.leases == 0u);
  BOOST_TEST(stats.granted == stats.waits.count);
  BOOST_TEST(in_use(host, "licence") == 0u);
}

BOOST_AUTO_TEST_CASE(a_cancelled_holder_gives_back_at_once) {
  auto host = spawn(custom("licence", 1));
  lines order;
  auto a = start("a", user(host, order, custom("licence", 1), 1h));
  auto b = start("b", user(host, order, custom("licence", 1), 0s));
  run();
  a.cancel();
  run();
  BOOST_TEST((order == lines{"a", "b"}));
  BOOST_TEST(in_use(host, "licence") == 0u);
}

BOOST_AUTO_TEST_CASE(closing_ends_all_waits_and_leases_come_back_later) {
  auto host = spawn(custom("licence", 1));
  auto held = host.try_acquire(custom("licence", 1));
  auto t = start("t", [&](task_context&) -> async<void> {
    auto lease = co_await host.acquire(custom("licence", 1));
  });
  run();
  host.close();
  run();
  BOOST_TEST(thrown(errc::scope_closed, [&] { t.get(); })
             == "scope_closed: resource monitor 'host' is closed");
  BOOST_TEST(!thrown(errc::scope_closed, [&] {
                auto x = host.try_acquire(custom("licence", 1));
              }).empty());
  held.release();
  BOOST_TEST(in_use(host, "licence") == 0u);
}

// -- what there is ------------------------------------------------------------

BOOST_AUTO_TEST_CASE(a_raised_capacity_serves_who_waits) {
  auto host = spawn(custom("licence", 1));
  lines order;
  auto a = start("a", user(host, order, custom("licence", 1), 1s));
  auto b = start("b", user(host, order, custom("licence", 1), 1s));
  run();
  host.set_capacity(custom("licence", 2));
  run();
  BOOST_TEST((order == lines{"a", "b"}));
  advance(1s);
}

BOOST_AUTO_TEST_CASE(a_lowered_capacity_is_reached_as_leases_come_back) {
  auto host = spawn(custom("licence", 3));
  auto a = host.try_acquire(custom("licence", 2));
  auto waits = start("waits", [&](task_context&) -> async<void> {
    auto lease = co_await host.acquire(custom("licence", 3));
  });
  run();
  host.set_capacity(custom("licence", 1));
  run();
  BOOST_TEST(!thrown(errc::exceeds_capacity, [&] { waits.get(); }).empty());
  BOOST_TEST(in_use(host, "licence") == 2u);
  BOOST_TEST(!host.try_acquire(custom("licence", 1)));
  a.release();
  BOOST_TEST(static_cast<bool>(host.try_acquire(custom("licence", 1))));
}

// -- mistakes -----------------------------------------------------------------

BOOST_AUTO_TEST_CASE(mistakes_of_a_request_are_named) {
  auto host = spawn({memory(1_MiB), custom("licence", 2)});
  auto asking = [&](resource_requirements wanted) {
    return thrown(errc::invalid_argument,
                  [&] { auto x = host.try_acquire(wanted); });
  };
  BOOST_TEST(asking(cpu(1))
             == "invalid_argument: resource monitor 'host' has no 'cpu'; it "
                "has 'memory', 'licence'");
  BOOST_TEST(asking(custom("licence", 0))
             == "invalid_argument: 0 of 'licence' is asked for of resource "
                "monitor 'host'; ask for at least 1, or leave it out");
  BOOST_TEST(asking({})
             == "invalid_argument: nothing is asked for of resource monitor "
                "'host'; name at least one resource");
  BOOST_TEST(!thrown(errc::invalid_argument, [&] {
                host.set_capacity(memory(0));
              }).empty());
  BOOST_TEST(!thrown(errc::invalid_argument, [] { cpu(-1); }).empty());
}

BOOST_AUTO_TEST_CASE(all_mistakes_of_the_options_are_named_at_once) {
  BOOST_TEST(
    thrown(errc::invalid_argument,
           [&] {
             axiom::resource_monitor_options options;
             options.name = "bad";
             options.capacities = {memory(0), custom("", 1), custom("x", 1),
                                   custom("x", 2)};
             options.ageing = -1s;
             resource_monitor::spawn(system(), options);
           })
    == "invalid_argument: resource monitor 'bad': the capacity of 'memory' is "
       "0, so no request for it could ever be granted; a resource has no name; "
       "the capacity of 'x' is given twice; ageing is negative; use 0 to turn "
       "it off");
  BOOST_TEST(!thrown(errc::name_too_long, [&] {
                spawn(memory(1), std::string(65, 'x'));
              }).empty());
}

BOOST_AUTO_TEST_CASE(memory_and_cores_have_one_name_each) {
  using axiom::resource_kind;
  using axiom::resource_requirement;
  auto host = spawn({memory(1_MiB), cpu(1)});
  auto a = host.try_acquire(
    {resource_requirement{resource_kind::memory, "memory", 1_KiB},
     resource_requirement{resource_kind::cpu, "cores", 500}});
  BOOST_TEST(in_use(host, "memory") == 1_KiB);
  BOOST_TEST(in_use(host, "cpu") == 500u);
}

BOOST_AUTO_TEST_CASE(amounts_read_as_people_write_them) {
  BOOST_TEST(to_string(memory(1536)) == "1536 B of memory");
  BOOST_TEST(to_string(memory(64_MiB)) == "64 MiB of memory");
  BOOST_TEST(to_string(cpu(1.5)) == "1.5 cpu");
  BOOST_TEST(to_string(cpu(0.001)) == "0.001 cpu");
  BOOST_TEST(to_string(cpu(2)) == "2 cpu");
  BOOST_TEST(to_string(custom("gpu", 1)) == "1 of 'gpu'");
  BOOST_TEST(
    to_string(resource_requirements{memory(1_KiB), cpu(1), custom("gpu", 1)})
    == "1 KiB of memory, 1 cpu and 1 of 'gpu'");
}

// -- seen from outside --------------------------------------------------------

BOOST_AUTO_TEST_CASE(holders_are_known) {
  auto host = spawn({memory(1_MiB), custom("licence", 2)});
  lines order;
  auto t = start("t", user(host, order, {memory(1_KiB), custom("licence", 1)}));
  run();
  auto found = axiom::all_resource_holdings(system());
  BOOST_TEST(found.size() == 1u);
  BOOST_TEST(found.at(0).monitor == "host");
  BOOST_TEST(found.at(0).task.name == "t");
  BOOST_TEST(found.at(0).held.size() == 2u);
  BOOST_TEST(axiom::all_resource_stats(system()).size() == 1u);
  BOOST_TEST(to_string(host.stats())
             == "host: 1024 of 1 MiB of memory, 1 of 2 of 'licence', 0 "
                "waiting");
  advance(1s);
  BOOST_TEST(axiom::all_resource_holdings(system()).empty());
}

BOOST_AUTO_TEST_SUITE_END()

// -- threads ------------------------------------------------------------------

BOOST_FIXTURE_TEST_SUITE(resource_monitors_and_threads, threaded)

BOOST_AUTO_TEST_CASE(a_thread_waits_for_its_lease) {
  auto host = resource_monitor::spawn(
    system(), {.name = "host", .capacities = custom("licence", 1)});
  auto held = host.try_acquire(custom("licence", 1));
  std::thread waits{
    [&] { auto mine = host.acquire_blocking(custom("licence", 1)); }};
  while (host.stats().waiting == 0)
    std::this_thread::yield();
  held.release();
  waits.join();
  BOOST_TEST(in_use(host, "licence") == 0u);
}

BOOST_AUTO_TEST_CASE(a_thread_waits_no_longer_than_it_wants) {
  auto host = resource_monitor::spawn(
    system(), {.name = "host", .capacities = custom("licence", 1)});
  auto held = host.try_acquire(custom("licence", 1));
  std::optional<errc> code;
  std::thread waits{[&] {
    code = code_thrown_by(
      [&] { auto x = host.acquire_blocking_for(1s, custom("licence", 1)); });
  }};
  while (host.stats().waiting == 0)
    std::this_thread::yield();
  while (host.stats().waiting != 0)
    advance(1s); // as soon as it has armed its timer
  waits.join();
  BOOST_TEST((code == errc::deadline_exceeded));
}

BOOST_AUTO_TEST_CASE(a_worker_is_not_blocked) {
  auto host = resource_monitor::spawn(
    system(), {.name = "host", .capacities = custom("licence", 1)});
  auto held = host.try_acquire(custom("licence", 1));
  auto t = coordinator().create_child_task("t", [&](task_context&) {
    auto x = host.acquire_blocking(custom("licence", 1));
  });
  BOOST_TEST((code_thrown_by([&] { t.get(); }) == errc::blocking_on_worker));
}

BOOST_AUTO_TEST_SUITE_END()
