// Whose child a task is, and that no task outlives its parent.

#include <thread>

#include "support/tasks.hpp"

using namespace test;

BOOST_FIXTURE_TEST_SUITE(parents, stepwise)

BOOST_AUTO_TEST_CASE(a_task_created_outside_of_tasks_is_a_root) {
  auto t = start("root", forever);
  BOOST_CHECK(!t.hierarchy().parent());
  BOOST_CHECK(t.reference().parent == axiom::task_id{});
  t.cancel();
}

BOOST_AUTO_TEST_CASE(a_task_created_in_a_task_is_its_child) {
  std::optional<axiom::task_id> parent;
  auto outer = start("outer", [&](task_context&) -> async<void> {
    auto inner = start("inner", [] { return 1; });
    parent = inner.hierarchy().parent();
    co_await inner;
  });
  run();
  BOOST_REQUIRE(parent.has_value());
  BOOST_CHECK(*parent == outer.reference().id);
}

BOOST_AUTO_TEST_CASE(a_task_created_by_self_is_its_child) {
  auto outer = start("outer", [](task_context& self) -> async<void> {
    auto inner = self.create_child_task("inner", [] { return 1; });
    BOOST_CHECK(inner.hierarchy().parent() == self.id());
    BOOST_CHECK(inner.reference().parent == self.id());
    co_await inner;
  });
  run();
  outer.get();
}

BOOST_AUTO_TEST_CASE(the_parent_is_the_running_task_not_the_one_started_last) {
  // Two tasks take turns; each child belongs to the one that created it.
  std::vector<std::pair<axiom::task_id, axiom::task_id>> made;
  auto body = [&](task_context& self) -> async<void> {
    for (int i = 0; i < 3; ++i) {
      co_await self.yield();
      auto child = start("child", [] {});
      made.emplace_back(self.id(), *child.hierarchy().parent());
      co_await child;
    }
  };
  auto a = start("a", body);
  auto b = start("b", body);
  run();
  BOOST_REQUIRE(made.size() == 6u);
  for (auto& [creator, parent] : made)
    BOOST_CHECK(creator == parent);
}

BOOST_AUTO_TEST_CASE(another_coordinator_makes_a_root_of_its_own) {
  auto other = axiom::structured_task_coordinator::spawn(system(),
                                                         {.name = "other"});
  axiom::task<void> in_other;
  auto outer = start("outer", [&](task_context&) {
    in_other = other.create_child_task("stranger", forever);
  });
  run();
  BOOST_TEST(outer.done()); // it does not wait for the stranger
  BOOST_CHECK(!in_other.hierarchy().parent());
  BOOST_TEST(!in_other.done());
  BOOST_TEST(other.snapshot().tasks.size() == 1u);
  in_other.cancel();
}

BOOST_AUTO_TEST_CASE(a_child_has_the_priority_of_its_parent_unless_told) {
  using axiom::task_priority;
  auto outer = start({.name = "outer", .priority = task_priority::high},
                     [](task_context& self) -> async<void> {
    auto heir = self.create_child_task("heir", [](task_context& me) {
      return me.priority();
    });
    auto own = self.create_child_task("own", task_priority::low,
                                      [](task_context& me) {
      return me.priority();
    });
    BOOST_CHECK(heir.reference().priority == task_priority::high);
    BOOST_CHECK(co_await heir == task_priority::high);
    BOOST_CHECK(co_await own == task_priority::low);
  });
  run();
  outer.get();
  auto root = start("plain", [] {});
  BOOST_CHECK(root.reference().priority == task_priority::medium);
}

BOOST_AUTO_TEST_CASE(a_task_ends_only_after_its_children) {
  auto outer = start("outer", [](task_context& self) {
    self.create_child_task("one", [](task_context& me) -> async<void> {
      co_await me.sleep_for(1s);
    });
    self.create_child_task("two", [](task_context& me) -> async<void> {
      co_await me.sleep_for(2s);
    });
    return 5;
  });
  run();
  BOOST_TEST(!outer.done());
  BOOST_TEST(outer.hierarchy().child_count() == 2u);
  advance(1s);
  BOOST_TEST(!outer.done());
  BOOST_TEST(outer.hierarchy().child_count() == 1u);
  advance(1s);
  BOOST_TEST(outer.done());
  BOOST_TEST(outer.get() == 5);
}

BOOST_AUTO_TEST_CASE(an_end_climbs_through_generations) {
  auto top = start("top", [](task_context& self) {
    self.create_child_task("middle", [](task_context& me) {
      me.create_child_task("bottom", [](task_context& x) -> async<void> {
        co_await x.sleep_for(1s);
      });
    });
  });
  run();
  BOOST_TEST(!top.done());
  advance(1s);
  BOOST_TEST(top.done());
  auto ended = lines{};
  for (auto& x : events().events())
    if (x.phase == task_phase::completed)
      ended.push_back(x.task.name);
  BOOST_TEST(ended == (lines{"bottom", "middle", "top"}),
             boost::test_tools::per_element());
}

BOOST_AUTO_TEST_CASE(dropping_every_handle_detaches_nothing) {
  bool ran = false;
  start("dropped", [&](task_context& self) -> async<void> {
    co_await self.sleep_for(1s);
    ran = true;
  });
  run();
  BOOST_TEST(coordinator().snapshot().tasks.size() == 1u);
  advance(1s);
  BOOST_TEST(ran);
  BOOST_TEST(coordinator().snapshot().tasks.empty());
}

