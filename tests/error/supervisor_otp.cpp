// Beside OTP's own test suite of its supervisor, supervisor_SUITE: what starts,
// what ends, and the strategies. A case has the name of the one there. Trees,
// significant children and restarts without end are in
// supervisor_otp_trees.cpp.
//
// Where each case of the suite is; (s) is supervisor.cpp, (c)
// supervisor_children.cpp, (r) supervisor_requests.cpp, (w)
// supervisor_storm.cpp, (t) supervisor_otp_trees.cpp, (l)
// supervisor_otp_loops.cpp; without a letter it is here:
//
// | supervisor_SUITE                   | here                                 |
// |------------------------------------|--------------------------------------|
// | sup_start_normal                   | (r) work_by_message                  |
// | sup_start_ignore_init              | none: options are a value            |
// | sup_start_ignore_child             | (c) that_have_nothing_to_do_...      |
// | sup_start_ignore_temporary_...     | the same names                       |
// | sup_start_ignore_permanent_...     | the same name                        |
// | sup_start_error_return             | (r) are_refused_with_all_...         |
// | sup_start_fail                     | (r) are_refused_with_all_...         |
// | sup_start_child_returns_error      | (r) give_the_error_of_a_child_...    |
// | sup_start_restart_child_returns_.. | (r) leave_a_child_stopped_that_...   |
// | sup_start_child_returns_error_..   | the same name                        |
// | sup_start_map, .._simple           | (c) have_five_seconds_where_...,     |
// |                                    | (t) sup_stop_infinity                |
// | sup_start_map_faulty_specs         | (r) are_refused_with_all_...         |
// | sup_stop_infinity                  | (t), (c) have_all_the_time_they_...  |
// | sup_stop_timeout                   | (c) are_killed_when_they_ignore_...  |
// | sup_stop_timeout_dynamic           | the same name                        |
// | sup_stop_brutal_kill               | (c) are_killed_at_once_where_...     |
// | sup_stop_brutal_kill_dynamic       | the same name                        |
// | sup_stop_race                      | the same name                        |
// | sup_stop_non_shutdown_exit_dynamic | the same name                        |
// | child_adm                          | (r) stop_a_child_that_stays,         |
// |                                    | refuse_..., know_the_names_...       |
// | child_adm_simple                   | the same name                        |
// | child_specs, child_specs_map       | (r) the options that are wrong       |
// | extra_return                       | none: a child says nothing more      |
// | sup_flags                          | (r) are_refused_with_all_...         |
// | external_start_no_progress_log     | none: nothing is logged              |
// | permanent_.., transient_..,        | (s) the first three cases; with      |
// | temporary_.. normal, shutdown,     | simple_one_for_one here:             |
// | abnormal                           | permanent, transient, temporary      |
// | faulty_application_shutdown        | (s) up_to_the_top_with_the_whole_... |
// | temporary_bystander                | (s) no_temporary_bystanders          |
// | multiple_restarts                  | (s) not_for_restarts_that_are_...    |
// | one_for_one, one_for_all,          | the same names                       |
// | rest_for_one, simple_one_for_one   |                                      |
// | .._escalation, four of them        | the same names                       |
// | .._other_child_fails_restart, two  | the same names                       |
// | simple_one_for_one_extra           | none: a child says nothing more      |
// | simple_one_for_one_shutdown        | (r) stop_all_of_one_specification_.. |
// | simple_one_for_one_corruption      | do_not_save_start_parameters_...     |
// | simple_one_for_one_restart_ignore  | the same name                        |
// | significant_..,  nonsignificant_.. | (t) the same names                   |
// | significant_upgrade_.., seven      | none: code is not changed            |
// | child_unlink                       | (c) cannot_get_away_by_unlinking     |
// | tree                               | (t) the same name                    |
// | count_children                     | (w) hold_a_hundred_thousand_...      |
// | count_children_supervisor          | (t) the same name                    |
// | count_restarting_children          | (t) the same name                    |
// | get_callback_module                | none: there is no such module        |
// | do_not_save_start_parameters_...   | the same name                        |
// | do_not_save_child_specs_...        | (s) temporary_children_never_...     |
// | simple_one_for_one_scale_...       | (w) keep_nothing_of_...              |
// | simple_global_supervisor           | (t) the same name                    |
// | hanging_restart_loop, three        | (l) the same names                   |
// | code_change, four                  | none: code is not changed            |
// | order_of_children                  | (s) rest_for_one_from_the_failed_... |
// | scale_start_stop_many_children     | (w) hold_a_hundred_thousand_...      |
// | format_log_1, format_log_2         | none: nothing is logged              |
// | already_started_outside_supervisor | (c) that_are_one_actor_twice_...     |
// | which_children, .._simple_...      | (r) start_children_from_one_...      |
//
// Unlike there, `specs` of the counts is the number of children also with
// simple_one_for_one, and children are named rather than known by their actor.

