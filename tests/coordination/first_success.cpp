// The joins of a group: first_success, and what all of them have in common.

#include "support/tolerant_group.hpp"

using namespace test;
using axiom::coordinated_task_group;
using axiom::failure_mode;
using axiom::with_task_group;

BOOST_FIXTURE_TEST_SUITE(first_success_of_a_group, stepwise)

BOOST_AUTO_TEST_CASE(is_the_first_value_and_cancels_the_others) {
  auto t = start_group(*this, [](int_group& group) -> async<int> {
    co_await group.add_task("slow", after(9s, 9));
    co_await group.add_task("quick", after(1s, 1));
    co_await group.add_task("middle", after(5s, 5));
    co_return co_await group.first_success();
  });
  advance(1s);
  BOOST_TEST(t.get() == 1);
  BOOST_CHECK(events().phases_of("slow").back() == task_phase::cancelled);
  BOOST_CHECK(events().phases_of("middle").back() == task_phase::cancelled);
  BOOST_TEST(pending_timers() == 0u);
}

BOOST_AUTO_TEST_CASE(tolerates_failures_before_and_keeps_them) {
  lines lost;
  auto t = start_group(*this, [&](int_group& group) -> async<int> {
    co_await group.add_task("bad", failing_after(1s, "broken"));
    co_await group.add_task("good", after(2s, 2));
    co_await group.add_task("late", failing_when_cancelled(0s, "in passing"));
    auto value = co_await group.first_success();
    lost = listed(group.take_suppressed());
    BOOST_TEST(group.take_suppressed().empty());
    co_return value;
  });
  advance(2s);
  BOOST_TEST(t.get() == 2);
  check_lines(lost, {"bad: invalid_argument: broken",
                     "late: invalid_argument: in passing"});
}

BOOST_AUTO_TEST_CASE(fails_with_all_the_errors_if_there_is_none) {
  auto t = start_group(*this, [](int_group& group) -> async<int> {
    co_await group.add_task("second", failing_after(2s, "b"));
    co_await group.add_task("first", failing_after(1s, "a"));
    co_return co_await group.first_success();
  });
  advance(2s);
  check_lines(errors_of(t),
              {"first: invalid_argument: a", "second: invalid_argument: b"});
}

BOOST_AUTO_TEST_CASE(waits_for_a_loser_that_ignores_its_cancellation) {
  auto t = start_group(*this, [](int_group& group) -> async<int> {
    co_await group.add_task("stubborn", stubborn(1500ms, 7));
    co_await group.add_task("quick", after(1s, 1));
    co_return co_await group.first_success();
  });
  advance(1499ms);
  BOOST_TEST(!t.done());
  advance(1ms);
  BOOST_TEST(t.get() == 1);
  BOOST_CHECK(events().phases_of("stubborn").back() == task_phase::completed);
}

BOOST_AUTO_TEST_CASE(tells_the_losers_who_cancelled_them) {
  std::string why;
  auto t = start_group(*this, [&](int_group& group) -> async<int> {
    co_await group.add_task("quick", after(1s, 1));
    auto loser = [&](task_context& self) -> async<int> {
      co_await axiom::as_expected(self.sleep_for(1h));
      why = to_string(*self.cause());
      co_return 0;
    };
    co_await group.add_task("loser", loser);
    co_return co_await group.first_success();
  });
  advance(1s);
  t.get();
  BOOST_TEST(why == "user of 'loser' by the first_success in 'g'");
}

BOOST_AUTO_TEST_CASE(counts_results_that_were_there_before) {
  auto t = start_group(*this, [](int_group& group) -> async<int> {
    co_await group.add_task("bad", failing_after(1s, "broken"));
    co_await group.add_task("taken", after(2s, 2));
    co_await group.add_task("good", after(3s, 3));
    co_await group.context().sleep_for(4s);
    BOOST_TEST(!(co_await group.next())->has_value());
    BOOST_TEST((co_await group.next())->value() == 2);
    co_return co_await group.first_success();
  });
  advance(4s);
  BOOST_TEST(t.get() == 3);
}

