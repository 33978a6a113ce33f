// Errors: their text, their codes, what they carry.

#include <algorithm>

#include "support/tasks.hpp"

using namespace test;

namespace {

axiom::task_error an_error(std::string name, errc code, std::string text) {
  axiom::task_error result{{}, axiom::failure{code, std::move(text)}, {}, {}};
  result.task.name = std::move(name);
  result.at = axiom::timestamp::clock::now();
  return result;
}

struct foreign_error : std::runtime_error {
  using runtime_error::runtime_error;
};

} // namespace

BOOST_AUTO_TEST_SUITE(error_codes)

BOOST_AUTO_TEST_CASE(have_names_and_an_unknown_one_its_number) {
  BOOST_TEST(to_string(errc::cancelled) == "cancelled");
  BOOST_TEST(to_string(errc::empty_handle) == "empty_handle");
  BOOST_TEST(to_string(static_cast<errc>(200)) == "errc(200)");
}

BOOST_AUTO_TEST_CASE(have_a_sentence_each_and_are_found_by_name) {
  std::size_t n = 0;
  for (int i = 1; i < 256; ++i) {
    const auto code = static_cast<errc>(i);
    const auto sentence = sentence_of(code);
    if (sentence.empty()) {
      BOOST_TEST(to_string(code) == "errc(" + std::to_string(i) + ")");
      continue;
    }
    ++n;
    BOOST_TEST(sentence.back() == '.');
    BOOST_CHECK(axiom::parse_errc(to_string(code)) == code);
  }
  BOOST_TEST(n == static_cast<std::size_t>(errc::name_taken));
  BOOST_CHECK(axiom::parse_errc("errc(200)") == std::nullopt);
  BOOST_CHECK(axiom::parse_errc("") == std::nullopt);
}

BOOST_AUTO_TEST_CASE(become_errors_and_are_read_from_them) {
  const caf::error err = errc::circuit_open;
  BOOST_CHECK(axiom::code_of(err) == errc::circuit_open);
  BOOST_CHECK(err == errc::circuit_open);
  BOOST_CHECK(axiom::code_of(caf::error{}) == std::nullopt);
  BOOST_CHECK(axiom::code_of(caf::make_error(caf::sec::request_timeout))
              == std::nullopt);
}

BOOST_AUTO_TEST_CASE(are_told_from_those_of_others) {
  auto ours = axiom::make_error(errc::cancelled, "why");
  BOOST_TEST(axiom::is(ours, errc::cancelled));
  BOOST_TEST(!axiom::is(ours, errc::scope_closed));
  BOOST_TEST(!axiom::is(caf::error{}, errc::cancelled));
  // The same number in another category.
  caf::error other{static_cast<std::uint8_t>(errc::cancelled),
                   caf::atom("system")};
  BOOST_TEST(!axiom::is(other, errc::cancelled));
}

BOOST_AUTO_TEST_CASE(are_described_in_one_line) {
  BOOST_TEST(axiom::describe(axiom::make_error(errc::self_join))
             == "self_join");
  BOOST_TEST(axiom::describe(axiom::make_error(errc::self_join, "a for b"))
             == "self_join: a for b");
  BOOST_TEST(axiom::describe(caf::error{}) == "none");
  BOOST_TEST(axiom::describe(caf::make_error(caf::sec::request_timeout))
             == "request_timeout");
  BOOST_TEST(axiom::describe(caf::make_error(caf::sec::runtime_error, "x"))
             == "runtime_error: x");
  BOOST_TEST(axiom::describe(caf::error{caf::exit_reason::kill}) == "kill");
  BOOST_TEST(axiom::describe({2, caf::atom("errno"),
                              caf::make_message(std::string{"/x: no file"})})
             == "errno(2): /x: no file");
  BOOST_TEST(axiom::describe({2, caf::atom("errno")}) == "errno(2)");
}

BOOST_AUTO_TEST_CASE(are_rendered_by_the_actor_system) {
  axiom::config cfg;
  cfg.axiom.scheduler = axiom::runtime::scheduler_policy::testing;
  caf::actor_system sys{cfg};
  auto text = sys.render(axiom::make_error(errc::no_such_task, "t-1"));
  BOOST_TEST(text.find("no_such_task") != std::string::npos);
  BOOST_TEST(text.find("t-1") != std::string::npos);
}

BOOST_AUTO_TEST_CASE(of_an_empty_caf_error_say_that_it_is_one) {
  const axiom::failure x{caf::error{}};
  BOOST_TEST(x.is(errc::invalid_argument));
  BOOST_TEST(x.what().find("give it an error") != std::string::npos);
  BOOST_CHECK(code_thrown_by([&] { x.rethrow(); }) == errc::invalid_argument);
}

BOOST_AUTO_TEST_SUITE_END()

BOOST_AUTO_TEST_SUITE(failures)

BOOST_AUTO_TEST_CASE(from_ours_keep_code_and_type) {
  auto x = axiom::failure::from(
    std::make_exception_ptr(axiom::exception{errc::invalid_argument, "n"}));
  BOOST_TEST(x.is(errc::invalid_argument));
  BOOST_TEST(x.what() == "invalid_argument: n");
  BOOST_CHECK_THROW(x.rethrow(), axiom::exception);
}

BOOST_AUTO_TEST_CASE(from_foreign_exceptions_name_type_and_text) {
  auto x =
    axiom::failure::from(std::make_exception_ptr(foreign_error{"far away"}));
  BOOST_TEST(x.is(errc::unhandled_exception));
  BOOST_TEST(x.what().find("foreign_error: far away") != std::string::npos);
  BOOST_CHECK_THROW(x.rethrow(), foreign_error);
  auto y = axiom::failure::from(std::make_exception_ptr(42));
  BOOST_TEST(y.is(errc::unhandled_exception));
  BOOST_CHECK_THROW(y.rethrow(), int);
}

