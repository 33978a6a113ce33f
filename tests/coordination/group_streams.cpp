// Groups as streams: results that are taken as they come, in bounded memory.

#include <algorithm>

#include "support/tasks.hpp"

using namespace test;
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

/// Adds children with the values 0 to `count` - 1.
async<void> produce(int_group& group, int count, int* added = nullptr) {
  for (int i = 0; i < count; ++i) {
    co_await group.add_task("job", [i] { return i; });
    if (added != nullptr)
      ++*added;
  }
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

} // namespace

BOOST_FIXTURE_TEST_SUITE(group_streams, stepwise)

// -- the two patterns ---------------------------------------------------------

BOOST_AUTO_TEST_CASE(let_a_child_add_while_the_body_takes) {
  std::size_t most = 0;
  auto body = [&](int_group& group) -> async<int> {
    group.context().create_child_task(
      "producer", [&] { return produce(group, 1000); });
    int sum = 0;
    while (auto result = co_await group.next()) {
      sum += result->value();
      most = std::max(most, group.unread() + group.running());
      co_await group.context().sleep_for(1ms); // slower than the producer
    }
    co_return sum;
  };
  auto t = start_group(*this, {.max_unread = 4}, body);
  advance(2s);
  BOOST_TEST(t.get() == 999 * 1000 / 2);
  BOOST_TEST(most == 4u);
}

BOOST_AUTO_TEST_CASE(let_the_body_add_while_a_child_takes) {
  int sum = 0;
  std::size_t most = 0;
  auto body = [&](int_group& group) -> async<int> {
    auto consume = [&](task_context& self) -> async<void> {
      while (auto result = co_await group.next()) {
        sum += result->value();
        most = std::max(most, group.unread() + group.running());
        co_await self.sleep_for(1ms);
      }
    };
    auto consumer = group.context().create_child_task("consumer", consume);
    co_await produce(group, 1000);
    group.close();
    co_await consumer;
    co_return sum;
  };
  auto t = start_group(*this, {.max_unread = 4}, body);
  advance(2s);
  BOOST_TEST(t.get() == 999 * 1000 / 2);
  BOOST_TEST(most == 4u);
}

// -- the bound ----------------------------------------------------------------

BOOST_AUTO_TEST_CASE(hold_back_who_adds_until_a_result_is_taken) {
  int added = 0;
  auto body = [&](int_group& group) -> async<int> {
    group.context().create_child_task(
      "producer", [&] { return produce(group, 10, &added); });
    for (int i = 0; i < 10; ++i) {
      co_await group.context().sleep_for(1s);
      BOOST_TEST(added == std::min(3 + i, 10));
      BOOST_TEST((co_await group.next())->value() == i);
    }
    co_return 0;
  };
  auto t = start_group(*this, {.max_unread = 3}, body);
  advance(10s);
  t.get();
}

BOOST_AUTO_TEST_CASE(count_children_that_run_as_results_to_come) {
  auto body = [&](int_group& group) -> async<int> {
    auto add = [&](task_context&) -> async<void> {
      for (int i = 0; i < 5; ++i)
        co_await group.add_task("slow", after(1h, i));
    };
    group.context().create_child_task("producer", add);
    co_await group.context().sleep_for(1s);
    BOOST_TEST(group.running() == 2u);
    group.cancel_all();
    co_await group.context().hierarchy().await_children();
    co_return 0;
  };
  auto t = start_group(*this, {.max_concurrency = 4, .max_unread = 2}, body);
  advance(1s);
  t.get();
}

BOOST_AUTO_TEST_CASE(keep_no_memory_of_what_was_taken_under_a_long_lived_child) {
  // The producer is a child of the group and has a slot of its own, which is
  // the first as long as it runs.
  int alive = 0;
  struct counted {
    explicit counted(int& n) : alive(&n) {
      ++n;
    }
    counted(const counted& x) : alive(x.alive) {
      ++*alive;
    }
    counted& operator=(const counted&) = delete;
    ~counted() {
      --*alive;
    }
    int* alive;
  };
  int most = 0;
  auto t = start("owner", [&](task_context& self) -> async<void> {
    using group_type = coordinated_task_group<counted>;
    auto body = [&](group_type& group) -> async<void> {
      auto add = [&](task_context&) -> async<counted> {
        for (int i = 0; i < 1000; ++i)
          co_await group.add_task("job", [&] { return counted{alive}; });
        co_return counted{alive};
      };
      co_await group.add_task("producer", add);
      int results = 0;
      while (auto result = co_await group.next()) {
        ++results;
        most = std::max(most, alive);
      }
      BOOST_TEST(results == 1001);
    };
    co_await with_task_group<counted>(self, {.max_unread = 3}, body);
  });
  run();
  t.get();
  BOOST_TEST(most <= 6);
  BOOST_TEST(alive == 0);
}

