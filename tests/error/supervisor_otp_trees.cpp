// Beside OTP's own test suite of its supervisor, the second part: trees,
// significant children, and restarts without end. The table of all cases is in
// supervisor_otp.cpp.

#include "support/supervised.hpp"

using namespace test;
using strategy_kind = supervision_strategy;
using axiom::auto_shutdown;

namespace {

struct otp_trees : supervised {
  /// The actor of a child, which has to be there.
  caf::strong_actor_ptr actor_of(const supervisor& x, std::string_view name) {
    for (auto& child : result_of(x.which_children()))
      if (child.name == name)
        return child.actor;
    BOOST_FAIL("no such child: " + std::string{name});
    return nullptr;
  }

  /// Kills the incarnation of a child that runs now.
  void kill(const supervisor& x, std::string_view name) {
    caf::anon_send_exit(actor_of(x, name), caf::exit_reason::kill);
    run();
  }

  bool ends_as_if_asked(const supervisor& x) {
    return x.ended() && !x.outcome();
  }
};

} // namespace

BOOST_FIXTURE_TEST_SUITE(otp_suite_trees, otp_trees)

// -- trees --------------------------------------------------------------------

BOOST_AUTO_TEST_CASE(sup_stop_infinity) {
  // A supervisor has all the time it wants, where a worker has 5 s.
  auto inner = axiom::supervisor_child(
    {.name = "inner"},
    {.children = {worker<deaf_child>(
       {.name = "a", .shutdown = axiom::shutdown_infinity})}});
  auto outer = begin({.children = {worker<deaf_child>({.name = "b"}), inner}});
  happened();
  auto stop = outer.stop();
  advance(1h);
  CHECK_HAPPENED({});
  BOOST_CHECK(state_of(outer, "inner") == child_state::stopping);
  leave("a");
  CHECK_HAPPENED({"-a"});
  BOOST_CHECK(state_of(outer, "b") == child_state::stopping);
  advance(5s - 1ns);
  BOOST_TEST(!stop.done());
  advance(1ns);
  CHECK_HAPPENED({"-b"});
  BOOST_TEST(result_of(stop).errors == 1u); // b's
}

BOOST_AUTO_TEST_CASE(tree) {
  auto top = begin(
    {.strategy = strategy_kind::one_for_all, .max_restarts = 4, .within = 1h});
  const supervisor_options small{.max_restarts = 4, .within = 1h};
  auto first = small;
  first.children = workers({"a", "b"});
  result_of(top.start_child(axiom::supervisor_child({.name = "1"}, first)));
  const auto second =
    result_of(top.start_child(axiom::supervisor_child({.name = "2"}, small)));
  result_of(top.start_child(axiom::supervisor_child(
    {.name = "3", .restart = restart_kind::transient}, small)));
  result_of(top.terminate_child("3"));
  CHECK_COUNTS(top, {3, 2, 3, 0});
  happened();
  // Two children of the second that it does not know of from the beginning.
  const auto boss = caf::actor_cast<axiom::supervisor_actor>(second.actor);
  for (auto* name : {"c", "d"})
    caf::anon_send(boss, axiom::start_child_atom_v,
                   axiom::local_child_spec{std::make_shared<const child_spec>(
                     worker({.name = name}))});
  run();
  CHECK_HAPPENED({"+c", "+d"});
  crash("d");
  CHECK_HAPPENED({"-d", "+d"});
  home->failing_starts["c"] = 100;
  crash("c"); // the second gives up; all are restarted, but for those added
  CHECK_HAPPENED({"-c", "-d", "-b", "-a", "+a", "+b"});
  BOOST_TEST(top.stats().restarts == 1u);
  CHECK_COUNTS(top, {3, 3, 3, 0});
  for (auto& x : axiom::all_supervisor_stats(system()))
    if (x.name != "supervisor")
      BOOST_TEST(x.children == (x.name == "1" ? 2u : 0u));
}

BOOST_AUTO_TEST_CASE(simple_global_supervisor) {
  auto inner = axiom::supervisor_child(
    {.name = "inner"},
    {.strategy = strategy_kind::one_for_all, .children = workers({"server"})});
  auto top =
    begin({.strategy = strategy_kind::one_for_all, .children = {inner}});
  const auto before = actor_of(top, "inner");
  happened();
  kill(top, "inner");
  CHECK_HAPPENED({"-server", "+server"});
  BOOST_CHECK(actor_of(top, "inner") != before);
  BOOST_TEST(top.stats().restarts == 1u);
  BOOST_TEST(top.stats().errors == 1u);
  caf::anon_send_exit(home->latest.at("server"), caf::exit_reason::kill);
  run();
  CHECK_HAPPENED({"-server", "+server"});
  leave("server");
  CHECK_HAPPENED({"-server", "+server"});
  BOOST_TEST(top.stats().restarts == 1u); // the others were the inner one's
  caf::anon_send_exit(top.actor(), caf::exit_reason::kill);
  run();
  CHECK_HAPPENED({"-server"});
}

