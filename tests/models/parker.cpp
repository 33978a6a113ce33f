// Where a worker sleeps: no token is lost, and what the notifier wrote is seen.

#include "axiom/runtime/scheduler/parker.hpp"

#include <chrono>
#include <cstdint>
#include <type_traits>

#include <boost/test/unit_test.hpp>

#include "models/checker.hpp"
#include "models/job.hpp"

using namespace models;
using namespace std::chrono_literals;

namespace {

template <class Orders>
using parker = axiom::runtime::basic_parker<atomics<Orders>, futex>;

/// A sleeper with a time limit or without, and a notifier.
template <class Orders>
struct one_token : rl::test_suite<one_token<Orders>, 2> {
  void thread(unsigned index) {
    if (index == 0) {
      what.fill();
      sleeper.notify();
    } else {
      // Time may be over any number of times; in the end only a token helps.
      if (!sleeper.wait(1ms))
        sleeper.wait();
      what.run();
    }
  }

  parker<Orders> sleeper;
  job what;
};

/// Tokens do not add up, but the last one is taken after both were left.
struct two_notifiers : rl::test_suite<two_notifiers, 3> {
  two_notifiers() : arrived(0) {
    // nop
  }

  void thread(unsigned index) {
    if (index < 2) {
      arrived.fetch_add(1, std::memory_order_relaxed);
      sleeper.notify();
    } else {
      while (arrived.load(std::memory_order_relaxed) < 2)
        sleeper.wait();
    }
  }

  parker<as_written> sleeper;
  atomics<>::atomic<int> arrived;
};

struct relaxed_notify : as_written {
  template <class T>
  static constexpr std::memory_order change(std::memory_order x) noexcept {
    return x == std::memory_order_release ? std::memory_order_relaxed : x;
  }
};

struct relaxed_wait : as_written {
  template <class T>
  static constexpr std::memory_order change(std::memory_order x) noexcept {
    return x == std::memory_order_acquire ? std::memory_order_relaxed : x;
  }
};

} // namespace

BOOST_AUTO_TEST_SUITE(parkers)

BOOST_AUTO_TEST_CASE(token_wakes_and_brings_what_was_written_before) {
  holds<one_token<as_written>>(with_interruptions(4));
  holds<one_token<as_written>>(at_random(100'000));
}

BOOST_AUTO_TEST_CASE(tokens_of_two_notifiers_are_both_heeded) {
  holds<two_notifiers>(with_interruptions(2));
  holds<two_notifiers>(at_random(100'000));
}

BOOST_AUTO_TEST_CASE(checker_finds_a_token_that_brings_nothing) {
  fails<one_token<relaxed_notify>>(at_random(10'000),
                                   rl::test_result_data_race);
}

BOOST_AUTO_TEST_CASE(checker_finds_a_wait_that_takes_only_the_token) {
  fails<one_token<relaxed_wait>>(at_random(10'000), rl::test_result_data_race);
}

BOOST_AUTO_TEST_SUITE_END()