BOOST_AUTO_TEST_CASE(give_what_is_left_in_order_of_submission) {
  auto body = [&](int_group& group) -> async<int> {
    co_await group.add_task("a", after(5s, 0));
    co_await group.add_task("b", after(1s, 1));
    co_await group.next(); // its slot serves another child
    co_await group.add_task("c", after(3s, 2));
    co_await group.add_task("d", after(1s, 3));
    auto all = co_await group.wait_for_all();
    BOOST_TEST(all == (std::vector<int>{0, 2, 3}),
               boost::test_tools::per_element());
    co_return 0;
  };
  auto t = start_group(*this, {}, body);
  advance(5s);
  t.get();
}

BOOST_AUTO_TEST_CASE(do_not_hold_back_while_somebody_waits_for_all) {
  auto body = [&](int_group& group) -> async<int> {
    group.context().create_child_task(
      "producer", [&] { return produce(group, 100); });
    co_return static_cast<int>((co_await group.wait_for_all()).size());
  };
  auto t = start_group(*this, {.max_unread = 2}, body);
  run();
  BOOST_TEST(t.get() == 100);
}

BOOST_AUTO_TEST_CASE(with_a_bound_of_zero_are_refused) {
  auto body = [](int_group&) -> async<int> { co_return 0; };
  auto t = start_group(*this, {.max_unread = 0}, body);
  run();
  BOOST_CHECK(code_thrown_by([&] { t.get(); }) == errc::invalid_argument);
}

// -- several readers ----------------------------------------------------------

BOOST_AUTO_TEST_CASE(give_each_result_to_one_of_several_readers_in_turn) {
  lines got;
  auto body = [&](int_group& group) -> async<int> {
    auto read = [&](task_context& self) -> async<void> {
      while (auto result = co_await group.next())
        got.push_back(std::string{self.name()}
                      + std::to_string(result->value()));
    };
    group.context().create_child_task("x", read);
    group.context().create_child_task("y", read);
    co_await group.context().sleep_for(1s);
    for (int i = 0; i < 4; ++i)
      co_await group.add_task("job", after((i + 1) * 1s, i));
    group.close();
    co_return 0;
  };
  auto t = start_group(*this, {}, body);
  advance(5s);
  t.get();
  BOOST_TEST(got == (lines{"x0", "y1", "x2", "y3"}),
             boost::test_tools::per_element());
}

BOOST_AUTO_TEST_CASE(do_not_serve_a_reader_from_outside) {
  int_group* leaked = nullptr;
  auto body = [&](int_group& group) -> async<int> {
    leaked = &group;
    co_await group.context().sleep_for(1s);
    co_return 0;
  };
  auto t = start_group(*this, {}, body);
  run();
  auto stranger = start("stranger", [&](task_context&) -> async<void> {
    co_await leaked->next();
  });
  run();
  BOOST_CHECK(code_thrown_by([&] { stranger.get(); }) == errc::not_in_scope);
  advance(1s);
  t.get();
}

// -- ends ---------------------------------------------------------------------

BOOST_AUTO_TEST_CASE(end_for_a_reading_child_when_the_body_has_returned) {
  int read = 0;
  auto body = [&](int_group& group) -> async<int> {
    auto consume = [&](task_context&) -> async<void> {
      while (co_await group.next())
        ++read;
    };
    group.context().create_child_task("consumer", consume);
    co_await produce(group, 5);
    co_return 0;
  };
  auto t = start_group(*this, {}, body);
  run();
  t.get();
  BOOST_TEST(read == 5);
}

BOOST_AUTO_TEST_CASE(fail_with_their_producer) {
  auto body = [&](int_group& group) -> async<int> {
    auto add = [&](task_context&) -> async<void> {
      co_await produce(group, 3);
      throw std::runtime_error("dry");
    };
    group.context().create_child_task("producer", add);
    int count = 0;
    while (co_await group.next())
      ++count;
    BOOST_TEST(count == 3); // what was added before is not lost
    co_return count;
  };
  auto t = start_group(*this, {.max_unread = 2}, body);
  run();
  try {
    t.get();
    BOOST_FAIL("no failure");
  } catch (const axiom::concurrent_errors& ex) {
    BOOST_TEST(ex.first().task.name == "producer");
  }
}

