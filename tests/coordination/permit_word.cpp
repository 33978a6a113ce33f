// The word that permits are taken from while nobody waits, and the gate that
// joins it with a queue; alone on one thread. Races are in tests/stress.

#include <stdexcept>

#include "axiom/coordination/limiter/permit_gate.hpp"
#include "axiom/error/exception.hpp"
#include "support/limiter.hpp"

using namespace test;
using axiom::detail::max_permits;
using word = axiom::detail::permit_word<>;
using gate = axiom::detail::permit_gate<wait_queue>;
using acquired = word::acquire_result;
using released = word::release_result;

namespace {

bool refused_as_stray(const axiom::exception& e) {
  return e.is(axiom::errc::invalid_argument);
}

} // namespace

BOOST_AUTO_TEST_SUITE(permit_word_alone)

BOOST_AUTO_TEST_CASE(permits_are_granted_up_to_the_limit_and_come_back) {
  word x{3};
  BOOST_CHECK(x.try_acquire(2) == acquired::granted);
  BOOST_CHECK(x.try_acquire(2) == acquired::full);
  BOOST_CHECK(x.try_acquire(1) == acquired::granted);
  BOOST_CHECK(x.try_acquire(1) == acquired::full);
  BOOST_CHECK(x.release(2) == released::done);
  BOOST_TEST(x.balance().in_use == 1u);
  BOOST_TEST(x.balance().limit == 3u);
  BOOST_CHECK(x.try_acquire(2) == acquired::granted);
}

BOOST_AUTO_TEST_CASE(the_largest_limit_and_weight_fit) {
  word x{max_permits};
  BOOST_CHECK(x.try_acquire(max_permits) == acquired::granted);
  BOOST_CHECK(x.try_acquire(max_permits) == acquired::full);
  BOOST_CHECK(x.try_acquire(1) == acquired::full);
  BOOST_TEST(x.freeze().in_use == max_permits);
  x.thaw({1, max_permits}, false);
  BOOST_CHECK(x.try_acquire(1) == acquired::full);
  BOOST_CHECK(x.release(max_permits) == released::done);
  BOOST_CHECK(x.try_acquire(1) == acquired::granted);
  BOOST_TEST(x.balance().limit == 1u);
}

BOOST_AUTO_TEST_CASE(a_release_of_more_than_is_in_use_is_refused) {
  word x{3};
  x.try_acquire(1);
  BOOST_CHECK_EXCEPTION(x.release(2), axiom::exception, refused_as_stray);
  BOOST_TEST(x.balance().in_use == 1u);
}

BOOST_AUTO_TEST_CASE(a_frozen_word_is_left_to_the_queue) {
  word x{3};
  x.try_acquire(1);
  auto balance = x.freeze();
  BOOST_TEST(balance.in_use == 1u);
  BOOST_CHECK(x.try_acquire(1) == acquired::contended);
  BOOST_CHECK(x.try_acquire(5) == acquired::contended);
  BOOST_CHECK(x.release(1) == released::contended);
  BOOST_CHECK(x.release(5) == released::contended);
  balance.take(2);
  x.thaw(balance, true);
  BOOST_CHECK(x.try_acquire(1) == acquired::contended);
  BOOST_TEST(x.freeze().in_use == 3u);
  balance.give_back(3);
  x.thaw(balance, false);
  BOOST_CHECK(x.try_acquire(3) == acquired::granted);
}

BOOST_AUTO_TEST_CASE(a_word_may_begin_frozen) {
  word x{3, true};
  BOOST_CHECK(x.try_acquire(1) == acquired::contended);
  BOOST_TEST(x.balance().limit == 3u);
  BOOST_TEST(x.balance().in_use == 0u);
}

BOOST_AUTO_TEST_SUITE_END()

BOOST_AUTO_TEST_SUITE(permit_gate_alone)

namespace {

struct open_gate : gate {
  open_gate() : gate(2, ageing) {
    // nop
  }

  template <class Event>
  std::vector<permit_waiter*> run(Event event) {
    std::vector<permit_waiter*> result;
    locked(start, event, [&result](auto& x) { result.push_back(&x); });
    return result;
  }

  std::vector<permit_waiter*> request(permit_waiter& x) {
    return run([&x](auto& queue, auto& turn) { queue.request(x, turn); });
  }
};

using woken = std::vector<permit_waiter*>;

} // namespace

BOOST_FIXTURE_TEST_CASE(the_word_is_frozen_while_somebody_waits, open_gate) {
  permit_waiter x{2, task_priority::low};
  BOOST_CHECK(try_acquire(1) == acquired::granted);
  BOOST_CHECK(request(x) == woken{});
  BOOST_CHECK(try_acquire(1) == acquired::contended);
  BOOST_CHECK(release(1) == released::contended);
  auto give_back = [](auto& queue, auto& turn) { queue.release(1, turn); };
  BOOST_CHECK(run(give_back) == woken{&x});
  BOOST_CHECK(x.state() == phase::granted);
  BOOST_TEST(balance().in_use == 2u);
  BOOST_CHECK(release(2) == released::done);
}

BOOST_FIXTURE_TEST_CASE(
  a_requester_finds_what_came_back_before_it_froze_the_word, open_gate) {
  permit_waiter x{2, task_priority::low};
  BOOST_CHECK(try_acquire(2) == acquired::granted);
  BOOST_CHECK(try_acquire(2) == acquired::full);
  BOOST_CHECK(release(2) == released::done);
  BOOST_CHECK(request(x) == woken{&x});
  BOOST_CHECK(release(2) == released::done);
}

BOOST_FIXTURE_TEST_CASE(a_closed_gate_stays_frozen, open_gate) {
  permit_waiter x{1, task_priority::low};
  run([](auto& q, auto& turn) { q.close(permit_refusal::closed, turn); });
  BOOST_CHECK(try_acquire(1) == acquired::contended);
  BOOST_CHECK(request(x) == woken{&x});
  BOOST_CHECK(x.refusal() == permit_refusal::closed);
}

BOOST_FIXTURE_TEST_CASE(an_event_that_throws_leaves_the_gate_open, open_gate) {
  BOOST_CHECK_THROW(run([](auto&, auto&) { throw std::runtime_error{"no"}; }),
                    std::runtime_error);
  BOOST_CHECK(try_acquire(2) == acquired::granted);
}

BOOST_AUTO_TEST_CASE(a_keyed_gate_leaves_everything_to_its_queue) {
  axiom::detail::permit_gate<keyed_queue> x{2};
  BOOST_CHECK(x.try_acquire(1) == acquired::contended);
  keyed_waiter waiter{1, task_priority::low};
  auto ignore = [](auto&) {};
  x.locked(
    start, [&](auto& q, auto& turn) { q.request(waiter, "key", turn); },
    ignore);
  BOOST_CHECK(waiter.state() == phase::granted);
  BOOST_CHECK(x.release(1) == released::contended);
  x.locked(
    start, [&](auto& q, auto& turn) { q.release(*waiter.part(), 1, turn); },
    ignore);
  BOOST_TEST(x.balance().in_use == 0u);
}

BOOST_AUTO_TEST_SUITE_END()
