// When a join is decided, and what becomes of each outcome.

#include <algorithm>
#include <functional>
#include <string>
#include <vector>

#include <boost/test/unit_test.hpp>
#include <rapidcheck.h>

#include "axiom/coordination/join_policy.hpp"
#include "axiom/error/exception.hpp"

using axiom::join_outcome;
using axiom::join_policy;
using axiom::join_step;
using enum axiom::join_outcome;

namespace {

using outcomes = std::vector<join_outcome>;
using children = std::vector<std::size_t>;

children listed(std::span<const std::size_t> x) {
  return {x.begin(), x.end()};
}

void check_list(std::span<const std::size_t> seen, const children& wanted) {
  BOOST_TEST(listed(seen) == wanted, boost::test_tools::per_element());
}

/// The text of the error that making a policy throws.
template <class F>
std::string refusal(F make) {
  try {
    make();
  } catch (const axiom::exception& ex) {
    BOOST_TEST(ex.is(axiom::errc::invalid_argument));
    return ex.what();
  }
  return "none";
}

/// One of the policies, made for so many children, and what it is to mean: the
/// result when all outcomes are known, in order of completion.
struct specimen {
  std::string name;
  std::function<join_policy(std::size_t)> make;
  std::function<bool(const outcomes&)> succeeds;
  bool hurries = true; // whether it decides as soon as the result is certain
};

std::size_t successes(const outcomes& all) {
  return static_cast<std::size_t>(std::count(all.begin(), all.end(), success));
}

std::vector<specimen> specimens(std::size_t n) {
  std::vector<specimen> result{
    {"wait_for_all", join_policy::wait_for_all,
     [](const outcomes& all) { return successes(all) == all.size(); }, false},
    {"first_success", join_policy::first_success,
     [](const outcomes& all) { return successes(all) > 0; }},
    {"race", join_policy::race,
     [](const outcomes& all) { return all.front() == success; }},
  };
  for (std::size_t k = 1; k <= n; ++k)
    result.push_back(
      {"quorum of " + std::to_string(k),
       [k](std::size_t m) { return join_policy::quorum(k, m); },
       [k](const outcomes& all) { return successes(all) >= k; }});
  return result;
}

/// Whether the result is the same however those that are missing end. That they
/// all succeed and that they all fail are the extremes.
bool certain(const specimen& x, const outcomes& all, std::size_t known) {
  auto best = all;
  auto worst = all;
  std::fill(best.begin() + static_cast<std::ptrdiff_t>(known), best.end(),
            success);
  std::fill(worst.begin() + static_cast<std::ptrdiff_t>(known), worst.end(),
            failure);
  return x.succeeds(best) == x.succeeds(worst);
}

/// Feeds all outcomes and checks the promises; false if one is broken. Child i
/// of n is the one that ends as number i * 7 mod n, so that the order of
/// completion is not that of the children.
bool keeps_promises(const specimen& x, const outcomes& all) {
  const auto n = all.size();
  const auto child = [n](std::size_t i) { return n % 7 == 0 ? i : i * 7 % n; };
  auto join = x.make(n);
  std::size_t decided_after = 0; // how many outcomes
  children failed;
  children winners;
  for (std::size_t i = 0; i < n; ++i) {
    auto was_decided = join.decided();
    auto step = join.add(child(i), all[i]);
    if (all[i] == failure || (all[i] == cancelled && !was_decided))
      failed.push_back(child(i));
    if (all[i] == success && !was_decided)
      winners.push_back(child(i));
    if (was_decided != (step == join_step::late))
      return false;
    auto due = x.hurries ? certain(x, all, i + 1) : i + 1 == n;
    if (!was_decided && due != join.decided())
      return false; // too early or too late
    if (!was_decided && join.decided()) {
      decided_after = i + 1;
      auto wanted = x.succeeds(all) ? join_step::success : join_step::failure;
      if (step != wanted || join.succeeded() != x.succeeds(all))
        return false;
      if (listed(join.errors()) != (x.succeeds(all) ? children{} : failed))
        return false;
    } else if (!join.decided()
               && (step != join_step::go_on || !join.errors().empty()
                   || !join.suppressed().empty())) {
      return false;
    }
    if (join.running() != n - i - 1)
      return false;
  }
  // No error is lost, none is in both lists, and each is in order of
  // completion.
  auto handed_over = listed(join.errors());
  auto suppressed = listed(join.suppressed());
  handed_over.insert(handed_over.end(), suppressed.begin(), suppressed.end());
  return decided_after > 0 && handed_over == failed
      && listed(join.winners()) == winners;
}

} // namespace

BOOST_AUTO_TEST_SUITE(join_policies)

