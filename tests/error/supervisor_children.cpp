// Every kind of child, how it says that it is started, and children that do not
// behave.

#include <caf/blocking_actor.hpp>
#include <caf/scoped_actor.hpp>
#include <caf/typed_event_based_actor.hpp>

#include "support/supervised.hpp"

using namespace test;
using axiom::child_start_mode;

namespace {

using counter = caf::typed_actor<caf::replies_to<int>::with<int>>;

counter::behavior_type count(counter::pointer) {
  return {[](int x) { return x + 1; }};
}

/// Dies in its start.
class stillborn : public obedient {
public:
  using obedient::obedient;

  caf::behavior make_behavior() override {
    quit(broken("stillborn"));
    return {};
  }
};

/// Links to its supervisor, takes every link away, and dies with the next
/// message, if it is asked to.
class hostile : public caf::event_based_actor {
public:
  hostile(caf::actor_config& cfg, caf::actor boss)
    : caf::event_based_actor(cfg), boss_(std::move(boss)) {
    // nop
  }

  caf::behavior make_behavior() override {
    return {
      [this](caf::link_atom) { link_to(boss_); },
      [this](caf::unlink_atom) {
        unlink_from(boss_);
        demonitor(boss_);
      },
      [this](int) { // as if it were its owner
        send_exit(boss_, caf::exit_reason::user_shutdown);
      },
      [this](const std::string& why) { quit(broken(why)); },
    };
  }

private:
  caf::actor boss_;
};

axiom::child_spec hostile_child(supervised& fix, axiom::child_options how) {
  auto make = [home = fix.home, name = how.name](child_start& start) {
    auto result = start.system().spawn<hostile>(start.supervisor());
    home->latest[name] = result;
    return result;
  };
  return axiom::actor_child(std::move(how), make);
}

} // namespace

BOOST_FIXTURE_TEST_SUITE(supervised_children, supervised)

BOOST_AUTO_TEST_CASE(may_be_typed_actors) {
  auto made = std::make_shared<std::vector<counter>>();
  auto sup = begin(
    {.children = {axiom::actor_child({.name = "c"}, [made](child_start& start) {
       made->push_back(start.system().spawn(count));
       return made->back();
     })}});
  BOOST_REQUIRE(made->size() == 1u);
  caf::anon_send_exit(made->back(), caf::exit_reason::kill);
  run();
  BOOST_TEST(made->size() == 2u);
}

BOOST_AUTO_TEST_CASE(live_though_nobody_else_holds_them) {
  auto sup = begin({.children = workers({"a"})});
  home->latest.clear();
  run();
  BOOST_TEST(sup.stats().active == 1u);
  CHECK_HAPPENED({"+a"});
}

BOOST_AUTO_TEST_CASE(may_be_tasks_that_end_with_their_supervisor) {
  auto ends = std::make_shared<lines>();
  auto body = [ends](task_context& self) -> async<void> {
    noted_end end{*ends, "over"};
    co_await forever(self);
  };
  auto sup = begin({.children = {axiom::task_child({.name = "t"}, body)}});
  BOOST_TEST(ends->empty());
  const auto children = result_of(sup.which_children());
  BOOST_REQUIRE(children.size() == 1u);
  BOOST_TEST(children[0].kind == "task");
  BOOST_CHECK(children[0].actor != nullptr);
  stop_and_check(sup);
  BOOST_TEST(*ends == lines{"over"}, boost::test_tools::per_element());
}

BOOST_AUTO_TEST_CASE(may_be_tasks_with_a_priority_of_their_own) {
  auto seen = std::make_shared<lines>();
  auto body = [seen](task_context& self) -> async<void> {
    seen->push_back(std::string{self.name()} + ' ' + to_string(self.priority()));
    co_await forever(self);
  };
  const std::string forgotten = "not its name";
  auto sup = begin({.children = {axiom::task_child(
                      {.name = "t"}, body,
                      {.name = forgotten,
                       .priority = axiom::task_priority::high})}});
  BOOST_TEST(*seen == lines{"t high"}, boost::test_tools::per_element());
}

