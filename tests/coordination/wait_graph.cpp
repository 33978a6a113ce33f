// Waits that never end because of each other: by example, and for any small
// graph beside an oracle on adjacency matrices.

#include <array>
#include <functional>
#include <map>
#include <ostream>

#include <boost/test/unit_test.hpp>
#include <rapidcheck/boost_test.h>

#include "axiom/coordination/waiting/wait_graph.hpp"

using axiom::detail::find_wait_cycle;

namespace {

using condition = axiom::detail::wait_condition<int>;
using conditions = std::vector<condition>;
using path = std::vector<int>;

/// Who waits for what; those that are not in it wait for nothing.
using waits = std::map<int, conditions>;

path cycle_of(int waiter, const waits& graph) {
  return find_wait_cycle(waiter, [&graph](int node) {
    auto i = graph.find(node);
    return i != graph.end() ? i->second : conditions{};
  });
}

condition join(int task) {
  return {1, {{task}}};
}

/// One unit of what any of them holds.
condition any_of(std::initializer_list<int> holders) {
  condition result{1, {}};
  for (auto x : holders)
    result.suppliers.push_back({x});
  return result;
}

} // namespace

BOOST_AUTO_TEST_SUITE(wait_graph_by_example)

BOOST_AUTO_TEST_CASE(
  whoever_waits_for_nothing_or_for_somebody_who_runs_goes_on) {
  BOOST_TEST(cycle_of(1, {}).empty());
  BOOST_TEST(cycle_of(1, {{1, {join(2)}}, {2, {join(3)}}}).empty());
}

BOOST_AUTO_TEST_CASE(the_path_leads_from_the_waiter_by_what_each_waits_for) {
  waits graph{{1, {join(2)}}, {2, {join(3), join(4)}}, {4, {join(1)}}};
  BOOST_TEST(cycle_of(1, graph) == (path{1, 2, 4}));
  BOOST_TEST(cycle_of(2, graph) == (path{2, 4, 1}));
}

BOOST_AUTO_TEST_CASE(a_task_that_waits_for_itself_is_a_circle_of_one) {
  BOOST_TEST(cycle_of(1, {{1, {join(1)}}}) == path{1});
  // Holding three of four permits and wanting two more, with one free.
  BOOST_TEST(cycle_of(1, {{1, {{1, {{1, 3}}}}}}) == path{1});
}

BOOST_AUTO_TEST_CASE(one_holder_that_runs_is_enough_if_any_will_do) {
  // A parent holds a permit and joins a child that wants one. There are two.
  waits graph{{2, {join(1)}}};
  graph[1] = {any_of({2, 3})};
  BOOST_TEST(cycle_of(1, graph).empty());
  // The other holder joins a child that stands behind the first one.
  graph[3] = {join(4)};
  BOOST_TEST(cycle_of(1, graph).empty());
  graph[4] = {any_of({2, 3}), join(1)};
  BOOST_TEST(cycle_of(4, graph) == (path{4, 3}));
  BOOST_TEST(cycle_of(1, graph) == (path{1, 2}));
}

BOOST_AUTO_TEST_CASE(those_that_run_must_hold_enough) {
  waits graph{{1, {{4, {{2, 3}, {3, 4}}}}}, {2, {join(1)}}};
  BOOST_TEST(cycle_of(1, graph).empty());
  graph[1] = {{4, {{2, 3}, {3, 3}}}};
  BOOST_TEST(cycle_of(1, graph) == (path{1, 2}));
}

BOOST_AUTO_TEST_CASE(all_conditions_have_to_be_met) {
  waits graph{{1, {join(2), join(3)}}, {2, {join(1)}}};
  BOOST_TEST(cycle_of(1, graph) == (path{1, 2}));
  graph[1] = {{0, {{2}}}, join(3)}; // nothing is needed of the first
  BOOST_TEST(cycle_of(1, graph).empty());
}

BOOST_AUTO_TEST_CASE(a_condition_that_is_met_is_no_part_of_the_circle) {
  waits graph{{1, {any_of({2, 3}), join(4)}},
              {2, {join(1)}},
              {4, {join(5)}},
              {5, {join(1)}}};
  BOOST_TEST(cycle_of(1, graph) == (path{1, 4, 5}));
}

BOOST_AUTO_TEST_CASE(a_deadlock_of_others_is_not_the_waiters) {
  waits graph{{1, {join(2)}}, {2, {join(3)}}, {3, {join(2)}}};
  BOOST_TEST(cycle_of(1, graph).empty());
  BOOST_TEST(cycle_of(2, graph) == (path{2, 3}));
}

BOOST_AUTO_TEST_CASE(what_nobody_can_supply_is_no_circle) {
  BOOST_TEST(cycle_of(1, {{1, {{1, {}}}}}).empty());
}

BOOST_AUTO_TEST_CASE(the_search_asks_no_more_than_it_has_to) {
  int asked = 0;
  auto found = find_wait_cycle(0, [&asked](int node) {
    ++asked;
    condition result{1, {}};
    for (int i = 1; node == 0 && i < 1000; ++i)
      result.suppliers.push_back({i});
    return node == 0 ? conditions{result} : conditions{};
  });
  BOOST_TEST(found.empty());
  BOOST_TEST(asked == 2); // the first holder runs
}

BOOST_AUTO_TEST_CASE(a_long_chain_of_waits_does_not_overflow_the_stack) {
  constexpr int length = 200'000;
  auto next = [](int node) { return conditions{join((node + 1) % length)}; };
  auto found = find_wait_cycle(0, next);
  BOOST_TEST(found.size() == static_cast<std::size_t>(length));
  BOOST_TEST(find_wait_cycle(0, [&](int node) {
               return node + 1 < length ? next(node) : conditions{};
             }).empty());
}

