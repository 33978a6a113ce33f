// When a join is decided: what each policy promises, for all outcomes in any
// order of completion, while children come and go.

#include <algorithm>
#include <functional>
#include <string>
#include <vector>

#include <boost/test/unit_test.hpp>
#include <rapidcheck.h>

#include "axiom/coordination/join_policy.hpp"
#include "axiom/error/exception.hpp"

using axiom::join_policy;
using axiom::join_step;

namespace {

/// In order of completion: whether a child gave a value.
using outcomes = std::vector<bool>;

/// One of the policies, and what it is to mean: the result when all outcomes
/// are known.
struct specimen {
  std::string name;
  join_policy fresh;
  std::function<bool(const outcomes&)> succeeds;
  bool hurries = true; // whether it decides as soon as the result is certain
};

std::size_t values_in(const outcomes& all) {
  return static_cast<std::size_t>(std::count(all.begin(), all.end(), true));
}

std::vector<specimen> specimens(std::size_t most) {
  std::vector<specimen> result{
    {"wait_for_all", join_policy::wait_for_all(),
     [](const outcomes& all) { return values_in(all) == all.size(); }, false},
    {"first_success", join_policy::first_success(),
     [](const outcomes& all) { return values_in(all) > 0; }},
    {"race", join_policy::race(),
     [](const outcomes& all) { return !all.empty() && all.front(); }},
  };
  for (std::size_t k = 1; k <= most; ++k)
    result.push_back(
      {"quorum of " + std::to_string(k), join_policy::quorum(k),
       [k](const outcomes& all) { return values_in(all) >= k; }});
  return result;
}

/// Whether the result is the same however those that are missing end. That they
/// all give values and that none does are the extremes.
bool certain(const specimen& x, const outcomes& known, std::size_t missing) {
  auto best = known;
  auto worst = known;
  best.insert(best.end(), missing, true);
  worst.insert(worst.end(), missing, false);
  return x.succeeds(best) == x.succeeds(worst);
}

join_step feed(join_policy& join, bool value, std::size_t left) {
  return value ? join.value(left) : join.failure(left);
}

/// Feeds all outcomes and checks the promises; false if one is broken. After
/// the i-th outcome, `left(i)` more are to be expected.
template <class F>
bool keeps_promises(const specimen& x, const outcomes& all, F left) {
  auto join = x.fresh;
  outcomes known;
  for (std::size_t i = 0; i <= all.size(); ++i) {
    auto was_decided = join.decided();
    auto missing = left(i);
    auto step = i == 0 ? join.expect(missing) : feed(join, all[i - 1], missing);
    if (was_decided) {
      if (step != join_step::late)
        return false;
      continue; // invariant 1: once
    }
    if (i > 0)
      known.push_back(all[i - 1]);
    auto due = x.hurries ? certain(x, known, missing) : missing == 0;
    auto wanted = !due              ? join_step::go_on
                : x.succeeds(known) ? join_step::success
                                    : join_step::failure;
    if (step != wanted || join.decided() != due)
      return false;
    if (join.succeeded() != (wanted == join_step::success))
      return false;
  }
  return join.decided();
}

} // namespace

BOOST_AUTO_TEST_SUITE(join_policies)

BOOST_AUTO_TEST_CASE(keep_their_promises_for_all_outcomes_of_up_to_ten) {
  for (std::size_t n = 0; n <= 10; ++n)
    for (const auto& x : specimens(n + 1))
      for (std::size_t variant = 0; variant < (1U << n); ++variant) {
        outcomes all;
        for (std::size_t i = 0; i < n; ++i)
          all.push_back((variant >> i & 1U) != 0);
        BOOST_TEST_CONTEXT(x.name << " of " << n << ", variant " << variant)
        BOOST_REQUIRE(
          keeps_promises(x, all, [n](std::size_t i) { return n - i; }));
      }
}

BOOST_AUTO_TEST_CASE(keep_their_promises_while_children_come_and_go) {
  BOOST_CHECK(rc::check("any outcomes and any expectations", [] {
    auto all = *rc::gen::arbitrary<outcomes>();
    auto left = *rc::gen::container<std::vector<std::size_t>>(
      all.size(), rc::gen::inRange<std::size_t>(0, all.size() + 2));
    left.push_back(0); // in the end none is left
    for (const auto& x : specimens(all.size() + 1))
      RC_ASSERT(
        keeps_promises(x, all, [&left](std::size_t i) { return left[i]; }));
  }));
}

BOOST_AUTO_TEST_CASE(that_wait_for_all_are_patient_after_a_failure) {
  auto join = join_policy::wait_for_all();
  BOOST_CHECK(join.failure(2) == join_step::go_on);
  BOOST_CHECK(join.value(1) == join_step::go_on);
  BOOST_CHECK(join.value(0) == join_step::failure);
}

BOOST_AUTO_TEST_CASE(for_a_quorum_fail_as_soon_as_it_is_out_of_reach) {
  auto join = join_policy::quorum(3);
  BOOST_CHECK(join.expect(5) == join_step::go_on);
  BOOST_CHECK(join.failure(4) == join_step::go_on);
  BOOST_CHECK(join.value(3) == join_step::go_on);
  BOOST_CHECK(join.failure(2) == join_step::go_on);
  BOOST_CHECK(join.failure(1) == join_step::failure);
  BOOST_CHECK(join.value(0) == join_step::late);
}

BOOST_AUTO_TEST_CASE(count_children_that_came_meanwhile) {
  auto join = join_policy::first_success();
  BOOST_CHECK(join.expect(1) == join_step::go_on);
  BOOST_CHECK(join.failure(1) == join_step::go_on); // it had added another
  BOOST_CHECK(join.value(0) == join_step::success);
}

BOOST_AUTO_TEST_CASE(fail_when_those_expected_do_not_come) {
  auto join = join_policy::quorum(2);
  BOOST_CHECK(join.value(1) == join_step::go_on);
  BOOST_CHECK(join.expect(0) == join_step::failure);
  BOOST_CHECK(join.expect(0) == join_step::late);
}

BOOST_AUTO_TEST_CASE(for_no_children_are_decided_at_once) {
  BOOST_CHECK(join_policy::wait_for_all().expect(0) == join_step::success);
  BOOST_CHECK(join_policy::first_success().expect(0) == join_step::failure);
  BOOST_CHECK(join_policy::race().expect(0) == join_step::failure);
}

BOOST_AUTO_TEST_CASE(for_a_quorum_of_none_are_refused) {
  try {
    join_policy::quorum(0);
    BOOST_ERROR("no refusal");
  } catch (const axiom::exception& ex) {
    BOOST_TEST(ex.is(axiom::errc::invalid_argument));
  }
}

BOOST_AUTO_TEST_SUITE_END()
