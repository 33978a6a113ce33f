// What a pool does by itself, and for its owner: idle objects that expire or
// are checked, the maximum, quotas of keys, figures, and its actor.

#include <caf/actor_registry.hpp>
#include <caf/scoped_actor.hpp>

#include "support/pools.hpp"

using namespace test;
using axiom::pooled;
using axiom::resource_pool;

BOOST_FIXTURE_TEST_SUITE(pool_keeping, pooling)

// -- idle objects -------------------------------------------------------------

BOOST_AUTO_TEST_CASE(idle_objects_expire_the_oldest_first) {
  auto pool = spawn({.name = "db", .max = 3, .idle_timeout = 10s});
  auto a = pool.try_take();
  auto b = pool.try_take();
  auto c = pool.try_take();
  c.release();
  advance(4s);
  b.release();
  advance(4s);
  a.release();
  advance(1999ms);
  BOOST_TEST(pool.stats().idle == 3u);
  advance(1ms);
  BOOST_TEST(pool.stats().idle == 2u);
  BOOST_TEST(pool.stats().expired == 1u);
  BOOST_TEST(pool.try_take()->number == 1); // used now, so for 10 s more
  advance(4s);
  BOOST_TEST(pool.stats().idle == 1u);
  advance(6s);
  BOOST_TEST(pool.stats().idle == 0u);
  BOOST_TEST(objects.alive == 0);
  BOOST_TEST(pending_timers() == 0u);
  BOOST_TEST(pool.try_take()->number == 4);
  advance(10s);
  BOOST_TEST(pool.stats().expired == 4u);
}

BOOST_AUTO_TEST_CASE(the_minimum_does_not_expire) {
  auto pool = spawn({.name = "db", .min = 1, .max = 3, .idle_timeout = 10s});
  run();
  {
    auto a = pool.try_take();
    auto b = pool.try_take();
    auto c = pool.try_take();
  }
  advance(1h);
  BOOST_TEST(pool.stats().idle == 1u);
  BOOST_TEST(objects.made == 3);
  BOOST_TEST(pending_timers() == 0u);
}

BOOST_AUTO_TEST_CASE(idle_objects_are_checked_now_and_then) {
  int asked = 0;
  auto pool = spawn({.name = "db", .min = 1, .max = 3, .health_interval = 10s},
                    {.healthy = [&](counted& x) {
                      ++asked;
                      return !x.broken;
                    }});
  run();
  {
    auto a = pool.try_take();
    auto b = pool.try_take();
    auto c = pool.try_take();
    a->broken = true;
    b->broken = true;
    c->broken = true;
  }
  asked = 0;
  advance(10s);
  // The pool has come up to its minimum again.
  BOOST_TEST(asked == 3);
  BOOST_TEST(pool.stats().unhealthy == 3u);
  BOOST_TEST(pool.stats().idle == 1u);
  BOOST_TEST(objects.most == 3);
  advance(10s);
  BOOST_TEST(asked == 4);
  BOOST_TEST(pool.stats().idle == 1u);
}

BOOST_AUTO_TEST_CASE(a_check_leaves_the_order_as_it_is) {
  auto pool = spawn({.name = "db", .max = 3, .health_interval = 10s},
                    {.healthy = [](counted&) { return true; }});
  auto a = pool.try_take();
  auto b = pool.try_take();
  auto c = pool.try_take();
  b.release();
  advance(1s);
  c.release();
  advance(1s);
  a.release();
  advance(10s);
  BOOST_TEST(pool.try_take()->number == 1);
  a = pool.try_take();
  b = pool.try_take();
  c = pool.try_take();
  BOOST_TEST(a->number == 1);
  BOOST_TEST(b->number == 3);
  BOOST_TEST(c->number == 2);
}

BOOST_AUTO_TEST_CASE(trimming_destroys_idle_objects_beyond_the_minimum) {
  auto pool = spawn({.name = "db", .min = 1, .max = 4});
  run();
  auto held = pool.try_take();
  {
    auto b = pool.try_take();
    auto c = pool.try_take();
    auto d = pool.try_take();
  }
  BOOST_TEST(pool.trim(1) == 1u);
  BOOST_TEST(pool.stats().idle == 2u);
  BOOST_TEST(pool.trim() == 2u);
  BOOST_TEST(pool.stats().idle == 0u);
  held.release();
  BOOST_TEST(pool.trim() == 0u);
  run();
  BOOST_TEST(pool.stats().idle == 1u);
  BOOST_TEST(objects.made == 4);
}

