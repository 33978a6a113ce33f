// Groups: results, their order, back-pressure, who may add.

#include <algorithm>

#include "support/tasks.hpp"

using namespace test;
using axiom::coordinated_task_group;
using axiom::with_task_group;
using int_group = coordinated_task_group<int>;

namespace {

/// A child that takes `span` and returns `value`.
auto after(axiom::runtime::duration span, int value) {
  return [span, value](task_context& self) -> async<int> {
    co_await self.sleep_for(span);
    co_return value;
  };
}

/// Runs `body` as the body of a group with these options.
template <class F>
axiom::task<int> start_group(stepwise& where,
                             const axiom::group_options& options, F body) {
  auto run_group = [options, body](task_context& self) -> async<int> {
    auto op = body;
    co_return co_await with_task_group<int>(self, options, axiom::named(op));
  };
  return where.start("owner", run_group);
}

} // namespace

BOOST_FIXTURE_TEST_SUITE(group_results, stepwise)

BOOST_AUTO_TEST_CASE(come_in_order_of_submission_whatever_the_order_of_ends) {
  std::vector<int> got;
  auto body = [&](int_group& group) -> async<int> {
    const int delays[] = {7, 3, 9, 1, 5, 8, 2, 6, 4, 0};
    for (int i = 0; i < 10; ++i)
      co_await group.add_task("child", after(delays[i] * 1s, i));
    got = co_await group.wait_for_all();
    co_return 0;
  };
  auto t = start_group(*this, {}, body);
  advance(10s);
  t.get();
  BOOST_TEST(got == (std::vector<int>{0, 1, 2, 3, 4, 5, 6, 7, 8, 9}),
             boost::test_tools::per_element());
}

BOOST_AUTO_TEST_CASE(come_in_order_of_completion_from_next) {
  std::vector<int> got;
  auto body = [&](int_group& group) -> async<int> {
    co_await group.add_task("c", after(3s, 3));
    co_await group.add_task("a", after(1s, 1));
    co_await group.add_task("b", after(2s, 2));
    for (auto x = co_await group.next(); x; x = co_await group.next())
      got.push_back(x->value());
    co_return 0;
  };
  auto t = start_group(*this, {}, body);
  advance(1s);
  BOOST_TEST(got.size() == 1u); // it does not wait for the others
  advance(2s);
  t.get();
  BOOST_TEST(got == (std::vector<int>{1, 2, 3}),
             boost::test_tools::per_element());
}

BOOST_AUTO_TEST_CASE(taken_by_next_are_not_given_again) {
  auto body = [&](int_group& group) -> async<int> {
    co_await group.add_task("a", after(1s, 1));
    co_await group.add_task("b", after(2s, 2));
    co_await group.add_task("c", after(3s, 3));
    BOOST_TEST((co_await group.next())->value() == 1);
    auto rest = co_await group.wait_for_all();
    BOOST_TEST(rest == (std::vector<int>{2, 3}),
               boost::test_tools::per_element());
    BOOST_TEST(!(co_await group.next()).has_value());
    co_return 0;
  };
  auto t = start_group(*this, {}, body);
  advance(3s);
  t.get();
}

BOOST_AUTO_TEST_CASE(of_an_empty_group_are_none) {
  auto body = [&](int_group& group) -> async<int> {
    BOOST_TEST(!(co_await group.next()).has_value());
    BOOST_TEST((co_await group.wait_for_all()).empty());
    BOOST_TEST((co_await group.collect_results()).empty());
    co_return 4;
  };
  auto t = start_group(*this, {}, body);
  run();
  BOOST_TEST(t.get() == 4);
}

BOOST_AUTO_TEST_CASE(may_be_move_only) {
  auto t = start("t", [](task_context& self) -> async<int> {
    using group_type = coordinated_task_group<std::unique_ptr<int>>;
    auto body = [](group_type& group) -> async<std::unique_ptr<int>> {
      for (int i = 1; i <= 3; ++i)
        co_await group.add_task("child", [i] {
          return std::make_unique<int>(i);
        });
      auto first = co_await group.next();
      auto rest = co_await group.wait_for_all();
      co_return std::make_unique<int>(**first.value() + *rest[0] + *rest[1]);
    };
    auto sum = co_await with_task_group<std::unique_ptr<int>>(self, body);
    co_return *sum;
  });
  run();
  BOOST_TEST(t.get() == 6);
}

BOOST_AUTO_TEST_CASE(may_be_void) {
  int ran = 0;
  auto t = start("t", [&](task_context& self) -> async<void> {
    auto body = [&](coordinated_task_group<void>& group) -> async<void> {
      for (int i = 0; i < 5; ++i)
        co_await group.add_task("child", [&] { ++ran; });
      auto one = co_await group.next();
      BOOST_TEST(one->has_value());
      co_await group.wait_for_all();
    };
    co_await with_task_group<void>(self, body);
  });
  run();
  t.get();
  BOOST_TEST(ran == 5);
}

