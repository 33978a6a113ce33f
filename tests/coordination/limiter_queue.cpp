// Who waits for a limiter's permits, and who gets them next: the rules, by
// example.

#include "axiom/error/exception.hpp"
#include "support/limiter.hpp"

using namespace test;

BOOST_AUTO_TEST_SUITE(limiter_queue_rules)

BOOST_AUTO_TEST_CASE(permits_that_are_free_are_granted_at_once) {
  limiter x{3};
  BOOST_TEST(x.request(2) == verdicts{granted(0)});
  BOOST_TEST(x.request(1) == verdicts{granted(1)});
  BOOST_TEST(x.balance.in_use == 3u);
  BOOST_TEST(x.queue.idle());
}

BOOST_AUTO_TEST_CASE(
  the_higher_priority_goes_first_and_the_earlier_within_one) {
  limiter x{1};
  x.request(1);
  x.request(1, task_priority::low);
  x.request(1, task_priority::high);
  x.request(1, task_priority::high);
  x.request(1, task_priority::background);
  BOOST_CHECK(x.queue.most_urgent() == task_priority::high);
  BOOST_TEST(x.release(1) == verdicts{granted(2)});
  BOOST_TEST(x.release(1) == verdicts{granted(3)});
  BOOST_CHECK(x.queue.most_urgent() == task_priority::low);
  BOOST_TEST(x.release(1) == verdicts{granted(1)});
  BOOST_TEST(x.release(1) == verdicts{granted(4)});
  BOOST_TEST(x.release(1) == nobody);
  BOOST_TEST(x.balance.in_use == 0u);
}

BOOST_AUTO_TEST_CASE(a_large_request_at_the_front_is_not_overtaken) {
  limiter x{4};
  x.request(2);
  BOOST_TEST(x.request(3) == nobody);
  BOOST_TEST(x.request(1) == nobody);
  BOOST_TEST(x.request(1, task_priority::low) == nobody);
  BOOST_TEST(x.release(2) == (verdicts{granted(1), granted(2)}));
}

BOOST_AUTO_TEST_CASE(a_more_urgent_newcomer_takes_the_front) {
  limiter x{4};
  x.request(2);
  BOOST_TEST(x.request(3) == nobody);
  BOOST_TEST(x.request(1, task_priority::high) == verdicts{granted(2)});
  BOOST_TEST(x.request(4, task_priority::high) == nobody);
  BOOST_TEST(x.release(2) == nobody);
  BOOST_TEST(x.release(1) == verdicts{granted(3)});
}

BOOST_AUTO_TEST_CASE(those_behind_a_cancelled_large_request_proceed_at_once) {
  limiter x{4};
  x.request(2);
  x.request(3);
  x.request(1);
  x.request(1);
  x.request(1);
  BOOST_TEST(x.cancel(1) == (verdicts{granted(2), granted(3)}));
  BOOST_TEST(x.was_waiting);
  BOOST_CHECK(x.waiters[1].state() == phase::cancelled);
  BOOST_TEST(x.queue.waiting() == 1u);
}

BOOST_AUTO_TEST_CASE(
  who_was_granted_before_it_cancels_has_permits_to_give_back) {
  limiter x{1};
  x.request(1);
  BOOST_TEST(x.cancel(0) == nobody);
  BOOST_TEST(!x.was_waiting);
  BOOST_TEST(x.balance.in_use == 1u);
}

BOOST_AUTO_TEST_CASE(a_waiter_may_request_again) {
  limiter x{1};
  x.request(1);
  x.request(1);
  x.cancel(1);
  auto again = [&x](auto& q, auto& turn) { q.request(x.waiters[1], turn); };
  BOOST_TEST(x.happens(again) == nobody);
  BOOST_TEST(x.release(1) == verdicts{granted(1)});
}

BOOST_AUTO_TEST_CASE(what_can_never_be_granted_fails_at_once) {
  limiter x{2};
  BOOST_TEST(x.request(0) == verdicts{failed(0, permit_refusal::zero_weight)});
  BOOST_TEST(x.request(3)
             == verdicts{failed(1, permit_refusal::exceeds_capacity)});
  BOOST_TEST(x.balance.in_use == 0u);
}

BOOST_AUTO_TEST_CASE(a_limit_out_of_range_is_refused_and_nothing_changes) {
  limiter x{2};
  x.set_limit(0);
  BOOST_CHECK(x.refusal == permit_refusal::limit_out_of_range);
  x.set_limit(axiom::detail::max_permits + 1);
  BOOST_CHECK(x.refusal == permit_refusal::limit_out_of_range);
  BOOST_TEST(x.balance.limit == 2u);
}

BOOST_AUTO_TEST_CASE(a_raised_limit_serves_those_that_wait) {
  limiter x{1};
  x.request(1);
  x.request(1);
  x.request(1);
  BOOST_TEST(x.set_limit(3) == (verdicts{granted(1), granted(2)}));
}

