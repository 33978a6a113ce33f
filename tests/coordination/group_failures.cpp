// Groups: what failures, cancellations and timeouts mean.

#include "support/tasks.hpp"

using namespace test;
using axiom::cancel_reason;
using axiom::coordinated_task_group;
using axiom::failure_mode;
using axiom::with_task_group;
using int_group = coordinated_task_group<int>;

namespace {

auto after(axiom::runtime::duration span, int value) {
  return [span, value](task_context& self) -> async<int> {
    co_await self.sleep_for(span);
    co_return value;
  };
}

auto failing_after(axiom::runtime::duration span, const char* text) {
  return [span, text](task_context& self) -> async<int> {
    co_await self.sleep_for(span);
    co_return axiom::fail(errc::invalid_argument, text);
  };
}

/// A child that fails while it is being cancelled.
async<int> failing_when_cancelled(task_context& self) {
  co_await axiom::as_expected(self.sleep_for(24h));
  co_return axiom::fail(errc::invalid_argument, "in passing");
}

template <class F>
axiom::task<int> start_group(stepwise& where,
                             const axiom::group_options& options, F body) {
  auto run_group = [options, body](task_context& self) -> async<int> {
    auto op = body;
    co_return co_await with_task_group<int>(self, options, axiom::named(op));
  };
  return where.start("owner", run_group);
}

/// The errors that a task failed with, as lines `name: text`.
template <class T>
lines errors_of(const axiom::task<T>& t) {
  lines result;
  try {
    t.get();
  } catch (const axiom::concurrent_errors& ex) {
    for (auto& x : ex.errors()) {
      result.push_back(x.task.name + ": " + x.error.what());
      for (auto& y : x.suppressed)
        result.push_back("+" + y.task.name + ": " + y.error.what());
    }
  }
  return result;
}

} // namespace

BOOST_FIXTURE_TEST_SUITE(throw_on_first, stepwise)

BOOST_AUTO_TEST_CASE(cancels_the_others_and_the_body_and_throws_the_error) {
  bool went_on = false;
  auto body = [&](int_group& group) -> async<int> {
    co_await group.add_task("bad", failing_after(1s, "broken"));
    co_await group.add_task("slow", after(1h, 1));
    co_await group.wait_for_all();
    went_on = true;
    co_return 0;
  };
  auto t = start_group(*this, {.name = "g"}, body);
  advance(1s);
  BOOST_TEST(t.done());
  BOOST_TEST(!went_on);
  BOOST_TEST(errors_of(t) == (lines{"bad: invalid_argument: broken"}),
             boost::test_tools::per_element());
  BOOST_CHECK(events().phases_of("slow").back() == task_phase::cancelled);
  BOOST_TEST(!t.cancelled());
}

BOOST_AUTO_TEST_CASE(cancels_with_reason_sibling_failed_and_its_error) {
  std::string why;
  auto body = [&](int_group& group) -> async<int> {
    co_await group.add_task("bad", failing_after(1s, "broken"));
    co_await group.add_task("slow", [&](task_context& self) -> async<int> {
      co_await axiom::as_expected(self.sleep_for(1h));
      BOOST_CHECK(self.cause()->reason == cancel_reason::sibling_failed);
      why = to_string(*self.cause());
      co_return 1;
    });
    co_return 0;
  };
  auto t = start_group(*this, {.name = "g"}, body);
  advance(1s);
  BOOST_TEST(why
             == "sibling_failed of 'g' by the failure of 'bad' "
                "(invalid_argument: broken)");
  BOOST_CHECK_THROW(t.get(), axiom::concurrent_errors);
}

