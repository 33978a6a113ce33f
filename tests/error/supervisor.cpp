// What OTP's supervisor promises, by its test suite: which ends of a child
// restart it, the strategies, the intensity, escalation; and what comes beside:
// backoff, the errors.

#include <set>

#include "support/supervised.hpp"

using namespace test;
using strategy_kind = supervision_strategy;
using axiom::auto_shutdown;

BOOST_FIXTURE_TEST_SUITE(supervisors_restart, supervised)

BOOST_AUTO_TEST_CASE(permanent_children_however_they_end) {
  for (auto& x : exits()) {
    BOOST_TEST_CONTEXT(x.name) {
      auto sup = begin({.children = workers({"a"})});
      crash("a", x.reason);
      CHECK_HAPPENED({"+a", "-a", "+a"});
      BOOST_TEST(sup.stats().restarts == 1u);
      BOOST_TEST(sup.stats().errors == (x.failure ? 1u : 0u));
      stop_and_check(sup);
      happened();
    }
  }
}

BOOST_AUTO_TEST_CASE(transient_children_after_a_failure_only) {
  for (auto& x : exits()) {
    BOOST_TEST_CONTEXT(x.name) {
      auto sup = begin({.children = workers({"a"}, restart_kind::transient)});
      crash("a", x.reason);
      BOOST_TEST(sup.stats().restarts == (x.failure ? 1u : 0u));
      BOOST_CHECK(state_of(sup, "a")
                  == (x.failure ? child_state::running : child_state::stopped));
      stop_and_check(sup);
    }
  }
}

BOOST_AUTO_TEST_CASE(temporary_children_never_and_forget_them) {
  for (auto& x : exits()) {
    BOOST_TEST_CONTEXT(x.name) {
      auto sup = begin({.children = workers({"a"}, restart_kind::temporary)});
      crash("a", x.reason);
      BOOST_TEST(sup.stats().restarts == 0u);
      BOOST_TEST(!has(sup, "a"));
      BOOST_TEST(sup.stats().errors == (x.failure ? 1u : 0u));
      stop_and_check(sup);
    }
  }
}

BOOST_AUTO_TEST_CASE(tasks_by_the_same_rules) {
  auto starts = std::make_shared<int>(0);
  const std::vector<std::pair<const char*, std::function<void()>>> ends{
    {"value", [] {}},
    {"exception", [] { throw std::runtime_error("broken"); }},
    {"error",
     [] {
       throw axiom::exception{axiom::errc::invalid_argument, "x"};
     }},
  };
  for (auto restart : {restart_kind::permanent, restart_kind::transient,
                       restart_kind::temporary})
    for (auto& end : ends) {
      BOOST_TEST_CONTEXT(end.first << " " << axiom::to_string(restart)) {
        *starts = 0;
        auto body = [starts,
                     f = end.second](task_context& self) -> async<void> {
          if (++*starts == 1)
            f();
          else
            co_await forever(self);
        };
        auto sup = begin({.children = {axiom::task_child(
                            {.name = "t", .restart = restart}, body)}});
        const auto failure = std::string{end.first} != "value";
        const auto again = restart == restart_kind::permanent
                        || (restart == restart_kind::transient && failure);
        BOOST_TEST(*starts == (again ? 2 : 1));
        BOOST_TEST(sup.stats().errors == (failure ? 1u : 0u));
        stop_and_check(sup);
      }
    }
}

BOOST_AUTO_TEST_CASE(tasks_that_are_cancelled_as_the_reason_says) {
  using axiom::cancel_reason;
  const std::vector<std::pair<cancel_reason, bool>> reasons{
    {cancel_reason::user, false},
    {cancel_reason::shutdown, false},
    {cancel_reason::limit_shed, false},
    {cancel_reason::parent_cancelled, false},
    {cancel_reason::deadline, true},
    {cancel_reason::linked_exit, true},
    {cancel_reason::sibling_failed, true},
    {cancel_reason::node_down, true}};
  for (auto [reason, failure] : reasons) {
    BOOST_TEST_CONTEXT(axiom::to_string(reason)) {
      auto sup =
        begin({.children = {axiom::task_child(
                 {.name = "t", .restart = restart_kind::transient}, forever)},
               .coordinator = coordinator()});
      const auto tree = coordinator().snapshot();
      for (auto& x : tree.tasks)
        if (x.task.name == "t")
          coordinator().cancel_task_tree(x.task, reason);
      run();
      BOOST_TEST(sup.stats().restarts == (failure ? 1u : 0u));
      BOOST_TEST(sup.stats().errors == (failure ? 1u : 0u));
      stop_and_check(sup);
    }
  }
}