BOOST_AUTO_TEST_CASE(live_in_a_coordinator_of_the_users_choice) {
  auto sup = begin({.children = {axiom::task_child({.name = "t"}, forever)},
                    .coordinator = coordinator()});
  const auto tree = coordinator().snapshot();
  BOOST_REQUIRE(tree.tasks.size() == 1u);
  BOOST_TEST(tree.tasks[0].task.name == "t");
  stop_and_check(sup);
}

BOOST_AUTO_TEST_CASE(leave_no_unobserved_errors_behind) {
  auto body = [](task_context&) -> async<void> {
    throw std::runtime_error("broken");
    co_return;
  };
  auto sup = begin({.max_restarts = 3,
                    .children = {axiom::task_child({.name = "t"}, body)},
                    .coordinator = coordinator()});
  BOOST_TEST(sup.ended());
  BOOST_TEST(sup.stats().errors == 4u);
  BOOST_TEST(coordinator().stats().unobserved_errors == 0u);
  auto& errors = tree_of(*sup.outcome());
  try { // the dynamic type is kept
    errors.first().error.rethrow();
    BOOST_FAIL("no error");
  } catch (const std::runtime_error& ex) {
    BOOST_TEST(ex.what() == std::string{"broken"});
  }
}

BOOST_AUTO_TEST_CASE(are_waited_for_until_they_say_that_they_are_started) {
  auto sup = begin(
    {.children = {worker<shy>({.name = "a", .start = child_start_mode::said}),
                  worker({.name = "b"})}});
  auto ready = sup.ready();
  run();
  CHECK_HAPPENED({"+a"});
  BOOST_TEST(!ready.done());
  BOOST_CHECK(state_of(sup, "a") == child_state::starting);
  caf::anon_send(home->latest.at("a"), std::string{"started"});
  run();
  CHECK_HAPPENED({"+b"});
  BOOST_TEST(result_of(ready).active == 2u);
}

BOOST_AUTO_TEST_CASE(may_say_so_by_a_function) {
  auto say = std::make_shared<std::function<void()>>();
  auto sup = begin({.children = {axiom::actor_child(
                      {.name = "a", .start = child_start_mode::said},
                      [say, home = home](child_start& start) {
                        *say = start.started();
                        return start.system().spawn<obedient>(home, "a");
                      })}});
  BOOST_CHECK(state_of(sup, "a") == child_state::starting);
  (*say)();
  (*say)();
  BOOST_CHECK(state_of(sup, "a") == child_state::running);
  stop_and_check(sup);
  (*say)(); // too late, and harmless
  run();
}

BOOST_AUTO_TEST_CASE(say_so_as_tasks_by_started) {
  auto body = [](task_context& self) -> async<void> {
    co_await self.sleep_for(1s);
    self.started();
    co_await forever(self);
  };
  auto sup =
    begin({.children = {axiom::task_child(
                          {.name = "t", .start = child_start_mode::said}, body),
                        worker({.name = "b"})}});
  CHECK_HAPPENED({});
  advance(1s);
  CHECK_HAPPENED({"+b"});
}

BOOST_AUTO_TEST_CASE(that_end_before_they_have_started_have_failed_to) {
  for (auto as_task : {false, true}) {
    auto mode = child_start_mode::said;
    auto sup =
      begin({.children = {
               as_task ? axiom::task_child({.name = "a", .start = mode}, [] {})
                       : worker<shy>({.name = "a", .start = mode})}});
    if (!as_task)
      leave("a"); // without an error, and yet
    BOOST_REQUIRE(sup.ended());
    BOOST_TEST(tree_of(*sup.outcome()).first().error.is(errc::never_started));
  }
}

