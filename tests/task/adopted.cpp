// Ordinary CAF actors as linked children of a task.

#include "axiom/task/local.hpp"
#include "support/tasks.hpp"

using namespace test;

namespace {

/// Ends as it is told; notes the exit messages it gets if it traps them.
class worker : public caf::event_based_actor {
public:
  explicit worker(caf::actor_config& cfg) : caf::event_based_actor(cfg) {
    // nop
  }

  caf::behavior make_behavior() override {
    return {
      [this](int) { quit(); },
      [this](const std::string& why) {
        quit(caf::make_error(caf::sec::runtime_error, why));
      },
    };
  }
};

class deaf : public caf::event_based_actor {
public:
  deaf(caf::actor_config& cfg, std::vector<caf::error>* seen)
    : caf::event_based_actor(cfg), seen_(seen) {
    // nop
  }

  caf::behavior make_behavior() override {
    set_exit_handler([this](caf::exit_msg& x) { seen_->push_back(x.reason); });
    return {[](int) {}};
  }

private:
  std::vector<caf::error>* seen_;
};

class dying : public caf::event_based_actor {
public:
  dying(caf::actor_config& cfg, caf::error why)
    : caf::event_based_actor(cfg), why_(std::move(why)) {
    // nop
  }

  caf::behavior make_behavior() override {
    quit(why_);
    return {};
  }

private:
  caf::error why_;
};

class throwing : public caf::event_based_actor {
public:
  explicit throwing(caf::actor_config& cfg) : caf::event_based_actor(cfg) {
    throw std::runtime_error("no constructor");
  }
};

/// Has its own parent killed while it is being made.
class patricide : public caf::event_based_actor {
public:
  patricide(caf::actor_config& cfg, std::function<void()> kill,
            std::vector<caf::error>* seen)
    : caf::event_based_actor(cfg), seen_(seen) {
    kill();
  }

  caf::behavior make_behavior() override {
    set_exit_handler([this](caf::exit_msg& x) { seen_->push_back(x.reason); });
    return {[](int) {}};
  }

private:
  std::vector<caf::error>* seen_;
};

} // namespace

BOOST_FIXTURE_TEST_SUITE(adopted_actors, stepwise)

BOOST_AUTO_TEST_CASE(keep_their_task_alive_until_they_end) {
  caf::actor actor;
  auto t = start("t", [&](task_context& self) {
    actor = self.spawn_child<worker>();
    return 3;
  });
  run();
  BOOST_TEST(!t.done());
  BOOST_TEST(t.hierarchy().child_count() == 1u);
  caf::anon_send(actor, 1);
  run();
  BOOST_TEST(t.get() == 3);
  BOOST_CHECK((events().phases_of("actor")
               == phases{task_phase::created, task_phase::started,
                         task_phase::completed}));
}

BOOST_AUTO_TEST_CASE(live_as_long_as_the_tree_though_nobody_holds_them) {
  auto t = start("t", [](task_context& self) -> async<void> {
    self.spawn_child<worker>();
    co_await self.hierarchy().await_children();
  });
  run();
  BOOST_TEST(!t.done()); // CAF would have ended it as unreachable
  t.cancel();
  run();
  BOOST_TEST(t.done());
}

BOOST_AUTO_TEST_CASE(that_fail_fail_their_task) {
  caf::actor actor;
  auto t = start("t", [&](task_context& self) -> async<int> {
    actor = self.spawn_child<worker>();
    co_await self.hierarchy().await_children();
    co_return 1;
  });
  run();
  caf::anon_send(actor, std::string{"broken"});
  run();
  try {
    t.get();
    BOOST_FAIL("no failure");
  } catch (const axiom::concurrent_errors& ex) {
    BOOST_TEST(ex.size() == 1u);
    BOOST_CHECK(ex.first().error.error() == caf::sec::runtime_error);
    BOOST_TEST(ex.first().error.what().find("broken") != std::string::npos);
  }
}