#include "support/supervised.hpp"

using namespace test;
using strategy_kind = supervision_strategy;
using axiom::child_start_mode;

namespace {

struct otp : supervised {
  supervisor begin_with(strategy_kind strategy,
                        std::vector<child_spec> children,
                        std::size_t max_restarts = 2) {
    auto result = begin({.strategy = strategy,
                         .max_restarts = max_restarts,
                         .within = 1h,
                         .children = std::move(children)});
    happened();
    return result;
  }
};

} // namespace

BOOST_FIXTURE_TEST_SUITE(otp_suite, otp)

// -- the start ----------------------------------------------------------------

BOOST_AUTO_TEST_CASE(sup_start_ignore_temporary_child) {
  home->idle_starts["a"] = 1;
  auto sup = begin_with(strategy_kind::one_for_one,
                        workers({"a", "b"}, restart_kind::temporary));
  BOOST_TEST(!has(sup, "a"));
  BOOST_CHECK(state_of(sup, "b") == child_state::running);
  CHECK_COUNTS(sup, {1, 1, 0, 1});
}

BOOST_AUTO_TEST_CASE(sup_start_ignore_temporary_child_start_child) {
  auto sup = begin({});
  home->idle_starts["a"] = 1;
  for (auto* name : {"a", "b"}) {
    const auto info = result_of(sup.start_child(
      worker({.name = name, .restart = restart_kind::temporary})));
    BOOST_TEST((info.actor != nullptr) == (info.name == "b"));
  }
  BOOST_TEST(!has(sup, "a"));
  CHECK_COUNTS(sup, {1, 1, 0, 1});
}

// -- the end ------------------------------------------------------------------

BOOST_AUTO_TEST_CASE(sup_stop_race) {
  // While the youngest is waited for, all others end for reasons of their own.
  std::vector<child_spec> children{worker({.name = "a"})};
  lines names;
  for (auto restart : {restart_kind::temporary, restart_kind::transient,
                       restart_kind::permanent})
    for (auto& x : exits()) {
      names.push_back(axiom::to_string(restart) + ' ' + x.name);
      children.push_back(worker({.name = names.back(), .restart = restart}));
    }
  children.push_back(worker<deaf_child>({.name = "z", .shutdown = 2s}));
  auto sup = begin_with(strategy_kind::one_for_one, children, 0);
  auto stop = sup.stop();
  run();
  std::size_t failures = 0;
  auto name = names.begin();
  for (int i = 0; i < 3; ++i)
    for (auto& x : exits()) {
      crash(*name++, x.reason);
      failures += x.failure ? 1 : 0;
    }
  BOOST_TEST(!stop.done());
  BOOST_TEST(happened().size() == names.size());
  leave("z");
  CHECK_HAPPENED({"-z", "-a"});
  BOOST_TEST(result_of(stop).errors == failures);
  BOOST_TEST(sup.stats().restarts == 0u);
  BOOST_TEST(!sup.outcome());
}

// -- the strategies -----------------------------------------------------------

BOOST_AUTO_TEST_CASE(one_for_one) {
  auto sup = begin_with(strategy_kind::one_for_one, workers({"a", "b"}));
  const auto b = home->latest.at("b");
  crash("a");
  CHECK_COUNTS(sup, {2, 2, 0, 2});
  BOOST_CHECK(home->latest.at("b") == b);
  BOOST_CHECK(result_of(sup.which_children())[1].actor
              == caf::actor_cast<caf::strong_actor_ptr>(b));
  crash("b");
  BOOST_TEST(!sup.ended());
  crash("a");
  BOOST_TEST(sup.ended());
  CHECK_HAPPENED({"-a", "+a", "-b", "+b", "-a", "-b"});
}