BOOST_AUTO_TEST_CASE(keeps_later_failures_as_suppressed) {
  auto body = [&](int_group& group) -> async<int> {
    co_await group.add_task("bad", failing_after(1s, "broken"));
    co_await group.add_task("late", failing_when_cancelled);
    co_await group.add_task("gone", after(1h, 1));
    co_return static_cast<int>((co_await group.wait_for_all()).size());
  };
  auto t = start_group(*this, {}, body);
  advance(1s);
  BOOST_TEST(errors_of(t)
               == (lines{"bad: invalid_argument: broken",
                         "+late: invalid_argument: in passing"}),
             boost::test_tools::per_element());
}

BOOST_AUTO_TEST_CASE(applies_after_the_body_has_returned) {
  auto body = [&](int_group& group) -> async<int> {
    co_await group.add_task("bad", failing_after(1s, "broken"));
    co_await group.add_task("slow", after(1h, 1));
    co_return 1;
  };
  auto t = start_group(*this, {}, body);
  advance(1s);
  BOOST_TEST(t.done());
  BOOST_TEST(errors_of(t).size() == 1u);
}

BOOST_AUTO_TEST_CASE(ends_an_adder_that_waits_for_a_place) {
  auto body = [&](int_group& group) -> async<int> {
    co_await group.add_task("bad", failing_after(1s, "broken"));
    co_await group.add_task("never", after(1h, 1));
    BOOST_ERROR("added to a cancelled group");
    co_return 0;
  };
  auto t = start_group(*this, {.max_concurrency = 1}, body);
  advance(1s);
  BOOST_TEST(t.done());
  BOOST_TEST(errors_of(t).size() == 1u);
}

BOOST_AUTO_TEST_CASE(of_a_nested_group_comes_up_as_a_tree) {
  auto body = [](int_group& group) -> async<int> {
    co_await group.add_task("row", [](task_context& self) -> async<int> {
      auto inner = [](int_group& row) -> async<int> {
        co_await row.add_task("cell", failing_after(1s, "deep"));
        co_return 0;
      };
      co_return co_await with_task_group<int>(self, {.name = "inner"}, inner);
    });
    co_return 0;
  };
  auto t = start_group(*this, {.name = "outer"}, body);
  advance(1s);
  try {
    t.get();
    BOOST_FAIL("no failure");
  } catch (const axiom::concurrent_errors& ex) {
    BOOST_TEST(ex.first().task.name == "row");
    BOOST_REQUIRE(ex.first().nested() != nullptr);
    BOOST_TEST(ex.first().nested()->first().task.name == "cell");
  }
}

BOOST_AUTO_TEST_CASE(by_the_body_cancels_the_children_and_passes_it_on) {
  struct own_error : std::runtime_error {
    using runtime_error::runtime_error;
  };
  auto body = [](int_group& group) -> async<int> {
    co_await group.add_task("slow", after(1h, 1));
    co_await group.context().yield();
    throw own_error("own");
  };
  auto t = start_group(*this, {.name = "g"}, body);
  run();
  BOOST_TEST(t.done());
  BOOST_CHECK_THROW(t.get(), own_error);
  BOOST_CHECK(events().phases_of("slow").back() == task_phase::cancelled);
}

BOOST_AUTO_TEST_CASE(by_the_body_keeps_the_childrens_errors_as_suppressed) {
  auto body = [](int_group& group) -> async<int> {
    co_await group.add_task("late", failing_when_cancelled);
    co_await group.context().yield();
    throw std::runtime_error("own");
  };
  auto t = start_group(*this, {.name = "g"}, body);
  run();
  BOOST_TEST(errors_of(t)
               == (lines{"g: unhandled_exception: std::runtime_error: own",
                         "+late: invalid_argument: in passing"}),
             boost::test_tools::per_element());
}

BOOST_AUTO_TEST_CASE(does_not_reach_a_task_outside_the_group) {
  auto t = start("t", [](task_context& self) -> async<int> {
    auto outside = self.create_child_task("outside", after(2s, 8));
    auto body = [](int_group& group) -> async<int> {
      co_await group.add_task("bad", failing_after(1s, "broken"));
      co_return 0;
    };
    auto got = co_await axiom::as_expected(with_task_group<int>(self, body));
    BOOST_TEST(got.error().is(errc::concurrent_errors));
    co_return co_await outside;
  });
  advance(2s);
  BOOST_TEST(t.get() == 8);
}