// -- the maximum --------------------------------------------------------------

BOOST_AUTO_TEST_CASE(a_lower_maximum_destroys_what_is_too_much) {
  auto pool = spawn(4);
  auto a = pool.try_take();
  auto b = pool.try_take();
  auto c = pool.try_take();
  c.release();
  pool.set_max(1);
  BOOST_TEST(objects.alive == 2);
  BOOST_TEST(!pool.try_take());
  a.release();
  BOOST_TEST(objects.alive == 1);
  BOOST_TEST(!pool.try_take());
  b.release();
  BOOST_TEST(objects.alive == 1);
  BOOST_TEST(pool.try_take()->number == 2);
  BOOST_TEST(pool.stats().max == 1u);
}

BOOST_AUTO_TEST_CASE(a_higher_maximum_lets_more_in) {
  auto pool = spawn(1);
  lines order;
  start("a", user(pool, order));
  start("b", user(pool, order));
  run();
  BOOST_TEST(order.size() == 1u);
  pool.set_max(2);
  run();
  BOOST_TEST(order.size() == 2u);
  advance(1s);
  BOOST_TEST(pool.stats().idle == 2u);
}

BOOST_AUTO_TEST_CASE(a_maximum_out_of_range_is_refused) {
  auto pool = spawn({.name = "db", .min = 2, .max = 3});
  for (auto n : {0U, 1U, 1U << 31})
    BOOST_CHECK(code_thrown_by([&] { pool.set_max(n); })
                == errc::invalid_argument);
  BOOST_TEST(pool.stats().max == 3u);
  pool.set_max(2);
}

// -- keys ---------------------------------------------------------------------

BOOST_AUTO_TEST_CASE(a_key_has_no_more_than_its_quota) {
  auto pool = spawn({.name = "db", .max = 3, .key_quota = 2});
  auto a1 = pool.try_take("a");
  auto a2 = pool.try_take("a");
  BOOST_TEST(!pool.try_take("a"));
  auto b1 = pool.try_take("b");
  BOOST_TEST(static_cast<bool>(b1));
  BOOST_TEST(!pool.try_take("b")); // within its quota, but there are 3
  auto stats = pool.stats();
  BOOST_TEST(stats.keys == 2u);
  BOOST_TEST(stats.in_use == 3u);
  a1.release();
  b1.release();
  a2.release();
  BOOST_TEST(pool.stats().keys == 0u);
  BOOST_TEST(pool.stats().idle == 3u);
}

BOOST_AUTO_TEST_CASE(who_waits_for_his_quota_is_in_nobody_elses_way) {
  auto pool = spawn({.name = "db", .max = 3, .key_quota = 1});
  lines order;
  auto as = [&](const char* key) {
    return [&pool, &order, key](task_context& self) -> async<void> {
      auto x = co_await pool.take(key);
      order.push_back(std::string{self.name()});
      co_await self.sleep_for(1s);
    };
  };
  start("a1", as("a"));
  auto waiting = start("a2", as("a"));
  start("a3", as("a"));
  start("b1", as("b"));
  run();
  BOOST_TEST(order == (lines{"a1", "b1"}), boost::test_tools::per_element());
  BOOST_TEST(pool.stats().waiting == 2u);
  waiting.cancel();
  run();
  BOOST_TEST(pool.stats().waiting == 1u);
  advance(1s);
  BOOST_TEST(order.back() == "a3");
  advance(1s);
  auto stats = pool.stats();
  BOOST_TEST(stats.keys == 0u);
  BOOST_TEST(stats.cancelled == 1u);
  BOOST_TEST(stats.key_waits.count == 3u);
  BOOST_TEST(stats.idle == 2u);
}