BOOST_AUTO_TEST_CASE(await_children_waits_for_those_created_meanwhile_too) {
  lines order;
  auto outer = start("outer", [&](task_context& self) -> async<void> {
    self.create_child_task("one", [&](task_context& me) -> async<void> {
      co_await me.sleep_for(1s);
      // A sibling, created while the parent waits.
      self.create_child_task("two", [&](task_context& x) -> async<void> {
        co_await x.sleep_for(1s);
        order.push_back("two");
      });
      order.push_back("one");
    });
    co_await self.hierarchy().await_children();
    order.push_back("outer");
  });
  advance(5s);
  BOOST_TEST(order == (lines{"one", "two", "outer"}),
             boost::test_tools::per_element());
}

BOOST_AUTO_TEST_CASE(await_children_without_children_goes_on) {
  auto t = start("alone", [](task_context& self) -> async<int> {
    co_await self.hierarchy().await_children();
    co_return 1;
  });
  run();
  BOOST_TEST(t.get() == 1);
}

BOOST_AUTO_TEST_CASE(children_are_listed_oldest_first_while_they_live) {
  auto outer = start("outer", [](task_context& self) -> async<void> {
    for (auto name : {"a", "b", "c"})
      self.create_child_task(name, [](task_context& me) -> async<void> {
        co_await me.sleep_for(me.name() == "b" ? 1s : 2s);
      });
    co_await self.hierarchy().await_children();
  });
  run();
  auto names = [&] {
    lines result;
    for (auto& x : outer.hierarchy().children())
      result.push_back(x.name);
    return result;
  };
  BOOST_TEST(names() == (lines{"a", "b", "c"}),
             boost::test_tools::per_element());
  advance(1s);
  BOOST_TEST(names() == (lines{"a", "c"}), boost::test_tools::per_element());
  advance(1s);
  BOOST_TEST(names().empty());
  BOOST_TEST(outer.hierarchy().child_count() == 0u);
}

BOOST_AUTO_TEST_CASE(an_ended_task_admits_no_children) {
  task_context* kept = nullptr;
  auto t = start("brief", [&](task_context& self) { kept = &self; });
  run();
  BOOST_REQUIRE(t.done());
  BOOST_CHECK(code_thrown_by([&] { kept->create_child_task("late", [] {}); })
              == errc::scope_closed);
}

BOOST_AUTO_TEST_CASE(a_name_of_64_bytes_is_kept_and_65_are_refused) {
  std::string longest(64, 'x');
  auto t = start(longest, [] {});
  BOOST_TEST(t.reference().name == longest);
  BOOST_CHECK(code_thrown_by([&] { start(longest + "y", [] {}); })
              == errc::name_too_long);
  run();
}

BOOST_AUTO_TEST_CASE(the_name_is_copied) {
  std::string name = "first";
  auto t = start(name, [] {});
  name = "other";
  BOOST_TEST(t.reference().name == "first");
  run();
}

BOOST_AUTO_TEST_CASE(an_identity_prints_as_a_uuid_and_hashes_by_itself) {
  auto a = start("a", [] {});
  auto b = start("b", [] {});
  run();
  auto id = a.reference().id;
  auto text = to_string(id);
  BOOST_TEST(text.size() == 36u);
  for (std::size_t i = 0; i < text.size(); ++i) {
    auto dash = i == 8 || i == 13 || i == 18 || i == 23;
    BOOST_TEST((text[i] == '-') == dash);
    BOOST_TEST((dash || std::isxdigit(static_cast<unsigned char>(text[i]))));
  }
  BOOST_TEST(text != to_string(b.reference().id));
  BOOST_TEST(id.system == b.reference().id.system);
  BOOST_TEST(id.actor == a.actor().id());
  std::hash<axiom::task_reference> hash;
  BOOST_TEST(hash(a.reference()) == hash(a.reference()));
  BOOST_TEST(hash(a.reference()) == std::hash<axiom::task_id>{}(id));
  auto renamed = a.reference();
  renamed.name = "renamed";
  BOOST_CHECK(renamed == a.reference());
  BOOST_CHECK(a.reference() != b.reference());
}

BOOST_AUTO_TEST_CASE(options_out_of_range_are_refused) {
  BOOST_CHECK(code_thrown_by([&] {
                start({.name = "x", .timeout = 0s}, [] {});
              }) == errc::invalid_argument);
  BOOST_CHECK(code_thrown_by([&] {
                start({.name = "x", .grace = -1s}, [] {});
              }) == errc::invalid_argument);
  BOOST_TEST(coordinator().snapshot().tasks.empty());
}

BOOST_AUTO_TEST_CASE(an_empty_handle_says_so) {
  axiom::task<int> none;
  BOOST_TEST(!none);
  BOOST_CHECK(code_thrown_by([&] { none.get(); }) == errc::empty_handle);
  BOOST_CHECK(code_thrown_by([&] { none.cancel(); }) == errc::empty_handle);
}

BOOST_AUTO_TEST_SUITE_END()

BOOST_FIXTURE_TEST_SUITE(parents_across_threads, threaded)

BOOST_AUTO_TEST_CASE(a_task_created_on_a_foreign_thread_is_a_root) {
  axiom::task<int> made;
  std::thread{[&] { made = start("foreign", [] { return 3; }); }}.join();
  BOOST_CHECK(!made.hierarchy().parent());
  BOOST_TEST(made.get() == 3);
}

BOOST_AUTO_TEST_CASE(a_thread_of_a_task_creates_roots_but_by_self_children) {
  auto outer = start("outer", axiom::blocking([&](task_context& self) {
    std::optional<axiom::task_id> implicit;
    std::optional<axiom::task_id> explicit_;
    std::thread{[&] {
      implicit = start("implicit", [] {}).hierarchy().parent();
      explicit_ = self.create_child_task("explicit", [] {})
                    .hierarchy()
                    .parent();
    }}.join();
    BOOST_CHECK(!implicit);
    BOOST_CHECK(explicit_ == self.id());
  }));
  outer.get();
}

BOOST_AUTO_TEST_SUITE_END()
