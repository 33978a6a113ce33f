// Children that are awaited until they say that they are started.

#include "support/tasks.hpp"

using namespace test;
using axiom::cancel_reason;
using axiom::coordinated_task_group;
using axiom::discarding_task_group;
using axiom::failure_mode;
using axiom::with_discarding_group;
using axiom::with_task_group;
using void_group = coordinated_task_group<void>;

namespace {

/// A server that is ready after `span`, at the port 80, and runs for an hour.
auto server(axiom::runtime::duration span) {
  return [span](task_context& self) -> async<void> {
    co_await self.sleep_for(span);
    self.started(80);
    co_await self.sleep_for(1h);
  };
}

/// A server that fails after `span` without being ready.
auto broken_server(axiom::runtime::duration span) {
  return [span](task_context& self) -> async<void> {
    co_await self.sleep_for(span);
    throw std::runtime_error("no port");
  };
}

template <class F>
axiom::task<int> start_group(stepwise& where,
                             const axiom::group_options& options, F body) {
  auto run_group = [options, body](task_context& self) -> async<int> {
    auto op = body;
    co_return co_await with_task_group<void>(self, options, axiom::named(op));
  };
  return where.start("owner", run_group);
}

} // namespace

BOOST_FIXTURE_TEST_SUITE(group_starts, stepwise)

BOOST_AUTO_TEST_CASE(give_the_value_when_the_child_is_started_and_let_it_run_on) {
  bool ready = false;
  auto body = [&](void_group& group) -> async<int> {
    auto port = co_await group.start<int>("server", server(2s));
    ready = true;
    BOOST_TEST(group.running() == 1u);
    co_await group.context().sleep_for(1s);
    group.cancel_all();
    co_return port;
  };
  auto t = start_group(*this, {}, body);
  advance(1s);
  BOOST_TEST(!ready);
  advance(1s);
  BOOST_TEST(ready);
  advance(1s);
  BOOST_TEST(t.get() == 80);
}

BOOST_AUTO_TEST_CASE(may_give_no_value) {
  auto body = [](void_group& group) -> async<int> {
    auto op = [](task_context& self) -> async<void> {
      co_await self.sleep_for(1s);
      self.started();
    };
    co_await group.start("child", op);
    co_await group.wait_for_all();
    co_return 1;
  };
  auto t = start_group(*this, {}, body);
  advance(1s);
  BOOST_TEST(t.get() == 1);
}

BOOST_AUTO_TEST_CASE(may_give_a_value_that_only_moves) {
  auto body = [](void_group& group) -> async<int> {
    auto op = [](task_context& self) {
      self.started(std::make_unique<int>(5));
    };
    auto value = co_await group.start<std::unique_ptr<int>>("child", op);
    co_return *value;
  };
  auto t = start_group(*this, {}, body);
  run();
  BOOST_TEST(t.get() == 5);
}

BOOST_AUTO_TEST_CASE(work_in_a_discarding_group) {
  auto t = start("t", [](task_context& self) -> async<int> {
    auto body = [](discarding_task_group& group) -> async<int> {
      auto port = co_await group.start<int>("server", server(1s));
      group.cancel_all();
      co_return port;
    };
    co_return co_await with_discarding_group(self, body);
  });
  advance(1s);
  BOOST_TEST(t.get() == 80);
}

BOOST_AUTO_TEST_CASE(keep_the_result_of_the_child_for_the_group) {
  auto t = start("t", [](task_context& self) -> async<int> {
    auto body = [](coordinated_task_group<int>& group) -> async<int> {
      auto op = [](task_context& me) -> async<int> {
        me.started(std::string{"ready"});
        co_await me.sleep_for(1s);
        co_return 6;
      };
      BOOST_TEST(co_await group.start<std::string>("child", op) == "ready");
      auto all = co_await group.wait_for_all();
      BOOST_TEST(all.size() == 1u);
      co_return all.at(0);
    };
    co_return co_await with_task_group<int>(self, body);
  });
  advance(1s);
  BOOST_TEST(t.get() == 6);
}

