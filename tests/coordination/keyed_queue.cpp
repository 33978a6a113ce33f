// Who gets the permits of a limiter that is shared by key: the rules by
// example, and what is promised about fairness.

#include <rapidcheck/boost_test.h>

#include "axiom/error/exception.hpp"
#include "support/limiter.hpp"

using namespace test;
using axiom::detail::max_key_weight;

// -- the rules, by example ----------------------------------------------------

BOOST_AUTO_TEST_SUITE(keyed_queue_rules)

BOOST_AUTO_TEST_CASE(keys_of_equal_weight_take_turns) {
  keyed_limiter x{1};
  for (auto key : {"z", "a", "a", "a", "b", "b", "c"})
    x.request(key);
  std::vector<std::size_t> order;
  for (std::size_t id = 0; x.balance.in_use > 0;) {
    auto served = x.release(id);
    if (!served.empty())
      order.push_back(id = served.front().id);
  }
  BOOST_TEST(order == (std::vector<std::size_t>{1, 4, 6, 2, 5, 3}),
             boost::test_tools::per_element());
}

BOOST_AUTO_TEST_CASE(a_key_of_double_weight_gets_double) {
  keyed_limiter x{1};
  x.set_share("b", {.weight = 2});
  x.request("z");
  for (int i = 0; i < 30; ++i) {
    x.request("a");
    x.request("b");
  }
  std::size_t id = 0;
  std::size_t of_b = 0;
  for (int i = 0; i < 30; ++i) {
    id = x.release(id).front().id;
    of_b += x.waiters[id].part()->key() == "b" ? 1 : 0;
  }
  BOOST_TEST(of_b == 20u);
}

BOOST_AUTO_TEST_CASE(priorities_count_within_a_key_and_not_against_others) {
  keyed_limiter x{1};
  x.request("z");
  x.request("a", 1, task_priority::low);
  x.request("a", 1, task_priority::medium);
  x.request("b", 1, task_priority::high);
  BOOST_TEST(x.release(0) == verdicts{granted(2)});
  BOOST_TEST(x.release(2) == verdicts{granted(3)});
  BOOST_TEST(x.release(3) == verdicts{granted(1)});
}

BOOST_AUTO_TEST_CASE(a_key_within_its_minimum_goes_first) {
  keyed_limiter x{4};
  x.set_share("m", {.minimum = 2});
  for (int i = 0; i < 6; ++i)
    x.request("a");
  x.request("m");
  x.request("m");
  x.request("m");
  BOOST_TEST(x.release(0) == verdicts{granted(6)});
  BOOST_TEST(x.release(1) == verdicts{granted(7)});
  BOOST_TEST(x.queue.find("m")->held() == 2u);
  // The third is beyond the minimum and takes its turn after "a", which is
  // at the front.
  BOOST_TEST(x.release(2) == verdicts{granted(4)});
  BOOST_TEST(x.release(3) == verdicts{granted(8)});
}

BOOST_AUTO_TEST_CASE(keys_within_their_minima_take_turns) {
  keyed_limiter x{4};
  x.set_share("m", {.minimum = 2});
  x.set_share("n", {.minimum = 2});
  for (auto key : {"a", "a", "a", "a", "m", "m", "n", "n"})
    x.request(key);
  BOOST_TEST(x.release(0) == verdicts{granted(4)});
  BOOST_TEST(x.release(1) == verdicts{granted(6)});
  BOOST_TEST(x.release(2) == verdicts{granted(5)});
  BOOST_TEST(x.release(3) == verdicts{granted(7)});
}

BOOST_AUTO_TEST_CASE(
  a_key_that_waiting_takes_beyond_its_minimum_lets_others_go) {
  keyed_limiter x{8};
  x.set_share("m", {.minimum = 4});
  x.request("z", 4);
  x.request("z");
  x.request("z", 2);
  x.request("b", 2, task_priority::high);
  x.request("m", 8, task_priority::background);
  x.advance(1ns);
  x.request("m", 4, task_priority::high);
  // Within the minimum, so before "b", but one is missing.
  BOOST_TEST(x.release(2) == nobody);
  for (int i = 1; i < 3; ++i) {
    BOOST_REQUIRE(x.next.has_value());
    BOOST_CHECK(*x.next == start + i * ageing);
    BOOST_TEST(x.advance(*x.next - x.now) == nobody);
  }
  BOOST_REQUIRE(x.next.has_value());
  BOOST_TEST(x.advance(*x.next - x.now) == verdicts{granted(3)});
}

BOOST_AUTO_TEST_CASE(a_minimum_is_not_kept_free_while_nobody_wants_it) {
  keyed_limiter x{2};
  x.set_share("m", {.minimum = 2});
  BOOST_TEST(x.set_limit(3) == nobody);
  x.request("a");
  x.request("b");
  x.request("c");
  BOOST_TEST(x.balance.in_use == 3u);
}