BOOST_AUTO_TEST_SUITE_END()

BOOST_FIXTURE_TEST_SUITE(collect_all, stepwise)

BOOST_AUTO_TEST_CASE(lets_every_child_end_and_throws_all_errors) {
  int ended = 0;
  auto body = [&](int_group& group) -> async<int> {
    for (int i = 0; i < 5; ++i) {
      co_await group.add_task("bad-" + std::to_string(i),
                              failing_after((5 - i) * 1s, "broken"));
      co_await group.add_task("good", [&, i](task_context& self)
                                        -> async<int> {
        co_await self.sleep_for(i * 2s);
        ++ended;
        co_return i;
      });
    }
    co_await group.wait_for_all();
    co_return 0;
  };
  auto t = start_group(*this, {.failure_mode = failure_mode::collect_all},
                       body);
  advance(10s);
  BOOST_TEST(ended == 5);
  BOOST_TEST(errors_of(t).size() == 5u);
}

BOOST_AUTO_TEST_CASE(names_whose_errors_they_are_in_the_order_of_time) {
  auto body = [](int_group& group) -> async<int> {
    co_await group.add_task("second", failing_after(2s, "b"));
    co_await group.add_task("first", failing_after(1s, "a"));
    co_await group.wait_for_all();
    co_return 0;
  };
  auto t = start_group(*this, {.failure_mode = failure_mode::collect_all},
                       body);
  advance(2s);
  BOOST_TEST(errors_of(t)
               == (lines{"first: invalid_argument: a",
                         "second: invalid_argument: b"}),
             boost::test_tools::per_element());
}

BOOST_AUTO_TEST_CASE(fails_though_the_body_never_looks) {
  auto body = [](int_group& group) -> async<int> {
    co_await group.add_task("bad", failing_after(1s, "a"));
    co_return 5;
  };
  auto t = start_group(*this, {.failure_mode = failure_mode::collect_all},
                       body);
  advance(1s);
  BOOST_TEST(errors_of(t).size() == 1u);
}

BOOST_AUTO_TEST_CASE(gives_every_outcome_by_collect_results) {
  auto body = [](int_group& group) -> async<int> {
    co_await group.add_task("bad", failing_after(1s, "a"));
    co_await group.add_task("good", after(1s, 2));
    auto all = co_await group.collect_results();
    BOOST_REQUIRE(all.size() == 2u);
    BOOST_TEST(all[0].error().is(errc::invalid_argument));
    BOOST_TEST(all[1].value() == 2);
    co_return 5;
  };
  auto t = start_group(*this, {.failure_mode = failure_mode::partial}, body);
  advance(1s);
  BOOST_TEST(t.get() == 5);
}

BOOST_AUTO_TEST_SUITE_END()

BOOST_FIXTURE_TEST_SUITE(partial, stepwise)

BOOST_AUTO_TEST_CASE(gives_the_values_and_leaves_the_errors_to_be_looked_at) {
  auto body = [](int_group& group) -> async<int> {
    co_await group.add_task("a", after(1s, 1));
    co_await group.add_task("bad", failing_after(1s, "x"));
    co_await group.add_task("b", after(1s, 2));
    auto values = co_await group.wait_for_all();
    BOOST_TEST(values == (std::vector<int>{1, 2}),
               boost::test_tools::per_element());
    auto left = co_await group.collect_results();
    BOOST_REQUIRE(left.size() == 1u);
    BOOST_TEST(left[0].error().is(errc::invalid_argument));
    co_return 3;
  };
  auto t = start_group(*this, {.failure_mode = failure_mode::partial}, body);
  advance(1s);
  BOOST_TEST(t.get() == 3);
}