BOOST_AUTO_TEST_CASE(one_for_one_without_touching_the_others) {
  auto sup = begin({.children = workers({"a", "b", "c"})});
  CHECK_HAPPENED({"+a", "+b", "+c"});
  crash("b");
  CHECK_HAPPENED({"-b", "+b"});
  stop_and_check(sup);
  CHECK_HAPPENED({"-c", "-b", "-a"});
}

BOOST_AUTO_TEST_CASE(one_for_all_in_order_after_the_others_in_reverse) {
  auto sup = begin({.strategy = strategy_kind::one_for_all,
                    .children = workers({"a", "b", "c"})});
  happened();
  crash("b");
  CHECK_HAPPENED({"-b", "-c", "-a", "+a", "+b", "+c"});
}

BOOST_AUTO_TEST_CASE(rest_for_one_from_the_failed_one_on) {
  auto sup = begin({.strategy = strategy_kind::rest_for_one,
                    .children = workers({"a", "b", "c"})});
  happened();
  crash("b");
  CHECK_HAPPENED({"-b", "-c", "+b", "+c"});
  crash("c"); // a later one concerns none before it
  CHECK_HAPPENED({"-c", "+c"});
  crash("a");
  CHECK_HAPPENED({"-a", "-c", "-b", "+a", "+b", "+c"});
}

BOOST_AUTO_TEST_CASE(no_temporary_bystanders) {
  for (auto strategy :
       {strategy_kind::one_for_all, strategy_kind::rest_for_one}) {
    auto children = workers({"a"});
    children.push_back(
      worker({.name = "t", .restart = restart_kind::temporary}));
    children.push_back(worker({.name = "c"}));
    auto sup = begin({.strategy = strategy, .children = children});
    happened();
    crash("a");
    CHECK_HAPPENED({"-a", "-c", "-t", "+a", "+c"});
    BOOST_TEST(!has(sup, "t"));
    crash("c");
    stop_and_check(sup);
    happened();
  }
}

BOOST_AUTO_TEST_CASE(stopped_siblings_along_with_the_others) {
  // As OTP does: a restart starts all it is about.
  auto sup = begin({.strategy = strategy_kind::one_for_all,
                    .children = workers({"a", "b"}, restart_kind::transient)});
  leave("a");
  BOOST_CHECK(state_of(sup, "a") == child_state::stopped);
  happened();
  crash("b");
  CHECK_HAPPENED({"-b", "+a", "+b"});
}

BOOST_AUTO_TEST_CASE(those_that_fail_during_the_restart_of_another) {
  // c dies while it is to be stopped for b: no failure to restart for.
  auto sup = begin({.strategy = strategy_kind::one_for_all,
                    .max_restarts = 1,
                    .children = workers({"a", "b", "c"})});
  happened();
  caf::anon_send(home->latest.at("b"), broken("b"));
  caf::anon_send(home->latest.at("c"), broken("c"));
  run();
  BOOST_TEST(sup.stats().restarts == 1u);
  BOOST_TEST(sup.stats().errors == 2u); // and yet it is not lost
  BOOST_TEST(!sup.ended());
  for (auto* name : {"a", "b", "c"})
    BOOST_CHECK(state_of(sup, name) == child_state::running);
}

BOOST_AUTO_TEST_CASE(until_a_child_that_cannot_be_made_can) {
  auto sup = begin({.max_restarts = 3, .children = workers({"a"})});
  home->failing_starts["a"] = 2;
  crash("a");
  BOOST_CHECK(state_of(sup, "a") == child_state::running);
  BOOST_TEST(sup.stats().restarts == 3u);
  BOOST_TEST(sup.stats().errors == 3u);
  BOOST_TEST(home->starts["a"] == 4);
}

BOOST_AUTO_TEST_CASE(all_again_when_one_does_not_start_with_the_others) {
  auto sup = begin(
    {.strategy = strategy_kind::one_for_all, .children = workers({"a", "b"})});
  happened();
  home->failing_starts["b"] = 1;
  crash("a");
  CHECK_HAPPENED({"-a", "-b", "+a", "-a", "+a", "+b"});
  BOOST_TEST(sup.stats().restarts == 2u);
}

