// One worker's queue of ready jobs. What no schedule may break is in
// tests/models; here is what it does, and that it does so at full speed.

#include "axiom/runtime/scheduler/work_deque.hpp"

#include <atomic>
#include <numeric>
#include <thread>
#include <vector>

#include "stress/support.hpp"
#include "support/jobs.hpp"

namespace {

/// Numbers to queue, and each one's address.
struct numbers {
  explicit numbers(int n) : all(static_cast<std::size_t>(n)) {
    std::iota(all.begin(), all.end(), 0);
  }

  void push(int i) {
    queue.push(&all[static_cast<std::size_t>(i)]);
  }

  std::vector<int> all;
  axiom::runtime::work_deque<int> queue{2};
};

struct ten_numbers : numbers {
  ten_numbers() : numbers(10) {
    // nop
  }
};

} // namespace

BOOST_FIXTURE_TEST_SUITE(work_deques, ten_numbers)

BOOST_AUTO_TEST_CASE(give_the_newest_to_the_owner_and_the_oldest_to_thieves) {
  for (int i = 0; i < 10; ++i)
    push(i);
  BOOST_TEST(queue.size() == 10u);
  BOOST_TEST(*queue.pop() == 9);
  BOOST_TEST(*queue.steal() == 0);
  BOOST_TEST(*queue.steal() == 1);
  BOOST_TEST(*queue.pop() == 8);
  BOOST_TEST(queue.size() == 6u);
}

BOOST_AUTO_TEST_CASE(are_empty_at_both_ends_at_once) {
  BOOST_TEST(queue.empty());
  BOOST_TEST(queue.pop() == nullptr);
  BOOST_TEST(queue.steal() == nullptr);
  push(3);
  BOOST_TEST(*queue.pop() == 3);
  BOOST_TEST(queue.steal() == nullptr);
  push(4);
  BOOST_TEST(*queue.steal() == 4);
  BOOST_TEST(queue.pop() == nullptr);
  BOOST_TEST(queue.empty());
}

BOOST_AUTO_TEST_CASE(grow_in_the_middle_of_their_ring) {
  for (int round = 0; round < 5; ++round) {
    push(2 * round);
    push(2 * round + 1);
    BOOST_TEST(*queue.steal() == round);
  }
  for (int i = 9; i >= 5; --i)
    BOOST_TEST(*queue.pop() == i);
  BOOST_TEST(queue.empty());
}

BOOST_AUTO_TEST_CASE(lose_and_double_nothing_under_thieves) {
  constexpr int many = 20'000;
  for (stress::rounds rounds; rounds.next();) {
    numbers all{many};
    std::vector<std::atomic<int>> taken(many);
    std::atomic<bool> pushed = false;
    const auto take = [&taken](int* x) {
      if (x != nullptr)
        ++taken[static_cast<std::size_t>(*x)];
    };
    stress::race(3, rounds.stream(), [&](std::size_t i, auto& choose) {
      if (i != 0) {
        while (!pushed || !all.queue.empty())
          take(all.queue.steal());
        return;
      }
      for (int x = 0; x < many; ++x) {
        all.push(x);
        if (choose.one_in(3))
          take(all.queue.pop());
      }
      while (auto* x = all.queue.pop())
        take(x);
      pushed = true;
    });
    for (auto& x : taken)
      BOOST_TEST_REQUIRE(x == 1);
  }
}

BOOST_AUTO_TEST_SUITE_END()