BOOST_AUTO_TEST_CASE(fails_with_the_errors_that_nobody_looked_at) {
  auto body = [](int_group& group) -> async<int> {
    co_await group.add_task("a", after(1s, 1));
    co_await group.add_task("bad", failing_after(1s, "x"));
    co_await group.add_task("seen", failing_after(500ms, "y"));
    auto first = co_await group.next();
    BOOST_TEST(!*first);
    co_await group.wait_for_all();
    co_return 3;
  };
  auto t = start_group(*this, {.failure_mode = failure_mode::partial}, body);
  advance(1s);
  BOOST_TEST(errors_of(t) == (lines{"bad: invalid_argument: x"}),
             boost::test_tools::per_element());
}

BOOST_AUTO_TEST_SUITE_END()

BOOST_FIXTURE_TEST_SUITE(cancelled_groups, stepwise)

BOOST_AUTO_TEST_CASE(leave_the_body_running_when_it_cancels_its_children) {
  auto body = [](int_group& group) -> async<int> {
    for (int i = 0; i < 3; ++i)
      co_await group.add_task("slow", after(1h, i));
    co_await group.context().yield();
    group.cancel_all();
    BOOST_TEST((co_await group.wait_for_all()).empty());
    co_await group.add_task("new", after(1s, 9));
    co_return (co_await group.wait_for_all()).at(0);
  };
  auto t = start_group(*this, {}, body);
  advance(1s);
  BOOST_TEST(t.get() == 9);
}

BOOST_AUTO_TEST_CASE(give_cancelled_children_as_errors_by_collect_results) {
  auto body = [](int_group& group) -> async<int> {
    co_await group.add_task("slow", after(1h, 1));
    co_await group.add_task("quick", after(1s, 2));
    co_await group.context().sleep_for(1s);
    co_await group.next();
    group.cancel_all(cancel_reason::limit_shed);
    auto all = co_await group.collect_results();
    BOOST_REQUIRE(all.size() == 1u);
    BOOST_TEST(all[0].error().is(errc::cancelled));
    co_return 1;
  };
  auto t = start_group(*this, {}, body);
  advance(1s);
  BOOST_TEST(t.get() == 1);
}

BOOST_AUTO_TEST_CASE(count_a_child_cancelled_from_outside_as_an_error) {
  auto body = [&](int_group& group) -> async<int> {
    co_await group.add_task("slow", after(1h, 1));
    co_await group.wait_for_all();
    co_return 1;
  };
  auto t = start_group(*this, {}, body);
  run();
  for (auto& x : coordinator().snapshot().tasks)
    if (x.task.name == "slow")
      coordinator().cancel_task_tree(x.task);
  run();
  auto errors = errors_of(t);
  BOOST_REQUIRE(errors.size() == 1u);
  BOOST_TEST(errors[0].find("slow: cancelled") == 0u);
}

BOOST_AUTO_TEST_CASE(end_with_their_owner) {
  auto body = [](int_group& group) -> async<int> {
    for (int i = 0; i < 3; ++i)
      co_await group.add_task("slow", after(1h, i));
    co_await group.wait_for_all();
    co_return 1;
  };
  auto t = start_group(*this, {}, body);
  run();
  t.cancel();
  run();
  BOOST_TEST(t.done());
  BOOST_TEST(events().count(task_phase::cancelled) == 5u);
  BOOST_TEST(pending_timers() == 0u);
}

BOOST_AUTO_TEST_CASE(throw_deadline_exceeded_after_the_timeout) {
  bool cleaned = false;
  auto body = [&](int_group& group) -> async<int> {
    co_await group.add_task("slow", [&](task_context& self) -> async<int> {
      co_await axiom::as_expected(self.sleep_for(1h));
      co_await self.shielded([&](task_context& me) -> async<void> {
        co_await me.sleep_for(500ms);
        cleaned = true;
      });
      co_return 1;
    });
    co_await group.wait_for_all();
    co_return 1;
  };
  auto t = start_group(*this, {.timeout = 1s}, body);
  advance(1s);
  BOOST_TEST(!t.done()); // not before all have ended
  advance(500ms);
  BOOST_TEST(cleaned);
  BOOST_CHECK(code_thrown_by([&] { t.get(); }) == errc::deadline_exceeded);
}

