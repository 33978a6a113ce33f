// Who waits for the resources of a monitor, and who gets them next: the rules,
// by example. Numbered as in the head of resource_queue.

#include <limits>

#include "support/resource_queue.hpp"

using namespace test;

namespace {

constexpr auto most = std::numeric_limits<std::uint64_t>::max();

} // namespace

BOOST_AUTO_TEST_SUITE(resource_queue_rules)

// -- rule 1: never more than there is -----------------------------------------

BOOST_AUTO_TEST_CASE(what_is_there_is_granted_at_once) {
  market x{{3, 2}};
  BOOST_TEST(x.request({2, 1}) == verdicts{granted(0)});
  BOOST_TEST(x.request({1, 1}) == verdicts{granted(1)});
  BOOST_TEST(x.in_use(0) == 3u);
  BOOST_TEST(x.in_use(1) == 2u);
  BOOST_TEST(x.queue.idle());
}

BOOST_AUTO_TEST_CASE(a_request_gets_all_that_it_asks_for_or_nothing) {
  market x{{3, 1}};
  x.request({0, 1});
  BOOST_TEST(x.request({2, 1}) == nobody);
  BOOST_TEST(x.in_use(0) == 0u);
  BOOST_TEST(x.release({0, 1}) == verdicts{granted(1)});
  BOOST_TEST(x.in_use(0) == 2u);
  BOOST_TEST(x.in_use(1) == 1u);
}

BOOST_AUTO_TEST_CASE(a_capacity_below_what_is_in_use_drains_before_it_grants) {
  market x{{4, 1}};
  x.request({4});
  x.request({1});
  BOOST_TEST(x.set_capacity(0, 2) == nobody);
  BOOST_TEST(x.in_use(0) == 4u);
  BOOST_TEST(x.release({1}) == nobody);
  BOOST_TEST(x.request({0, 1}) == verdicts{granted(2)}); // another resource
  BOOST_TEST(x.release({1}) == nobody);
  BOOST_TEST(x.release({1}) == verdicts{granted(1)});
  BOOST_TEST(x.in_use(0) == 2u);
}

BOOST_AUTO_TEST_CASE(a_raised_capacity_serves_those_that_wait) {
  market x{{1, 1}};
  x.request({1, 1});
  x.request({1});
  x.request({1, 1});
  x.request({1});
  BOOST_TEST(x.set_capacity(0, 2) == verdicts{granted(1)});
  // One more is set aside for 2, which waits for the other resource.
  BOOST_TEST(x.set_capacity(0, 3) == nobody);
  BOOST_TEST(x.set_capacity(0, 4) == verdicts{granted(3)});
}

// -- rule 2: the order --------------------------------------------------------

BOOST_AUTO_TEST_CASE(
  the_higher_priority_goes_first_and_the_earlier_within_one) {
  market x{{1}};
  x.request({1});
  x.request({1}, task_priority::low);
  x.request({1}, task_priority::high);
  x.request({1}, task_priority::high);
  x.request({1}, task_priority::background);
  BOOST_CHECK(x.queue.most_urgent() == task_priority::high);
  for (auto id : {2u, 3u, 1u, 4u})
    BOOST_TEST(x.release({1}) == verdicts{granted(id)});
  BOOST_TEST(x.release({1}) == nobody);
  BOOST_TEST(x.in_use(0) == 0u);
}

BOOST_AUTO_TEST_CASE(another_priority_keeps_the_place_of_the_arrival) {
  market x{{1}};
  x.request({1});
  x.request({1}, task_priority::low);
  x.request({1}, task_priority::high);
  x.request({1}, task_priority::high);
  BOOST_TEST(x.reprioritise(1, task_priority::high) == nobody);
  BOOST_TEST(x.reprioritise(2, task_priority::background) == nobody);
  BOOST_TEST(x.release({1}) == verdicts{granted(1)});
  BOOST_TEST(x.release({1}) == verdicts{granted(3)});
  BOOST_TEST(x.reprioritise(1, task_priority::low) == nobody); // waits no more
  BOOST_TEST(x.release({1}) == verdicts{granted(2)});
}

