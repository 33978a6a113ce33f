// The state word of a task: every transition, and every pair of racing ones in
// both orders.

#include <boost/test/unit_test.hpp>

#include "axiom/task/detail/task_state.hpp"

using axiom::detail::task_state;
using phase = task_state::phase;
using verdict = task_state::verdict;

namespace {

/// A task on its way: submitted, running.
struct running_task : task_state {
  running_task() {
    BOOST_REQUIRE(begin_run() == verdict::go);
  }
};

} // namespace

BOOST_AUTO_TEST_SUITE(task_state_word)

BOOST_AUTO_TEST_CASE(a_body_without_children_settles_at_its_end) {
  running_task x;
  BOOST_TEST(x.end_body());
  BOOST_TEST(!x.finish().observed);
  BOOST_TEST(x.terminal());
}

BOOST_AUTO_TEST_CASE(the_last_child_settles_a_body_that_ended_before) {
  running_task x;
  BOOST_CHECK(x.admit() == task_state::admission::admitted);
  BOOST_CHECK(x.admit() == task_state::admission::admitted);
  BOOST_TEST(x.children() == 2u);
  BOOST_TEST(!x.end_body());
  BOOST_TEST(x.children() == 2u);
  BOOST_CHECK(x.child_gone() == task_state::after_child::nothing);
  BOOST_CHECK(x.child_gone() == task_state::after_child::settle);
}

BOOST_AUTO_TEST_CASE(nothing_is_admitted_once_the_task_settles) {
  running_task x;
  BOOST_TEST(x.end_body());
  BOOST_CHECK(x.admit() == task_state::admission::closed);
}

BOOST_AUTO_TEST_CASE(a_closed_task_refuses_and_an_announced_one_cancels) {
  running_task x;
  x.close();
  BOOST_CHECK(x.admit() == task_state::admission::closed);
  x.announce();
  BOOST_CHECK(x.admit() == task_state::admission::cancelled);
}

BOOST_AUTO_TEST_CASE(a_wake_before_the_suspension_is_not_lost) {
  running_task x;
  auto epoch = x.epoch();
  BOOST_CHECK(x.wake(epoch) == task_state::wake_result::noted);
  BOOST_CHECK(x.suspend(false) == verdict::go);
}

BOOST_AUTO_TEST_CASE(a_wake_after_the_suspension_submits_once) {
  running_task x;
  auto epoch = x.epoch();
  BOOST_CHECK(x.suspend(false) == verdict::leave);
  BOOST_CHECK(x.wake(epoch) == task_state::wake_result::submit);
  BOOST_CHECK(x.wake(epoch) == task_state::wake_result::refused);
  BOOST_CHECK(x.begin_run() == verdict::go);
}

BOOST_AUTO_TEST_CASE(a_late_wake_does_not_reach_the_next_suspension) {
  running_task x;
  auto first = x.epoch();
  BOOST_CHECK(x.suspend(false) == verdict::leave);
  BOOST_CHECK(x.wake(first) == task_state::wake_result::submit);
  BOOST_CHECK(x.begin_run() == verdict::go);
  BOOST_CHECK(x.wake(first) == task_state::wake_result::refused);
  BOOST_CHECK(x.suspend(false) == verdict::leave);
  BOOST_CHECK(x.wake(first) == task_state::wake_result::refused);
}

BOOST_AUTO_TEST_CASE(a_signal_resumes_a_suspended_task_to_stop_it) {
  running_task x;
  auto epoch = x.epoch();
  BOOST_CHECK(x.suspend(false) == verdict::leave);
  auto seen = x.signal(false);
  BOOST_TEST(seen.first);
  BOOST_TEST(seen.submit);
  BOOST_CHECK(x.wake(epoch) == task_state::wake_result::refused);
  BOOST_CHECK(x.current_phase() == phase::woken);
  BOOST_CHECK(x.begin_run() == verdict::leave); // not before it is queued
  x.queue();
  BOOST_CHECK(x.begin_run() == verdict::stop);
}

