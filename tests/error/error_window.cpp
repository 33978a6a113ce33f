// The errors that a supervisor remembers.

#include "axiom/error/supervisor/error_window.hpp"

#include <string>

#include <boost/test/unit_test.hpp>

#include "support/tasks.hpp"

using namespace std::chrono_literals;
using axiom::errc;
using axiom::detail::error_window;

namespace {

struct windowed {
  error_window window{5s, 3};
  axiom::runtime::time_point now{1h};
  std::vector<axiom::task_error> dropped;

  void add(const char* name) {
    axiom::task_error x{
      {}, axiom::failure{errc::child_failed, "broken"}, {}, {}};
    x.task.name = name;
    window.add(std::move(x), now, dropped);
  }

  void add_all(std::initializer_list<const char*> names) {
    for (auto* name : names)
      add(name);
  }

  test::lines kept() const {
    test::lines result;
    for (auto& x : window.list())
      result.push_back(x.task.name);
    return result;
  }
};

#define CHECK_KEPT(...)                                                        \
  BOOST_TEST(kept() == (test::lines __VA_ARGS__),                              \
             boost::test_tools::per_element())

} // namespace

BOOST_FIXTURE_TEST_SUITE(errors_remembered, windowed)

BOOST_AUTO_TEST_CASE(are_those_of_the_last_while) {
  add("a");
  now += 5s;
  add("b"); // a is exactly as old as it may be
  CHECK_KEPT({"a", "b"});
  now += 1ns;
  add("c");
  CHECK_KEPT({"b", "c"});
  BOOST_TEST(!window.overflowed());
  BOOST_TEST(dropped.size() == 1u);
}

BOOST_AUTO_TEST_CASE(are_the_latest_ones_up_to_a_number) {
  add_all({"a", "b", "c", "d"});
  CHECK_KEPT({"b", "c", "d"});
  BOOST_TEST(window.overflowed());
}

BOOST_AUTO_TEST_CASE(are_all_again_when_what_was_left_out_has_grown_old) {
  add_all({"a", "b", "c", "d"});
  now += 5s + 1ns;
  add("e");
  CHECK_KEPT({"e"});
  BOOST_TEST(!window.overflowed());
}

BOOST_AUTO_TEST_CASE(do_not_grow_old_once_they_are_held) {
  add_all({"a", "b"});
  window.hold();
  now += 1h;
  add("c");
  CHECK_KEPT({"a", "b", "c"});
  BOOST_TEST(!window.overflowed());
  add("d"); // there is no room for it
  CHECK_KEPT({"a", "b", "c"});
  BOOST_TEST(window.overflowed());
  BOOST_TEST(dropped.size() == 1u);
}

BOOST_AUTO_TEST_CASE(are_not_said_to_be_too_many_since_they_once_were) {
  add_all({"a", "b", "c", "d"});
  now += 1h;
  add("e");
  window.hold();
  BOOST_TEST(!window.overflowed());
}

BOOST_AUTO_TEST_SUITE_END()