BOOST_AUTO_TEST_CASE(may_come_from_a_body_that_is_no_coroutine) {
  auto t = start("t", [](task_context& self) -> async<int> {
    auto body = [](int_group& group) {
      group.context().create_child_task("child", [] {});
      return 3;
    };
    co_return co_await with_task_group<int>(self, body);
  });
  run();
  BOOST_TEST(t.get() == 3);
}

BOOST_AUTO_TEST_CASE(of_nested_groups_come_up) {
  auto t = start("t", [](task_context& self) -> async<int> {
    auto outer = [](int_group& group) -> async<int> {
      for (int i = 0; i < 3; ++i)
        co_await group.add_task("row", [i](task_context& me) -> async<int> {
          auto inner = [i](int_group& row) -> async<int> {
            for (int j = 0; j < 3; ++j)
              co_await row.add_task("cell", after((3 - j) * 1s, i * 10 + j));
            int sum = 0;
            for (auto x : co_await row.wait_for_all())
              sum += x;
            co_return sum;
          };
          co_return co_await with_task_group<int>(me, inner);
        });
      int sum = 0;
      for (auto x : co_await group.wait_for_all())
        sum += x;
      co_return sum;
    };
    co_return co_await with_task_group<int>(self, outer);
  });
  advance(3s);
  BOOST_TEST(t.get() == 99);
}

BOOST_AUTO_TEST_CASE(that_cannot_be_moved_fail_their_child) {
  struct fragile {
    int* moves_left = nullptr;
    fragile() = default;
    explicit fragile(int* budget) : moves_left(budget) {
      // nop
    }
    fragile(fragile&& other) : moves_left(other.moves_left) {
      if (moves_left != nullptr && --*moves_left < 0)
        throw std::runtime_error("cannot be moved");
    }
    fragile& operator=(fragile&&) = default;
  };
  // However many moves it takes until the result is delivered: the error shows.
  for (int budget = 0; budget < 4; ++budget) {
    int left = budget;
    auto t = start("t", [&](task_context& self) -> async<bool> {
      using group_type = coordinated_task_group<fragile>;
      auto body = [&](group_type& group) -> async<bool> {
        co_await group.add_task("child", [&] { return fragile{&left}; });
        auto all = co_await group.wait_for_all();
        co_return all.size() == 1;
      };
      co_return co_await with_task_group<fragile>(self, body);
    });
    run();
    auto got = t.get_expected();
    if (left < 0)
      BOOST_TEST((!got || !*got));
    else
      BOOST_TEST((got && *got));
  }
}

BOOST_AUTO_TEST_SUITE_END()

BOOST_FIXTURE_TEST_SUITE(group_limits, stepwise)

BOOST_AUTO_TEST_CASE(are_never_exceeded_and_always_used) {
  int running = 0;
  int most = 0;
  int ended = 0;
  auto body = [&](int_group& group) -> async<int> {
    for (int i = 0; i < 50; ++i) {
      auto child = [&, i](task_context& self) -> async<int> {
        most = std::max(most, ++running);
        co_await self.sleep_for((i * 7 % 5 + 1) * 1s);
        --running;
        ++ended;
        co_return i;
      };
      co_await group.add_task("child", child);
      BOOST_TEST(group.running() <= 3u);
    }
    co_return static_cast<int>((co_await group.wait_for_all()).size());
  };
  auto t = start_group(*this, {.max_concurrency = 3}, body);
  run();
  BOOST_TEST(running == 3);
  advance(200s);
  BOOST_TEST(t.get() == 50);
  BOOST_TEST(most == 3);
  BOOST_TEST(ended == 50);
}

BOOST_AUTO_TEST_CASE(of_one_make_children_run_one_after_the_other) {
  std::vector<int> order;
  auto body = [&](int_group& group) -> async<int> {
    for (int i = 0; i < 5; ++i)
      co_await group.add_task("child", [&, i](task_context& self)
                                         -> async<int> {
        order.push_back(i);
        co_await self.yield();
        order.push_back(i);
        co_return i;
      });
    co_return 0;
  };
  auto t = start_group(*this, {.max_concurrency = 1}, body);
  run();
  t.get();
  BOOST_TEST(order == (std::vector<int>{0, 0, 1, 1, 2, 2, 3, 3, 4, 4}),
             boost::test_tools::per_element());
}