BOOST_AUTO_TEST_CASE(a_limit_below_what_is_in_use_drains_before_it_grants) {
  limiter x{4};
  x.request(4);
  x.request(1);
  BOOST_TEST(x.set_limit(2) == nobody);
  BOOST_TEST(x.balance.in_use == 4u);
  BOOST_TEST(x.release(1) == nobody);
  BOOST_TEST(x.release(1) == nobody);
  BOOST_TEST(x.release(1) == verdicts{granted(1)});
}

BOOST_AUTO_TEST_CASE(waiters_above_a_lowered_limit_fail_and_let_others_go) {
  limiter x{8};
  x.request(1);
  x.request(8, task_priority::low);
  x.request(8, task_priority::high);
  x.request(1);
  BOOST_TEST(
    x.set_limit(4)
    == (verdicts{failed(1, permit_refusal::exceeds_capacity),
                 failed(2, permit_refusal::exceeds_capacity), granted(3)}));
}

/// One permit of two is free; a large urgent request stands before a small one
/// of the lowest priority that was there first.
struct small_before_large : limiter {
  explicit small_before_large(std::chrono::milliseconds period)
    : limiter(2, period) {
    request(2);
    request(1, task_priority::background);
    advance(1ns);
    request(2, task_priority::high);
    BOOST_CHECK(!next); // nothing is free for anybody
    BOOST_TEST(release(1) == nobody);
  }
};

BOOST_AUTO_TEST_CASE(a_waiter_rises_with_each_period_that_it_has_waited) {
  small_before_large x{ageing};
  BOOST_TEST(x.advance(3 * ageing - 2ns) == nobody);
  BOOST_TEST(x.advance(1ns) == verdicts{granted(1)});
}

BOOST_AUTO_TEST_CASE(
  it_is_known_when_waiting_alone_may_bring_somebody_forward) {
  small_before_large x{ageing};
  for (int i = 0; i < 3; ++i) {
    BOOST_TEST(x.queue.waiting() == 2u);
    BOOST_REQUIRE(x.next.has_value());
    BOOST_CHECK(*x.next == start + (i + 1) * ageing);
    x.advance(*x.next - x.now);
  }
  BOOST_TEST(x.queue.waiting() == 1u);
  BOOST_CHECK(!x.next);
}

BOOST_AUTO_TEST_CASE(without_ageing_nobody_rises) {
  small_before_large x{0ms};
  BOOST_CHECK(!x.next);
  BOOST_TEST(x.advance(24h) == nobody);
}

BOOST_AUTO_TEST_CASE(another_priority_keeps_the_place_of_the_arrival) {
  limiter x{1};
  x.request(1);
  x.request(1, task_priority::low);
  x.request(1, task_priority::high);
  x.request(1, task_priority::high);
  BOOST_TEST(x.reprioritise(1, task_priority::high) == nobody);
  BOOST_TEST(x.reprioritise(2, task_priority::background) == nobody);
  BOOST_TEST(x.release(1) == verdicts{granted(1)});
  BOOST_TEST(x.release(1) == verdicts{granted(3)});
  BOOST_TEST(x.reprioritise(1, task_priority::low) == nobody); // waits no more
  BOOST_TEST(x.release(1) == verdicts{granted(2)});
}

BOOST_AUTO_TEST_CASE(another_priority_may_let_somebody_go_in_the_same_event) {
  limiter x{2};
  x.request(1);
  x.request(2);
  x.request(1);
  BOOST_TEST(x.reprioritise(2, task_priority::high) == verdicts{granted(2)});
}

BOOST_AUTO_TEST_CASE(closing_fails_all_that_wait_and_all_that_come) {
  limiter x{1};
  x.request(1);
  x.request(1);
  BOOST_TEST(x.close(permit_refusal::shutting_down)
             == verdicts{failed(1, permit_refusal::shutting_down)});
  BOOST_TEST(!x.queue.idle());
  BOOST_TEST(x.close(permit_refusal::shutting_down) == nobody);
  BOOST_TEST(x.release(1) == nobody);
  BOOST_TEST(x.balance.in_use == 0u);
  BOOST_TEST(x.request(1)
             == verdicts{failed(2, permit_refusal::shutting_down)});
}

BOOST_AUTO_TEST_CASE(a_release_of_more_than_is_in_use_is_refused) {
  limiter x{2};
  x.request(1);
  BOOST_CHECK_EXCEPTION(x.release(2), axiom::exception, [](auto& e) {
    return e.is(axiom::errc::invalid_argument);
  });
  BOOST_TEST(x.balance.in_use == 1u);
}

BOOST_AUTO_TEST_CASE(time_that_goes_backwards_stands_still) {
  limiter x{1};
  x.request(1);
  x.request(1, task_priority::low);
  x.advance(-1h);
  x.request(1, task_priority::low);
  BOOST_CHECK(x.waiters[2].arrived() == start);
  BOOST_TEST(x.release(1) == verdicts{granted(1)});
}

BOOST_AUTO_TEST_SUITE_END()
