// Children that come and go by request, by handle and by message; and options
// that are wrong.

#include <caf/scoped_actor.hpp>

#include "support/supervised.hpp"

using namespace test;
using axiom::auto_shutdown;
using axiom::child_start_mode;
using axiom::problems_of;
using strategy_kind = supervision_strategy;

namespace {

/// A supervisor whose children are made from one specification.
supervisor_options pool_of(child_spec spec) {
  return {.strategy = strategy_kind::simple_one_for_one,
          .children = {std::move(spec)}};
}

} // namespace

BOOST_FIXTURE_TEST_SUITE(supervisor_requests, supervised)

BOOST_AUTO_TEST_CASE(add_children_after_the_others) {
  auto sup = begin(
    {.strategy = strategy_kind::rest_for_one, .children = workers({"a"})});
  const auto info = result_of(sup.start_child(worker({.name = "b"})));
  BOOST_TEST(info.name == "b");
  BOOST_CHECK(info.state == child_state::running);
  BOOST_TEST(info.starts == 1u);
  BOOST_CHECK(info.actor
              == caf::actor_cast<caf::strong_actor_ptr>(home->latest.at("b")));
  happened();
  crash("a");
  CHECK_HAPPENED({"-a", "-b", "+a", "+b"});
}

BOOST_AUTO_TEST_CASE(add_to_the_children_there_were_from_the_beginning) {
  auto options = pool_of(worker({.name = "w"}));
  options.instances = 2;
  auto sup = begin(std::move(options));
  CHECK_HAPPENED({"+w", "+w"});
  BOOST_TEST(result_of(sup.ready()).specs == 2u);
  BOOST_TEST(result_of(sup.start_child()).name == "w-3");
  BOOST_TEST(has(sup, "w-1"));
  BOOST_TEST(has(sup, "w-2"));
  happened();
  crash("w"); // the third
  CHECK_HAPPENED({"-w", "+w"});
  BOOST_TEST(sup.stats().restarts == 1u);
  stop_and_check(sup);
}

BOOST_AUTO_TEST_CASE(begin_with_children_of_which_all_have_to_start) {
  home->failing_starts["w"] = 1;
  auto options = pool_of(worker({.name = "w"}));
  options.instances = 3;
  auto sup = begin(std::move(options));
  BOOST_TEST(sup.ended());
  BOOST_REQUIRE(sup.outcome());
  BOOST_TEST(names_of(tree_of(*sup.outcome()))
               == (lines{"w-1 #1", "supervisor"}),
             boost::test_tools::per_element());
}

BOOST_AUTO_TEST_CASE(refuse_a_name_that_is_taken) {
  auto sup = begin({.children = workers({"a"})});
  BOOST_CHECK(error_of(sup.start_child(worker({.name = "a"})))
              == errc::name_taken);
  result_of(sup.terminate_child("a"));
  BOOST_CHECK(error_of(sup.start_child(worker({.name = "a"})))
              == errc::name_taken); // it is still there
  result_of(sup.remove_child("a"));
  result_of(sup.start_child(worker({.name = "a"})));
}

BOOST_AUTO_TEST_CASE(give_the_error_of_a_child_that_does_not_start) {
  auto sup = begin({});
  home->failing_starts["a"] = 1;
  BOOST_CHECK(error_of(sup.start_child(worker({.name = "a"})))
              == errc::unhandled_exception);
  BOOST_TEST(!has(sup, "a"));
  BOOST_TEST(sup.stats().restarts == 0u);
  BOOST_TEST(sup.stats().errors == 1u);
}

BOOST_AUTO_TEST_CASE(stop_a_child_that_stays) {
  auto sup = begin({.children = workers({"a", "b"})});
  happened();
  const auto info = result_of(sup.terminate_child("a"));
  BOOST_CHECK(info.state == child_state::stopped);
  CHECK_HAPPENED({"-a"});
  result_of(sup.terminate_child("a")); // again: nothing to do
  crash("b");
  CHECK_HAPPENED({"-b", "+b"});
  const auto back = result_of(sup.restart_child("a"));
  BOOST_TEST(back.starts == 2u);
  CHECK_HAPPENED({"+a"});
}

BOOST_AUTO_TEST_CASE(forget_a_temporary_child_that_they_stop) {
  auto sup = begin({.children = workers({"a"}, restart_kind::temporary)});
  result_of(sup.terminate_child("a"));
  BOOST_TEST(!has(sup, "a"));
}

