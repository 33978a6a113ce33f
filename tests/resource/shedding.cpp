// Which tasks may be shed, and in which order they go.

#include "axiom/resource/pressure/shedding.hpp"
#include "axiom/task/detail/cancel_request.hpp"

#include <algorithm>

#include <rapidcheck/boost_test.h>

#include "support/tasks.hpp"

using namespace test;
using namespace axiom::detail;
using axiom::task_options;
using axiom::task_priority;
using boost::test_tools::per_element;

namespace {

struct sheddable : stepwise {
  /// The names of those who would go.
  lines chosen(std::size_t most = 100) {
    lines result;
    for (auto& x : choose_to_shed(axiom::runtime::host::of(system()), most))
      result.emplace_back(as_task(x)->task_name());
    return result;
  }

  axiom::task<void> add(std::string_view name,
                        task_priority priority = task_priority::medium) {
    return start({.name = name, .priority = priority, .sheddable = true},
                 forever);
  }

  /// Ends what is left.
  void finish() {
    coordinator().shutdown();
    run();
    BOOST_TEST(chosen().empty());
  }
};

} // namespace

BOOST_FIXTURE_TEST_SUITE(sheddable_tasks, sheddable)

BOOST_AUTO_TEST_CASE(go_from_the_lowest_priority_up_the_youngest_first) {
  add("m1");
  add("h1", task_priority::high);
  add("b1", task_priority::background);
  add("m2");
  add("b2", task_priority::background);
  add("l1", task_priority::low);
  start("other", forever);
  const lines all{"b2", "b1", "l1", "m2", "m1", "h1"};
  BOOST_TEST(chosen() == all, per_element());
  run(); // running or suspended makes no difference
  for (std::size_t n = 0; n <= 6; ++n)
    BOOST_TEST(
      chosen(n)
        == lines(all.begin(), all.begin() + static_cast<std::ptrdiff_t>(n)),
      per_element());
  finish();
}

BOOST_AUTO_TEST_CASE(of_all_coordinators_are_in_one_order) {
  auto other = axiom::structured_task_coordinator::spawn(system());
  add("a1");
  other.create_child_task(task_options{.name = "b1", .sheddable = true},
                          forever);
  add("a2");
  other.create_child_task(task_options{.name = "b2",
                                       .priority = task_priority::low,
                                       .sheddable = true},
                          forever);
  BOOST_TEST(chosen() == (lines{"b2", "a2", "b1", "a1"}), per_element());
  BOOST_TEST(chosen(2) == (lines{"b2", "a2"}), per_element());
  other.shutdown();
  run();
  BOOST_TEST(chosen() == (lines{"a2", "a1"}), per_element());
  finish();
}

BOOST_AUTO_TEST_CASE(count_as_urgent_as_who_waits_for_them) {
  add("m");
  auto low = add("low", task_priority::low);
  start(task_options{.name = "waits", .priority = task_priority::high},
        [&](task_context&) -> async<void> { co_await low; });
  BOOST_TEST(chosen() == (lines{"low", "m"}), per_element());
  run();
  BOOST_TEST(chosen() == (lines{"m", "low"}), per_element());
  finish();
}

BOOST_AUTO_TEST_CASE(that_are_cancelled_or_have_ended_are_left_out) {
  auto a = add("a");
  auto b = start(task_options{.name = "b", .sheddable = true},
                 [](task_context&) { return 1; });
  add("c");
  run();
  BOOST_TEST(chosen() == (lines{"c", "a"}), per_element());
  a.cancel();
  BOOST_TEST(chosen() == (lines{"c"}), per_element());
  BOOST_TEST(b.get() == 1);
  finish();
}

BOOST_AUTO_TEST_CASE(make_those_below_them_no_entries_of_their_own) {
  start(task_options{.name = "parent", .sheddable = true},
        [](task_context& self) -> async<void> {
          self.create_child_task("plain", forever);
          self.create_child_task(task_options{.name = "too", .sheddable = true},
                                 forever);
          co_await self.sleep_for(24h);
        });
  run();
  BOOST_TEST(chosen() == (lines{"too", "parent"}), per_element());
  finish();
}

BOOST_AUTO_TEST_CASE(whose_body_is_over_may_go_for_their_childrens_sake) {
  auto t =
    start(task_options{.name = "t", .sheddable = true},
          [](task_context& self) { self.create_child_task("child", forever); });
  run();
  BOOST_TEST(chosen() == (lines{"t"}), per_element());
  cancel_options how;
  how.reason = axiom::cancel_reason::limit_shed;
  for (auto& x : choose_to_shed(axiom::runtime::host::of(system()), 1))
    cancel_tree(*as_task(x), how);
  run();
  BOOST_TEST(t.done());
  BOOST_TEST(chosen().empty());
}

BOOST_AUTO_TEST_CASE(of_groups_are_found) {
  start("t", [](task_context& self) -> async<void> {
    co_await axiom::with_task_group<void>(self, [](auto& group) -> async<void> {
      co_await group.add_task(task_options{.name = "a", .sheddable = true},
                              forever);
      co_await group.add_task("b", forever);
      co_await group.wait_for_all();
    });
  });
  run();
  BOOST_TEST(chosen() == (lines{"a"}), per_element());
  finish();
}

BOOST_AUTO_TEST_CASE(that_are_never_admitted_are_in_no_list) {
  auto parent = start("parent", [](task_context& self) -> async<void> {
    auto cut = co_await axiom::as_expected(forever(self));
    BOOST_TEST(!cut);
    auto born_cancelled = self.create_child_task(
      task_options{.name = "late", .sheddable = true}, forever);
    BOOST_TEST(born_cancelled.cancelled());
  });
  run();
  parent.cancel();
  run();
  BOOST_TEST(chosen().empty());
  auto other = axiom::structured_task_coordinator::spawn(system());
  other.shutdown();
  run();
  BOOST_TEST((code_thrown_by([&] {
                other.create_child_task(
                  task_options{.name = "x", .sheddable = true}, forever);
              })
              == errc::scope_closed));
  BOOST_TEST(chosen().empty());
}

RC_BOOST_PROP(the_few_kept_of_many_are_those_that_sorting_gives, ()) {
  const auto levels = *rc::gen::container<std::vector<std::uint8_t>>(
    rc::gen::inRange<std::uint8_t>(0, 4));
  const auto most = *rc::gen::inRange<std::size_t>(1, 20);
  shed_choice choice{most};
  std::vector<shed_candidate> all;
  for (std::size_t i = 0; i < levels.size(); ++i)
    choice.offer(all.emplace_back(shed_candidate{levels[i], i, nullptr}));
  std::sort(all.begin(), all.end(), goes_before);
  all.resize(std::min(all.size(), most));
  const auto kept = choice.take();
  RC_ASSERT(kept.size() == all.size());
  for (std::size_t i = 0; i < all.size(); ++i)
    RC_ASSERT(kept[i].number == all[i].number);
}

BOOST_AUTO_TEST_SUITE_END()
