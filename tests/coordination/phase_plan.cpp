// Plans of phases: their order, and what is refused.

#include <algorithm>
#include <map>
#include <set>
#include <string>
#include <vector>

#include <boost/test/unit_test.hpp>
#include <rapidcheck.h>

#include "axiom/coordination/phase_plan.hpp"
#include "axiom/error/exception.hpp"
#include "support/phases.hpp"

using axiom::phase_plan;
using axiom::runtime::duration;
using namespace test;

namespace {

using lines = std::vector<std::string>;

void check_problems(const std::vector<phase>& phases, const lines& wanted) {
  BOOST_TEST(problems_of(phases) == wanted, boost::test_tools::per_element());
}

lines ordered(const phase_plan& plan) {
  lines result;
  for (auto i : plan.order())
    result.push_back(plan[i].name);
  return result;
}

} // namespace

BOOST_AUTO_TEST_SUITE(phase_plans)

BOOST_AUTO_TEST_CASE(order_phases_behind_what_they_wait_for) {
  phase_plan plan{{make_phase("stop", {"release", "cancel"}),
                   make_phase("release", {"drain"}), make_phase("close"),
                   make_phase("cancel", {"drain"}),
                   make_phase("drain", {"close"})}};
  BOOST_TEST(ordered(plan)
               == (lines{"close", "drain", "release", "cancel", "stop"}),
             boost::test_tools::per_element());
  BOOST_TEST(*plan.find("cancel") == 3u);
  BOOST_TEST(!plan.find("none"));
}

BOOST_AUTO_TEST_CASE(add_up_the_budgets_of_the_longest_path) {
  phase_plan plan{{make_phase("a", {}, 2s), make_phase("b", {"a"}, 3s),
                   make_phase("c", {}, 4s), make_phase("d", {"b", "c"}, 1s)}};
  BOOST_CHECK(plan.critical_path() == 6s);
  BOOST_CHECK(phase_plan{{}}.critical_path() == 0s);
  phase_plan endless{
    {make_phase("a", {}, duration::max()), make_phase("b", {"a"})}};
  BOOST_CHECK(endless.critical_path() == duration::max());
}

BOOST_AUTO_TEST_CASE(refuse_names_that_are_not_unique_known_or_usable) {
  check_problems(
    {make_phase("a"), make_phase("b"), make_phase("a"), make_phase("a")},
    {"phase 'a' is defined 3 times"});
  check_problems({make_phase("a", {"b", "c"}), make_phase("c")},
                 {"phase 'a' waits for 'b', which is no phase"});
  check_problems({make_phase("a"), make_phase(""), make_phase("")},
                 {"phase number 2 has no name", "phase number 3 has no name"});
  std::string longest(64, 'x');
  check_problems({make_phase(longest)}, {});
  check_problems({make_phase(longest + "x")},
                 {"phase '" + longest + "x' has a name of more than 64 bytes"});
}

BOOST_AUTO_TEST_CASE(refuse_budgets_that_are_not_positive) {
  check_problems({make_phase("a", {}, 0s), make_phase("b", {}, -1s)},
                 {"phase 'a' has a budget that is not positive",
                  "phase 'b' has a budget that is not positive"});
}

BOOST_AUTO_TEST_CASE(name_cycles_as_a_path) {
  check_problems({make_phase("a", {"a"})},
                 {"phases wait for each other: a -> a"});
  check_problems({make_phase("a", {"b"}), make_phase("b", {"a"})},
                 {"phases wait for each other: a -> b -> a"});
  // Behind a cycle, or before it, is not on it.
  check_problems({make_phase("x", {"a"}), make_phase("a", {"c", "y"}),
                  make_phase("b", {"a"}), make_phase("c", {"b"}),
                  make_phase("y")},
                 {"phases wait for each other: a -> c -> b -> a"});
  // Each knot on its own, and two that share a phase.
  check_problems({make_phase("a", {"b"}), make_phase("b", {"a", "c"}),
                  make_phase("c", {"b"}), make_phase("d", {"e"}),
                  make_phase("e", {"d"})},
                 {"phases wait for each other: a -> b -> a",
                  "phases wait for each other: c -> b -> c",
                  "phases wait for each other: d -> e -> d"});
}

BOOST_AUTO_TEST_CASE(tell_all_problems_at_once) {
  BOOST_CHECK_EXCEPTION(
    (phase_plan{{make_phase("a", {"b", "zz"}, 0s), make_phase("b", {"a"})}}),
    axiom::exception, [](const auto& ex) {
      return ex.what()
          == std::string{"invalid_argument: "
                         "phase 'a' has a budget that is not positive; "
                         "phase 'a' waits for 'zz', which is no phase; "
                         "phases wait for each other: a -> b -> a"};
    });
}

BOOST_AUTO_TEST_CASE(take_a_name_twice_in_one_list_for_once) {
  phase_plan plan{{make_phase("a"), make_phase("b", {"a", "a"})}};
  BOOST_TEST(plan.waits_for(1) == 1u);
}

BOOST_AUTO_TEST_CASE(find_every_cycle_there_is) {
  BOOST_CHECK(rc::check("any phases", [] {
    auto phases = any_phases(cycles::maybe);
    // Who can be reached from whom, by name.
    std::map<std::string, std::set<std::string>> reach;
    for (const auto& x : phases)
      reach[x.name].insert(x.after.begin(), x.after.end());
    for (const auto& via : phases)
      for (auto& [from, to] : reach)
        if (to.contains(via.name)) {
          auto more = reach[via.name];
          to.insert(more.begin(), more.end());
        }
    std::set<std::string> named;
    const std::string prefix = "phases wait for each other: ";
    for (auto text : problems_of(phases)) {
      RC_ASSERT(text.starts_with(prefix));
      text.erase(0, prefix.size());
      names path;
      for (auto end = text.find(" -> "); end != std::string::npos;
           end = text.find(" -> ")) {
        path.push_back(text.substr(0, end));
        text.erase(0, end + 4);
      }
      RC_ASSERT(text == path.front());
      path.push_back(text);
      for (std::size_t i = 0; i + 1 < path.size(); ++i) { // each step is real
        auto x = std::find_if(phases.begin(), phases.end(),
                              [&](auto& p) { return p.name == path[i]; });
        RC_ASSERT(x != phases.end());
        RC_ASSERT(std::count(x->after.begin(), x->after.end(), path[i + 1])
                  == 1);
      }
      named.insert(path.begin(), path.end());
    }
    for (const auto& x : phases)
      RC_ASSERT(named.contains(x.name) == reach[x.name].contains(x.name));
  }));
}

BOOST_AUTO_TEST_SUITE_END()