BOOST_AUTO_TEST_CASE(one_for_all) {
  auto sup = begin_with(strategy_kind::one_for_all, workers({"a", "b"}));
  crash("a");
  CHECK_HAPPENED({"-a", "-b", "+a", "+b"});
  CHECK_COUNTS(sup, {2, 2, 0, 2});
  for (auto& x : result_of(sup.which_children())) // none of before
    BOOST_CHECK(
      x.actor
      == caf::actor_cast<caf::strong_actor_ptr>(home->latest.at(x.name)));
  crash("b");
  CHECK_HAPPENED({"-b", "-a", "+a", "+b"});
  BOOST_TEST(!sup.ended());
  crash("b");
  CHECK_HAPPENED({"-b", "-a"});
  BOOST_TEST(sup.ended());
}

BOOST_AUTO_TEST_CASE(rest_for_one) {
  auto sup = begin_with(strategy_kind::rest_for_one, workers({"a", "b", "c"}));
  const auto a = home->latest.at("a");
  crash("b");
  CHECK_HAPPENED({"-b", "-c", "+b", "+c"});
  CHECK_COUNTS(sup, {3, 3, 0, 3});
  BOOST_CHECK(home->latest.at("a") == a);
  crash("c");
  CHECK_HAPPENED({"-c", "+c"});
  BOOST_TEST(!sup.ended());
  crash("b");
  CHECK_HAPPENED({"-b", "-c", "-a"});
  BOOST_TEST(sup.ended());
}

// -- escalation ---------------------------------------------------------------

BOOST_AUTO_TEST_CASE(one_for_one_escalation) {
  auto sup = begin_with(strategy_kind::one_for_one, workers({"a", "b"}), 4);
  home->failing_starts["a"] = 100;
  crash("a");
  CHECK_ESCALATED(sup, "a", "a", {"-a", "-b"});
}

BOOST_AUTO_TEST_CASE(one_for_all_escalation) {
  auto sup = begin_with(strategy_kind::one_for_all, workers({"a", "b"}), 4);
  home->failing_starts["b"] = 100;
  crash("a");
  CHECK_ESCALATED(sup, "a", "b",
                  {"-a", "-b", "+a", "-a", "+a", "-a", "+a", "-a", "+a", "-a"});
}

BOOST_AUTO_TEST_CASE(rest_for_one_escalation) {
  auto sup = begin_with(strategy_kind::rest_for_one, workers({"a", "b"}), 4);
  home->failing_starts["b"] = 100;
  crash("a");
  CHECK_ESCALATED(sup, "a", "b", {"-a", "-b", "+a", "-a"});
}

// -- one that does not start in the restart of another ------------------------

BOOST_AUTO_TEST_CASE(one_for_all_other_child_fails_restart) {
  const auto said = child_start_mode::said;
  auto sup = begin_with(strategy_kind::one_for_all,
                        {worker<shy>({.name = "a", .start = said}),
                         worker<shy>({.name = "b", .start = said})},
                        3);
  for (auto* name : {"a", "b"})
    say_started(name);
  happened();
  crash("a");
  CHECK_HAPPENED({"-a", "-b", "+a"});
  say_started("a");
  CHECK_HAPPENED({"+b"});
  leave("b"); // before it has said so
  CHECK_HAPPENED({"-b", "-a", "+a"}); // the one that was started ends, too
  say_started("a");
  say_started("b");
  CHECK_HAPPENED({"+b"});
  CHECK_COUNTS(sup, {2, 2, 0, 2});
  for (auto* name : {"a", "b"})
    BOOST_CHECK(state_of(sup, name) == child_state::running);
  BOOST_TEST(sup.stats().restarts == 2u);
}

BOOST_AUTO_TEST_CASE(rest_for_one_other_child_fails_restart) {
  const auto said = child_start_mode::said;
  auto sup = begin_with(strategy_kind::rest_for_one,
                        {worker<shy>({.name = "a", .start = said}),
                         worker<shy>({.name = "b", .start = said})},
                        3);
  for (auto* name : {"a", "b"})
    say_started(name);
  happened();
  crash("a");
  say_started("a");
  happened();
  leave("b"); // before it has said so
  CHECK_HAPPENED({"-b", "+b"}); // the one before it is not concerned
  say_started("b");
  for (auto* name : {"a", "b"})
    BOOST_CHECK(state_of(sup, name) == child_state::running);
  BOOST_TEST(home->starts["a"] == 2);
  BOOST_TEST(home->starts["b"] == 3);
  BOOST_TEST(sup.stats().restarts == 2u);
}

BOOST_AUTO_TEST_SUITE_END()