BOOST_AUTO_TEST_CASE(
  a_large_request_is_not_overtaken_by_keys_never_seen_before) {
  keyed_limiter x{3};
  x.request("a", 2);
  BOOST_TEST(x.request("b", 3) == nobody);
  for (auto key : {"c", "d", "e"})
    BOOST_TEST(x.request(key) == nobody);
  BOOST_TEST(x.release(0) == verdicts{granted(1)});
  BOOST_TEST(x.release(1) == (verdicts{granted(2), granted(3), granted(4)}));
}

BOOST_AUTO_TEST_CASE(those_behind_a_cancelled_large_request_proceed_at_once) {
  keyed_limiter x{3};
  x.request("a", 2);
  x.request("b", 3);
  x.request("c");
  BOOST_TEST(x.cancel(1) == verdicts{granted(2)});
  BOOST_TEST(x.was_waiting);
  BOOST_TEST(x.waiters[1].part() == nullptr);
  BOOST_TEST(x.queue.find("b") == nullptr);
}

BOOST_AUTO_TEST_CASE(minima_do_not_go_first_for_ever) {
  keyed_limiter x{2};
  x.set_share("m", {.minimum = 2});
  x.request("m");
  x.request("m");
  x.request("a", 2);
  // 16 permits go to minima before the one that wants two is served.
  for (std::size_t id = 0; id < 16; ++id) {
    x.request("m");
    BOOST_TEST(x.release(id < 2 ? id : id + 1) == verdicts{granted(id + 3)});
  }
  x.request("m");
  BOOST_TEST(x.release(17) == nobody);
  BOOST_TEST(x.release(18) == verdicts{granted(2)});
  BOOST_TEST(x.release(2) == verdicts{granted(19)});
}

BOOST_AUTO_TEST_CASE(
  minima_that_keep_nobody_waiting_are_not_held_against_them) {
  keyed_limiter x{1};
  x.set_share("m", {.minimum = 1});
  x.request("m");
  for (std::size_t id = 0; id < 20; ++id) {
    x.request("m");
    x.release(id);
  }
  x.request("m");
  x.request("a");
  BOOST_TEST(x.release(20) == verdicts{granted(21)});
}

BOOST_AUTO_TEST_CASE(what_can_never_be_granted_fails_at_once) {
  keyed_limiter x{8};
  BOOST_TEST(x.request("a", 9)
             == verdicts{failed(0, permit_refusal::exceeds_capacity)});
  BOOST_TEST(x.request("a", 0)
             == verdicts{failed(1, permit_refusal::zero_weight)});
  x.request("a", 8);
  x.request("b", 6);
  x.request("c", 3);
  BOOST_TEST(x.set_limit(4)
             == verdicts{failed(3, permit_refusal::exceeds_capacity)});
  BOOST_TEST(x.queue.find("b") == nullptr);
}

BOOST_AUTO_TEST_CASE(shares_and_limits_that_contradict_are_refused) {
  keyed_limiter x{4};
  x.set_share("a", {.weight = 0});
  BOOST_CHECK(x.refusal == permit_refusal::key_weight_out_of_range);
  x.set_share("a", {.weight = max_key_weight + 1});
  BOOST_CHECK(x.refusal == permit_refusal::key_weight_out_of_range);
  x.set_share("a", {.minimum = 3});
  BOOST_CHECK(x.refusal == permit_refusal::none);
  x.set_share("b", {.minimum = 2});
  BOOST_CHECK(x.refusal == permit_refusal::minima_exceed_limit);
  x.set_share("a", {.minimum = 4});
  BOOST_CHECK(x.refusal == permit_refusal::none);
  x.set_limit(3);
  BOOST_CHECK(x.refusal == permit_refusal::minima_exceed_limit);
  x.set_limit(0);
  BOOST_CHECK(x.refusal == permit_refusal::limit_out_of_range);
  BOOST_TEST(x.balance.limit == 4u);
  x.set_share("a", {});
  x.set_limit(1);
  BOOST_CHECK(x.refusal == permit_refusal::none);
}

BOOST_AUTO_TEST_CASE(a_key_of_no_use_takes_no_memory) {
  keyed_limiter x{2};
  for (int i = 0; i < 1000; ++i) {
    x.request("key " + std::to_string(i));
    BOOST_TEST(x.queue.parts() == 1u);
    x.release(x.waiters.size() - 1);
    BOOST_TEST(x.queue.parts() == 0u);
  }
  x.request("held", 2);
  x.request("waits");
  BOOST_TEST(x.queue.parts() == 2u);
  x.cancel(x.waiters.size() - 1);
  BOOST_TEST(x.queue.parts() == 1u);
  x.request("too large", 3);
  BOOST_TEST(x.queue.parts() == 1u);
}

BOOST_AUTO_TEST_CASE(closing_fails_all_that_wait_and_keeps_what_is_held) {
  keyed_limiter x{1};
  x.request("a");
  x.request("a");
  x.request("b");
  BOOST_TEST(x.close(permit_refusal::shutting_down)
             == (verdicts{failed(1, permit_refusal::shutting_down),
                          failed(2, permit_refusal::shutting_down)}));
  BOOST_TEST(x.queue.parts() == 1u);
  BOOST_TEST(x.release(0) == nobody);
  BOOST_TEST(x.queue.parts() == 0u);
  BOOST_TEST(x.request("c")
             == verdicts{failed(3, permit_refusal::shutting_down)});
}