BOOST_AUTO_TEST_CASE(get_an_exit_message_when_the_task_is_cancelled) {
  auto t = start("t", [](task_context& self) -> async<void> {
    self.spawn_child<worker>();
    co_await self.sleep_for(1h);
  });
  run();
  auto request = coordinator().cancel_task_tree(t.reference());
  run();
  BOOST_TEST(t.done());
  BOOST_TEST(request.get().requested == 2u);
  BOOST_TEST(request.get().all_acknowledged());
  BOOST_CHECK(events().phases_of("actor").back() == task_phase::cancelled);
}

BOOST_AUTO_TEST_CASE(that_ignore_it_are_overdue_and_killed_after_the_grace) {
  std::vector<caf::error> seen;
  auto t = start("t", [&](task_context& self) -> async<void> {
    self.spawn_child<deaf>(&seen);
    co_await self.sleep_for(1h);
  });
  run();
  auto request = coordinator().cancel_task_tree(
    t.reference(), axiom::cancel_reason::user, 1s);
  advance(999ms);
  BOOST_REQUIRE(seen.size() == 1u);
  BOOST_CHECK(seen[0] == caf::exit_reason::user_shutdown);
  BOOST_TEST(!t.done());
  advance(1ms);
  BOOST_TEST(t.done());
  auto report = request.get();
  BOOST_TEST(report.overdue_count == 2u);
  BOOST_TEST(report.overdue.back().path == "t/actor");
  BOOST_CHECK(events().phases_of("actor").back() == task_phase::cancelled);
}

BOOST_AUTO_TEST_CASE(of_a_killed_task_are_killed_at_once) {
  std::vector<caf::error> seen;
  auto t = start("t", [&](task_context& self) -> async<void> {
    self.spawn_child<deaf>(&seen);
    co_await self.sleep_for(1h);
  });
  run();
  caf::anon_send_exit(t.actor(), caf::exit_reason::kill);
  run();
  BOOST_TEST(t.done());
}

BOOST_AUTO_TEST_CASE(that_die_in_their_start_are_ended_children) {
  auto good = start("good", [](task_context& self) -> async<int> {
    self.spawn_child<dying>(caf::error{});
    co_await self.hierarchy().await_children();
    co_return 1;
  });
  auto bad = start("bad", [](task_context& self) -> async<int> {
    self.spawn_child<dying>(caf::make_error(caf::sec::runtime_error));
    co_await self.hierarchy().await_children();
    co_return 1;
  });
  run();
  BOOST_TEST(good.get() == 1);
  BOOST_CHECK_THROW(bad.get(), axiom::concurrent_errors);
}

BOOST_AUTO_TEST_CASE(that_cannot_be_made_leave_no_child) {
  auto t = start("t", [](task_context& self) -> async<int> {
    BOOST_CHECK_THROW(self.spawn_child<throwing>(), std::runtime_error);
    BOOST_TEST(self.hierarchy().child_count() == 0u);
    co_await self.hierarchy().await_children();
    co_return 1;
  });
  run();
  BOOST_TEST(t.get() == 1);
}

BOOST_AUTO_TEST_CASE(whose_parent_is_killed_while_they_are_made_die) {
  std::vector<caf::error> seen;
  auto t = start("t", [&](task_context& self) -> async<void> {
    std::function<void()> kill = [&] {
      coordinator().cancel_task_tree(self.reference(),
                                     axiom::cancel_reason::user, 0s);
    };
    self.spawn_child<patricide>(kill, &seen);
    co_await self.hierarchy().await_children();
  });
  run();
  BOOST_TEST(t.done());
}

BOOST_AUTO_TEST_CASE(are_refused_under_a_cancelled_task) {
  std::optional<errc> seen;
  auto t = start("t", [&](task_context& self) {
    coordinator().cancel_task_tree(self.reference());
    seen = code_thrown_by([&] { self.spawn_child<worker>(); });
  });
  run();
  BOOST_CHECK(seen == errc::cancelled);
}

