// Bulkheads: who runs, who waits, who is refused.

#include "support/recovery.hpp"

using namespace test;
using axiom::bulkhead;
using axiom::concurrency_limiter;

namespace {

struct bulkheads : stepwise {
  concurrency_limiter limiter =
    concurrency_limiter::spawn(system(), {.name = "l", .max_concurrency = 2});

  auto call(const bulkhead& where, duration span, int value) {
    return start("caller",
                 [where, op = after(span, value)](task_context& self) mutable {
                   return where.call(self, op);
                 });
  }
};

template <class T>
std::optional<errc> code_of(const axiom::task<T>& t) {
  auto end = t.get_expected();
  return end ? std::nullopt : axiom::code_of(end.error().error());
}

} // namespace

BOOST_FIXTURE_TEST_SUITE(bulkheads_, bulkheads)

BOOST_AUTO_TEST_CASE(refuse_at_once_what_would_have_to_wait) {
  bulkhead where{limiter, {.name = "b"}};
  auto a = call(where, 1s, 1);
  auto b = call(where, 1s, 2);
  auto c = call(where, 1s, 3);
  run();
  BOOST_CHECK(code_of(c) == errc::queue_full);
  BOOST_TEST(c.get_expected().error().what()
             == "queue_full: bulkhead 'b' is full, and 0 wait already, of at "
                "most 0");
  advance(1s);
  BOOST_TEST(a.get() + b.get() == 3);
  BOOST_TEST(where.refused() == 1u);
  BOOST_TEST(limiter.in_use() == 0u);
}

BOOST_AUTO_TEST_CASE(let_a_number_wait) {
  bulkhead where{limiter, {.max_waiting = 1}};
  auto a = call(where, 1s, 1);
  auto b = call(where, 2s, 2);
  auto c = call(where, 1s, 3);
  auto d = call(where, 1s, 4);
  run();
  BOOST_TEST(where.waiting() == 1u);
  BOOST_CHECK(code_of(d) == errc::queue_full);
  advance(1s);
  BOOST_TEST(where.waiting() == 0u);
  auto e = call(where, 1s, 5); // there is room again
  advance(2s);
  BOOST_TEST(a.get() + b.get() + c.get() + e.get() == 11);
}

BOOST_AUTO_TEST_CASE(let_nobody_wait_for_too_long) {
  bulkhead where{limiter, {.max_waiting = 5, .max_wait = 100ms}};
  auto a = call(where, 1s, 1);
  auto b = call(where, 1s, 2);
  auto c = call(where, 1s, 3);
  advance(100ms);
  BOOST_CHECK(code_of(c) == errc::deadline_exceeded);
  BOOST_TEST(where.waiting() == 0u);
  advance(1s);
  a.get();
  b.get();
}

BOOST_AUTO_TEST_CASE(give_the_permit_back_in_each_case) {
  bulkhead where{limiter, {.max_waiting = 5, .weight = 2}};
  auto fails = failing_after(1s, "x");
  auto a =
    start("a", [&](task_context& self) { return where.call(self, fails); });
  auto b = call(where, 1h, 2);
  auto c = call(where, 1h, 3);
  advance(1s);
  BOOST_CHECK(code_of(a) == errc::invalid_argument);
  BOOST_TEST(limiter.in_use() == 2u); // b
  c.cancel(); // while it waits
  run();
  BOOST_TEST(where.waiting() == 0u);
  b.cancel(); // while it runs
  run();
  BOOST_TEST(limiter.in_use() == 0u);
}

BOOST_AUTO_TEST_CASE(have_their_own_bounds_on_one_limiter) {
  bulkhead patient{limiter, {.max_waiting = 10}};
  bulkhead hasty{limiter, {}};
  auto a = call(patient, 1s, 1);
  auto b = call(patient, 1s, 2);
  auto c = call(patient, 1s, 3);
  auto d = call(hasty, 1s, 4);
  run();
  BOOST_CHECK(code_of(d) == errc::queue_full);
  advance(2s);
  BOOST_TEST(a.get() + b.get() + c.get() == 6);
}

BOOST_AUTO_TEST_CASE(may_be_of_a_partition) {
  auto shared = concurrency_limiter::spawn(
    system(), {.name = "k",
               .max_concurrency = 1,
               .sharing = axiom::limiter_sharing::by_key});
  bulkhead where{shared.partition("a"), {.max_waiting = 1}};
  auto a = call(where, 1s, 1);
  auto b = call(where, 1s, 2);
  advance(2s);
  BOOST_TEST(a.get() + b.get() == 3);
}

BOOST_AUTO_TEST_CASE(that_cannot_work_are_refused) {
  auto code = [this](axiom::bulkhead_options options) {
    return code_thrown_by([&] { bulkhead{limiter, std::move(options)}; });
  };
  BOOST_CHECK(code({.max_wait = 0s}) == errc::invalid_argument);
  BOOST_CHECK(code({.weight = 0}) == errc::invalid_argument);
  BOOST_CHECK(code({.name = std::string(65, 'x')}) == errc::name_too_long);
}

BOOST_AUTO_TEST_SUITE_END()