BOOST_AUTO_TEST_CASE(a_release_of_more_than_the_key_holds_is_refused) {
  keyed_limiter x{3};
  x.request("a");
  x.request("b", 2);
  auto stray = [&x](auto& q, auto& turn) {
    q.release(*x.waiters[0].part(), 2, turn);
  };
  BOOST_CHECK_EXCEPTION(x.happens(stray), axiom::exception, [](auto& e) {
    return e.is(axiom::errc::invalid_argument);
  });
  BOOST_TEST(x.balance.in_use == 3u);
  BOOST_TEST(x.queue.find("a")->held() == 1u);
}

BOOST_AUTO_TEST_SUITE_END()

// -- fairness -----------------------------------------------------------------

namespace {

/// A key that always has requests waiting.
struct busy_key {
  std::string name;
  std::uint32_t weight;
  permit_count largest = 0;
  permit_count got = 0;

  double normalised() const {
    return static_cast<double>(got) / weight;
  }

  double slack() const {
    return static_cast<double>(largest) / weight;
  }
};

/// Keys that want more than there is, and the permits they hold.
class busy_keys {
public:
  busy_keys(permit_count limit, tape& choose)
    : limiter_(limit), limit_(limit), choose_(choose) {
    // Nobody is served before all of them wait.
    note(limiter_.request("all", limit));
    for (int i = 0; i < 4; ++i) {
      auto& key =
        keys_.emplace_back(busy_key{std::to_string(i), 1 + choose_.below(5U)});
      limiter_.set_share(key.name, {.weight = key.weight});
      while (waiting(key) < 10)
        add_request(key);
    }
  }

  /// The first time by the one that held all.
  void release_one() {
    auto i =
      held_.begin() + static_cast<std::ptrdiff_t>(choose_.below(held_.size()));
    auto id = *i;
    held_.erase(i);
    note(limiter_.release(id));
    for (auto& key : keys_)
      while (waiting(key) < 10)
        add_request(key);
  }

private:
  std::size_t waiting(const busy_key& key) const {
    auto* part = limiter_.queue.find(key.name);
    return part != nullptr ? part->waiting() : 0;
  }

  void add_request(busy_key& key) {
    auto weight = 1 + choose_.below(limit_);
    auto priority = static_cast<task_priority>(choose_.below(4U));
    key.largest = std::max(key.largest, weight);
    limiter_.now += 10ms;
    // A small and urgent one may be served at once, in its key's turn.
    note(limiter_.request(key.name, weight, priority));
  }

  void note(const verdicts& xs) {
    for (auto& x : xs) {
      held_.push_back(x.id);
      auto& waiter = limiter_.waiters[x.id];
      for (auto& key : keys_)
        if (key.name == waiter.part()->key())
          key.got += waiter.weight();
      check();
    }
  }

  void check() const {
    for (auto& a : keys_)
      for (auto& b : keys_)
        RC_ASSERT(a.normalised() - b.normalised()
                  <= a.slack() + b.slack() + 0.01); // tags are whole numbers
  }

  keyed_limiter limiter_;
  const permit_count limit_;
  tape& choose_;
  std::vector<busy_key> keys_;
  std::vector<std::size_t> held_;
};

} // namespace

BOOST_AUTO_TEST_SUITE(keyed_queue_fairness)

RC_BOOST_PROP(busy_keys_get_permits_in_proportion_to_their_weights, ()) {
  tape choose{*tapes()};
  const auto limit = 1 + choose.below(10U);
  busy_keys keys{limit, choose};
  for (int i = 0; i < 100; ++i)
    keys.release_one();
}

RC_BOOST_PROP(a_large_request_is_served_whatever_comes_in_beside_it, ()) {
  tape choose{*tapes()};
  const auto limit = 2 + choose.below(8U);
  const auto minimum = choose.below(limit + 1);
  keyed_limiter x{limit};
  x.set_share("m", {.minimum = minimum});
  std::deque<std::size_t> held;
  const auto note = [&](const verdicts& xs) {
    for (auto& y : xs)
      held.push_back(y.id);
  };
  auto traffic = [&, keys = 0]() mutable {
    // Of keys never seen before, and of the one with a minimum.
    note(x.request("key " + std::to_string(keys++)));
    for (auto i = choose.below(3); i > 0; --i)
      note(x.request("m"));
  };
  for (permit_count i = 0; i < limit; ++i)
    traffic();
  // Each goes before it at most once, and so does "m" beyond its minimum, with
  // nine permits for each; and the large one must wait for all that are out.
  const auto patience = 9 * (x.queue.waiting() + limit + 2);
  const auto large = x.waiters.size();
  note(x.request("large", limit));
  for (std::size_t i = 0; x.waiters[large].state() != phase::granted; ++i) {
    RC_ASSERT(i < patience);
    traffic();
    auto id = held.front(); // whoever holds permits gives them back in time
    held.pop_front();
    note(x.release(id));
  }
}

BOOST_AUTO_TEST_SUITE_END()