BOOST_AUTO_TEST_CASE(that_said_so_and_died_at_once_were_started) {
  struct hasty : caf::event_based_actor {
    hasty(caf::actor_config& cfg, caf::actor boss)
      : caf::event_based_actor(cfg), boss(std::move(boss)) {
      // nop
    }

    caf::behavior make_behavior() override {
      send(boss, axiom::started_atom_v);
      quit(broken("hasty"));
      return {};
    }

    caf::actor boss;
  };
  auto sup = begin(
    {.max_restarts = 2,
     .children = {axiom::actor_child(
       {.name = "a", .start = child_start_mode::said}, [](child_start& start) {
         return start.system().spawn<hasty>(start.supervisor());
       })}});
  // As started children: restarted until that is too often.
  BOOST_REQUIRE(sup.ended());
  auto& errors = tree_of(*sup.outcome());
  BOOST_TEST(errors.matches(errc::restarts_exhausted));
  BOOST_TEST(!errors.matches(errc::never_started));
  BOOST_TEST(sup.stats().restarts == 2u);
}

BOOST_AUTO_TEST_CASE(that_do_not_start_in_time_are_stopped) {
  auto sup = begin(
    {.children = {worker<shy>(
       {.name = "a", .start = child_start_mode::said, .start_timeout = 2s})}});
  advance(2s);
  CHECK_HAPPENED({"+a", "-a"});
  BOOST_REQUIRE(sup.ended());
  BOOST_TEST(tree_of(*sup.outcome()).first().error.is(errc::deadline_exceeded));
}

BOOST_AUTO_TEST_CASE(that_are_supervisors_are_started_when_their_children_are) {
  auto inner = axiom::supervisor_child(
    {.name = "inner"}, {.children = {worker<shy>(
                          {.name = "a", .start = child_start_mode::said})}});
  auto sup = begin({.children = {inner, worker({.name = "b"})}});
  CHECK_HAPPENED({"+a"});
  caf::anon_send(home->latest.at("a"), std::string{"started"});
  run();
  CHECK_HAPPENED({"+b"});
  const auto counts = result_of(sup.count_children());
  BOOST_TEST(counts.supervisors == 1u);
  BOOST_TEST(counts.workers == 1u);
}

BOOST_AUTO_TEST_CASE(that_have_nothing_to_do_are_not_there_and_stay) {
  auto calls = std::make_shared<int>(0);
  auto sup = begin({.children = {axiom::actor_child({.name = "a"},
                                                    [calls](child_start&) {
                                                      ++*calls;
                                                      return caf::actor{};
                                                    }),
                                 worker({.name = "b"})}});
  CHECK_HAPPENED({"+b"});
  BOOST_CHECK(state_of(sup, "a") == child_state::stopped);
  const auto info = result_of(sup.restart_child("a"));
  BOOST_CHECK(info.actor == nullptr);
  BOOST_TEST(*calls == 2);
}

BOOST_AUTO_TEST_CASE(are_killed_when_they_ignore_what_asks_them_to_end) {
  auto sup =
    begin({.children = {worker({.name = "a"}),
                        worker<deaf_child>({.name = "b", .shutdown = 3s})}});
  happened();
  auto stop = sup.stop();
  advance(3s - 1ns);
  CHECK_HAPPENED({});
  BOOST_CHECK(state_of(sup, "b") == child_state::stopping);
  advance(1ns);
  CHECK_HAPPENED({"-b", "-a"});
  BOOST_TEST(result_of(stop).errors == 1u);
  BOOST_TEST(sup.errors()[0].error.is(errc::deadline_exceeded));
}

BOOST_AUTO_TEST_CASE(that_are_tasks_are_killed_when_they_do_not_end_in_time) {
  auto ends = std::make_shared<lines>();
  auto body = [ends](task_context& self) -> async<void> {
    auto stubborn = [ends](task_context& me) -> async<void> {
      noted_end end{*ends, "over"};
      co_await me.sleep_for(1h);
    };
    co_await self.shielded(stubborn);
  };
  auto sup = begin(
    {.children = {axiom::task_child({.name = "t", .shutdown = 3s}, body)}});
  auto stop = sup.stop();
  advance(3s - 1ns);
  BOOST_TEST(ends->empty());
  advance(1ns);
  BOOST_TEST(*ends == lines{"over"}, boost::test_tools::per_element());
  BOOST_TEST(result_of(stop).errors == 1u);
  BOOST_TEST(sup.errors().at(0).error.is(errc::deadline_exceeded));
}