BOOST_AUTO_TEST_CASE(wait_for_a_place_first) {
  lines order;
  auto body = [&](void_group& group) -> async<int> {
    co_await group.add_task("first", [&](task_context& self) -> async<void> {
      co_await self.sleep_for(5s);
      order.push_back("first");
    });
    // The time counts from when it has a place.
    auto port = co_await group.start<int>("server", server(1s), 2s);
    order.push_back("server");
    group.cancel_all();
    co_return port;
  };
  auto t = start_group(*this, {.max_concurrency = 1}, body);
  advance(6s);
  BOOST_TEST(t.get() == 80);
  BOOST_TEST(order == (lines{"first", "server"}),
             boost::test_tools::per_element());
}

BOOST_AUTO_TEST_CASE(of_a_child_that_ends_without_a_word_fail) {
  auto body = [](void_group& group) -> async<int> {
    try {
      co_await group.start("mute", [] {});
      BOOST_ERROR("no error");
    } catch (const axiom::exception& ex) {
      BOOST_TEST(ex.is(errc::never_started));
      BOOST_TEST(std::string{ex.what()}
                 == "never_started: task 'mute' has ended without saying that "
                    "it is started");
    }
    BOOST_TEST(group.running() == 0u);
    BOOST_TEST(!(co_await group.next()).has_value()); // nor is it a result
    co_return 1;
  };
  auto t = start_group(*this, {.max_concurrency = 1}, body);
  run();
  BOOST_TEST(t.get() == 1);
}

BOOST_AUTO_TEST_CASE(throw_the_error_of_the_child_once_in_every_mode) {
  for (auto mode : {failure_mode::throw_on_first, failure_mode::partial,
                    failure_mode::collect_all}) {
    auto body = [](void_group& group) -> async<int> {
      auto wrong = false;
      try {
        co_await group.start<int>("server", broken_server(1s));
      } catch (const std::runtime_error& ex) {
        wrong = ex.what() == std::string{"no port"};
      }
      BOOST_TEST(wrong);
      co_await group.wait_for_all();
      co_return 1;
    };
    auto t = start_group(*this, {.failure_mode = mode}, body);
    advance(1s);
    BOOST_TEST(t.get() == 1); // the group does not report it again
  }
  BOOST_TEST(coordinator().stats().unobserved_errors == 0u);
}

BOOST_AUTO_TEST_CASE(leave_a_later_error_of_the_child_to_the_group) {
  auto body = [](void_group& group) -> async<int> {
    auto op = [](task_context& self) -> async<void> {
      self.started();
      co_await self.sleep_for(1s);
      throw std::runtime_error("later");
    };
    co_await group.start("child", op);
    co_await group.wait_for_all();
    co_return 1;
  };
  auto t = start_group(*this, {}, body);
  advance(1s);
  BOOST_CHECK_THROW(t.get(), axiom::concurrent_errors);
}

BOOST_AUTO_TEST_CASE(throw_the_cancellation_of_the_child) {
  auto body = [](void_group& group) -> async<int> {
    group.context().create_child_task("killer", [&](task_context& self)
                                                  -> async<void> {
      co_await self.sleep_for(1s);
      group.cancel_all();
    });
    try {
      co_await group.start<int>("server", server(2s));
      BOOST_ERROR("no error");
    } catch (const axiom::cancelled_error& ex) {
      BOOST_CHECK(ex.cause().reason == cancel_reason::user);
    }
    co_return 1;
  };
  auto t = start_group(*this, {}, body);
  advance(1s);
  BOOST_TEST(t.get() == 1);
}

BOOST_AUTO_TEST_CASE(of_a_child_that_cannot_be_made_leave_the_place) {
  auto body = [](void_group& group) -> async<int> {
    std::string name(65, 'x');
    try {
      co_await group.start<int>(name, server(1s));
      BOOST_ERROR("no refusal");
    } catch (const axiom::exception& ex) {
      BOOST_TEST(ex.is(errc::name_too_long));
    }
    BOOST_TEST(group.running() == 0u);
    auto port = co_await group.start<int>("server", server(1s));
    group.cancel_all();
    co_return port;
  };
  auto t = start_group(*this, {.max_concurrency = 1}, body);
  advance(1s);
  BOOST_TEST(t.get() == 80);
}

BOOST_AUTO_TEST_CASE(may_be_awaited_for_a_blocking_child) {
  auto body = [](void_group& group) -> async<int> {
    auto op = axiom::blocking([](task_context& self) { self.started(9); });
    co_return co_await group.start<int>("child", op);
  };
  axiom::testing::fixture real{
    {.scheduler = axiom::runtime::scheduler_policy::axiom}};
  auto t = real.coordinator().create_child_task(
    "owner", [&](task_context& self) -> async<int> {
      co_return co_await with_task_group<void>(self, body);
    });
  BOOST_TEST(t.get() == 9);
}