BOOST_AUTO_TEST_SUITE_END()

// -- any small graph ----------------------------------------------------------

namespace {

constexpr int nodes = 7;
using matrix = std::array<std::array<bool, nodes>, nodes>;

/// Who holds how much of what another one wants, and of how much.
struct wanted {
  std::uint64_t needed;
  std::array<std::uint64_t, nodes> amounts; // 0 for those that hold nothing
};

std::ostream& operator<<(std::ostream& out, const wanted& x) {
  out << x.needed << " of";
  for (auto amount : x.amounts)
    out << ' ' << amount;
  return out;
}

/// At each node, what it waits for.
using small_graph = std::array<std::vector<wanted>, nodes>;

conditions at(const small_graph& graph, int node) {
  conditions result;
  for (auto& x : graph[static_cast<std::size_t>(node)]) {
    auto& y = result.emplace_back(condition{x.needed, {}});
    for (int i = 0; i < nodes; ++i)
      if (auto amount = x.amounts[static_cast<std::size_t>(i)]; amount > 0)
        y.suppliers.push_back({i, amount});
  }
  return result;
}

/// Who can go on, by trying again until nothing changes.
std::array<bool, nodes> able_to_go_on(const small_graph& graph) {
  std::array<bool, nodes> result{};
  for (int round = 0; round <= nodes; ++round)
    for (std::size_t i = 0; i < nodes; ++i) {
      auto met = [&](const wanted& x) {
        std::uint64_t sum = 0;
        for (std::size_t j = 0; j < nodes; ++j)
          sum += result[j] ? x.amounts[j] : 0;
        return sum >= x.needed;
      };
      result[i] = std::all_of(graph[i].begin(), graph[i].end(), met);
    }
  return result;
}

/// Which of those that cannot go on waits for which.
matrix stuck_waits(const small_graph& graph) {
  auto goes_on = able_to_go_on(graph);
  matrix result{};
  for (std::size_t i = 0; i < nodes; ++i)
    for (auto& x : graph[i]) {
      std::uint64_t sum = 0;
      for (std::size_t j = 0; j < nodes; ++j)
        sum += goes_on[j] ? x.amounts[j] : 0;
      for (std::size_t j = 0; j < nodes && sum < x.needed; ++j)
        result[i][j] |= x.amounts[j] > 0 && !goes_on[j];
    }
  return result;
}

/// How many steps it takes from a node back to itself; 0 if there is no way.
/// (All ways of that many steps at once.)
std::size_t cycle_length(const matrix& edges, std::size_t node) {
  auto reached = edges[node];
  for (std::size_t steps = 1; steps <= nodes; ++steps) {
    if (reached[node])
      return steps;
    std::array<bool, nodes> next{};
    for (std::size_t i = 0; i < nodes; ++i)
      for (std::size_t j = 0; j < nodes; ++j)
        next[j] |= reached[i] && edges[i][j];
    reached = next;
  }
  return 0;
}

void check_path(const path& found, const matrix& edges, std::size_t from) {
  RC_ASSERT(found.size() == cycle_length(edges, from));
  for (std::size_t i = 0; i < found.size(); ++i) {
    auto x = static_cast<std::size_t>(found[i]);
    auto next = static_cast<std::size_t>(found[(i + 1) % found.size()]);
    RC_ASSERT(edges[x][next]);
    RC_ASSERT(i != 0 || x == from);
  }
}

rc::Gen<std::uint64_t> amounts() {
  return rc::gen::weightedOneOf<std::uint64_t>(
    {{3, rc::gen::just(std::uint64_t{0})},
     {2, rc::gen::inRange<std::uint64_t>(1, 4)}});
}

rc::Gen<wanted> conditions_made_up() {
  return rc::gen::construct<wanted>(
    rc::gen::inRange<std::uint64_t>(0, 5),
    rc::gen::container<std::array<std::uint64_t, nodes>>(amounts()));
}

rc::Gen<small_graph> graphs() {
  return rc::gen::container<small_graph>(rc::gen::resize(
    3, rc::gen::container<std::vector<wanted>>(conditions_made_up())));
}

} // namespace

BOOST_AUTO_TEST_SUITE(wait_graph_model)

RC_BOOST_PROP(the_shortest_circle_is_found_if_and_only_if_there_is_one, ()) {
  const auto graph = *graphs();
  auto edges = stuck_waits(graph);
  for (int from = 0; from < nodes; ++from)
    check_path(find_wait_cycle(from, [&](int x) { return at(graph, x); }),
               edges, static_cast<std::size_t>(from));
}

RC_BOOST_PROP(where_each_waits_for_all_every_circle_is_a_deadlock, ()) {
  const auto edges =
    *rc::gen::container<matrix>(rc::gen::container<std::array<bool, nodes>>(
      rc::gen::weightedElement<bool>({{5, false}, {1, true}})));
  auto joins = [&](int node) {
    conditions result;
    for (int i = 0; i < nodes; ++i)
      if (edges[static_cast<std::size_t>(node)][static_cast<std::size_t>(i)])
        result.push_back(join(i));
    return result;
  };
  for (int from = 0; from < nodes; ++from)
    check_path(find_wait_cycle(from, joins), edges,
               static_cast<std::size_t>(from));
}

BOOST_AUTO_TEST_SUITE_END()