BOOST_AUTO_TEST_CASE(another_priority_may_let_somebody_go_in_the_same_event) {
  market x{{2}};
  x.request({1});
  x.request({2});
  x.request({1});
  BOOST_TEST(x.reprioritise(2, task_priority::high) == verdicts{granted(2)});
}

BOOST_AUTO_TEST_CASE(a_waiter_that_falls_back_lets_those_go_who_pass_it) {
  market x{{2}};
  x.request({1});
  x.request({2});
  x.request({1});
  BOOST_TEST(x.reprioritise(1, task_priority::low) == verdicts{granted(2)});
}

BOOST_AUTO_TEST_CASE(those_before_a_waiter_are_those_who_stay_before_it) {
  market x{{1}};
  x.request({1});
  x.request({1}, task_priority::low); // is overtaken, but rises one day
  x.request({1}, task_priority::high);
  x.request({1});
  x.request({1}, task_priority::high);
  std::vector<std::size_t> before;
  x.queue.for_each_before(x.waiters[3], [&before](resource_waiter& y) {
    before.push_back(static_cast<market::waiter&>(y).id);
  });
  BOOST_TEST((before == std::vector<std::size_t>{2}));
}

// -- rule 3: what is set aside ------------------------------------------------

BOOST_AUTO_TEST_CASE(a_large_request_is_not_overtaken) {
  market x{{4}};
  x.request({2});
  BOOST_TEST(x.request({3}) == nobody);
  BOOST_TEST(x.request({1}) == nobody);
  BOOST_TEST(x.request({1}, task_priority::low) == nobody);
  BOOST_TEST(x.release({2}) == (verdicts{granted(1), granted(2)}));
}

BOOST_AUTO_TEST_CASE(who_fits_beside_what_others_wait_for_does_not_wait) {
  market x{{2, 10}};
  x.request({2});
  BOOST_TEST(x.request({1, 4}) == nobody); // 4 of the second are set aside
  BOOST_TEST(x.request({0, 7}) == nobody);
  BOOST_TEST(x.cancel(2) == nobody);
  BOOST_TEST(x.request({0, 6}) == verdicts{granted(3)});
  BOOST_TEST(x.release({1}) == verdicts{granted(1)});
  BOOST_TEST(x.in_use(1) == 10u);
}

BOOST_AUTO_TEST_CASE(of_a_resource_that_nobody_before_wants_nothing_is_aside) {
  market x{{1, 1}};
  x.request({1});
  x.request({1});
  BOOST_TEST(x.request({0, 1}, task_priority::background)
             == verdicts{granted(2)});
}

BOOST_AUTO_TEST_CASE(what_is_set_aside_adds_up) {
  market x{{2, 3}};
  x.request({2});
  x.request({1, 1});
  x.request({1, 1});
  BOOST_TEST(x.request({0, 2}) == nobody);
  BOOST_TEST(x.request({0, 1}) == nobody); // 2 + 2 are more than there are
  BOOST_TEST(x.cancel(3) == verdicts{granted(4)});
}

BOOST_AUTO_TEST_CASE(a_wait_passes_on_from_one_resource_to_the_next) {
  // 1 waits for the first, 2 behind it for the second, 3 behind that.
  market x{{1, 1, 1}};
  x.request({1});
  x.request({1, 1});
  x.request({0, 1, 1});
  x.request({0, 0, 1});
  BOOST_TEST(x.queue.waiting() == 3u);
  BOOST_TEST(x.release({1}) == verdicts{granted(1)});
  BOOST_TEST(x.release_of(1) == verdicts{granted(2)});
  BOOST_TEST(x.release_of(2) == verdicts{granted(3)});
}

BOOST_AUTO_TEST_CASE(those_behind_a_cancelled_request_proceed_at_once) {
  market x{{4}};
  x.request({2});
  x.request({3});
  x.request({1});
  x.request({1});
  x.request({1});
  BOOST_TEST(x.cancel(1) == (verdicts{granted(2), granted(3)}));
  BOOST_TEST(x.was_waiting);
  BOOST_CHECK(x.waiters[1].state() == phase::cancelled);
  BOOST_TEST(x.queue.waiting() == 1u);
}

