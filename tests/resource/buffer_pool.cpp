// Pools of buffers: classes of size, the budget, and idle blocks that make
// room.

#include <cstring>

#include "stress/support.hpp"
#include "support/tasks.hpp"

using namespace test;
using axiom::buffer;
using axiom::buffer_pool;
using axiom::buffer_pool_options;

namespace {

struct buffering : stepwise {
  /// Classes of 64, 128 and 256 bytes, and room for 512.
  buffer_pool spawn() {
    return buffer_pool::spawn(
      system(), {.name = "io", .smallest = 64, .largest = 256, .budget = 512});
  }
};

} // namespace

BOOST_FIXTURE_TEST_SUITE(buffers, buffering)

BOOST_AUTO_TEST_CASE(a_block_has_the_size_of_its_class) {
  auto pool = spawn();
  BOOST_TEST(pool.sizes() == (std::vector<std::size_t>{64, 128, 256}),
             boost::test_tools::per_element());
  for (auto [asked, got] :
       {std::pair{1U, 64U}, std::pair{64U, 64U}, std::pair{65U, 128U},
        std::pair{129U, 256U}, std::pair{256U, 256U}}) {
    auto x = pool.try_take(asked);
    BOOST_TEST(x.size() == got);
    BOOST_TEST(reinterpret_cast<std::uintptr_t>(x.data()) % 64 == 0u);
    std::memset(x.data(), 1, x.size());
  }
  BOOST_TEST(pool.stats().in_use == 0u);
}

BOOST_AUTO_TEST_CASE(more_than_the_largest_block_is_refused_with_both_sizes) {
  auto pool = spawn();
  for (auto asked : {257UL, std::numeric_limits<std::size_t>::max()}) {
    try {
      auto x = pool.try_take(asked);
      BOOST_ERROR("nothing thrown");
    } catch (const axiom::exception& ex) {
      BOOST_TEST(ex.what()
                 == "exceeds_capacity: a buffer of " + std::to_string(asked)
                      + " bytes of buffer pool 'io' is asked for; its largest "
                        "block has 256 bytes");
    }
  }
  BOOST_CHECK(code_thrown_by([&] { auto x = pool.try_take(0); })
              == errc::invalid_argument);
  auto t = start("t", [&](task_context&) -> async<void> {
    auto x = co_await pool.take(257);
  });
  run();
  BOOST_CHECK(code_thrown_by([&] { t.get(); }) == errc::exceeds_capacity);
}

BOOST_AUTO_TEST_CASE(blocks_are_used_again) {
  auto pool = spawn();
  auto* data = pool.try_take(100).data();
  BOOST_TEST(pool.try_take(128).data() == data);
  BOOST_TEST(pool.stats().allocated == 128u);
}

BOOST_AUTO_TEST_CASE(the_budget_holds_over_all_classes) {
  auto pool = spawn();
  auto a = pool.try_take(256);
  auto b = pool.try_take(128);
  auto c = pool.try_take(64);
  BOOST_TEST(pool.stats().in_use == 448u);
  BOOST_TEST(!pool.try_take(128));
  auto d = pool.try_take(64);
  BOOST_TEST(static_cast<bool>(d));
  BOOST_TEST(!pool.try_take(1));
  BOOST_TEST(pool.stats().allocated == 512u);
}

BOOST_AUTO_TEST_CASE(idle_blocks_of_other_sizes_make_room) {
  auto pool = spawn();
  {
    std::vector<buffer> small;
    for (int i = 0; i < 8; ++i)
      small.push_back(pool.try_take(64));
  }
  BOOST_TEST(pool.stats().allocated == 512u);
  auto large = pool.try_take(256);
  BOOST_TEST(static_cast<bool>(large));
  auto stats = pool.stats();
  BOOST_TEST(stats.allocated == 512u);
  BOOST_TEST(stats.evicted == 4u);
  BOOST_TEST(stats.classes[0].idle == 4u);
}

BOOST_AUTO_TEST_CASE(who_waits_gets_a_block_when_there_is_room) {
  auto pool = spawn();
  auto a = pool.try_take(256);
  auto b = pool.try_take(256);
  lines order;
  auto taker = [&](std::size_t bytes) {
    return [&pool, &order, bytes](task_context& self) -> async<void> {
      auto x = co_await pool.take(bytes);
      order.push_back(std::string{self.name()} + ' '
                      + std::to_string(x.size()));
      co_await self.sleep_for(1s);
    };
  };
  start("large", taker(200));
  start("small", taker(10)); // not before the large one
  run();
  BOOST_TEST(pool.stats().waiting == 2u);
  a.release();
  run();
  BOOST_TEST(order == (lines{"large 256"}), boost::test_tools::per_element());
  b.release();
  run();
  BOOST_TEST(order == (lines{"large 256", "small 64"}),
             boost::test_tools::per_element());
  advance(1s);
  BOOST_TEST(pool.stats().in_use == 0u);
}