BOOST_AUTO_TEST_CASE(count_children_supervisor) {
  constexpr std::size_t n = 1000;
  auto options = pool_of(axiom::supervisor_child(
    {.name = "s", .restart = restart_kind::temporary}, {}));
  options.instances = n;
  auto sup = begin(std::move(options));
  CHECK_COUNTS(sup, {n, n, n, 0});
  for (std::size_t i = 0; i < n; ++i)
    caf::anon_send(sup.actor(), axiom::start_child_atom_v);
  run();
  CHECK_COUNTS(sup, {2 * n, 2 * n, 2 * n, 0});
  for (auto& x : result_of(sup.which_children()))
    caf::anon_send_exit(x.actor, caf::exit_reason::kill);
  run();
  CHECK_COUNTS(sup, {0, 0, 0, 0});
}

BOOST_AUTO_TEST_CASE(count_restarting_children) {
  auto options = pool_of(any_worker({.name = "w"}));
  options.max_restarts = 20;
  options.within = 10s;
  options.backoff.initial = 1s;
  options.instances = 3;
  auto sup = begin(std::move(options));
  for (auto* name : {"w-1", "w-2"}) {
    home->failing_starts[name] = 1;
    crash(name);
  }
  CHECK_COUNTS(sup, {3, 1, 0, 3});
  advance(1s); // tried in vain
  CHECK_COUNTS(sup, {3, 1, 0, 3});
  BOOST_CHECK(state_of(sup, "w-1") == child_state::waiting);
  advance(2s);
  CHECK_COUNTS(sup, {3, 3, 0, 3});
}

BOOST_AUTO_TEST_CASE(escalations_come_up_whole_and_begin_anew) {
  for (auto strategy : {strategy_kind::one_for_all, strategy_kind::rest_for_one,
                        strategy_kind::simple_one_for_one}) {
    BOOST_TEST_CONTEXT(axiom::to_string(strategy)) {
      const auto pool = strategy == strategy_kind::simple_one_for_one;
      supervisor_options inner{.strategy = strategy,
                               .max_restarts = 1,
                               .children =
                                 pool ? std::vector{any_worker({.name = "w"})}
                                      : workers({"w-1", "w-2"}),
                               .instances = pool ? 2u : 0u};
      auto outer =
        begin({.children = {axiom::supervisor_child({.name = "in"}, inner)}});
      crash("w-1", broken("first"));
      BOOST_TEST(outer.stats().restarts == 0u);
      crash("w-2", broken("second"));
      BOOST_TEST(outer.stats().restarts == 1u);
      BOOST_REQUIRE(outer.errors().size() == 1u);
      const auto errors = outer.errors()[0];
      BOOST_TEST(errors.task.name == "in #1");
      BOOST_REQUIRE(errors.nested() != nullptr);
      auto& tree = *errors.nested();
      // By how often each was made, which depends on the strategy.
      const auto second = pool ? "w-2 #1" : "w-2 #2";
      BOOST_TEST(names_of(tree) == (lines{"w-1 #1", second, "in"}),
                 boost::test_tools::per_element());
      happened();
      crash("w-1"); // of the second incarnation, which may have one restart
      BOOST_TEST(outer.stats().restarts == 1u);
      BOOST_TEST(happened().back() == (pool ? "+w-1" : "+w-2"));
      stop_and_check(outer);
      happened();
    }
  }
}

// -- significant children -----------------------------------------------------

BOOST_AUTO_TEST_CASE(nonsignificant_children) {
  for (auto restart : {restart_kind::transient, restart_kind::temporary})
    for (auto mode :
         {auto_shutdown::any_significant, auto_shutdown::all_significant}) {
      BOOST_TEST_CONTEXT(axiom::to_string(restart) << axiom::to_string(mode)) {
        auto children = workers({"a", "b"}, restart);
        children.push_back(
          worker({.name = "s", .restart = restart, .significant = true}));
        auto sup = begin({.auto_shutdown = mode, .children = children});
        crash("a");
        leave("b");
        BOOST_TEST(!sup.ended());
        leave("s");
        BOOST_TEST(ends_as_if_asked(sup));
      }
    }
}