BOOST_AUTO_TEST_CASE(answer_requests_of_their_task) {
  struct echo : caf::event_based_actor {
    using caf::event_based_actor::event_based_actor;
    caf::behavior make_behavior() override {
      return {[this](int x) {
        if (x == 0)
          quit();
        return x + 1;
      }};
    }
  };
  auto t = start("t", [](task_context& self) -> async<int> {
    auto child = self.spawn_child<echo>();
    auto got = co_await self.request<int>(child, 1s, 41);
    co_await self.request<int>(child, 1s, 0);
    co_return got;
  });
  run();
  BOOST_TEST(t.get() == 42);
}

BOOST_AUTO_TEST_SUITE_END()

BOOST_FIXTURE_TEST_SUITE(task_locals, stepwise)

BOOST_AUTO_TEST_CASE(are_inherited_at_creation_and_bound_for_a_scope) {
  static axiom::task_local<std::string> name{"none"};
  lines seen;
  auto look = [&](std::string where) {
    seen.push_back(where + "=" + name.get());
  };
  auto t = start("t", [&](task_context& self) -> async<void> {
    look("before");
    auto bound = [&](task_context& me) -> async<void> {
      look("inside");
      auto child = me.create_child_task("child", [&](task_context& x)
                                          -> async<void> {
        co_await x.sleep_for(1s); // outlives the binding's scope
        look("child");
      });
      auto nested = [&](task_context&) { look("nested"); };
      co_await name.with(me, "inner", nested);
      look("after nested");
    };
    co_await name.with(self, "outer", bound);
    look("after");
  });
  look("outside");
  advance(1s);
  BOOST_TEST(t.done());
  BOOST_TEST(seen
               == (lines{"outside=none", "before=none", "inside=outer",
                         "nested=inner", "after nested=outer", "after=none",
                         "child=outer"}),
             boost::test_tools::per_element());
}

BOOST_AUTO_TEST_CASE(do_not_leak_between_tasks_that_take_turns) {
  static axiom::task_local<int> number{0};
  std::vector<int> seen;
  for (int i = 1; i <= 3; ++i)
    start("t", [&, i](task_context& self) -> async<void> {
      auto body = [&](task_context& me) -> async<void> {
        for (int round = 0; round < 3; ++round) {
          co_await me.yield();
          seen.push_back(number.get());
        }
      };
      co_await number.with(self, i, body);
    });
  run();
  BOOST_TEST(seen == (std::vector<int>{1, 2, 3, 1, 2, 3, 1, 2, 3}),
             boost::test_tools::per_element());
  BOOST_TEST(number.get() == 0);
}

BOOST_AUTO_TEST_CASE(bound_in_a_groups_body_reach_its_children) {
  static axiom::task_local<int> number{0};
  auto t = start("t", [](task_context& self) -> async<int> {
    auto body = [&](axiom::coordinated_task_group<int>& group) -> async<int> {
      auto adds = [&](task_context&) -> async<void> {
        co_await group.add_task("member", [] { return number.get(); });
      };
      co_await number.with(self, 8, adds); // the context around the group
      co_return (co_await group.wait_for_all()).at(0);
    };
    co_return co_await axiom::with_task_group<int>(self, body);
  });
  run();
  BOOST_TEST(t.get() == 8);
}

BOOST_AUTO_TEST_CASE(are_let_go_when_the_scope_is_unwound) {
  static axiom::task_local<std::shared_ptr<int>> shared;
  auto value = std::make_shared<int>(1);
  auto t = start("t", [&](task_context& self) -> async<void> {
    co_await shared.with(self, value, forever);
  });
  run();
  BOOST_TEST(value.use_count() > 1);
  t.cancel();
  run();
  BOOST_TEST(value.use_count() == 1);
}

BOOST_AUTO_TEST_SUITE_END()