// -- the timeout --------------------------------------------------------------

BOOST_AUTO_TEST_CASE(that_take_too_long_cancel_the_child_and_await_it) {
  lines order;
  auto body = [&](void_group& group) -> async<int> {
    auto slow = [&](task_context& self) -> async<void> {
      co_await axiom::as_expected(self.sleep_for(1h));
      BOOST_CHECK(self.cause()->reason == cancel_reason::deadline);
      auto clean_up = [](task_context& me) -> async<void> {
        co_await me.sleep_for(500ms);
      };
      co_await self.shielded(clean_up);
      order.push_back("cleaned up");
    };
    try {
      co_await group.start<int>("server", slow, 1500ms);
      BOOST_ERROR("no error");
    } catch (const axiom::exception& ex) {
      BOOST_TEST(ex.is(errc::deadline_exceeded));
      BOOST_TEST(std::string{ex.what()}
                 == "deadline_exceeded: task 'server' did not say that it is "
                    "started within 1.5 s");
      order.push_back("thrown");
    }
    co_return 1;
  };
  auto t = start_group(*this, {}, body);
  advance(1500ms);
  BOOST_TEST(order.empty());
  advance(500ms);
  BOOST_TEST(t.get() == 1);
  BOOST_TEST(order == (lines{"cleaned up", "thrown"}),
             boost::test_tools::per_element());
}

BOOST_AUTO_TEST_CASE(that_take_too_long_keep_the_error_of_the_child) {
  auto body = [](void_group& group) -> async<int> {
    auto bad = [](task_context& self) -> async<void> {
      co_await axiom::as_expected(self.sleep_for(1h));
      throw std::runtime_error("in passing");
    };
    try {
      co_await group.start<int>("server", bad, 1s);
      BOOST_ERROR("no error");
    } catch (const axiom::concurrent_errors& ex) {
      BOOST_TEST(ex.first().error.is(errc::deadline_exceeded));
      BOOST_TEST(ex.matches(errc::unhandled_exception));
    }
    co_return 1;
  };
  auto t = start_group(*this, {}, body);
  advance(1s);
  BOOST_TEST(t.get() == 1);
}

BOOST_AUTO_TEST_CASE(in_time_are_not_cancelled_by_the_timeout_later) {
  auto body = [](void_group& group) -> async<int> {
    auto port = co_await group.start<int>("server", server(1s), 2s);
    co_await group.wait_for_all();
    co_return port;
  };
  auto t = start_group(*this, {}, body);
  advance(1s);
  BOOST_TEST(pending_timers() == 1u); // the server's own
  advance(1h);
  BOOST_TEST(t.get() == 80);
}

BOOST_AUTO_TEST_CASE(need_a_positive_timeout) {
  auto body = [](void_group& group) -> async<int> {
    co_await group.start<int>("server", server(1s), 0s);
    co_return 1;
  };
  auto t = start_group(*this, {}, body);
  run();
  BOOST_CHECK(code_thrown_by([&] { t.get(); }) == errc::invalid_argument);
}

// -- cancelled ----------------------------------------------------------------

BOOST_AUTO_TEST_CASE(of_a_cancelled_starter_cancel_the_child_and_not_the_group) {
  auto body = [&](void_group& group) -> async<int> {
    auto op = [&](task_context&) -> async<void> {
      co_await group.start<int>("server", server(1h));
      BOOST_ERROR("a cancelled wait has returned");
    };
    auto starter = group.context().create_child_task("starter", op);
    co_await group.context().sleep_for(1s);
    BOOST_TEST(group.running() == 1u);
    starter.cancel(cancel_reason::limit_shed);
    co_await group.context().hierarchy().await_children();
    co_return 1;
  };
  auto t = start_group(*this, {}, body);
  advance(1s);
  BOOST_TEST(t.get() == 1);
  BOOST_CHECK(events().phases_of("server").back() == task_phase::cancelled);
}