BOOST_AUTO_TEST_CASE(have_five_seconds_where_nobody_says_otherwise) {
  auto sup = begin({.children = {worker<deaf_child>({.name = "a"})}});
  auto stop = sup.stop();
  advance(5s - 1ns);
  BOOST_TEST(!stop.done());
  advance(1ns);
  BOOST_TEST(stop.done());
}

BOOST_AUTO_TEST_CASE(are_killed_at_once_where_they_have_no_time) {
  auto sup = begin({.children = {worker<deaf_child>(
                      {.name = "a", .shutdown = axiom::shutdown_kill})}});
  BOOST_TEST(result_of(sup.stop()).errors == 0u); // as they were told
}

BOOST_AUTO_TEST_CASE(have_all_the_time_they_want_where_that_is_said) {
  auto sup = begin({.children = {worker<deaf_child>(
                      {.name = "a", .shutdown = axiom::shutdown_infinity})}});
  auto stop = sup.stop();
  advance(1000h);
  BOOST_TEST(!stop.done());
  leave("a");
  BOOST_TEST(stop.done());
}

BOOST_AUTO_TEST_CASE(that_are_tasks_have_their_time_to_clean_up) {
  auto seen = std::make_shared<lines>();
  auto body = [seen](task_context& self) -> async<void> {
    auto registration = self.on_cancel([seen] { seen->push_back("asked"); });
    auto clean = [seen](task_context& me) -> async<void> {
      co_await me.sleep_for(4s);
      seen->push_back("clean");
    };
    co_await self.shielded(clean);
  };
  auto sup = begin(
    {.children = {axiom::task_child({.name = "t", .shutdown = 5s}, body)}});
  auto stop = sup.stop();
  advance(4s);
  BOOST_TEST(*seen == (lines{"asked", "clean"}),
             boost::test_tools::per_element());
  BOOST_TEST(result_of(stop).errors == 0u);
}

BOOST_AUTO_TEST_SUITE_END()

BOOST_FIXTURE_TEST_SUITE(children_that_do_not_behave, supervised)

BOOST_AUTO_TEST_CASE(cannot_get_away_by_unlinking) {
  auto sup = begin({.children = {hostile_child(*this, {.name = "h"})}});
  caf::anon_send(home->latest.at("h"), caf::unlink_atom_v);
  caf::anon_send(home->latest.at("h"), std::string{"gone"});
  run();
  BOOST_TEST(sup.stats().restarts == 1u);
  BOOST_TEST(sup.stats().active == 1u);
}

BOOST_AUTO_TEST_CASE(do_not_end_their_supervisor_by_links) {
  auto sup = begin({.children = {hostile_child(*this, {.name = "h"})}});
  for (int i = 0; i < 3; ++i) { // dead ones, too
    caf::anon_send(home->latest.at("h"), caf::link_atom_v);
    caf::anon_send(home->latest.at("h"), std::string{"gone"});
    run();
  }
  BOOST_TEST(!sup.ended());
  BOOST_TEST(sup.stats().restarts == 3u);
}

BOOST_AUTO_TEST_CASE(do_not_end_their_supervisor_by_exit_messages) {
  auto sup = begin({.children = {hostile_child(*this, {.name = "h"})}});
  caf::anon_send(home->latest.at("h"), 1);
  run();
  BOOST_TEST(!sup.ended());
  BOOST_TEST(sup.stats().restarts == 0u);
}