BOOST_AUTO_TEST_CASE(a_timeout_covers_the_quota_and_the_pool) {
  auto pool = spawn({.name = "db", .max = 1, .key_quota = 1});
  auto held = pool.try_take("b");
  auto a = start("a", [&](task_context& self) -> async<void> {
    auto x = co_await pool.take("a"); // waits for the pool, has the quota
    co_await self.sleep_for(1h);
  });
  run();
  auto late = start("late", [&](task_context&) -> async<void> {
    auto x = co_await pool.take_for(1s, std::nullopt, "a");
  });
  run();
  advance(600ms);
  a.cancel(); // its quota goes to `late`, which has 400 ms left
  advance(399ms);
  BOOST_TEST(!late.done());
  advance(1ms);
  BOOST_TEST(error_of_task(late)
             == "deadline_exceeded: pool 'db' had no object for key 'a' within "
                "1000.0 ms");
  BOOST_TEST(pool.stats().keys == 1u);
}

BOOST_AUTO_TEST_CASE(keys_that_come_and_go_leave_nothing_behind) {
  auto pool = spawn({.name = "db", .max = 2, .key_quota = 1});
  const auto before = system().registry().running();
  for (int i = 0; i < 500; ++i) {
    pool.try_take("key " + std::to_string(i)).release();
    run();
  }
  BOOST_TEST(pool.stats().keys == 0u);
  BOOST_TEST(system().registry().running() <= before + 64);
  BOOST_TEST(pool.stats().key_waits.count == 500u);
}

BOOST_AUTO_TEST_CASE(an_object_under_a_key_may_outlive_the_pool) {
  pooled<counted> kept;
  {
    auto pool = spawn({.name = "db", .max = 2, .key_quota = 1});
    kept = pool.try_take("a");
  }
  run();
  kept.release();
  BOOST_TEST(objects.alive == 0);
}

BOOST_AUTO_TEST_CASE(closing_ends_the_wait_for_a_quota) {
  auto pool = spawn({.name = "db", .max = 2, .key_quota = 1});
  auto held = pool.try_take("a");
  auto t = start("t", [&](task_context&) -> async<void> {
    auto x = co_await pool.take("a");
  });
  run();
  pool.close();
  run();
  BOOST_TEST(error_of_task(t) == "scope_closed: pool 'db' is closed");
}

// -- figures, by handle and by message ----------------------------------------

BOOST_AUTO_TEST_CASE(all_pools_of_a_system_are_seen) {
  auto a = spawn({.name = "a", .max = 2});
  auto b = spawn({.name = "b", .max = 3});
  auto held = b.try_take();
  auto all = axiom::all_pool_stats(system());
  BOOST_REQUIRE(all.size() == 2u);
  BOOST_TEST(all[0].name == "a");
  BOOST_TEST(all[1].name == "b");
  BOOST_TEST(to_string(all[1])
             == "b: 1 in use, 0 idle of at most 3, 0 waiting");
}

BOOST_AUTO_TEST_CASE(its_actor_answers_and_obeys) {
  auto pool = spawn({.name = "db", .min = 1, .max = 3});
  run();
  {
    auto a = pool.try_take();
    auto b = pool.try_take();
  }
  caf::scoped_actor self{system()};
  auto failed = [](const caf::error& err) {
    BOOST_ERROR(axiom::describe(err));
  };
  auto stats = self->request(pool.actor(), caf::infinite, axiom::stats_atom_v);
  run();
  stats.receive(
    [](const axiom::pool_stats& x) {
      BOOST_TEST(x.name == "db");
      BOOST_TEST(x.idle == 2u);
    },
    failed);
  auto trimmed = self->request(pool.actor(), caf::infinite, axiom::trim_atom_v);
  run();
  trimmed.receive([](std::uint64_t n) { BOOST_TEST(n == 1u); }, failed);
  auto set = self->request(pool.actor(), caf::infinite, axiom::set_max_atom_v,
                           std::uint32_t{7});
  run();
  set.receive([] {}, failed);
  BOOST_TEST(pool.stats().max == 7u);
  auto bad = self->request(pool.actor(), caf::infinite, axiom::set_max_atom_v,
                           std::uint32_t{0});
  run();
  bad.receive(
    [] { BOOST_ERROR("accepted"); },
    [](const caf::error& err) { BOOST_TEST(is(err, errc::invalid_argument)); });
  auto closed = self->request(pool.actor(), caf::infinite, axiom::close_atom_v);
  run();
  closed.receive([] {}, failed);
  BOOST_CHECK(code_thrown_by([&] { auto x = pool.try_take(); })
              == errc::scope_closed);
  BOOST_TEST(objects.alive == 0);
}

BOOST_AUTO_TEST_SUITE_END()