BOOST_AUTO_TEST_CASE(of_a_cancelled_starter_leave_the_error_to_the_group) {
  auto body = [&](void_group& group) -> async<int> {
    auto bad = [](task_context& self) -> async<void> {
      co_await axiom::as_expected(self.sleep_for(1h));
      throw std::runtime_error("in passing");
    };
    auto op = [&](task_context&) -> async<void> {
      co_await group.start<int>("server", bad);
    };
    auto starter = group.context().create_child_task("starter", op);
    co_await group.context().sleep_for(1s);
    starter.cancel();
    co_await group.context().hierarchy().await_children();
    co_return 1;
  };
  auto t = start_group(*this, {.failure_mode = failure_mode::collect_all},
                       body);
  advance(1s);
  try {
    t.get();
    BOOST_FAIL("no failure");
  } catch (const axiom::concurrent_errors& ex) {
    BOOST_TEST(ex.first().task.name == "server");
  }
}

BOOST_AUTO_TEST_CASE(of_a_cancelled_group_end_with_it) {
  auto body = [](void_group& group) -> async<int> {
    co_await group.start<int>("server", server(1h));
    BOOST_ERROR("a cancelled wait has returned");
    co_return 1;
  };
  auto t = start_group(*this, {}, body);
  run();
  t.cancel();
  run();
  BOOST_CHECK_THROW(t.get(), axiom::cancelled_error);
}

// -- misuse -------------------------------------------------------------------

BOOST_AUTO_TEST_CASE(are_told_once_or_the_child_sees_an_error) {
  std::optional<errc> second;
  auto body = [&](void_group& group) -> async<int> {
    auto op = [&](task_context& self) {
      self.started(1);
      second = code_thrown_by([&] { self.started(2); });
    };
    co_return co_await group.start<int>("child", op);
  };
  auto t = start_group(*this, {}, body);
  run();
  BOOST_TEST(t.get() == 1);
  BOOST_CHECK(second == errc::invalid_argument);
}

BOOST_AUTO_TEST_CASE(are_told_with_their_own_type_or_the_child_sees_an_error) {
  std::optional<errc> wrong;
  std::optional<errc> none;
  auto body = [&](void_group& group) -> async<int> {
    auto op = [&](task_context& self) {
      wrong = code_thrown_by([&] { self.started(1L); });
      none = code_thrown_by([&] { self.started(); });
      self.started(3);
    };
    co_return co_await group.start<int>("child", op);
  };
  auto t = start_group(*this, {}, body);
  run();
  BOOST_TEST(t.get() == 3);
  BOOST_CHECK(wrong == errc::invalid_argument);
  BOOST_CHECK(none == errc::invalid_argument);
}

BOOST_AUTO_TEST_CASE(are_told_by_a_child_of_start_or_the_task_sees_an_error) {
  auto body = [](void_group& group) -> async<int> {
    co_await group.add_task("child", [](task_context& self) {
      self.started(1);
    });
    co_await group.wait_for_all();
    co_return 0;
  };
  auto t = start_group(*this, {}, body);
  run();
  try {
    t.get();
    BOOST_FAIL("no failure");
  } catch (const axiom::concurrent_errors& ex) {
    BOOST_TEST(ex.matches(errc::invalid_argument));
  }
}

BOOST_AUTO_TEST_CASE(with_a_value_that_cannot_be_moved_in_can_be_told_again) {
  struct fragile {
    explicit fragile(bool breaks) : broken(breaks) {
      // nop
    }
    fragile(const fragile& x) : broken(x.broken) {
      if (broken)
        throw std::runtime_error("fragile");
    }
    bool broken;
  };
  auto body = [](void_group& group) -> async<int> {
    auto op = [](task_context& self) {
      const fragile bad{true};
      BOOST_CHECK_THROW(self.started(bad), std::runtime_error);
      self.started(fragile{false});
    };
    auto got = co_await group.start<fragile>("child", op);
    co_return got.broken ? 1 : 2;
  };
  auto t = start_group(*this, {}, body);
  run();
  BOOST_TEST(t.get() == 2);
}

BOOST_AUTO_TEST_CASE(with_the_longest_timeout_wait_for_the_child) {
  for (auto timeout : {axiom::runtime::duration::max(),
                       axiom::runtime::duration::max() - 1ns}) {
    auto body = [timeout](void_group& group) -> async<int> {
      auto port = co_await group.start<int>("server", server(24h), timeout);
      group.cancel_all();
      co_return port;
    };
    auto t = start_group(*this, {}, body);
    advance(24h);
    BOOST_REQUIRE(t.done());
    BOOST_TEST(t.get() == 80);
  }
}

BOOST_AUTO_TEST_SUITE_END()
