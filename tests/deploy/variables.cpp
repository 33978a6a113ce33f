#include "axiom/deploy/variables.hpp"

#include <string>

#include <boost/test/unit_test.hpp>

using namespace axiom::deploy;

namespace {

struct fixture {
  fixture()
    : vars([](std::string_view name) -> std::optional<std::string> {
        if (name == "FROM_ENV")
          return "environment";
        if (name == "EMPTY")
          return "";
        return std::nullopt;
      }) {
    vars.set("A", "alpha");
    vars.set("NOTHING", "");
  }

  std::string good(std::string_view text) {
    auto result = vars.substitute(text);
    BOOST_TEST(result.mistakes.empty());
    return result.text;
  }

  std::string bad(std::string_view text) {
    auto result = vars.substitute(text);
    BOOST_TEST_REQUIRE(result.mistakes.size() == 1u);
    return result.mistakes.front();
  }

  variables vars;
};

} // namespace

BOOST_FIXTURE_TEST_SUITE(variable_substitution, fixture)

BOOST_AUTO_TEST_CASE(values_replace_their_names) {
  BOOST_TEST(good("no variables") == "no variables");
  BOOST_TEST(good("${A}") == "alpha");
  BOOST_TEST(good("<${A}-${FROM_ENV}>") == "<alpha-environment>");
}

BOOST_AUTO_TEST_CASE(a_value_set_by_hand_comes_before_the_environment) {
  vars.set("FROM_ENV", "hand");
  BOOST_TEST(good("${FROM_ENV}") == "hand");
}

BOOST_AUTO_TEST_CASE(defaults_stand_in_for_what_is_missing_or_empty) {
  BOOST_TEST(good("${B:-/usr/include}") == "/usr/include");
  BOOST_TEST(good("${EMPTY:-full}") == "full");
  BOOST_TEST(good("${A:-other}") == "alpha");
  BOOST_TEST(good("${B:-}") == "");
}

BOOST_AUTO_TEST_CASE(without_the_colon_an_empty_value_counts) {
  BOOST_TEST(good("${B-default}") == "default");
  BOOST_TEST(good("${NOTHING-default}") == "");
  BOOST_TEST(good("${NOTHING?needed}") == "");
}

BOOST_AUTO_TEST_CASE(defaults_may_contain_variables) {
  BOOST_TEST(good("${B:-${A}/x}") == "alpha/x");
  BOOST_TEST(good("${B:-${C:-${FROM_ENV}}}.") == "environment.");
  BOOST_TEST(good("${B:-a$$b}") == "a$b");
}

BOOST_AUTO_TEST_CASE(what_was_put_in_is_not_looked_at_again) {
  vars.set("TRICK", "${A} $$ ${");
  BOOST_TEST(good("${TRICK}") == "${A} $$ ${");
}

BOOST_AUTO_TEST_CASE(values_may_hold_any_bytes) {
  vars.set("BYTES", "line\nbreak \xff\xfe \"quote\": [");
  BOOST_TEST(good("${BYTES}") == "line\nbreak \xff\xfe \"quote\": [");
}

BOOST_AUTO_TEST_CASE(a_double_dollar_is_a_dollar) {
  BOOST_TEST(good("$$") == "$");
  BOOST_TEST(good("$${A}") == "${A}");
  BOOST_TEST(good("$$$$") == "$$");
}

BOOST_AUTO_TEST_CASE(mistakes_say_what_to_write) {
  BOOST_TEST(bad("${B}").find("variable \"B\" is not set (set it in the "
                              "environment or with --set B=value")
             == 0u);
  BOOST_TEST(bad("${B:?where the files are}")
             == "variable \"B\" is not set: where the files are");
  BOOST_TEST(bad("${EMPTY:?}") == "variable \"EMPTY\" is not set");
  BOOST_TEST(bad("cost: 5$").find("a single \"$\"") == 0u);
  BOOST_TEST(bad("$A").find("a single \"$\"") == 0u);
  BOOST_TEST(bad("${A").find("\"${\" without \"}\"") == 0u);
  BOOST_TEST(bad("${}").find("\"${}\" has no name") == 0u);
  BOOST_TEST(bad("${1A}").find("\"${1A}\" has no name") == 0u);
  BOOST_TEST(bad("${A:default}").find("\"${A:default}\" is not understood")
             == 0u);
}

BOOST_AUTO_TEST_CASE(all_mistakes_of_a_value_are_reported) {
  BOOST_TEST(vars.substitute("${B} ${C} ${A} $x").mistakes.size() == 3u);
}

BOOST_AUTO_TEST_CASE(deep_nesting_is_refused_not_followed) {
  std::string text = "x";
  for (int i = 0; i < 1000; ++i)
    text = "${B:-" + text + "}";
  BOOST_TEST(bad(text) == "defaults nested too deeply");
}

BOOST_AUTO_TEST_CASE(what_was_set_but_never_used_is_known) {
  good("${A} ${B:-${IN_DEFAULT:-}}");
  BOOST_TEST(vars.unused() == std::vector<std::string>{"NOTHING"},
             boost::test_tools::per_element());
  good("${FROM_ENV:-${NOTHING}}"); // in a default that is not needed today
  BOOST_TEST(vars.unused().empty());
}

BOOST_AUTO_TEST_SUITE_END()