BOOST_AUTO_TEST_CASE(that_die_in_their_start_are_restarted_to_the_limit) {
  auto sup =
    begin({.max_restarts = 5, .children = {worker<stillborn>({.name = "s"})}});
  BOOST_TEST(sup.ended());
  BOOST_TEST(home->starts["s"] == 6);
  BOOST_TEST(sup.stats().errors == 6u);
}

BOOST_AUTO_TEST_CASE(that_are_one_actor_twice_are_two_dead_children) {
  auto shared = system().spawn<obedient>(home, "x");
  auto same = [shared](child_start&) { return shared; };
  auto sup = begin({.max_restarts = 3,
                    .children = {axiom::actor_child({.name = "a"}, same),
                                 axiom::actor_child({.name = "b"}, same)}});
  caf::anon_send(shared, broken());
  run();
  BOOST_TEST(sup.ended()); // a dead actor cannot be restarted
  BOOST_TEST(sup.stats().active == 0u);
}

BOOST_AUTO_TEST_CASE(that_flood_it_do_not_keep_it_from_the_others) {
  auto sup = begin({.children = workers({"a", "b"})});
  happened();
  auto boss = caf::actor_cast<caf::actor>(sup.actor());
  for (int i = 0; i < 100'000; ++i)
    caf::anon_send(boss, i, std::string{"noise"});
  caf::anon_send(home->latest.at("a"), broken());
  // Long before the mailbox is empty, a is back.
  for (std::size_t jobs = 0; home->starts["a"] < 2; ++jobs)
    BOOST_REQUIRE(run_one());
  run();
  CHECK_HAPPENED({"-a", "+a"});
  BOOST_TEST(sup.stats().active == 2u);
}

BOOST_AUTO_TEST_CASE(cannot_feign_the_ends_of_others) {
  auto sup = begin({.children = workers({"a"})});
  caf::anon_send(sup.actor(), axiom::child_event_atom_v, false);
  caf::anon_send(sup.actor(), axiom::child_event_atom_v, true);
  caf::anon_send(sup.actor(), axiom::tick_atom_v);
  caf::anon_send(sup.actor(), axiom::started_atom_v);
  run();
  BOOST_TEST(sup.stats().active == 1u);
  CHECK_HAPPENED({"+a"});
}

BOOST_AUTO_TEST_SUITE_END()

BOOST_AUTO_TEST_SUITE(supervised_blocking_children)

BOOST_AUTO_TEST_CASE(may_be_tasks_on_threads_of_their_own) {
  threaded fix;
  auto starts = std::make_shared<std::atomic<int>>(0);
  auto body = [starts](task_context& self) {
    if (++*starts == 1)
      throw std::runtime_error("broken");
    self.started();
    while (!self.cancelled())
      std::this_thread::yield();
  };
  {
    auto sup = supervisor::spawn(
      fix.system(),
      {.children = {axiom::task_child({.name = "b"}, axiom::blocking(body))}});
    while (starts->load() < 2)
      std::this_thread::yield();
    BOOST_TEST(sup.stop().get().errors == 1u);
  }
  BOOST_TEST(starts->load() == 2);
}

BOOST_AUTO_TEST_CASE(are_restarted_and_end_with_their_supervisor) {
  threaded fix;
  auto starts = std::make_shared<std::atomic<int>>(0);
  auto make = [starts](child_start& start) {
    return start.system().spawn<caf::detached>(
      [starts](caf::blocking_actor* self) {
        const auto first = ++*starts == 1;
        auto running = !first;
        while (running)
          self->receive([&](caf::exit_msg& x) {
            self->fail_state(x.reason);
            running = false;
          });
        if (first)
          self->fail_state(broken());
      });
  };
  {
    auto sup = supervisor::spawn(
      fix.system(), {.children = {axiom::actor_child({.name = "b"}, make)}});
    sup.ready().get();
    while (sup.stats().restarts < 1)
      std::this_thread::yield();
    BOOST_TEST(sup.stop().get().errors == 1u);
  }
  BOOST_TEST(starts->load() == 2);
}

BOOST_AUTO_TEST_SUITE_END()