BOOST_AUTO_TEST_CASE(counts_a_child_that_was_cancelled_as_failed) {
  auto t = start_group(*this, [&](int_group& group) -> async<int> {
    co_await group.add_task("gone", after(1h, 1));
    co_await group.add_task("bad", failing_after(1s, "broken"));
    co_return co_await group.first_success();
  });
  run();
  for (auto& x : coordinator().snapshot().tasks)
    if (x.task.name == "gone")
      coordinator().cancel_task_tree(x.task);
  advance(1s);
  auto errors = errors_of(t);
  BOOST_REQUIRE(errors.size() == 2u);
  BOOST_TEST(errors[0].find("gone: cancelled") == 0u);
  BOOST_TEST(errors[1] == "bad: invalid_argument: broken");
}

BOOST_AUTO_TEST_CASE(includes_children_that_children_add) {
  auto t = start_group(*this, [](int_group& group) -> async<int> {
    auto adder = [&](task_context&) -> async<int> {
      co_await group.add_task("added", after(2s, 2));
      co_return axiom::fail(errc::invalid_argument, "only adds");
    };
    co_await group.add_task("adder", adder);
    co_return co_await group.first_success();
  });
  advance(2s);
  BOOST_TEST(t.get() == 2);
}

BOOST_AUTO_TEST_CASE(cancels_children_that_come_after_the_decision) {
  bool ran = false;
  auto t = start_group(*this,
                       [&](int_group& group) -> async<int> {
                         co_await group.add_task("winner", after(1s, 1));
                         // It is given the winner's place; that delivery comes
                         // before the cancellation, so that it adds to a group
                         // that is decided.
                         auto adder = [&](task_context&) -> async<void> {
                           auto late = [&](task_context& self) -> async<int> {
                             co_await self.sleep_for(1h);
                             ran = true;
                             co_return 0;
                           };
                           co_await group.add_task("late", axiom::named(late));
                         };
                         group.context().create_child_task("adder", adder);
                         co_return co_await group.first_success();
                       },
                       {.name = "g", .max_concurrency = 1});
  advance(1s);
  BOOST_TEST(t.done());
  BOOST_TEST(t.get() == 1);
  BOOST_TEST(!ran);
}

BOOST_AUTO_TEST_CASE(ends_those_that_wait_for_a_place) {
  auto t = start_group(*this,
                       [](int_group& group) -> async<int> {
                         co_await group.add_task("winner", after(1s, 1));
                         co_await group.add_task("loser", after(1h, 2));
                         for (int i = 0; i < 5; ++i)
                           group.context().create_child_task(
                             "adder", [&](task_context&) -> async<void> {
                               co_await group.add_task("more", after(1h, 3));
                             });
                         co_return co_await group.first_success();
                       },
                       {.name = "g", .max_concurrency = 2});
  advance(1s);
  BOOST_TEST(t.done());
  BOOST_TEST(t.get() == 1);
}

BOOST_AUTO_TEST_CASE(leaves_a_group_that_can_be_filled_again) {
  auto t = start_group(*this, [](int_group& group) -> async<int> {
    co_await group.add_task("bad", failing_after(1s, "broken"));
    co_await group.add_task("a", after(2s, 1));
    auto sum = co_await group.first_success();
    co_await group.add_task("b", after(1s, 20));
    co_await group.add_task("slow", after(1h, 1));
    sum += co_await group.first_success();
    co_await group.add_task("c", after(1s, 300));
    auto rest = co_await group.wait_for_all();
    co_return sum + rest.at(0);
  });
  advance(4s);
  BOOST_TEST(t.get() == 321);
}

BOOST_AUTO_TEST_CASE(fails_with_the_errors_of_its_own_children_only) {
  auto t = start_group(*this, [](int_group& group) -> async<int> {
    co_await group.add_task("old", failing_after(1s, "old"));
    co_await group.add_task("good", after(2s, 1));
    co_await group.first_success();
    co_await group.add_task("new", failing_after(1s, "new"));
    co_return co_await group.first_success();
  });
  advance(3s);
  check_lines(errors_of(t), {"new: invalid_argument: new"});
}

BOOST_AUTO_TEST_CASE(works_in_a_group_that_collects_all) {
  auto t =
    start_group(*this,
                [](int_group& group) -> async<int> {
                  co_await group.add_task("bad", failing_after(1s, "broken"));
                  co_await group.add_task("good", after(2s, 2));
                  co_return co_await group.first_success();
                },
                {.name = "g", .failure_mode = failure_mode::collect_all});
  advance(2s);
  BOOST_TEST(t.get() == 2);
}