BOOST_AUTO_TEST_CASE(a_more_urgent_newcomer_goes_before) {
  market x{{4}};
  x.request({2});
  BOOST_TEST(x.request({3}) == nobody);
  BOOST_TEST(x.request({1}, task_priority::high) == verdicts{granted(2)});
  BOOST_TEST(x.request({4}, task_priority::high) == nobody);
  BOOST_TEST(x.release({2}) == nobody);
  BOOST_TEST(x.release({1}) == verdicts{granted(3)});
}

BOOST_AUTO_TEST_CASE(amounts_without_end_do_not_wrap_around) {
  market x{{most}};
  x.request({most});
  x.request({most});
  x.request({most});
  BOOST_TEST(x.request({1}) == nobody);
  BOOST_TEST(x.release({1}) == nobody);
  BOOST_TEST(x.release({most - 1}) == verdicts{granted(1)});
}

BOOST_AUTO_TEST_CASE(how_many_wait_is_known_for_each_resource) {
  market x{{1, 1, 1}};
  x.request({1, 1, 1});
  x.request({1, 1});
  x.request({1});
  BOOST_TEST(x.queue.waiting_for(0) == 2u);
  BOOST_TEST(x.queue.waiting_for(1) == 1u);
  BOOST_TEST(x.queue.waiting_for(2) == 0u);
  x.cancel(1);
  x.release({1});
  BOOST_TEST(x.queue.waiting_for(0) == 0u);
  BOOST_TEST(x.queue.waiting_for(1) == 0u);
}

// -- rule 4: nobody waits for what cannot come --------------------------------

BOOST_AUTO_TEST_CASE(what_can_never_be_granted_fails_at_once) {
  market x{{2, 1}};
  BOOST_TEST(x.request({1, 2})
             == verdicts{failed(0, resource_refusal::exceeds_capacity)});
  BOOST_TEST(x.in_use(0) == 0u);
  BOOST_TEST(x.queue.idle());
}

BOOST_AUTO_TEST_CASE(waiters_above_a_lowered_capacity_fail_and_let_others_go) {
  market x{{8, 2}};
  x.request({1, 2});
  x.request({8}, task_priority::low);
  x.request({6, 1}, task_priority::high);
  x.request({1});
  x.request({3, 1});
  BOOST_TEST(x.set_capacity(0, 5)
             == (verdicts{failed(1, resource_refusal::exceeds_capacity),
                          failed(2, resource_refusal::exceeds_capacity)}));
  BOOST_TEST(x.queue.waiting_for(1) == 1u);
  BOOST_TEST(x.release({0, 1}) == verdicts{granted(4)});
  BOOST_TEST(x.request({1}) == nobody);
}

BOOST_AUTO_TEST_CASE(
  a_capacity_that_is_lowered_and_raised_again_loses_nothing) {
  market x{{3}};
  x.request({3});
  x.request({2});
  x.set_capacity(0, 2);
  BOOST_TEST(x.set_capacity(0, 5) == verdicts{granted(1)});
  BOOST_TEST(x.release({5}) == nobody);
  BOOST_TEST(x.in_use(0) == 0u);
}

// -- rule 5: each wait ends once ----------------------------------------------

BOOST_AUTO_TEST_CASE(who_was_granted_before_it_cancels_has_to_give_back) {
  market x{{1}};
  x.request({1});
  BOOST_TEST(x.cancel(0) == nobody);
  BOOST_TEST(!x.was_waiting);
  BOOST_TEST(x.in_use(0) == 1u);
}

BOOST_AUTO_TEST_CASE(what_is_declined_goes_to_the_next) {
  market x{{1}};
  x.request({1});
  x.request({1});
  x.request({1});
  BOOST_TEST(x.release({1}) == verdicts{granted(1)});
  auto declines = [&x](auto& q, auto& turn) { q.decline(x.waiters[1], turn); };
  BOOST_TEST(x.happens(declines) == verdicts{granted(2)});
}

