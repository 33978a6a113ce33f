// Which errors may pass by themselves.

#include <functional>

#include "support/recovery.hpp"

using namespace test;
using axiom::failure;
using axiom::is_transient;

namespace {

template <class E>
failure thrown(E ex) {
  return failure::from(std::make_exception_ptr(std::move(ex)));
}

axiom::task_error an_error(failure why) {
  return {{}, std::move(why), axiom::timestamp{}, {}};
}

} // namespace

BOOST_AUTO_TEST_SUITE(transient_errors)

BOOST_AUTO_TEST_CASE(are_told_by_their_code) {
  for (auto code : {errc::deadline_exceeded, errc::node_down, errc::queue_full,
                    errc::circuit_open, errc::resource_deadlock,
                    errc::unhandled_exception, errc::never_started})
    BOOST_TEST(is_transient(failure{code, "x"}), to_string(code));
  for (auto code : {errc::cancelled, errc::invalid_argument, errc::self_join,
                    errc::scope_closed, errc::exceeds_capacity,
                    errc::retries_exhausted, errc::restarts_exhausted})
    BOOST_TEST(!is_transient(failure{code, "x"}), to_string(code));
}

BOOST_AUTO_TEST_CASE(of_others_are_told_as_well) {
  BOOST_TEST(is_transient(failure{caf::make_error(caf::sec::request_timeout)}));
  BOOST_TEST(
    !is_transient(failure{caf::make_error(caf::sec::unexpected_message)}));
  BOOST_TEST(is_transient(failure{caf::error{caf::exit_reason::kill}}));
  BOOST_TEST(is_transient(thrown(std::runtime_error{"x"})));
  BOOST_TEST(!is_transient(thrown(std::out_of_range{"x"})));
  BOOST_TEST(is_transient(thrown(42)));
}

BOOST_AUTO_TEST_CASE(among_several_have_to_be_all) {
  const auto lost = an_error({errc::node_down, "x"});
  const auto wrong = an_error({errc::self_join, "x"});
  auto both = [](axiom::task_error a, axiom::task_error b) {
    return axiom::to_failure(axiom::concurrent_errors{{a, b}});
  };
  BOOST_TEST(is_transient(both(lost, lost)));
  BOOST_TEST(!is_transient(both(lost, wrong)));
  // Also deeper down, but not where they are suppressed.
  BOOST_TEST(!is_transient(both(lost, an_error(both(lost, wrong)))));
  auto noted = lost;
  noted.suppressed.push_back(wrong);
  BOOST_TEST(is_transient(both(lost, noted)));
  // Unless somebody has tried already.
  noted.suppressed.push_back(an_error({errc::retries_exhausted, "x"}));
  BOOST_TEST(!is_transient(both(lost, noted)));
}

BOOST_AUTO_TEST_CASE(are_what_a_filter_says) {
  const axiom::error_filter standard;
  BOOST_TEST(standard(failure{errc::node_down, "x"}));
  BOOST_TEST(!standard(failure{errc::self_join, "x"}));
  const axiom::error_filter closure{
    [](const failure& x) { return x.is(errc::self_join); }};
  BOOST_TEST(closure(failure{errc::self_join, "x"}));
  int asked = 0;
  const auto counting = [&asked](const failure&) { return ++asked > 1; };
  const axiom::error_filter object{counting};
  const auto copy = object;
  BOOST_TEST(!copy(failure{errc::self_join, "x"}));
  BOOST_TEST(object(failure{errc::self_join, "x"}));
}

BOOST_AUTO_TEST_CASE(are_what_is_standard_for_an_empty_filter) {
  bool (*const none)(const failure&) = nullptr;
  std::function<bool(const failure&)> nothing;
  for (const axiom::error_filter x :
       {axiom::error_filter{nullptr}, axiom::error_filter{none},
        axiom::error_filter{nothing}}) {
    BOOST_TEST(x(failure{errc::node_down, "x"}));
    BOOST_TEST(!x(failure{errc::self_join, "x"}));
  }
  // By reference: what it holds later counts.
  const axiom::error_filter x{nothing};
  nothing = [](const failure&) { return true; };
  BOOST_TEST(x(failure{errc::self_join, "x"}));
}

BOOST_AUTO_TEST_SUITE_END()