BOOST_AUTO_TEST_CASE(refuse_to_restart_a_child_that_is_not_stopped) {
  auto sup =
    begin({.backoff = {.initial = 1h, .max = 1h}, .children = workers({"a"})});
  BOOST_CHECK(error_of(sup.restart_child("a")) == errc::child_not_stopped);
  crash("a"); // it waits for its restart
  BOOST_CHECK(error_of(sup.restart_child("a")) == errc::child_not_stopped);
}

BOOST_AUTO_TEST_CASE(leave_a_child_stopped_that_does_not_restart) {
  auto sup = begin({.max_restarts = 0, .children = workers({"a"})});
  result_of(sup.terminate_child("a"));
  home->failing_starts["a"] = 1;
  BOOST_CHECK(error_of(sup.restart_child("a")) == errc::unhandled_exception);
  BOOST_CHECK(state_of(sup, "a") == child_state::stopped);
  BOOST_TEST(!sup.ended());
}

BOOST_AUTO_TEST_CASE(know_the_names_of_children_only) {
  auto sup = begin({});
  BOOST_CHECK(error_of(sup.terminate_child("x")) == errc::no_such_child);
  BOOST_CHECK(error_of(sup.remove_child("x")) == errc::no_such_child);
  BOOST_CHECK(error_of(sup.restart_child("x")) == errc::no_such_child);
}

BOOST_AUTO_TEST_CASE(take_a_child_out_of_its_restart) {
  auto sup =
    begin({.backoff = {.initial = 1s, .max = 1s}, .children = workers({"a"})});
  crash("a");
  result_of(sup.terminate_child("a"));
  happened();
  advance(1h);
  CHECK_HAPPENED({});
  BOOST_CHECK(state_of(sup, "a") == child_state::stopped);
}

BOOST_AUTO_TEST_CASE(all_have_an_answer_when_it_ends) {
  auto sup = begin({.children = workers({"a"})});
  auto said = child_start_mode::said;
  auto pending = sup.start_child(worker<shy>({.name = "s", .start = said}));
  run();
  auto stop = sup.stop();
  auto also = sup.stop();
  auto late = sup.start_child(worker({.name = "late"}));
  BOOST_CHECK(error_of(pending) == errc::scope_closed);
  result_of(stop);
  result_of(also);
  BOOST_CHECK(error_of(late) == errc::scope_closed);
}

BOOST_AUTO_TEST_CASE(are_answered_while_a_child_takes_its_time) {
  auto sup =
    begin({.children = {worker<deaf_child>(
                          {.name = "a", .shutdown = axiom::shutdown_infinity}),
                        worker({.name = "b"})}});
  auto terminate = sup.terminate_child("a");
  run();
  BOOST_TEST(!terminate.done());
  BOOST_CHECK(state_of(sup, "a") == child_state::stopping);
  result_of(sup.terminate_child("b")); // does not stand behind it
  result_of(sup.start_child(worker({.name = "c"})));
  leave("a");
  BOOST_CHECK(result_of(terminate).state == child_state::stopped);
}

BOOST_AUTO_TEST_CASE(start_children_from_one_specification) {
  auto arguments = std::make_shared<std::vector<int>>();
  auto sup = begin(pool_of(axiom::actor_child(
    {.name = "w", .restart = restart_kind::temporary},
    [arguments, home = home](child_start& start) {
      if (start.arguments().match_elements<int>())
        arguments->push_back(start.arguments().get_as<int>(0));
      home->latest[start.name()] =
        start.system().spawn<obedient>(home, start.name());
      return home->latest[start.name()];
    })));
  CHECK_HAPPENED({}); // none by itself
  BOOST_TEST(result_of(sup.start_child(caf::make_message(7))).name == "w-1");
  BOOST_TEST(result_of(sup.start_child()).name == "w-2");
  BOOST_TEST(result_of(sup.start_child(caf::make_message(9))).name == "w-3");
  BOOST_TEST(*arguments == (std::vector<int>{7, 9}),
             boost::test_tools::per_element());
  result_of(sup.terminate_child("w-2"));
  crash("w-1");
  const auto left = result_of(sup.which_children());
  BOOST_REQUIRE(left.size() == 1u);
  BOOST_TEST(left[0].name == "w-3");
  BOOST_CHECK(error_of(sup.start_child(worker({.name = "x"})))
              == errc::invalid_argument);
}