BOOST_AUTO_TEST_CASE(who_is_woken_to_be_queued_later_is_run_after_that) {
  running_task x;
  BOOST_CHECK(x.suspend(false) == verdict::leave);
  const auto later = task_state::queueing::later;
  BOOST_CHECK(x.wake(x.epoch(), later) == task_state::wake_result::submit);
  BOOST_CHECK(x.wake(x.epoch(), later) == task_state::wake_result::refused);
  BOOST_TEST(!x.hold());
  BOOST_CHECK(x.begin_run() == verdict::leave); // by an old entry of a queue
  x.queue();
  BOOST_CHECK(x.begin_run() == verdict::go);
}

BOOST_AUTO_TEST_CASE(a_grant_that_came_before_the_signal_is_delivered) {
  running_task x;
  BOOST_CHECK(x.suspend(false) == verdict::leave);
  BOOST_CHECK(x.wake(x.epoch()) == task_state::wake_result::submit);
  BOOST_TEST(!x.signal(false).submit);
  BOOST_CHECK(x.begin_run() == verdict::go);
  BOOST_CHECK(x.suspend(false) == verdict::stop);
}

BOOST_AUTO_TEST_CASE(a_signal_while_running_takes_effect_at_the_next_wait) {
  running_task x;
  BOOST_TEST(!x.signal(false).submit);
  BOOST_CHECK(x.wake(x.epoch()) == task_state::wake_result::refused);
  BOOST_CHECK(x.suspend(false) == verdict::stop);
}

BOOST_AUTO_TEST_CASE(a_coroutine_is_not_stopped_while_it_has_children) {
  running_task x;
  BOOST_CHECK(x.admit() == task_state::admission::admitted);
  BOOST_CHECK(x.suspend(false) == verdict::leave);
  BOOST_TEST(!x.signal(false).submit);
  BOOST_CHECK(x.child_gone() == task_state::after_child::submit);
  BOOST_CHECK(x.begin_run() == verdict::stop);
}

BOOST_AUTO_TEST_CASE(joining_ends_with_the_last_child) {
  running_task x;
  BOOST_CHECK(x.suspend(true) == verdict::go); // no children
  BOOST_CHECK(x.admit() == task_state::admission::admitted);
  BOOST_CHECK(x.suspend(true) == verdict::leave);
  BOOST_CHECK(x.child_gone() == task_state::after_child::submit);
  BOOST_CHECK(x.begin_run() == verdict::go);
  BOOST_CHECK(x.suspend(false) == verdict::leave); // the mark is gone
}

BOOST_AUTO_TEST_CASE(a_wait_for_a_shield_outlives_the_signal) {
  running_task x;
  x.signal(false);
  x.admit_shielded();
  x.expect_shield();
  auto epoch = x.epoch();
  BOOST_CHECK(x.suspend(false) == verdict::leave);
  BOOST_CHECK(x.wake(epoch) == task_state::wake_result::submit);
  BOOST_CHECK(x.begin_run() == verdict::go);
  BOOST_CHECK(x.child_gone() == task_state::after_child::nothing);
  BOOST_CHECK(x.suspend(false)
              == verdict::stop); // the next wait is an ordinary one
}

BOOST_AUTO_TEST_CASE(a_yield_resumes_and_a_cancelled_one_stops) {
  running_task x;
  x.requeue();
  BOOST_CHECK(x.begin_run() == verdict::go);
  x.requeue();
  x.signal(false);
  BOOST_CHECK(x.begin_run() == verdict::stop);
}

BOOST_AUTO_TEST_CASE(a_handler_is_seen_by_the_walk_or_by_its_registrar) {
  running_task before;
  BOOST_TEST(before.note_handlers());
  BOOST_TEST(before.signal(false).handlers);
  running_task after;
  BOOST_TEST(!after.signal(false).handlers);
  BOOST_TEST(!after.note_handlers());
}