BOOST_AUTO_TEST_SUITE_END()

BOOST_FIXTURE_TEST_SUITE(supervisors_give_up, supervised)

BOOST_AUTO_TEST_CASE(with_one_restart_too_many_and_every_error) {
  auto sup = begin({.name = "s",
                    .max_restarts = 2,
                    .within = 10s,
                    .children = workers({"a", "b"})});
  auto watch = std::make_shared<watch_log>();
  auto watcher = spawn_watcher(system(), watch);
  caf::anon_send(watcher, caf::monitor_atom_v,
                 caf::actor_cast<caf::actor>(sup.actor()));
  run();
  const auto first_failure =
    axiom::runtime::host::of(system()).info().wall_time(now());
  crash("a", broken("first"));
  advance(1s);
  crash("b", broken("second"));
  crash("a", broken("third"));
  BOOST_REQUIRE(sup.ended());
  const auto outcome = sup.outcome();
  BOOST_REQUIRE(outcome);
  auto& errors = tree_of(*outcome);
  BOOST_TEST(names_of(errors) == (lines{"a #1", "b #1", "a #2", "s"}),
             boost::test_tools::per_element());
  BOOST_TEST(errors.matches(errc::restarts_exhausted));
  BOOST_TEST(errors.first().error.what().find("first") != std::string::npos);
  auto at = errors.errors();
  BOOST_CHECK(at[0].at == first_failure);
  for (std::size_t i = 1; i < at.size(); ++i)
    BOOST_CHECK(at[i].at == first_failure + 1s);
  BOOST_REQUIRE(watch->downs.size() == 1u);
  BOOST_TEST(axiom::is(watch->downs[0].reason, errc::concurrent_errors));
  happened();
  stop(watcher);
}

BOOST_AUTO_TEST_CASE(after_they_have_stopped_the_others_in_reverse) {
  auto sup = begin({.max_restarts = 0, .children = workers({"a", "b", "c"})});
  happened();
  crash("b");
  CHECK_HAPPENED({"-b", "-c", "-a"});
  BOOST_TEST(sup.ended());
}

BOOST_AUTO_TEST_CASE(not_for_restarts_that_are_far_apart) {
  auto sup =
    begin({.max_restarts = 1, .within = 5s, .children = workers({"a"})});
  for (int i = 0; i < 10; ++i) {
    crash("a");
    advance(5s + 1ns);
  }
  BOOST_TEST(!sup.ended());
  BOOST_TEST(sup.stats().restarts == 10u);
  BOOST_TEST(sup.errors().size() == 1u); // of the last 5 s
  crash("a");
  crash("a");
  BOOST_TEST(sup.ended());
}

BOOST_AUTO_TEST_CASE(when_a_child_does_not_start_at_first) {
  home->failing_starts["b"] = 1;
  auto sup =
    supervisor::spawn(system(), {.children = workers({"a", "b", "c"})});
  auto ready = sup.ready();
  run();
  CHECK_HAPPENED({"+a", "-a"});
  BOOST_TEST(sup.ended());
  BOOST_TEST(home->starts["c"] == 0);
  auto& errors = tree_of(*sup.outcome());
  BOOST_TEST(errors.first().task.name == "b #1");
  BOOST_TEST(errors.matches(errc::unhandled_exception));
  BOOST_CHECK(error_of(ready) == errc::concurrent_errors);
}

BOOST_AUTO_TEST_CASE(to_the_one_above_which_restarts_them) {
  auto inner = axiom::supervisor_child(
    {.name = "inner", .restart = restart_kind::transient},
    {.max_restarts = 1, .children = workers({"a"})});
  auto outer = begin({.name = "outer", .children = {inner}});
  happened();
  crash("a");
  crash("a"); // one too many for inner
  CHECK_HAPPENED({"-a", "+a", "-a", "+a"});
  BOOST_TEST(!outer.ended());
  BOOST_TEST(outer.stats().restarts == 1u);
  const auto errors = outer.errors();
  BOOST_REQUIRE(errors.size() == 1u);
  BOOST_TEST(errors[0].task.name == "inner #1");
  BOOST_REQUIRE(errors[0].nested() != nullptr); // the tree below is whole
  BOOST_TEST(names_of(*errors[0].nested()) == (lines{"a #1", "a #2", "inner"}),
             boost::test_tools::per_element());
}