BOOST_AUTO_TEST_CASE(restart_each_of_one_specification_with_its_arguments) {
  auto seen = std::make_shared<std::vector<int>>();
  auto sup = begin(pool_of(
    axiom::actor_child({.name = "w"}, [seen, home = home](child_start& start) {
      seen->push_back(start.arguments().get_as<int>(0));
      home->latest[start.name()] =
        start.system().spawn<obedient>(home, start.name());
      return home->latest[start.name()];
    })));
  result_of(sup.start_child(caf::make_message(1)));
  result_of(sup.start_child(caf::make_message(2)));
  crash("w-1");
  BOOST_TEST(*seen == (std::vector<int>{1, 2, 1}),
             boost::test_tools::per_element());
}

BOOST_AUTO_TEST_CASE(stop_all_of_one_specification_at_once) {
  auto sup = begin(pool_of(axiom::actor_child(
    {.name = "w", .shutdown = 3s}, [home = home](child_start& start) {
      return start.system().spawn<deaf_child>(home, start.name());
    })));
  for (int i = 0; i < 10; ++i)
    result_of(sup.start_child());
  auto stop = sup.stop();
  advance(3s); // not 30
  BOOST_TEST(stop.done());
}

BOOST_AUTO_TEST_CASE(need_a_specification_each_where_there_is_none_for_all) {
  auto sup = begin({.children = workers({"a"})});
  BOOST_CHECK(error_of(sup.start_child()) == errc::invalid_argument);
}

BOOST_AUTO_TEST_CASE(work_by_message) {
  threaded fix;
  auto sup = supervisor::spawn(fix.system(), {.children = workers({"a"})});
  caf::scoped_actor self{fix.system()};
  auto fails = [](const caf::error& x) { BOOST_ERROR(axiom::describe(x)); };
  auto& boss = sup.actor();
  auto limit = 10s;
  self->request(boss, limit, axiom::ready_atom_v)
    .receive([](const axiom::child_counts& x) { BOOST_TEST(x.active == 1u); },
             fails);
  const axiom::local_child_spec spec{
    std::make_shared<const child_spec>(worker({.name = "b"}))};
  self->request(boss, limit, axiom::start_child_atom_v, spec)
    .receive([](const axiom::child_info& x) { BOOST_TEST(x.name == "b"); },
             fails);
  self->request(boss, limit, axiom::terminate_child_atom_v, std::string{"b"})
    .receive(
      [](const axiom::child_info& x) {
        BOOST_CHECK(x.state == child_state::stopped);
      },
      fails);
  self->request(boss, limit, axiom::restart_child_atom_v, std::string{"b"})
    .receive([](const axiom::child_info& x) { BOOST_TEST(x.starts == 2u); },
             fails);
  self->request(boss, limit, axiom::remove_child_atom_v, std::string{"b"})
    .receive([](const axiom::child_info&) {}, fails);
  self->request(boss, limit, axiom::which_children_atom_v)
    .receive(
      [](const std::vector<axiom::child_info>& x) {
        BOOST_TEST(x.size() == 1u);
      },
      fails);
  self->request(boss, limit, axiom::count_children_atom_v)
    .receive([](const axiom::child_counts& x) { BOOST_TEST(x.specs == 1u); },
             fails);
  self->request(boss, limit, axiom::stats_atom_v)
    .receive(
      [](const axiom::supervisor_stats& x) { BOOST_TEST(x.starts == 3u); },
      fails);
  self->request(boss, limit, axiom::start_child_atom_v)
    .receive([](const axiom::child_info&) { BOOST_ERROR("no error"); },
             [](const caf::error& x) {
               BOOST_TEST(axiom::is(x, errc::invalid_argument));
             });
  self->request(boss, limit, axiom::shutdown_atom_v)
    .receive(
      [](const axiom::supervisor_stats& x) { BOOST_TEST(x.active == 0u); },
      fails);
}

BOOST_AUTO_TEST_CASE(show_all_supervisors_of_a_system) {
  auto a = begin({.name = "a", .children = workers({"x", "y"})});
  auto b = begin({.name = "b"});
  auto all = axiom::all_supervisor_stats(system());
  BOOST_REQUIRE(all.size() == 2u);
  BOOST_TEST(all[0].name == "a");
  BOOST_TEST(all[0].children == 2u);
  BOOST_TEST(all[0].active == 2u);
  BOOST_TEST(axiom::to_string(all[1])
             == "b: 0 of 0 children active, 0 restarts, 0 errors");
  stop_and_check(a);
  BOOST_TEST(axiom::all_supervisor_stats(system()).size() == 1u);
}