BOOST_AUTO_TEST_CASE(an_observer_is_told_by_the_end_or_by_itself) {
  running_task before;
  BOOST_TEST(before.note_observer());
  BOOST_TEST(before.end_body());
  BOOST_TEST(before.finish().observed);
  running_task after;
  BOOST_TEST(after.end_body());
  BOOST_TEST(!after.finish().observed);
  BOOST_TEST(!after.note_observer());
}

BOOST_AUTO_TEST_CASE(a_held_task_stays_where_it_is_until_it_is_let_go) {
  running_task x;
  BOOST_TEST(!x.hold()); // runs
  BOOST_CHECK(x.suspend(false) == verdict::leave);
  BOOST_TEST(x.hold());
  BOOST_TEST(!x.hold()); // by somebody else
  BOOST_TEST(!x.let_go());
  BOOST_CHECK(x.current_phase() == phase::suspended);
}

BOOST_AUTO_TEST_CASE(what_wakes_a_held_task_submits_it_when_it_is_let_go) {
  running_task x;
  x.suspend(false);
  BOOST_TEST(x.hold());
  BOOST_CHECK(x.wake(x.epoch()) == task_state::wake_result::noted);
  BOOST_TEST(x.let_go());
  BOOST_CHECK(x.begin_run() == verdict::go);
}

BOOST_AUTO_TEST_CASE(what_cancels_a_held_task_submits_it_when_it_is_let_go) {
  running_task x;
  x.suspend(false);
  BOOST_TEST(x.hold());
  BOOST_TEST(!x.signal(false).submit);
  BOOST_TEST(x.let_go());
  BOOST_CHECK(x.begin_run() == verdict::stop);
}

BOOST_AUTO_TEST_CASE(a_held_task_with_children_is_stopped_by_the_last_of_them) {
  running_task x;
  x.admit();
  x.suspend(false);
  BOOST_TEST(x.hold());
  x.signal(false);
  BOOST_TEST(!x.let_go());
  BOOST_CHECK(x.child_gone() == task_state::after_child::submit);
  BOOST_CHECK(x.begin_run() == verdict::stop);
}

BOOST_AUTO_TEST_CASE(the_last_child_of_a_held_task_lets_its_join_go_on) {
  running_task x;
  x.admit();
  x.suspend(true);
  BOOST_TEST(x.hold());
  BOOST_TEST(x.joins_children());
  BOOST_CHECK(x.child_gone() == task_state::after_child::nothing);
  BOOST_TEST(x.let_go());
  BOOST_CHECK(x.begin_run() == verdict::go);
}

BOOST_AUTO_TEST_CASE(what_a_walk_is_about_to_cancel_does_not_go_on_before) {
  running_task x;
  x.admit();
  x.suspend(true);
  x.announce();
  BOOST_CHECK(x.wake(x.epoch()) == task_state::wake_result::refused);
  BOOST_CHECK(x.child_gone() == task_state::after_child::nothing);
  BOOST_TEST(x.signal(false).submit);
  x.queue();
  BOOST_CHECK(x.begin_run() == verdict::stop);
}

BOOST_AUTO_TEST_CASE(what_came_before_the_walk_is_taken) {
  running_task x;
  x.suspend(false);
  BOOST_CHECK(x.wake(x.epoch()) == task_state::wake_result::submit);
  x.announce();
  BOOST_CHECK(x.begin_run() == verdict::go);
}

BOOST_AUTO_TEST_CASE(a_join_that_begins_under_a_walk_waits_for_it) {
  running_task x;
  x.announce();
  BOOST_CHECK(x.suspend(true) == verdict::leave);
  BOOST_TEST(x.signal(false).submit);
  x.queue();
  BOOST_CHECK(x.begin_run() == verdict::stop);
}

BOOST_AUTO_TEST_SUITE_END()
