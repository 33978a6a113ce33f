// A resource monitor under memory pressure: what it grants while memory is
// short, and that all of it is undone.

#include "support/monitored.hpp"
#include "support/pressured.hpp"

using namespace test;

BOOST_FIXTURE_TEST_SUITE(monitor_relief, monitored)

BOOST_AUTO_TEST_CASE(memory_is_granted_within_what_is_left) {
  auto host = spawn(memory(100));
  auto relief = host.relief();
  relief->headroom(50);
  lines order;
  auto large = start("large", user(host, order, memory(60), 5s));
  auto small = start("small", user(host, order, memory(10), 0s));
  run();
  BOOST_TEST(order.empty()); // the large one goes first
  relief->headroom(100);
  run();
  BOOST_TEST((order == lines{"large", "small"}));
  // Of the last figure 30 are left, whatever came back since.
  BOOST_TEST(!host.try_acquire(memory(31)));
  auto rest = host.try_acquire(memory(30));
  BOOST_TEST(static_cast<bool>(rest));
  rest.release();
  BOOST_TEST(!host.try_acquire(memory(1)));
  relief->relieve(relief_stage::none); // nobody measures any more
  BOOST_TEST(static_cast<bool>(host.try_acquire(memory(40))));
  advance(5s);
}

BOOST_AUTO_TEST_CASE(other_resources_do_not_care_about_the_memory) {
  auto host = spawn(custom("licence", 2));
  host.relief()->headroom(0);
  BOOST_TEST(static_cast<bool>(host.try_acquire(custom("licence", 2))));
}

BOOST_AUTO_TEST_CASE(half_is_kept_back_except_from_who_would_use_it_alone) {
  auto host = spawn(memory(100));
  auto relief = host.relief();
  relief->relieve(relief_stage::shrink);
  auto first = host.try_acquire(memory(30));
  BOOST_TEST(static_cast<bool>(first));
  BOOST_TEST(!host.try_acquire(memory(21)));
  auto second = host.try_acquire(memory(20));
  BOOST_TEST(static_cast<bool>(second));
  first.release();
  second.release();
  BOOST_TEST(static_cast<bool>(host.try_acquire(memory(100))));
}

BOOST_AUTO_TEST_CASE(one_request_is_granted_at_a_time) {
  auto host = spawn({memory(100), custom("licence", 2)});
  auto relief = host.relief();
  relief->relieve(relief_stage::serialise);
  lines order;
  auto a = start("a", user(host, order, memory(10), 1s));
  auto b = start("b", user(host, order, custom("licence", 1), 1s));
  auto c = start("c", user(host, order, memory(10), 1s));
  run();
  BOOST_TEST((order == lines{"a"}));
  advance(1s);
  BOOST_TEST((order == lines{"a", "b"}));
  relief->relieve(relief_stage::none);
  run();
  BOOST_TEST((order == lines{"a", "b", "c"}));
  advance(1s);
}

BOOST_AUTO_TEST_CASE(who_waits_for_memory_to_be_left_waits_for_no_task) {
  // Nobody would be refused for a deadlock: what is kept back comes by itself.
  auto host = spawn(memory(100));
  auto relief = host.relief();
  relief->headroom(60);
  lines order;
  auto t = start("t", [&](task_context&) -> async<void> {
    auto mine = co_await host.acquire(memory(50));
    auto more = co_await host.acquire(memory(50));
    order.emplace_back("more");
  });
  run();
  advance(1s); // the actor has searched, too
  BOOST_TEST(order.empty());
  relief->headroom(50);
  run();
  BOOST_TEST((order == lines{"more"}));
  t.get();
}

BOOST_AUTO_TEST_SUITE_END()

namespace {

/// A monitor that heeds the memory of a made-up kernel, which allows 1000 MiB.
struct heeding : pressured {
  resource_monitor host = resource_monitor::spawn(
    system(), {.name = "host", .capacities = memory(800_MiB)});
  lines order;

  auto user(std::uint64_t mebibytes) {
    return [this, mebibytes](task_context& self) -> async<void> {
      auto lease = co_await host.acquire(memory(mebibytes * mebibyte));
      order.push_back(std::string{self.name()});
      co_await self.sleep_for(10s);
    };
  }
};

} // namespace

BOOST_FIXTURE_TEST_SUITE(monitor_relief_end_to_end, heeding)

BOOST_AUTO_TEST_CASE(a_task_starts_when_the_measured_headroom_holds_it) {
  use(700);
  begin();
  pressure->attach(host.relief());
  run();
  auto t = start("t", user(400));
  run();
  BOOST_TEST(order.empty()); // 300 are left
  use(550, 1s);
  BOOST_TEST((order == lines{"t"}));
  t.cancel();
  run();
}

BOOST_AUTO_TEST_CASE(admission_shrinks_and_grows_with_the_level) {
  begin();
  pressure->attach(host.relief());
  use(850, 1s); // warning: 150 are left
  auto a = start("a", user(100));
  auto b = start("b", user(1));
  run();
  BOOST_TEST((order == lines{"a", "b"}));
  use(960, 1s); // critical: one at a time
  a.cancel();
  run();
  auto c = start("c", user(1));
  advance(1s);
  BOOST_TEST((order == lines{"a", "b"}));
  b.cancel();
  run();
  BOOST_TEST((order == lines{"a", "b", "c"}));
  use(100, 10s); // c has ended
  BOOST_TEST(pressure->level() == level::normal);
  auto d = start("d", user(800));
  run();
  BOOST_TEST(order.back() == "d");
  pressure->close();
  run();
  d.cancel();
  run();
}

BOOST_AUTO_TEST_CASE(a_monitor_that_ends_is_asked_no_more) {
  begin();
  {
    auto other = resource_monitor::spawn(
      system(), {.name = "other", .capacities = memory(1)});
    pressure->attach(other.relief());
    run();
  }
  use(960, 1s);
  BOOST_TEST(pressure->level() == level::critical);
}

BOOST_AUTO_TEST_SUITE_END()