BOOST_AUTO_TEST_CASE(up_to_the_top_with_the_whole_tree_of_errors) {
  auto inner = axiom::supervisor_child(
    {.name = "inner"}, {.max_restarts = 0, .children = workers({"a"})});
  auto middle = axiom::supervisor_child(
    {.name = "middle"}, {.max_restarts = 0, .children = {inner}});
  auto outer =
    begin({.name = "outer", .max_restarts = 0, .children = {middle}});
  crash("a", broken("deep down"));
  BOOST_REQUIRE(outer.ended());
  const auto text = axiom::to_string(tree_of(*outer.outcome()));
  for (auto* part : {"middle #1", "inner #1", "a #1", "deep down"})
    BOOST_TEST(text.find(part) != std::string::npos, text);
}

BOOST_AUTO_TEST_CASE(with_their_errors_though_somebody_else_has_ended_them) {
  auto inner = axiom::supervisor_child(
    {.name = "inner"}, {.max_restarts = 9, .children = workers({"a"})});
  auto outer = begin({.name = "outer", .max_restarts = 9, .children = {inner}});
  for (auto reason : {caf::exit_reason::kill, caf::exit_reason::unknown}) {
    crash("a", broken("unheard"));
    caf::anon_send_exit(result_of(outer.which_children()).at(0).actor, reason);
    run();
    const auto error = outer.errors().back();
    BOOST_CHECK(error.error.error() == reason);
    BOOST_REQUIRE(error.suppressed.size() == 1u);
    BOOST_TEST(error.suppressed[0].task.name == "a #1");
    BOOST_TEST(error.suppressed[0].error.what().find("unheard")
               != std::string::npos);
  }
  BOOST_TEST(outer.errors().size() == 2u);
}

BOOST_AUTO_TEST_CASE(without_more_errors_than_they_keep) {
  auto sup =
    begin({.max_restarts = 20, .children = workers({"a"}), .error_history = 3});
  for (int i = 0; i < 21; ++i)
    crash("a", broken(std::to_string(i)));
  BOOST_REQUIRE(sup.ended());
  auto& errors = tree_of(*sup.outcome());
  BOOST_TEST(errors.size() == 5u); // 3, that there were others, its own
  BOOST_TEST(axiom::to_string(errors).find(
               "no more than 3 errors of the last 5 s are listed; there were "
               "21 since it was started")
             != std::string::npos);
  BOOST_TEST(sup.stats().errors == 21u);
}

BOOST_AUTO_TEST_SUITE_END()

BOOST_FIXTURE_TEST_SUITE(supervisors_wait, supervised)

BOOST_AUTO_TEST_CASE(before_each_restart_and_longer_each_time) {
  auto sup = begin({.max_restarts = 10,
                    .backoff = {.initial = 1s, .max = 3s},
                    .children = workers({"a"})});
  for (auto wait : {1s, 2s, 3s, 3s}) {
    crash("a");
    BOOST_CHECK(state_of(sup, "a") == child_state::waiting);
    happened();
    advance(wait - 1ns);
    CHECK_HAPPENED({});
    advance(1ns);
    CHECK_HAPPENED({"+a"});
  }
  advance(10s); // healthy
  crash("a");
  happened();
  advance(1s);
  CHECK_HAPPENED({"+a"});
}

BOOST_AUTO_TEST_CASE(not_when_they_are_asked_to_end) {
  auto sup =
    begin({.backoff = {.initial = 1h, .max = 1h}, .children = workers({"a"})});
  crash("a");
  BOOST_TEST(pending_timers() == 1u);
  stop_and_check(sup);
  BOOST_TEST(pending_timers() == 0u);
}

BOOST_AUTO_TEST_CASE(differently_long_with_jitter_and_alike_with_a_seed) {
  std::vector<std::vector<axiom::runtime::duration>> spans(3);
  for (std::size_t i = 0; i < 3; ++i) {
    auto sup = begin({.max_restarts = 100,
                      .backoff = {.initial = 1s, .max = 1s, .jitter = 0.5},
                      .children = workers({"a"}),
                      .seed = i == 2 ? 8 : 7});
    for (int n = 0; n < 5; ++n) {
      crash("a");
      const auto before = now();
      while (state_of(sup, "a") != child_state::running)
        advance(10ms);
      spans[i].push_back(now() - before);
    }
    stop_and_check(sup);
  }
  BOOST_CHECK(spans[0] == spans[1]);
  BOOST_CHECK(spans[0] != spans[2]);
  BOOST_TEST(std::set(spans[0].begin(), spans[0].end()).size() > 1u);
  for (auto& x : spans[0]) {
    BOOST_CHECK(x >= 500ms);
    BOOST_CHECK(x <= 1510ms);
  }
}