BOOST_AUTO_TEST_CASE(that_time_out_after_the_body_returned_throw_too) {
  auto body = [&](int_group& group) -> async<int> {
    co_await group.add_task("slow", after(1h, 1));
    co_return 1;
  };
  auto t = start_group(*this, {.timeout = 1s}, body);
  advance(1s);
  BOOST_TEST(t.done());
  BOOST_CHECK(code_thrown_by([&] { t.get(); }) == errc::deadline_exceeded);
}

BOOST_AUTO_TEST_CASE(that_end_in_time_leave_no_timer) {
  auto body = [&](int_group& group) -> async<int> {
    co_await group.add_task("quick", after(1s, 1));
    co_return (co_await group.wait_for_all()).at(0);
  };
  auto t = start_group(*this, {.timeout = 5s}, body);
  advance(1s);
  BOOST_TEST(t.get() == 1);
  BOOST_TEST(pending_timers() == 0u);
}

BOOST_AUTO_TEST_CASE(whose_owner_has_the_deadline_end_as_cancelled) {
  auto t = start({.name = "owner", .timeout = 1s}, [](task_context& self)
                                                     -> async<int> {
    auto body = [](int_group& group) -> async<int> {
      co_await group.add_task("slow", after(1h, 1));
      co_await group.wait_for_all();
      co_return 1;
    };
    co_return co_await with_task_group<int>(self, {.timeout = 5s}, body);
  });
  advance(1s);
  BOOST_CHECK(code_thrown_by([&] { t.get(); }) == errc::cancelled);
}

BOOST_AUTO_TEST_CASE(are_not_entered_by_a_cancelled_task) {
  bool ran = false;
  auto t = start("t", [&](task_context& self) -> async<int> {
    coordinator().cancel_task_tree(self.reference());
    auto body = [&](int_group&) -> async<int> {
      ran = true;
      co_return 1;
    };
    co_return co_await with_task_group<int>(self, body);
  });
  run();
  BOOST_TEST(t.done());
  BOOST_TEST(!ran);
}

BOOST_AUTO_TEST_CASE(return_only_when_their_children_have_ended) {
  int ended = 0;
  auto t = start("t", [&](task_context& self) -> async<int> {
    std::string used_by_children = "still here";
    auto body = [&](int_group& group) -> async<int> {
      for (int i = 1; i <= 3; ++i)
        co_await group.add_task("slow", [&, i](task_context& me)
                                          -> async<int> {
          co_await me.sleep_for(i * 1s);
          BOOST_TEST(used_by_children == "still here");
          ++ended;
          co_return i;
        });
      co_return 7; // before its children
    };
    auto got = co_await with_task_group<int>(self, body);
    BOOST_TEST(ended == 3);
    co_return got;
  });
  advance(2s);
  BOOST_TEST(!t.done());
  advance(1s);
  BOOST_TEST(t.get() == 7);
}

BOOST_AUTO_TEST_CASE(have_recorded_the_ends_before_they_return) {
  auto t = start("t", [&](task_context& self) -> async<void> {
    auto body = [](int_group& group) -> async<int> {
      co_await group.add_task("child", after(1s, 1));
      co_return (co_await group.wait_for_all()).at(0);
    };
    co_await with_task_group<int>(self, {.name = "g"}, body);
    BOOST_CHECK(events().phases_of("child").back() == task_phase::completed);
    BOOST_CHECK(events().phases_of("g").back() == task_phase::completed);
  });
  advance(1s);
  t.get();
}

BOOST_AUTO_TEST_SUITE_END()