BOOST_AUTO_TEST_CASE(keep_their_promises_for_all_outcomes_of_up_to_six) {
  for (std::size_t n = 1; n <= 6; ++n) {
    std::size_t variants = 1;
    for (std::size_t i = 0; i < n; ++i)
      variants *= 3;
    for (const auto& x : specimens(n))
      for (std::size_t variant = 0; variant < variants; ++variant) {
        outcomes all;
        for (auto rest = variant; all.size() < n; rest /= 3)
          all.push_back(static_cast<join_outcome>(rest % 3));
        BOOST_TEST_CONTEXT(x.name << " of " << n << ", variant " << variant)
        BOOST_REQUIRE(keeps_promises(x, all));
      }
  }
}

BOOST_AUTO_TEST_CASE(keep_their_promises_for_any_outcomes_of_many) {
  BOOST_CHECK(rc::check("any outcomes", [] {
    auto all = *rc::gen::nonEmpty(rc::gen::container<outcomes>(
      rc::gen::element(success, failure, cancelled)));
    for (const auto& x : specimens(all.size()))
      RC_ASSERT(keeps_promises(x, all));
  }));
}

BOOST_AUTO_TEST_CASE(that_wait_for_all_have_all_errors) {
  auto join = join_policy::wait_for_all(3);
  BOOST_CHECK(join.add(1, failure) == join_step::go_on);
  BOOST_CHECK(join.add(2, success) == join_step::go_on);
  BOOST_CHECK(join.add(0, cancelled) == join_step::failure);
  check_list(join.errors(), {1, 0});
  check_list(join.suppressed(), {});
}

BOOST_AUTO_TEST_CASE(for_the_first_success_suppress_the_failures_before_it) {
  auto join = join_policy::first_success(4);
  BOOST_CHECK(join.add(3, failure) == join_step::go_on);
  BOOST_CHECK(join.add(1, success) == join_step::success);
  check_list(join.suppressed(), {3});
  // The rest is cancelled: one takes it, one fails meanwhile.
  BOOST_CHECK(join.add(0, cancelled) == join_step::late);
  BOOST_CHECK(join.add(2, failure) == join_step::late);
  check_list(join.winners(), {1});
  check_list(join.errors(), {});
  check_list(join.suppressed(), {3, 2});
  BOOST_TEST(join.running() == 0u);
}

BOOST_AUTO_TEST_CASE(for_a_race_are_lost_by_a_first_failure) {
  auto join = join_policy::race(3);
  BOOST_CHECK(join.add(2, failure) == join_step::failure);
  BOOST_CHECK(join.add(0, success) == join_step::late);
  BOOST_CHECK(join.add(1, failure) == join_step::late);
  check_list(join.winners(), {});
  check_list(join.errors(), {2});
  check_list(join.suppressed(), {1});
}

BOOST_AUTO_TEST_CASE(for_a_quorum_fail_as_soon_as_it_is_out_of_reach) {
  auto join = join_policy::quorum(3, 5);
  BOOST_CHECK(join.add(0, failure) == join_step::go_on);
  BOOST_CHECK(join.add(1, success) == join_step::go_on);
  BOOST_CHECK(join.add(2, cancelled) == join_step::go_on);
  BOOST_CHECK(join.add(3, failure) == join_step::failure);
  check_list(join.errors(), {0, 2, 3});
  check_list(join.winners(), {1});
}

BOOST_AUTO_TEST_CASE(of_no_children_have_succeeded_or_are_refused) {
  BOOST_TEST(join_policy::wait_for_all(0).succeeded());
  BOOST_TEST(refusal([] { return join_policy::first_success(0); })
             == "invalid_argument: first_success of no children has nothing to "
                "wait for");
  BOOST_TEST(refusal([] { return join_policy::race(0); })
             == "invalid_argument: a race of no children has nothing to wait "
                "for");
}

BOOST_AUTO_TEST_CASE(for_a_quorum_of_none_or_too_many_are_refused) {
  BOOST_TEST(
    refusal([] { return join_policy::quorum(0, 3); })
    == "invalid_argument: a quorum of 0 waits for nothing (expected at "
       "least 1)");
  BOOST_TEST(
    refusal([] { return join_policy::quorum(2, 1); })
    == "invalid_argument: a quorum of 2 cannot be reached with 1 child");
  BOOST_TEST(refusal([] { return join_policy::quorum(4, 3); })
             == "invalid_argument: a quorum of 4 cannot be reached with 3 "
                "children");
}

BOOST_AUTO_TEST_CASE(refuse_outcomes_of_strangers_and_second_ones) {
  auto join = join_policy::quorum(1, 2);
  BOOST_TEST(refusal([&] { join.add(2, success); })
             == "invalid_argument: child 2 ended, of a join that has 2");
  join.add(1, failure);
  BOOST_TEST(refusal([&] { join.add(1, success); })
             == "invalid_argument: child 1 of a join ended twice");
  BOOST_CHECK(join.add(0, success) == join_step::success);
}

BOOST_AUTO_TEST_SUITE_END()