BOOST_AUTO_TEST_CASE(is_refused_where_the_first_failure_cancels_the_group) {
  auto t = start("owner", [](task_context& self) -> async<int> {
    auto body = [](int_group& group) -> async<int> {
      co_await group.add_task("child", after(1s, 1));
      co_return co_await group.first_success();
    };
    co_return co_await with_task_group<int>(self, {.name = "g"}, body);
  });
  run();
  check_lines(
    errors_of(t),
    {"invalid_argument: first_success in group 'g' needs the failure mode "
     "partial or collect_all: with throw_on_first a first failure cancels the "
     "group before another child can succeed"});
}

BOOST_AUTO_TEST_CASE(of_no_children_is_refused) {
  auto t = start_group(*this, [](int_group& group) -> async<int> {
    co_return co_await group.first_success();
  });
  run();
  check_lines(errors_of(t),
              {"invalid_argument: first_success in group 'g' needs "
               "1 value and has 0 children"});
}

BOOST_AUTO_TEST_CASE(ends_with_its_group_which_stays_cancelled) {
  auto t = start_group(*this, [](int_group& group) -> async<int> {
    co_await group.add_task("bad", failing_after(1s, "broken"));
    co_await group.add_task("slow", after(1h, 1));
    co_await group.first_success();
    BOOST_ERROR("a join returned in a cancelled group");
    co_return 0;
  });
  advance(1s);
  for (auto& x : coordinator().snapshot().tasks)
    if (x.task.name == "g")
      coordinator().cancel_task_tree(x.task);
  run();
  BOOST_TEST(t.done());
  BOOST_CHECK(code_thrown_by([&] { t.get(); }) == errc::cancelled);
}

BOOST_AUTO_TEST_CASE(ends_with_the_task_that_awaits_it) {
  auto t = start_group(*this, [](int_group& group) -> async<int> {
    co_await group.add_task("slow", after(1h, 1));
    co_return co_await group.first_success();
  });
  run();
  t.cancel();
  run();
  BOOST_TEST(t.done());
  BOOST_TEST(events().count(task_phase::cancelled) == 3u);
}

BOOST_AUTO_TEST_CASE(that_times_out_has_the_failures_so_far_suppressed) {
  auto t =
    start_group(*this,
                [](int_group& group) -> async<int> {
                  co_await group.add_task("bad", failing_after(1s, "broken"));
                  co_await group.add_task("slow", after(1h, 1));
                  co_return co_await group.first_success();
                },
                {.name = "g", .timeout = 2s});
  advance(2s);
  check_lines(errors_of(t),
              {"g: deadline_exceeded: group 'g' did not end in time",
               "+bad: invalid_argument: broken"});
}

BOOST_AUTO_TEST_CASE(destroys_each_value_once) {
  struct counted {
    int* alive = nullptr;
    explicit counted(int* n) : alive(n) {
      ++*alive;
    }
    counted(counted&& x) noexcept : alive(std::exchange(x.alive, nullptr)) {
      // nop
    }
    counted& operator=(counted&&) = delete;
    ~counted() {
      if (alive != nullptr)
        --*alive;
    }
  };
  int alive = 0;
  auto t = start("t", [&](task_context& self) -> async<void> {
    using group_type = coordinated_task_group<counted>;
    auto body = [&](group_type& group) -> async<counted> {
      // All have ended when the join begins; one wins.
      for (int i = 0; i < 3; ++i)
        co_await group.add_task("child", [&] { return counted{&alive}; });
      co_await group.context().sleep_for(1s);
      BOOST_TEST(alive == 3);
      auto value = co_await group.first_success();
      BOOST_TEST(alive == 1);
      co_return value;
    };
    auto value = co_await with_task_group<counted>(
      self, {.failure_mode = failure_mode::partial}, body);
    BOOST_TEST(alive == 1);
    BOOST_TEST(value.alive == &alive);
  });
  advance(1s);
  t.get();
  BOOST_TEST(alive == 0);
}

BOOST_AUTO_TEST_CASE(may_be_void) {
  auto t = start("t", [&](task_context& self) -> async<void> {
    auto body = [](coordinated_task_group<void>& group) -> async<void> {
      co_await group.add_task("slow", forever);
      co_await group.add_task("quick", [] {});
      co_await group.first_success();
      co_await group.add_task("a", [] {});
      co_await group.add_task("b", [] {});
      co_await group.quorum(2);
    };
    co_await with_task_group<void>(
      self, {.failure_mode = failure_mode::partial}, body);
  });
  run();
  t.get();
}

BOOST_AUTO_TEST_SUITE_END()