BOOST_AUTO_TEST_CASE(a_waiter_may_request_again) {
  market x{{1}};
  x.request({1});
  x.request({1});
  x.cancel(1);
  auto again = [&x](auto& q, auto& turn) { q.request(x.waiters[1], turn); };
  BOOST_TEST(x.happens(again) == nobody);
  BOOST_TEST(x.release({1}) == verdicts{granted(1)});
}

BOOST_AUTO_TEST_CASE(closing_fails_all_that_wait_and_all_that_come) {
  market x{{1, 1}};
  x.request({1});
  x.request({1, 1});
  x.request({1}, task_priority::high);
  BOOST_TEST(x.close()
             == (verdicts{failed(1, resource_refusal::closed),
                          failed(2, resource_refusal::closed)}));
  BOOST_TEST(!x.queue.idle());
  BOOST_TEST(x.queue.closed());
  BOOST_TEST(x.queue.waiting_for(0) + x.queue.waiting_for(1) == 0u);
  BOOST_TEST(x.close() == nobody);
  BOOST_TEST(x.release({1}) == nobody);
  BOOST_TEST(x.in_use(0) == 0u);
  BOOST_TEST(x.request({1}) == verdicts{failed(3, resource_refusal::closed)});
}

// -- ageing -------------------------------------------------------------------