BOOST_AUTO_TEST_CASE(without_an_exception_throw_ours) {
  axiom::failure x{caf::make_error(caf::sec::runtime_error, "r")};
  BOOST_TEST(!x.cause());
  try {
    x.rethrow();
  } catch (const axiom::exception& ex) {
    BOOST_CHECK(ex.error() == caf::sec::runtime_error);
    BOOST_TEST(std::string{ex.what()} == "runtime_error: r");
  }
}

BOOST_AUTO_TEST_SUITE_END()

BOOST_AUTO_TEST_SUITE(several_errors)

BOOST_AUTO_TEST_CASE(are_summed_up_by_the_first) {
  axiom::concurrent_errors one{{an_error("a", errc::self_join, "x")}};
  BOOST_TEST(one.is(errc::concurrent_errors));
  BOOST_TEST(std::string{one.what()} == "concurrent_errors: 'a': self_join: x");
  axiom::concurrent_errors two{
    {an_error("a", errc::self_join, "x"), an_error("b", errc::cancelled, "y")}};
  BOOST_TEST(axiom::to_failure(two).what()
             == "concurrent_errors: 'a': self_join: x (and 1 more)");
  BOOST_TEST(std::string{two.what()}
             == "concurrent_errors: 'a': self_join: x (and 1 more)\n"
                "a: self_join: x\n"
                "b: cancelled: y");
}

BOOST_AUTO_TEST_CASE(come_in_the_order_of_time) {
  auto early = an_error("early", errc::self_join, "x");
  auto late = an_error("late", errc::self_join, "y");
  early.at -= 1s;
  axiom::concurrent_errors both{{late, early}};
  BOOST_TEST(both.first().task.name == "early");
  BOOST_TEST(both.errors()[1].task.name == "late");
}

BOOST_AUTO_TEST_CASE(print_as_a_tree) {
  auto middle = an_error("middle", errc::child_failed, "");
  middle.error = axiom::to_failure(
    axiom::concurrent_errors{{an_error("leaf", errc::invalid_argument, "x")}});
  auto own = an_error("own", errc::self_join, "y");
  own.at += 1s;
  own.suppressed.push_back(an_error("beside", errc::scope_closed, "z"));
  axiom::concurrent_errors all{{middle, own}};
  BOOST_TEST(to_string(all)
             == "middle: 1 failed below it\n"
                "  leaf: invalid_argument: x\n"
                "own: self_join: y\n"
                "  suppressed: beside: scope_closed: z\n");
}

BOOST_AUTO_TEST_CASE(print_at_most_a_hundred_lines_and_a_count) {
  std::vector<axiom::task_error> many;
  for (int i = 0; i < 250; ++i)
    many.push_back(an_error("t", errc::self_join, "x"));
  axiom::concurrent_errors all{many};
  auto text = to_string(all);
  BOOST_TEST(std::count(text.begin(), text.end(), '\n') == 101);
  BOOST_TEST(text.find("... and 150 more\n") != std::string::npos);
  BOOST_TEST(to_string(all, 3).find("... and 247 more\n") != std::string::npos);
  many.erase(many.begin() + 100, many.end());
  BOOST_TEST(to_string(axiom::concurrent_errors{many}).find("more")
             == std::string::npos);
}

BOOST_AUTO_TEST_CASE(match_a_code_anywhere_in_the_tree) {
  auto middle = an_error("middle", errc::child_failed, "");
  auto leaf = an_error("leaf", errc::invalid_argument, "x");
  leaf.suppressed.push_back(an_error("beside", errc::scope_closed, "z"));
  middle.error = axiom::to_failure(axiom::concurrent_errors{{leaf}});
  axiom::concurrent_errors all{{middle}};
  BOOST_TEST(all.matches(errc::invalid_argument));
  BOOST_TEST(all.matches(errc::scope_closed));
  BOOST_TEST(all.matches(errc::concurrent_errors));
  BOOST_TEST(!all.matches(errc::self_join));
}

BOOST_AUTO_TEST_CASE(survive_as_a_failure) {
  axiom::concurrent_errors all{
    {an_error("a", errc::self_join, "x"), an_error("b", errc::cancelled, "y")}};
  auto x = axiom::to_failure(all);
  BOOST_TEST(x.is(errc::concurrent_errors));
  try {
    x.rethrow();
  } catch (const axiom::concurrent_errors& ex) {
    BOOST_TEST(ex.size() == 2u);
  }
}

BOOST_AUTO_TEST_CASE(cannot_be_none) {
  BOOST_CHECK(code_thrown_by([] {
                static_cast<void>(
                  axiom::concurrent_errors{std::vector<axiom::task_error>{}});
              })
              == errc::invalid_argument);
}

BOOST_AUTO_TEST_CASE(are_summed_up_in_one_line_whatever_the_first_contains) {
  const axiom::concurrent_errors x{
    {an_error("a\nb", errc::self_join, "red \x1b[31m\r\nnext \xff")}};
  const std::string wanted = "concurrent_errors: 'a\\nb': self_join: red "
                             "\\x1b[31m\\r\\nnext \\xff";
  BOOST_TEST(std::string{x.what()} == wanted);
  BOOST_TEST(axiom::to_failure(x).what() == wanted);
}

BOOST_AUTO_TEST_SUITE_END()