BOOST_AUTO_TEST_CASE(significant_children_with_every_strategy) {
  for (auto strategy : {strategy_kind::one_for_one, strategy_kind::one_for_all,
                        strategy_kind::rest_for_one})
    for (auto restart : {restart_kind::transient, restart_kind::temporary})
      for (auto mode :
           {auto_shutdown::any_significant, auto_shutdown::all_significant}) {
        BOOST_TEST_CONTEXT(axiom::to_string(strategy)
                           << ' ' << axiom::to_string(restart) << ' '
                           << axiom::to_string(mode)) {
          std::vector<child_spec> children;
          for (auto* name : {"a", "b", "c"})
            children.push_back(
              worker({.name = name, .restart = restart, .significant = true}));
          children.push_back(worker({.name = "d"}));
          auto sup = begin({.strategy = strategy,
                            .auto_shutdown = mode,
                            .children = children});
          if (restart == restart_kind::transient) {
            crash("a"); // is restarted, so nothing follows
            BOOST_TEST(!sup.ended());
          }
          happened();
          crash("a", caf::make_error(caf::exit_reason::user_shutdown));
          if (mode == auto_shutdown::any_significant) {
            CHECK_HAPPENED({"-a", "-d", "-c", "-b"});
          } else {
            result_of(sup.terminate_child("c")); // which is not by itself
            BOOST_TEST(!sup.ended());
            leave("b");
            CHECK_HAPPENED({"-a", "-c", "-b", "-d"});
          }
          BOOST_TEST(ends_as_if_asked(sup));
        }
      }
}

BOOST_AUTO_TEST_CASE(significant_simple) {
  for (auto restart : {restart_kind::transient, restart_kind::temporary})
    for (auto mode :
         {auto_shutdown::any_significant, auto_shutdown::all_significant}) {
      BOOST_TEST_CONTEXT(axiom::to_string(restart)
                         << ' ' << axiom::to_string(mode)) {
        auto options = pool_of(
          any_worker({.name = "w", .restart = restart, .significant = true}));
        options.instances = 3;
        options.auto_shutdown = mode;
        auto sup = begin(std::move(options));
        const auto any = mode == auto_shutdown::any_significant;
        if (restart == restart_kind::transient) {
          crash("w-1"); // is restarted, so nothing follows
          BOOST_TEST(!sup.ended());
          BOOST_TEST(home->starts["w-1"] > 1);
        }
        leave("w-1");
        BOOST_TEST(sup.ended() == any);
        if (!any) {
          result_of(sup.terminate_child("w-2")); // which is not by itself
          BOOST_TEST(!sup.ended());
          result_of(sup.start_child());
          leave("w-3");
          BOOST_TEST(!sup.ended());
          leave("w-4"); // the last
        }
        BOOST_TEST(ends_as_if_asked(sup));
        home->starts.clear();
      }
    }
}

BOOST_AUTO_TEST_CASE(significant_bystander) {
  // Those that are stopped for a sibling have not ended by themselves.
  for (auto restart : {restart_kind::transient, restart_kind::temporary})
    for (auto mode :
         {auto_shutdown::any_significant, auto_shutdown::all_significant}) {
      BOOST_TEST_CONTEXT(axiom::to_string(restart)
                         << ' ' << axiom::to_string(mode)) {
        auto sup = begin(
          {.strategy = strategy_kind::one_for_all,
           .auto_shutdown = mode,
           .children = {
             worker({.name = "p"}),
             worker({.name = "s", .restart = restart, .significant = true}),
             worker({.name = "t",
                     .restart = restart_kind::transient,
                     .significant = true})}});
        crash("p");
        BOOST_TEST(!sup.ended());
        BOOST_TEST(has(sup, "s") == (restart == restart_kind::transient));
        leave("t");
        // A temporary one is no more, so that was the last.
        const auto last = mode == auto_shutdown::any_significant
                       || restart == restart_kind::temporary;
        BOOST_TEST(sup.ended() == last);
        if (!last)
          leave("s");
        BOOST_TEST(ends_as_if_asked(sup));
      }
    }
}

BOOST_AUTO_TEST_CASE(significant_escalation) {
  // The end of a supervisor by a significant child is that of a significant
  // child of the one above it.
  auto inner = axiom::supervisor_child(
    {.name = "inner", .restart = restart_kind::transient, .significant = true},
    {.auto_shutdown = auto_shutdown::any_significant,
     .children = {worker({.name = "a",
                          .restart = restart_kind::temporary,
                          .significant = true}),
                  worker({.name = "b"})}});
  auto outer = begin({.auto_shutdown = auto_shutdown::any_significant,
                      .children = {worker({.name = "c"}), inner}});
  happened();
  leave("a");
  CHECK_HAPPENED({"-a", "-b", "-c"});
  BOOST_TEST(ends_as_if_asked(outer));
  BOOST_TEST(outer.stats().errors == 0u);
}

BOOST_AUTO_TEST_SUITE_END()