/// A small request of the lowest priority was there first; a large urgent one
/// stands before it.
struct small_before_large : market {
  explicit small_before_large(std::chrono::milliseconds period)
    : market({2}, period) {
    request({2});
    request({1}, task_priority::background);
    advance(1ns);
    request({2}, task_priority::high);
    BOOST_TEST(release({1}) == nobody);
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
    BOOST_CHECK(*x.next > x.now);
    BOOST_CHECK(*x.next <= x.now + ageing);
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

BOOST_AUTO_TEST_CASE(waiters_of_one_priority_need_no_calls) {
  market x{{1}};
  x.request({1});
  x.request({1});
  x.request({1});
  BOOST_CHECK(!x.next);
}

BOOST_AUTO_TEST_CASE(who_stands_behind_one_that_has_risen_is_not_forgotten) {
  // 1 has risen to the top and waits for the second resource alone. 2, of its
  // priority, came later and has not: it will pass 3, which is urgent, by
  // waiting alone.
  market x{{2, 1}};
  x.request({0, 1});
  x.request({0, 1}, task_priority::background);
  x.advance(3 * ageing);
  x.request({2}, task_priority::high);
  x.request({1}, task_priority::background);
  x.advance(1ns);
  x.request({2}, task_priority::high);
  BOOST_TEST(x.release({1}) == nobody);
  const auto begin = x.now;
  verdicts got;
  while (x.next && got.empty())
    got = x.advance(*x.next - x.now);
  BOOST_TEST(got == verdicts{granted(3)});
  BOOST_CHECK(x.now - begin <= 4 * ageing);
}

BOOST_AUTO_TEST_CASE(a_period_without_end_is_none) {
  small_before_large x{std::chrono::duration_cast<std::chrono::milliseconds>(
    axiom::runtime::duration::max())};
  BOOST_REQUIRE(x.next.has_value());
  BOOST_CHECK(*x.next > x.now);
}

BOOST_AUTO_TEST_CASE(time_that_goes_backwards_stands_still) {
  market x{{1}};
  x.request({1});
  x.request({1}, task_priority::low);
  x.advance(-1h);
  x.request({1}, task_priority::low);
  BOOST_CHECK(x.waiters[2].arrived() == start);
  BOOST_TEST(x.release({1}) == verdicts{granted(1)});
}

// -- headroom -----------------------------------------------------------------

BOOST_AUTO_TEST_CASE(no_more_is_granted_than_was_measured_to_be_left) {
  market x{{10, 1}};
  x.set_headroom(0, 3);
  BOOST_TEST(x.request({2}) == verdicts{granted(0)});
  BOOST_TEST(x.request({2})
             == nobody); // 1 is left, and it is no reason to fail
  BOOST_TEST(x.request({1}) == nobody); // that 1 is set aside
  BOOST_TEST(x.request({0, 1}) == verdicts{granted(3)});
  BOOST_TEST(x.release({2})
             == nobody); // whether that is free is to be measured
  BOOST_TEST(x.set_headroom(0, 3) == (verdicts{granted(1), granted(2)}));
  BOOST_TEST(x.balances[0].headroom == 0u);
}

BOOST_AUTO_TEST_CASE(without_a_measurement_the_capacity_alone_counts) {
  market x{{10}};
  x.set_headroom(0, 0);
  BOOST_TEST(x.request({10}) == nobody);
  BOOST_TEST(x.set_headroom(0, resource_balance::unlimited)
             == verdicts{granted(0)});
  BOOST_TEST(x.balances[0].headroom == resource_balance::unlimited);
}

// -- admission ----------------------------------------------------------------

BOOST_AUTO_TEST_CASE(half_is_kept_back_except_from_who_uses_it_alone) {
  market x{{10, 4}};
  x.set_admission(resource_admission::reduced);
  BOOST_TEST(!x.queue.idle());
  BOOST_TEST(x.request({8}) == verdicts{granted(0)});
  BOOST_TEST(x.request({1}) == nobody);
  BOOST_TEST(x.request({0, 1}) == verdicts{granted(2)}); // each for itself
  BOOST_TEST(x.request({0, 2}) == nobody);
  BOOST_TEST(x.request({0, 1}) == nobody); // behind it
  BOOST_TEST(x.cancel(3) == verdicts{granted(4)});
  BOOST_TEST(x.release({8}) == verdicts{granted(1)});
  BOOST_TEST(x.set_admission(resource_admission::open) == nobody);
  BOOST_TEST(x.queue.idle());
}

BOOST_AUTO_TEST_CASE(
  who_waits_to_use_a_resource_alone_is_not_kept_from_it_by_those_behind) {
  market x{{10, 1}};
  x.request({0, 1});
  x.set_admission(resource_admission::reduced);
  BOOST_TEST(x.request({6, 1}) == nobody); // waits for the second alone
  // Would fit into what is left of the first, but then 1 would not.
  BOOST_TEST(x.request({4}) == nobody);
  BOOST_TEST(x.release({0, 1}) == verdicts{granted(1)});
  BOOST_TEST(x.release_of(1) == verdicts{granted(2)});
}

BOOST_AUTO_TEST_CASE(half_of_what_is_set_aside_and_asked_for_is_shared) {
  market x{{10, 1}};
  x.request({0, 1});
  x.set_admission(resource_admission::reduced);
  x.request({3, 1});
  BOOST_TEST(x.request({2}) == verdicts{granted(2)});
  BOOST_TEST(x.request({1}) == nobody);
  BOOST_TEST(x.release({0, 1}) == verdicts{granted(1)});
}

BOOST_AUTO_TEST_CASE(one_request_at_a_time_whatever_there_is) {
  market x{{10, 4}};
  x.set_admission(resource_admission::serial);
  BOOST_TEST(x.request({8}) == verdicts{granted(0)});
  BOOST_TEST(x.request({0, 1}) == nobody);
  BOOST_TEST(x.request({1}, task_priority::high) == nobody);
  BOOST_TEST(x.release({8}) == verdicts{granted(2)});
  BOOST_TEST(x.release({1}) == verdicts{granted(1)});
  BOOST_TEST(x.release({0, 1}) == nobody);
}

BOOST_AUTO_TEST_CASE(all_who_fit_go_when_admission_is_open_again) {
  market x{{10}};
  x.set_admission(resource_admission::serial);
  x.request({1});
  x.request({2});
  x.request({3});
  BOOST_TEST(x.set_admission(resource_admission::reduced)
             == verdicts{granted(1)});
  BOOST_TEST(x.set_admission(resource_admission::open) == verdicts{granted(2)});
}

BOOST_AUTO_TEST_SUITE_END()