BOOST_AUTO_TEST_CASE(a_wait_for_room_ends_with_its_timeout) {
  auto pool = spawn();
  auto a = pool.try_take(256);
  auto b = pool.try_take(256);
  auto t = start("t", [&](task_context&) -> async<void> {
    auto x = co_await pool.take_for(250ms, 100);
  });
  advance(250ms);
  auto end = t.get_expected();
  BOOST_REQUIRE(!end);
  BOOST_TEST(end.error().what()
             == "deadline_exceeded: buffer pool 'io' had no room for 100 bytes "
                "within 250.0 ms");
}

BOOST_AUTO_TEST_CASE(trimming_frees_idle_blocks_the_largest_first) {
  auto pool = spawn();
  {
    auto a = pool.try_take(256);
    auto b = pool.try_take(64);
    auto c = pool.try_take(64);
  }
  BOOST_TEST(pool.trim(1) == 256u);
  BOOST_TEST(pool.stats().allocated == 128u);
  BOOST_TEST(pool.trim() == 128u);
  BOOST_TEST(pool.stats().allocated == 0u);
}

BOOST_AUTO_TEST_CASE(idle_blocks_expire) {
  auto pool = buffer_pool::spawn(system(), {.idle_timeout = 10s});
  pool.try_take(5000).release();
  BOOST_TEST(pool.stats().allocated == 8192u);
  advance(10s);
  BOOST_TEST(pool.stats().allocated == 0u);
}

BOOST_AUTO_TEST_CASE(a_closed_pool_frees_what_is_idle_and_takes_back) {
  auto pool = spawn();
  auto held = pool.try_take(64);
  pool.try_take(256).release();
  pool.close();
  BOOST_TEST(pool.stats().allocated == 64u);
  BOOST_CHECK(code_thrown_by([&] { auto x = pool.try_take(1); })
              == errc::scope_closed);
  held.release();
  BOOST_TEST(pool.stats().allocated == 0u);
}

BOOST_AUTO_TEST_CASE(a_block_may_outlive_the_pool) {
  buffer kept;
  {
    auto pool = spawn();
    kept = pool.try_take(64);
  }
  run();
  std::memset(kept.data(), 1, kept.size());
}

BOOST_AUTO_TEST_CASE(bad_sizes_are_all_named) {
  try {
    buffer_pool::spawn(
      system(), {.name = "x", .smallest = 33, .largest = 1000, .budget = 999});
    BOOST_ERROR("nothing thrown");
  } catch (const axiom::exception& ex) {
    BOOST_TEST(ex.is(errc::invalid_argument));
    std::string text = ex.what();
    for (auto part : {"smallest is 33, which is no power of two; the next one "
                      "is 64",
                      "largest is 1000", "smallest is 33; it is at least 64",
                      "budget is 999, less than one block"})
      BOOST_TEST((text.find(part) != std::string::npos), text);
  }
  for (auto x :
       {buffer_pool_options{.smallest = 128, .largest = 64},
        buffer_pool_options{.smallest = 0},
        buffer_pool_options{.smallest = 64, .budget = std::size_t{1} << 40}})
    BOOST_CHECK(code_thrown_by([&] { buffer_pool::spawn(system(), x); })
                == errc::invalid_argument);
  BOOST_CHECK(code_thrown_by([&] {
                buffer_pool::spawn(system(), {.name = std::string(49, 'x')});
              })
              == errc::name_too_long);
}

BOOST_AUTO_TEST_SUITE_END()

BOOST_AUTO_TEST_SUITE(stress_buffers)

// Blocks of all sizes are taken and freed at once: the account never overdraws
// the budget, every request is served, and nothing that is lent is lent twice.
BOOST_AUTO_TEST_CASE(the_budget_holds_and_everybody_is_served) {
  stress::under_each_scheduler(stress::real_time, [](auto& fix) {
    for (stress::rounds r{100}; r.next();) {
      auto stream = r.stream();
      auto pool = buffer_pool::spawn(fix.system(), {.name = "io",
                                                    .smallest = 64,
                                                    .largest = 512,
                                                    .budget = 1024,
                                                    .idle_timeout = 100us});
      std::atomic<int> wrong = 0;
      auto use = [&pool, &wrong](task_context& self,
                                 std::uint64_t number) -> async<void> {
        stress::chooser choose{number};
        const auto mark = static_cast<unsigned char>(number);
        for (int i = 0; i < 50; ++i) {
          auto x = co_await pool.take(1 + choose.below(512));
          std::memset(x.data(), mark, x.size());
          co_await self.yield();
          for (auto byte : x.bytes())
            wrong += std::to_integer<unsigned char>(byte) == mark ? 0 : 1;
        }
      };
      std::vector<axiom::task<void>> users;
      for (std::uint64_t i = 0; i < 8; ++i)
        users.push_back(fix.coordinator().create_child_task(
          "user", [&use, stream, i](task_context& self) {
            return use(self, stream + i);
          }));
      std::size_t most = 0;
      for (auto& t : users)
        while (!t.wait_for(0s)) {
          most = std::max(most, pool.stats().allocated);
          std::this_thread::yield();
        }
      for (auto& t : users)
        t.get();
      BOOST_TEST(wrong == 0);
      BOOST_TEST(most <= 1024u);
      BOOST_TEST(pool.stats().in_use == 0u);
      pool.close();
      stress::spin_until([&] { return pool.stats().allocated == 0; });
    }
  });
}

BOOST_AUTO_TEST_SUITE_END()
