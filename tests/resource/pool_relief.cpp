// Pools under memory pressure: what is idle is given back as long as it is
// short.

#include <memory>

#include "axiom/resource/buffer_pool.hpp"
#include "axiom/resource/resource_pool.hpp"
#include "support/pressured.hpp"

using namespace test;
using axiom::resource_pool;

BOOST_FIXTURE_TEST_SUITE(pool_relief, pressured)

BOOST_AUTO_TEST_CASE(idle_objects_beyond_the_minimum_are_destroyed) {
  auto alive = std::make_shared<int>();
  auto pool = resource_pool<std::shared_ptr<int>>::spawn(
    system(), {.name = "things", .min = 1, .max = 4},
    [alive] { return alive; });
  {
    auto a = pool.try_take();
    auto b = pool.try_take();
    auto c = pool.try_take();
  }
  run();
  BOOST_TEST(pool.stats().idle == 3u);
  begin();
  pressure->attach(pool.relief());
  run();
  BOOST_TEST(pool.stats().idle == 3u);
  use(850, 1s); // warning
  BOOST_TEST(pool.stats().idle == 1u);
  {
    auto a = pool.try_take();
    auto b = pool.try_take();
  }
  BOOST_TEST(pool.stats().idle == 2u);
  advance(100ms); // the next reading
  BOOST_TEST(pool.stats().idle == 1u);
  use(100, 10s); // all is well again
  {
    auto a = pool.try_take();
    auto b = pool.try_take();
  }
  advance(10s);
  BOOST_TEST(pool.stats().idle == 2u);
}

BOOST_AUTO_TEST_CASE(idle_blocks_are_given_back) {
  auto buffers = axiom::buffer_pool::spawn(system(), {.name = "buffers"});
  auto kept = buffers.try_take(4096);
  {
    auto a = buffers.try_take(100'000);
    auto b = buffers.try_take(1'000'000);
  }
  const auto before = buffers.stats().allocated;
  begin();
  pressure->attach(buffers.relief());
  use(850, 1s);
  BOOST_TEST(before > 1'000'000u);
  BOOST_TEST(buffers.stats().allocated == 4096u);
  BOOST_TEST(static_cast<bool>(buffers.try_take(100'000)));
}

BOOST_AUTO_TEST_SUITE_END()