BOOST_AUTO_TEST_SUITE_END()

BOOST_FIXTURE_TEST_SUITE(supervisor_options_that_are_wrong, supervised)

BOOST_AUTO_TEST_CASE(are_refused_with_all_that_is_wrong_at_once) {
  const std::function<caf::actor(child_start&)> empty;
  auto timed = worker({.name = "timed", .start_timeout = 1s});
  auto inner = axiom::supervisor_child({.name = "inner"}, {.within = 0s});
  const supervisor_options options{
    .name = std::string(65, 'x'),
    .within = -1s,
    .backoff = {.initial = 2s,
                .max = 1s,
                .factor = 0.5,
                .jitter = 2,
                .healthy_after = -1s},
    .children = {worker({.name = ""}),
                 worker({.name = "a", .significant = true}),
                 worker({.name = "a", .shutdown = -1s}), timed, inner,
                 axiom::actor_child({.name = "empty"}, empty)},
    .error_history = 0};
  const lines expected{
    "its name has 65 bytes",
    "x': within must be positive",
    "error_history is 0",
    "backoff.max is less",
    "backoff.factor is 0.5",
    "backoff.jitter is 2",
    "backoff.healthy_after is negative",
    "child '': its name is empty",
    "child 'a': it is significant and permanent",
    "child 'a': it is significant, but the supervisor's auto_shutdown",
    "child 'a': shutdown is negative",
    "two children have the name 'a'",
    "child 'timed': start_timeout has no meaning",
    "child 'inner': within must be positive",
    "child 'empty': it is made from an empty function"};
  const auto problems = problems_of(options);
  BOOST_TEST(problems.size() == expected.size());
  for (auto& part : expected)
    BOOST_TEST(
      std::count_if(problems.begin(), problems.end(),
                    [&](auto& x) { return x.find(part) != std::string::npos; })
        == 1,
      part);
  try {
    supervisor::spawn(system(), options);
    BOOST_FAIL("no error");
  } catch (const axiom::exception& ex) {
    BOOST_TEST(ex.is(errc::invalid_argument));
    for (auto& part : expected)
      BOOST_TEST(std::string{ex.what()}.find(part) != std::string::npos, part);
  }
}

BOOST_AUTO_TEST_CASE(are_those_of_one_specification_without_exactly_one) {
  for (std::size_t n : {0u, 2u}) {
    supervisor_options options{.strategy = strategy_kind::simple_one_for_one};
    for (std::size_t i = 0; i < n; ++i)
      options.children.push_back(worker({.name = std::to_string(i)}));
    BOOST_TEST(problems_of(options).size() == 1u);
  }
}

BOOST_AUTO_TEST_CASE(are_instances_of_children_that_are_not_alike) {
  const auto problems =
    problems_of({.children = workers({"a", "b"}), .instances = 2});
  BOOST_TEST_REQUIRE(problems.size() == 1u);
  BOOST_TEST(problems[0].find("instances is 2") != std::string::npos);
}

BOOST_AUTO_TEST_CASE(are_names_of_instances_without_room_for_a_number) {
  const auto problems = [this](std::size_t length) {
    const std::string name(length, 'x');
    return problems_of({.strategy = strategy_kind::simple_one_for_one,
                        .children = workers({name.c_str()}),
                        .instances = 1});
  };
  BOOST_TEST(problems(axiom::max_instance_name).empty());
  const auto longer = problems(axiom::max_instance_name + 1);
  BOOST_TEST_REQUIRE(longer.size() == 1u);
  BOOST_TEST(longer[0].find("has 44 bytes; it has at most 43")
             != std::string::npos);
  // One that is no name at all is one mistake, not two.
  BOOST_TEST(problems(axiom::max_task_name + 1).size() == 1u);
}

BOOST_AUTO_TEST_CASE(are_refused_for_a_child_added_later_too) {
  auto sup = begin({});
  BOOST_CHECK(
    error_of(sup.start_child(worker(
      {.name = "a", .restart = restart_kind::transient, .significant = true})))
    == errc::invalid_argument);
  BOOST_TEST(sup.stats().children == 0u);
}

BOOST_AUTO_TEST_SUITE_END()