BOOST_AUTO_TEST_SUITE_END()

BOOST_FIXTURE_TEST_SUITE(supervisors_end, supervised)

BOOST_AUTO_TEST_CASE(by_themselves_with_significant_children) {
  for (auto mode :
       {auto_shutdown::any_significant, auto_shutdown::all_significant}) {
    const child_options significant{.restart = restart_kind::transient,
                                    .significant = true};
    auto a = significant;
    a.name = "a";
    auto b = significant;
    b.name = "b";
    auto sup =
      begin({.auto_shutdown = mode,
             .children = {worker(a), worker(b), worker({.name = "c"})}});
    auto watch = std::make_shared<watch_log>();
    auto watcher = spawn_watcher(system(), watch);
    caf::anon_send(watcher, caf::monitor_atom_v,
                   caf::actor_cast<caf::actor>(sup.actor()));
    run();
    crash("a"); // restarted, so nothing follows
    BOOST_TEST(!sup.ended());
    leave("a");
    BOOST_TEST(sup.ended() == (mode == auto_shutdown::any_significant));
    if (mode == auto_shutdown::all_significant)
      leave("b");
    BOOST_TEST(sup.ended());
    BOOST_TEST(!sup.outcome());
    BOOST_REQUIRE(watch->downs.size() == 1u);
    BOOST_CHECK(watch->downs[0].reason == caf::exit_reason::user_shutdown);
    stop(watcher);
  }
}

BOOST_AUTO_TEST_CASE(so_by_themselves_without_a_restart_of_the_one_inside) {
  auto inner = axiom::supervisor_child(
    {.name = "inner", .restart = restart_kind::transient},
    {.auto_shutdown = auto_shutdown::any_significant,
     .children = {worker({.name = "a",
                          .restart = restart_kind::transient,
                          .significant = true})}});
  auto outer = begin({.children = {inner}});
  leave("a");
  BOOST_CHECK(state_of(outer, "inner") == child_state::stopped);
  BOOST_TEST(outer.stats().errors == 0u);
}

BOOST_AUTO_TEST_CASE(with_the_last_handle) {
  {
    auto sup = begin({.children = workers({"a", "b"})});
    auto copy = sup;
    happened();
  }
  run();
  CHECK_HAPPENED({"-b", "-a"});
}

BOOST_AUTO_TEST_CASE(with_the_reason_of_an_exit_message) {
  auto sup = begin({.children = workers({"a"})});
  send_exit(caf::actor_cast<caf::actor>(sup.actor()), broken("outside"));
  run();
  CHECK_HAPPENED({"+a", "-a"});
  BOOST_REQUIRE(sup.outcome());
  BOOST_TEST(sup.outcome()->what().find("outside") != std::string::npos);
}

BOOST_AUTO_TEST_CASE(with_their_children_when_they_are_killed) {
  auto inner = axiom::supervisor_child(
    {.name = "inner"}, {.children = {worker<deaf_child>({.name = "b"})}});
  auto outer = begin({.children = {worker<deaf_child>({.name = "a"}), inner,
                                   axiom::task_child({.name = "t"}, forever)}});
  happened();
  auto pending = outer.start_child(
    worker<shy>({.name = "s", .start = axiom::child_start_mode::said}));
  run();
  caf::anon_send_exit(outer.actor(), caf::exit_reason::kill);
  run();
  auto ends = happened();
  std::sort(ends.begin(), ends.end());
  BOOST_TEST(ends == (lines{"+s", "-a", "-b", "-s"}),
             boost::test_tools::per_element());
  BOOST_TEST(outer.ended());
  BOOST_TEST(pending.done());
  BOOST_CHECK(!pending.get_expected());
  BOOST_CHECK(code_thrown_by([&] { outer.stop(); }) == errc::scope_closed);
}

BOOST_AUTO_TEST_SUITE_END()