BOOST_AUTO_TEST_CASE(of_zero_are_refused) {
  auto body = [](int_group&) -> async<int> { co_return 0; };
  auto t = start_group(*this, {.max_concurrency = 0}, body);
  run();
  BOOST_CHECK(code_thrown_by([&] { t.get(); }) == errc::invalid_argument);
}

BOOST_AUTO_TEST_CASE(give_places_to_adders_in_order) {
  lines order;
  auto body = [&](int_group& group) -> async<int> {
    co_await group.add_task("first", after(1s, 0));
    for (auto name : {"a", "b", "c"})
      group.context().create_child_task(name, [&](task_context& self)
                                                -> async<void> {
        co_await group.add_task(self.name(), after(1s, 0));
        order.push_back(std::string{self.name()});
      });
    co_await group.context().hierarchy().await_children();
    co_return static_cast<int>((co_await group.wait_for_all()).size());
  };
  auto t = start_group(*this, {.max_concurrency = 1}, body);
  advance(1s);
  BOOST_TEST(order.size() == 1u);
  advance(10s);
  BOOST_TEST(t.get() == 4);
  BOOST_TEST(order == (lines{"a", "b", "c"}), boost::test_tools::per_element());
}

BOOST_AUTO_TEST_CASE(pass_the_place_of_a_cancelled_adder_on) {
  bool added = false;
  auto body = [&](int_group& group) -> async<int> {
    co_await group.add_task("first", after(2s, 0));
    auto adder = [&](task_context&) -> async<void> {
      co_await group.add_task("second", after(1s, 0));
    };
    auto gone = group.context().create_child_task("gone", adder);
    group.context().create_child_task("next", [&](task_context& self)
                                                -> async<void> {
      co_await self.yield();
      co_await group.add_task("second", after(1s, 0));
      added = true;
    });
    co_await group.context().sleep_for(1s);
    gone.cancel();
    co_await group.context().hierarchy().await_children();
    co_return static_cast<int>((co_await group.wait_for_all()).size());
  };
  auto t = start_group(*this, {.max_concurrency = 1}, body);
  advance(2s);
  BOOST_TEST(added);
  advance(1s);
  BOOST_TEST(t.get() == 2);
}

BOOST_AUTO_TEST_CASE(let_a_nested_task_add) {
  auto body = [](int_group& group) -> async<int> {
    co_await group.add_task("adder", [&](task_context&) -> async<int> {
      co_await group.add_task("deep", [] { return 2; });
      co_return 1;
    });
    int sum = 0;
    for (auto x : co_await group.wait_for_all())
      sum += x;
    co_return sum;
  };
  auto t = start_group(*this, {}, body);
  run();
  BOOST_TEST(t.get() == 3);
}

BOOST_AUTO_TEST_CASE(refuse_a_task_from_outside_to_add) {
  int_group* leaked = nullptr;
  auto body = [&](int_group& group) -> async<int> {
    leaked = &group;
    co_await group.context().sleep_for(1s);
    co_return 1;
  };
  auto t = start_group(*this, {}, body);
  run();
  auto stranger = start("stranger", [&](task_context&) -> async<void> {
    co_await leaked->add_task("child", [] { return 1; });
  });
  run();
  BOOST_CHECK(code_thrown_by([&] { stranger.get(); }) == errc::not_in_scope);
  advance(1s);
  BOOST_TEST(t.get() == 1);
}

BOOST_AUTO_TEST_CASE(give_the_identity_of_the_child) {
  auto body = [&](int_group& group) -> async<int> {
    auto id = co_await group.add_task("child", after(1s, 1));
    auto children = group.context().hierarchy().children();
    BOOST_REQUIRE(children.size() == 1u);
    BOOST_CHECK(children[0].id == id);
    BOOST_CHECK(children[0].parent == group.context().id());
    co_return 0;
  };
  auto t = start_group(*this, {.name = "named"}, body);
  advance(1s);
  t.get();
  BOOST_TEST(events().phases_of("named").size() == 3u);
}

BOOST_AUTO_TEST_CASE(of_a_child_whose_name_is_too_long_leave_the_place) {
  auto body = [&](int_group& group) -> async<int> {
    std::string name(65, 'x');
    for (int i = 0; i < 3; ++i)
      try {
        co_await group.add_task(name, [] { return 1; });
        BOOST_ERROR("no refusal");
      } catch (const axiom::exception& ex) {
        BOOST_TEST(ex.is(errc::name_too_long));
      }
    BOOST_TEST(group.running() == 0u);
    co_await group.add_task("good", [] { return 5; });
    auto all = co_await group.wait_for_all();
    BOOST_TEST(all.size() == 1u);
    co_return all.at(0);
  };
  auto t = start_group(*this, {.max_concurrency = 1}, body);
  run();
  BOOST_TEST(t.get() == 5);
}

BOOST_AUTO_TEST_SUITE_END()
