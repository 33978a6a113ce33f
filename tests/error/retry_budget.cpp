// Budgets of retries: the bound holds in any interleaving.

#include <atomic>
#include <thread>

#include <rapidcheck.h>
#include <rapidcheck/boost_test.h>

#include "support/tasks.hpp"

using namespace test;
using axiom::retry_budget;

BOOST_AUTO_TEST_SUITE(retry_budgets)

BOOST_AUTO_TEST_CASE(are_spent_and_earned) {
  retry_budget x{{.capacity = 2, .per_success = 0.5}};
  BOOST_TEST(x.try_spend());
  BOOST_TEST(x.try_spend());
  BOOST_TEST(!x.try_spend());
  x.succeeded();
  BOOST_TEST(!x.try_spend()); // half of one
  x.succeeded();
  BOOST_TEST(x.try_spend());
  BOOST_TEST(x.spent() == 3u);
  BOOST_TEST(x.refused() == 2u);
  for (int i = 0; i < 100; ++i)
    x.succeeded();
  BOOST_TEST(x.available() == 2.0); // and no more
}

BOOST_AUTO_TEST_CASE(without_tokens_refuse_and_empty_ones_do_not) {
  retry_budget nothing{{.capacity = 0, .per_success = 0}};
  BOOST_TEST(!nothing.try_spend());
  auto none = retry_budget::none();
  BOOST_TEST(!none);
  BOOST_TEST(none.try_spend());
  none.succeeded();
  BOOST_TEST(none.spent() == 0u);
}

BOOST_AUTO_TEST_CASE(that_make_no_sense_are_refused) {
  auto code = [](double capacity, double per_success) {
    return code_thrown_by([=] {
      retry_budget{{.capacity = capacity, .per_success = per_success}};
    });
  };
  BOOST_CHECK(code(-1, 0) == errc::invalid_argument);
  BOOST_CHECK(code(1e10, 0) == errc::invalid_argument);
  BOOST_CHECK(code(std::nan(""), 0) == errc::invalid_argument);
  BOOST_CHECK(code(1, 2) == errc::invalid_argument);
  BOOST_CHECK(code(1, -1) == errc::invalid_argument);
  BOOST_CHECK(code(1, 1) == std::nullopt);
}

RC_BOOST_PROP(never_give_more_than_there_was, (std::vector<bool> events)) {
  const auto capacity = *rc::gen::inRange(0, 10);
  const auto share = *rc::gen::inRange(0, 11) / 10.0 * capacity;
  retry_budget x{{.capacity = double(capacity), .per_success = share}};
  double balance = capacity; // the same rules, as plainly as can be
  double earned = 0;
  double spent = 0;
  for (auto success : events) {
    if (success) {
      earned += share;
      balance = std::min<double>(capacity, balance + share);
      x.succeeded();
    } else if (x.try_spend()) {
      RC_ASSERT(balance >= 1 - 1e-6);
      balance -= 1;
      spent += 1;
    } else {
      RC_ASSERT(balance < 1 + 1e-6);
    }
    RC_ASSERT(std::abs(x.available() - balance) < 1e-4);
  }
  RC_ASSERT(spent <= capacity + earned + 1e-6);
}

BOOST_AUTO_TEST_CASE(hold_with_many_threads) {
  retry_budget x{{.capacity = 50, .per_success = 0.1}};
  std::atomic<int> spent{0};
  std::atomic<int> successes{0};
  {
    std::vector<std::jthread> threads;
    for (int t = 0; t < 4; ++t)
      threads.emplace_back([&, t] {
        for (int i = 0; i < 20'000; ++i) {
          if ((i + t) % 3 == 0) {
            ++successes;
            x.succeeded();
          } else if (x.try_spend()) {
            ++spent;
          }
        }
      });
  }
  BOOST_TEST(spent <= 50 + successes / 10);
  BOOST_TEST(x.spent() == static_cast<std::uint64_t>(spent.load()));
  BOOST_TEST(x.spent() + x.refused() + static_cast<std::uint64_t>(successes)
             == 80'000u);
}

BOOST_AUTO_TEST_SUITE_END()