BOOST_AUTO_TEST_CASE(end_early_when_the_body_cancels_its_producer) {
  auto body = [&](int_group& group) -> async<int> {
    auto add = [&](task_context&) -> async<void> {
      for (;;)
        co_await group.add_task("job", [] { return 1; });
    };
    group.context().create_child_task("producer", add);
    for (int i = 0; i < 10; ++i)
      co_await group.next();
    group.cancel_all();
    co_return 10;
  };
  auto t = start_group(*this, {.max_unread = 2}, body);
  run();
  BOOST_TEST(t.get() == 10);
}

BOOST_AUTO_TEST_CASE(refuse_to_go_on_when_the_body_just_left) {
  auto body = [&](int_group& group) -> async<int> {
    auto add = [&](task_context&) -> async<void> {
      for (;;)
        co_await group.add_task("job", [] { return 1; });
    };
    group.context().create_child_task("producer", add);
    co_await group.next();
    co_return 1;
  };
  auto t = start_group(*this, {.max_unread = 2}, body);
  run();
  BOOST_REQUIRE(t.done());
  try {
    t.get();
    BOOST_FAIL("no failure");
  } catch (const axiom::concurrent_errors& ex) {
    BOOST_TEST(ex.first().task.name == "producer");
    BOOST_TEST(ex.matches(errc::scope_closed));
  }
}

BOOST_AUTO_TEST_CASE(leave_nobody_waiting_when_the_group_is_cancelled) {
  auto body = [&](int_group& group) -> async<int> {
    group.context().create_child_task("producer",
                                      [&] { return produce(group, 100); });
    group.context().create_child_task("reader", [&](task_context& self)
                                                  -> async<void> {
      co_await group.next();
      co_await self.sleep_for(1h);
    });
    co_await group.context().sleep_for(1h);
    co_return 0;
  };
  auto t = start_group(*this, {.max_unread = 2}, body);
  run();
  t.cancel();
  run();
  BOOST_TEST(t.done());
  BOOST_CHECK_THROW(t.get(), axiom::cancelled_error);
}

BOOST_AUTO_TEST_CASE(once_closed_take_no_more) {
  auto body = [&](int_group& group) -> async<int> {
    co_await group.add_task("first", after(1s, 1));
    auto add = [&](task_context&) -> async<void> {
      co_await group.add_task("second", after(1s, 2)); // waits for a place
    };
    auto waiting = group.context().create_child_task("waiting", add);
    co_await group.context().yield();
    group.close();
    auto got = co_await axiom::as_expected(std::move(waiting));
    BOOST_TEST((!got && got.error().is(errc::scope_closed)));
    try {
      co_await group.add_task("third", after(1s, 3));
      BOOST_ERROR("added to a closed group");
    } catch (const axiom::exception& ex) {
      BOOST_TEST(ex.is(errc::scope_closed));
    }
    BOOST_TEST((co_await group.next())->value() == 1);
    BOOST_TEST(!(co_await group.next()).has_value());
    co_return 0;
  };
  auto t = start_group(*this, {.max_concurrency = 1}, body);
  advance(1s);
  t.get();
}

// -- who waits for himself ----------------------------------------------------

BOOST_AUTO_TEST_CASE(refuse_a_body_that_would_wait_for_its_own_reading) {
  int added = 0;
  auto body = [&](int_group& group) -> async<int> {
    co_await produce(group, 10, &added);
    co_return 0;
  };
  auto t = start_group(*this, {.max_unread = 3}, body);
  run();
  BOOST_TEST(added == 3);
  BOOST_REQUIRE(t.done());
  BOOST_CHECK(code_thrown_by([&] { t.get(); }) == errc::self_join);
}

BOOST_AUTO_TEST_CASE(let_the_body_add_and_take_in_turn) {
  auto body = [&](int_group& group) -> async<int> {
    int sum = 0;
    for (int i = 0; i < 10; ++i) {
      if (i >= 3)
        sum += (co_await group.next())->value();
      co_await group.add_task("job", [i] { return i; });
    }
    while (auto result = co_await group.next())
      sum += result->value();
    co_return sum;
  };
  auto t = start_group(*this, {.max_unread = 3}, body);
  run();
  BOOST_TEST(t.get() == 45);
}

BOOST_AUTO_TEST_SUITE_END()
