// Trees of errors: the ways to look at one, to part it and to write it down,
// whatever its shape, its depth, and the bytes in it.

#include <algorithm>
#include <random>

#include "support/json.hpp"
#include "support/tasks.hpp"

using namespace test;
using axiom::concurrent_errors;
using axiom::task_error;

namespace {

task_error an_error(std::string name, axiom::failure why) {
  static int count = 0;
  task_error result{{}, std::move(why), {}, {}};
  result.task.name = std::move(name);
  result.at = axiom::timestamp{std::chrono::seconds{1'700'000'000 + ++count}};
  return result;
}

task_error an_error(std::string name, errc code, std::string text = "x") {
  return an_error(std::move(name), axiom::failure{code, std::move(text)});
}

task_error a_group(std::string name, std::vector<task_error> errors) {
  return an_error(std::move(name),
                  axiom::to_failure(concurrent_errors{std::move(errors)}));
}

/// a; g: (b, h: (c, d with e suppressed)), f cancelled
concurrent_errors a_tree() {
  // Made, and so failed, in this order.
  auto a = an_error("a", errc::scope_closed);
  auto b = an_error("b", errc::invalid_argument);
  auto c = an_error("c", errc::self_join);
  auto d = an_error("d", errc::deadline_exceeded);
  d.suppressed.push_back(an_error("e", errc::queue_full));
  auto h = a_group("h", {c, d});
  auto g = a_group("g", {b, h});
  auto f = an_error("f", errc::cancelled);
  return concurrent_errors{{f, g, a}};
}

concurrent_errors a_chain(std::size_t depth) {
  auto x = an_error("leaf", errc::node_down, "gone");
  for (std::size_t i = 1; i < depth; ++i)
    x = a_group("n", {x});
  return concurrent_errors{{x}};
}

lines paths_of(const std::vector<axiom::flat_error>& all) {
  lines result;
  for (auto& x : all)
    result.push_back(x.path + (x.suppressed ? " (suppressed)" : ""));
  return result;
}

lines paths_of(const std::optional<concurrent_errors>& x) {
  return x ? paths_of(x->flat()) : lines{"none"};
}

void check(const lines& seen, const lines& wanted) {
  BOOST_TEST(seen == wanted, boost::test_tools::per_element());
}

} // namespace

BOOST_AUTO_TEST_SUITE(error_trees)

BOOST_AUTO_TEST_CASE(are_flattened_with_paths) {
  const auto tree = a_tree();
  check(paths_of(tree.flat()),
        {"a", "g/b", "g/h/c", "g/h/d", "g/h/d/e (suppressed)", "f"});
  BOOST_TEST(tree.total() == 5u);
  BOOST_TEST(tree.size() == 3u);
  BOOST_TEST(tree.flat()[3].depth == 2u);
  BOOST_TEST(tree.flat()[3].error->error.is(errc::deadline_exceeded));
}

BOOST_AUTO_TEST_CASE(have_root_causes) {
  check(paths_of(a_tree().root_causes()), {"a", "g/b", "g/h/c", "g/h/d"});
  // Where all were cancelled, that is the cause.
  concurrent_errors cancelled{
    {an_error("a", errc::cancelled), an_error("b", errc::cancelled)}};
  check(paths_of(cancelled.root_causes()), {"a", "b"});
}

BOOST_AUTO_TEST_CASE(answer_for_any_condition) {
  const auto tree = a_tree();
  BOOST_TEST(tree.matches(errc::queue_full));
  BOOST_TEST(!tree.matches(errc::circuit_open));
  BOOST_TEST(tree.any_of([](auto& x) { return x.task.name == "h"; }));
  BOOST_TEST(!tree.any_of([](auto& x) { return x.task.name == "z"; }));
}

BOOST_AUTO_TEST_CASE(are_parted_with_their_structure) {
  const auto tree = a_tree();
  auto both =
    tree.split([](auto& x) { return x.error.is(errc::deadline_exceeded); });
  check(paths_of(both.matching), {"g/h/d", "g/h/d/e (suppressed)"});
  check(paths_of(both.rest), {"a", "g/b", "g/h/c", "f"});
  // Who failed, and when, is as it was.
  BOOST_TEST(both.matching->first().task.name == "g");
  BOOST_CHECK(both.matching->first().at == tree.errors()[1].at);
}

BOOST_AUTO_TEST_CASE(are_parted_into_all_and_nothing) {
  const auto tree = a_tree();
  auto all = tree.split([](auto&) { return true; });
  BOOST_TEST(!all.rest);
  check(paths_of(all.matching), paths_of(tree.flat()));
  auto none = tree.split([](auto&) { return false; });
  BOOST_TEST(!none.matching);
  check(paths_of(none.rest), paths_of(tree.flat()));
}

BOOST_AUTO_TEST_CASE(are_taken_as_a_whole_where_the_group_matches) {
  int asked = 0;
  auto both = a_tree().split([&](auto& x) {
    ++asked;
    return x.task.name == "g";
  });
  BOOST_TEST(asked == 3); // nobody below g
  check(paths_of(both.matching),
        {"g/b", "g/h/c", "g/h/d", "g/h/d/e (suppressed)"});
  check(paths_of(both.rest), {"a", "f"});
}

BOOST_AUTO_TEST_CASE(leave_what_a_divided_group_suppresses_in_both_parts) {
  auto g = a_group(
    "g", {an_error("a", errc::self_join), an_error("b", errc::queue_full)});
  g.suppressed.push_back(an_error("s", errc::node_down));
  concurrent_errors tree{{g}};
  auto both = tree.split([](auto& x) { return x.error.is(errc::self_join); });
  check(paths_of(both.matching), {"g/a", "g/s (suppressed)"});
  check(paths_of(both.rest), {"g/b", "g/s (suppressed)"});
}

BOOST_AUTO_TEST_CASE(lose_nothing_when_parted_at_random) {
  std::mt19937 random{20'261'125};
  for (int round = 0; round < 200; ++round) {
    // A random tree.
    std::vector<task_error> pool;
    for (int i = 0; i < 20; ++i)
      pool.push_back(an_error("t" + std::to_string(i), errc::self_join));
    while (pool.size() > 4) {
      const auto n = 1 + random() % 3;
      std::vector<task_error> some(pool.end() - static_cast<long>(n),
                                   pool.end());
      pool.erase(pool.end() - static_cast<long>(n), pool.end());
      std::shuffle(pool.begin(), pool.end(), random);
      pool.push_back(a_group("g", some));
      if (pool.size() <= 6 && random() % 2 == 0)
        break;
    }
    const concurrent_errors tree{pool};
    std::vector<const void*> chosen;
    auto both = tree.split([&](auto&) { return random() % 3 == 0; });
    auto seen = paths_of(both.matching);
    auto rest = paths_of(both.rest);
    std::erase(seen, "none");
    std::erase(rest, "none");
    seen.insert(seen.end(), rest.begin(), rest.end());
    auto wanted = paths_of(tree.flat());
    std::sort(seen.begin(), seen.end());
    std::sort(wanted.begin(), wanted.end());
    BOOST_REQUIRE(seen == wanted);
  }
}

BOOST_AUTO_TEST_CASE(say_what_came_first_in_one_line) {
  BOOST_TEST(axiom::to_failure(a_chain(3)).what()
             == "concurrent_errors: 'n/n/leaf': node_down: gone");
  BOOST_TEST(axiom::to_failure(a_chain(50)).what()
             == "concurrent_errors: 'n/.../leaf': node_down: gone");
}

BOOST_AUTO_TEST_CASE(print_below_their_first_line) {
  concurrent_errors tree{{a_group(
    "g", {an_error("a", errc::self_join), an_error("b\n", errc::queue_full)})}};
  BOOST_TEST(std::string{tree.what()}
             == "concurrent_errors: 'g/a': self_join: x (and 1 more)\n"
                "g: 2 failed below it\n"
                "  a: self_join: x\n"
                "  b\\n: queue_full: x");
}

BOOST_AUTO_TEST_CASE(may_be_very_deep) {
  constexpr std::size_t depth = 50'000;
  auto tree = std::make_unique<concurrent_errors>(a_chain(depth));
  BOOST_TEST(tree->total() == 1u);
  BOOST_TEST(tree->matches(errc::node_down));
  BOOST_TEST(tree->flat().size() == 1u);
  BOOST_TEST(tree->flat()[0].depth == depth - 1);
  BOOST_TEST(tree->flat()[0].path == "n/n/n/n/n/n/n/n/.../n/n/n/n/n/n/n/leaf");
  auto text = to_string(*tree);
  BOOST_TEST(std::count(text.begin(), text.end(), '\n') == 101);
  BOOST_TEST(is_json(to_json(*tree)));
  auto both = tree->split([](auto& x) { return x.task.name == "leaf"; });
  BOOST_TEST(both.matching->total() == 1u);
  tree.reset(); // needs no stack for it
}

BOOST_AUTO_TEST_CASE(become_json) {
  auto a = an_error("a \"b\"", errc::queue_full, "x\ty\\");
  a.at = axiom::timestamp{std::chrono::milliseconds{1'700'000'000'123}};
  auto g = a_group("g", {an_error("b", axiom::failure{caf::make_error(
                                         caf::sec::request_timeout)})});
  a.suppressed.push_back(g);
  a.suppressed.push_back(an_error("c", errc::cancelled));
  g.at = a.at;
  auto json = to_json(concurrent_errors{{a}});
  BOOST_TEST(is_json(json));
  BOOST_TEST(json.starts_with(
    R"({"errors":[{"task":"a \"b\"","at":"2023-11-14T22:13:20.123Z",)"
    R"("category":"axiom","code":"queue_full","text":"queue_full: x\u0009y\\",)"
    R"("suppressed":[{"task":"g",)"));
  BOOST_TEST(json.find(R"("category":"system","code":)") != std::string::npos);
  BOOST_TEST(json.ends_with(R"(}],"total":1,"omitted":0})"));
}

BOOST_AUTO_TEST_CASE(become_json_up_to_a_limit) {
  std::vector<task_error> many;
  for (int i = 0; i < 20; ++i)
    many.push_back(a_group("g", {an_error("t", errc::self_join)}));
  const concurrent_errors tree{many};
  for (std::size_t limit : {0u, 1u, 2u, 3u, 39u, 40u, 41u}) {
    auto json = to_json(tree, limit);
    BOOST_TEST(is_json(json));
    BOOST_TEST(json.ends_with(
      "\"omitted\":" + std::to_string(limit < 40 ? 40 - limit : 0) + "}"));
  }
}

BOOST_AUTO_TEST_CASE(become_json_whatever_the_bytes) {
  std::string all;
  for (int i = 0; i < 256; ++i)
    all += static_cast<char>(i);
  all += "\xe2\x82\xac \xf0\x9f\x98\x80 \xed\xa0\x80 \xc0\x80 \xf4\x90\x80\x80 "
         "\xe2\x82";
  std::mt19937 random{11};
  for (int round = 0; round < 500; ++round) {
    auto text = all;
    std::shuffle(text.begin(), text.end(), random);
    if (round == 0)
      text = all;
    concurrent_errors tree{
      {an_error(text.substr(0, 60), errc::self_join, text)}};
    auto json = to_json(tree);
    BOOST_REQUIRE(is_json(json));
    // And what is printed cannot control a terminal.
    auto printed = to_string(tree);
    BOOST_REQUIRE(std::count(printed.begin(), printed.end(), '\n') == 1);
    BOOST_REQUIRE(printed.find('\x1b') == std::string::npos);
  }
}

BOOST_AUTO_TEST_CASE(checked_texts_can_be_wrong) {
  for (auto* wrong : {"", "{", "{\"a\"}", "[1,]", "\"\x01\"", "\"\xff\"",
                      "\"\\q\"", "\"\\u12g4\"", "{} {}", "nul"})
    BOOST_TEST(!is_json(wrong));
  BOOST_TEST(is_json(" [ {\"a\": [1, -2, \"\\u00e9\"]}, null, true ] "));
}

BOOST_AUTO_TEST_CASE(keep_the_types_of_exceptions) {
  struct mine : std::runtime_error {
    using runtime_error::runtime_error;
  };
  concurrent_errors tree{{an_error(
    "a", axiom::failure::from(std::make_exception_ptr(mine{"far"})))}};
  BOOST_CHECK_THROW(tree.first().error.rethrow(), mine);
  // What goes to another node names the type and has the text.
  BOOST_TEST(axiom::describe(tree.error()).find("mine: far")
             != std::string::npos);
}

BOOST_AUTO_TEST_SUITE_END()
