#include <memory>
#include <stdexcept>
#include <string>
#include <variant>
#include <vector>

#include <boost/test/unit_test.hpp>
#include <caf/event_based_actor.hpp>

#include "axiom/config.hpp"
#include "axiom/deploy/loader.hpp"
#include "axiom/deploy/run_services.hpp"
#include "axiom/deploy/task_types.hpp"
#include "axiom/task/async.hpp"
#include "axiom/task/context.hpp"

using namespace axiom::deploy;
using namespace std::chrono_literals;
using axiom::child_start_mode;
using axiom::restart_kind;
using axiom::supervision_strategy;

namespace {

struct fixture {
  fixture() : registry(builtin_task_types()) {
    files = std::make_unique<loader>(registry,
                                     std::vector<std::string>{"parse", "tail"});
  }

  load_result load(std::string text) {
    return files->load(source_text{"d.yaml", std::move(text)}, vars,
                       load_depth::topology);
  }

  /// One supervisor, whose entry begins at line 3, column 5.
  load_result one(const std::string& fields, const std::string& more = {}) {
    return load("version: 1\nsupervisors:\n  - { name: s, " + fields + " }\n"
                + more);
  }

  /// What is wrong, a line each.
  std::vector<std::string> problems(const load_result& result) {
    std::vector<std::string> lines;
    for (const auto& x : result.problems) {
      const auto text = render(x, result.source);
      lines.push_back(text.substr(0, text.find('\n')));
    }
    return lines;
  }

  /// The one problem of such a supervisor, without the file's name.
  std::string problem(const std::string& fields, const std::string& more = {}) {
    const auto result = one(fields, more);
    BOOST_TEST_REQUIRE(result.problems.size() == 1u, result.report());
    return problems(result).front().substr(std::string{"d.yaml:"}.size());
  }

  task_type_registry registry;
  std::unique_ptr<loader> files;
  variables vars;
};

/// A type of tasks that says that it is started.
class talkative : public task_program {
public:
  bool says_started() const noexcept override {
    return true;
  }

  axiom::async<void> run(axiom::task_context&,
                         run_services& services) const override {
    services.started();
    co_return;
  }
};

const supervisor_spec& nested_of(const supervised_spec& x) {
  return *std::get<std::shared_ptr<const supervisor_spec>>(x.what);
}

} // namespace

BOOST_FIXTURE_TEST_SUITE(loading_supervisors, fixture)

BOOST_AUTO_TEST_CASE(a_tree_with_everything) {
  const auto result = load(
    "version: 1\n"
    "limiters: { io: { max_concurrency: 1 } }\n"
    "supervisors:\n"
    "  - name: top\n"
    "    strategy: rest_for_one\n"
    "    max_restarts: 7\n"
    "    within: 1m\n"
    "    error_history: 20000\n"
    "    backoff: { initial: 100ms, max: 5s, factor: 1.5, jitter: 0.2,\n"
    "               healthy_after: 3s }\n"
    "    auto_shutdown: any_significant\n"
    "    children:\n"
    "      - name: a\n"
    "        type: drill\n"
    "        with: { fail_every: 2 }\n"
    "        priority: high\n"
    "        limiter: io\n"
    "        timeout: 1h\n"
    "        sheddable: true\n"
    "        restart: transient\n"
    "        significant: true\n"
    "        shutdown: infinity\n"
    "        start: said\n"
    "        start_timeout: 10s\n"
    "      - name: b\n"
    "        type: tail\n"
    "        with: { arguments: [x, y] }\n"
    "        shutdown: kill\n"
    "      - name: low\n"
    "        strategy: simple_one_for_one\n"
    "        instances: 3\n"
    "        shutdown: 5s\n"
    "        restart: temporary\n"
    "        start_timeout: 1m\n"
    "        children: [parse]\n");
  BOOST_TEST_REQUIRE(result.ok(), result.report());
  BOOST_TEST_REQUIRE(result.value.supervisors.size() == 1u);
  BOOST_TEST(result.value.tasks.empty());
  const auto& top = result.value.supervisors[0];
  BOOST_TEST(top.options.name == "top");
  BOOST_CHECK(top.options.strategy == supervision_strategy::rest_for_one);
  BOOST_TEST(top.options.max_restarts == 7u);
  BOOST_CHECK(top.options.within == 1min);
  BOOST_TEST(top.options.error_history == 20'000u);
  BOOST_CHECK(top.options.backoff.initial == 100ms);
  BOOST_CHECK(top.options.backoff.max == 5s);
  BOOST_TEST(top.options.backoff.factor == 1.5);
  BOOST_TEST(top.options.backoff.jitter == 0.2);
  BOOST_CHECK(top.options.backoff.healthy_after == 3s);
  BOOST_CHECK(top.options.auto_shutdown
              == axiom::auto_shutdown::any_significant);
  BOOST_TEST_REQUIRE(top.children.size() == 3u);
  const auto& a = top.children[0];
  BOOST_TEST(a.how.name == "a");
  BOOST_CHECK(a.how.restart == restart_kind::transient);
  BOOST_TEST(a.how.significant);
  BOOST_CHECK(a.how.shutdown == axiom::shutdown_infinity);
  BOOST_CHECK(a.how.start == child_start_mode::said);
  BOOST_CHECK(a.how.start_timeout == 10s);
  const auto& task = std::get<task_spec>(a.what);
  BOOST_CHECK(task.program);
  BOOST_CHECK(task.priority == axiom::task_priority::high);
  BOOST_CHECK(task.limiter == "io");
  BOOST_CHECK(task.timeout == 1h);
  BOOST_TEST(task.sheddable);
  const auto& b = top.children[1];
  BOOST_CHECK(b.how.shutdown == axiom::shutdown_kill);
  const auto& actor = std::get<actor_spec>(b.what);
  BOOST_TEST(actor.type == "tail");
  BOOST_TEST(actor.arguments == (std::vector<std::string>{"x", "y"}),
             boost::test_tools::per_element());
  const auto& low = top.children[2];
  BOOST_CHECK(low.how.restart == restart_kind::temporary);
  BOOST_CHECK(low.how.shutdown == 5s);
  BOOST_TEST(nested_of(low).options.name == "low");
  BOOST_TEST(nested_of(low).options.instances == 3u);
}

BOOST_AUTO_TEST_CASE(a_bare_word_is_a_child_of_this_type_and_name) {
  const auto result = one("strategy: rest_for_one, max_restarts: 5, "
                          "within: 10s, backoff: { initial: 100ms, max: 5s, "
                          "jitter: 0.2 }, children: [tail, drill]");
  BOOST_TEST_REQUIRE(result.ok(), result.report());
  const auto& children = result.value.supervisors[0].children;
  BOOST_TEST(children[0].how.name == "tail");
  BOOST_TEST(std::get<actor_spec>(children[0].what).type == "tail");
  BOOST_TEST(children[1].how.name == "drill");
  BOOST_CHECK(std::get<task_spec>(children[1].what).program);
  BOOST_CHECK(children[1].how.restart == restart_kind::permanent);
  BOOST_CHECK(!children[1].how.shutdown);
  // And as good as written in full, mistakes included.
  BOOST_TEST(problem("children: [tial]")
             == "3:27: supervisors[0].children[0].type: unknown type \"tial\" "
                "(expected digest_tree, drill, parse, tail; did you mean "
                "\"tail\"?)");
}

BOOST_AUTO_TEST_CASE(what_is_left_out_is_as_in_the_library) {
  const auto result = one("children: [tail]");
  BOOST_TEST_REQUIRE(result.ok(), result.report());
  const auto& mine = result.value.supervisors[0].options;
  const axiom::supervisor_options theirs;
  BOOST_CHECK(mine.strategy == theirs.strategy);
  BOOST_TEST(mine.max_restarts == theirs.max_restarts);
  BOOST_CHECK(mine.within == theirs.within);
  BOOST_CHECK(mine.backoff.initial == theirs.backoff.initial);
  BOOST_CHECK(mine.auto_shutdown == theirs.auto_shutdown);
  BOOST_TEST(mine.error_history == theirs.error_history);
  const auto some = one("backoff: {}, children: [tail]");
  BOOST_TEST_REQUIRE(some.ok(), some.report());
  const auto& written = some.value.supervisors[0].options.backoff;
  BOOST_CHECK(written.initial == theirs.backoff.initial);
  BOOST_CHECK(written.max == theirs.backoff.max);
  BOOST_TEST(written.factor == theirs.backoff.factor);
  BOOST_TEST(written.jitter == theirs.backoff.jitter);
  BOOST_CHECK(written.healthy_after == theirs.backoff.healthy_after);
}

BOOST_AUTO_TEST_CASE(the_types_of_actors_are_those_of_the_configuration) {
  axiom::config cfg;
  cfg.add_actor_type("zebra", [](caf::event_based_actor*) -> caf::behavior {
    return {[](int) {}};
  });
  cfg.add_actor_type("ape", [](caf::event_based_actor*) -> caf::behavior {
    return {[](int) {}};
  });
  BOOST_TEST(actor_types_of(cfg) == (std::vector<std::string>{"ape", "zebra"}),
             boost::test_tools::per_element());
}

BOOST_AUTO_TEST_CASE(neither_tasks_nor_supervisors) {
  BOOST_TEST(problems(load("version: 1\n"))[0]
             == "d.yaml:1:1: missing key \"tasks\" (expected tasks, "
                "supervisors, or both)");
  BOOST_TEST(problems(load("version: 1\nsupervisors: []\n"))[0]
             == "d.yaml:2:14: supervisors: no supervisors (expected at least "
                "one)");
  BOOST_TEST(problems(load("version: 1\nsupervisors: x\n"))[0]
             == "d.yaml:2:14: supervisors: a value (expected a list)");
}

// -- children -----------------------------------------------------------------

BOOST_AUTO_TEST_CASE(children_are_there) {
  BOOST_TEST(problem("strategy: one_for_all").find("missing key \"children\"")
             != std::string::npos);
  BOOST_TEST(problem("children: []")
             == "3:26: supervisors[0].children: no children (expected at least "
                "one)");
  BOOST_TEST(problem("children: { a: b }")
             == "3:26: supervisors[0].children: a mapping (expected a list of "
                "children: each a mapping, or the name of a type)");
  BOOST_TEST(problem("children: [[]]").find("children[0]: a list (expected a "
                                            "mapping of name, type,")
             != std::string::npos);
}

BOOST_AUTO_TEST_CASE(two_children_of_one_name) {
  BOOST_TEST(problem("children: [tail, { name: tail, type: parse }]")
             == "3:41: supervisors[0].children[1].name: duplicate name "
                "\"tail\" (children[0] has it; expected unique names)");
}

BOOST_AUTO_TEST_CASE(two_supervisors_of_one_name_wherever_they_are) {
  BOOST_TEST(problem("children: [{ name: s, children: [tail] }]")
             == "3:35: supervisors[0].children[0].name: duplicate name \"s\" "
                "(supervisors[0] has it; expected unique names of "
                "supervisors)");
}

BOOST_AUTO_TEST_CASE(a_child_without_a_type_or_with_fields_of_something_else) {
  BOOST_TEST(problem("children: [{ name: a }]").find("missing key \"type\"")
             != std::string::npos);
  BOOST_TEST(problem("children: [{ name: a, type: drill, grace: 1s }]")
               .find("unknown key \"grace\"")
             != std::string::npos);
  BOOST_TEST(problem("children: [{ name: a, type: drill, children: [tail] }]")
               .find("unknown key \"type\"")
             != std::string::npos);
}

BOOST_AUTO_TEST_CASE(fields_of_tasks_for_actors) {
  BOOST_TEST(problem("children: [{ name: a, type: tail, timeout: 1s }]")
             == "3:59: supervisors[0].children[0].timeout: is for tasks, and "
                "\"tail\" is a type of actors (expected no timeout)");
  BOOST_TEST(problem("children: [{ name: a, type: tail, with: { x: 1 } }]")
             == "3:58: supervisors[0].children[0].with: unknown key \"x\" "
                "(expected arguments)");
}

BOOST_AUTO_TEST_CASE(the_fields_of_a_childs_type) {
  BOOST_TEST(
    problem("children: [{ name: a, type: drill, with: { fail_text: x } }]")
    == "3:70: supervisors[0].children[0].with.fail_text: it never fails "
       "(expected fail_every: on which starts it does)");
}

BOOST_AUTO_TEST_CASE(what_a_child_needs_that_is_not_there) {
  BOOST_TEST(problem("children: [{ name: a, type: drill, limiter: io }]")
             == "3:60: supervisors[0].children[0].limiter: unknown limiter "
                "\"io\" (the file has no limiters)");
  BOOST_TEST(problem("children: [{ name: b, children: [{ name: a, "
                     "type: drill, resources: { custom: { x: 1 } } }] }]")
               .find("supervisors[0].children[0].children[0].resources.custom."
                     "x: unknown resource")
             != std::string::npos);
  BOOST_TEST(problem("children: [{ name: a, type: drill, pool: p }]",
                     "pools: { p: { budget: 1MiB } }\n")
               .find("takes no buffers")
             != std::string::npos);
}

// -- significance -------------------------------------------------------------

BOOST_AUTO_TEST_CASE(a_significant_child_that_is_permanent) {
  BOOST_TEST(problem("auto_shutdown: any_significant, children: [{ name: a, "
                     "type: tail, significant: true }]")
             == "3:95: supervisors[0].children[0].significant: a permanent "
                "child is always started again, so its end ends nothing "
                "(expected restart: transient or temporary)");
}

BOOST_AUTO_TEST_CASE(a_significant_child_without_auto_shutdown) {
  BOOST_TEST(problem("children: [{ name: a, type: tail, restart: transient, "
                     "significant: true }]")
             == "3:83: supervisors[0].children[0].significant: the supervisor "
                "does not end with its children (expected auto_shutdown: "
                "any_significant or all_significant there)");
}

BOOST_AUTO_TEST_CASE(auto_shutdown_without_a_significant_child) {
  BOOST_TEST(problem("auto_shutdown: all_significant, children: [tail]")
             == "3:31: supervisors[0].auto_shutdown: no child is significant, "
                "so it never happens (expected a child with significant: "
                "true, or \"never\")");
}

// -- intensity and backoff ----------------------------------------------------

BOOST_AUTO_TEST_CASE(an_intensity_that_is_none) {
  BOOST_TEST(problem("max_restarts: -1, children: [tail]")
               .find("3:30: supervisors[0].max_restarts: invalid value \"-1\"")
             == 0u);
  BOOST_TEST(problem("within: 0s, children: [tail]")
               .find("3:24: supervisors[0].within: invalid value \"0s\"")
             == 0u);
  BOOST_TEST(problem("within: 10, children: [tail]").find("expected a duration")
             != std::string::npos);
}

BOOST_AUTO_TEST_CASE(a_history_that_is_none) {
  for (const auto* count : {"0", "-1", "1000001"}) {
    const auto expected = "3:31: supervisors[0].error_history: invalid value \""
                        + std::string{count}
                        + "\" (expected an integer from 1 to 1000000)";
    BOOST_TEST(
      problem("error_history: " + std::string{count} + ", children: [tail]")
      == expected);
  }
}

BOOST_AUTO_TEST_CASE(a_backoff_that_is_none) {
  BOOST_TEST(problem("backoff: { initial: 2s, max: 1s }, children: [tail]")
             == "3:45: supervisors[0].backoff.max: the longest wait, 1s, is "
                "below the initial one (expected at least 2s)");
  BOOST_TEST(problem("backoff: { initial: 1h }, children: [tail]")
             == "3:36: supervisors[0].backoff.initial: the longest wait, 30s, "
                "is below the initial one (expected at least 1h)");
  BOOST_TEST(problem("backoff: { initial: 1s, factor: 0.5 }, children: [tail]")
             == "3:48: supervisors[0].backoff.factor: invalid value \"0.5\" "
                "(expected a number from 1 to 1000)");
  BOOST_TEST(problem("backoff: { initial: 1s, jitter: 2 }, children: [tail]")
             == "3:48: supervisors[0].backoff.jitter: invalid value \"2\" "
                "(expected a number from 0 to 1)");
  BOOST_TEST(problem("backoff: { min: 1s }, children: [tail]")
               .find("unknown key \"min\"")
             != std::string::npos);
}

BOOST_AUTO_TEST_CASE(a_backoff_that_waits_for_nothing) {
  BOOST_TEST(problem("backoff: { max: 5s, jitter: 0.2 }, children: [tail]")
             == "3:25: supervisors[0].backoff: missing key \"initial\": "
                "without a first wait there is none, and \"max\" means "
                "nothing (expected how long it is, such as 100ms)");
  BOOST_TEST(problem("children: [{ name: t, backoff: { healthy_after: 1s }, "
                     "children: [tail] }]")
             == "3:47: supervisors[0].children[0].backoff: missing key "
                "\"initial\": without a first wait there is none, and "
                "\"healthy_after\" means nothing (expected how long it is, "
                "such as 100ms)");
  // Not to wait can be wanted, but is said.
  const auto none = one("backoff: { initial: 0s, max: 5s }, children: [tail]");
  BOOST_TEST(none.ok(), none.report());
  // A mistake there is one, not two.
  BOOST_TEST(problem("backoff: { initial: 5, max: 5s }, children: [tail]")
               .find("expected a duration")
             != std::string::npos);
}

// -- the time to end ----------------------------------------------------------

BOOST_AUTO_TEST_CASE(a_shutdown_that_is_none) {
  BOOST_TEST(problem("children: [{ name: a, type: tail, shutdown: infinite }]")
             == "3:60: supervisors[0].children[0].shutdown: invalid value "
                "\"infinite\" (expected \"infinity\", \"kill\" or a duration "
                "with its unit from 1ns to 24h; did you mean \"infinity\"?)");
}

BOOST_AUTO_TEST_CASE(a_supervisor_with_less_time_than_its_children) {
  const std::string two = "children: [{ name: a, type: tail, shutdown: 3s }, "
                          "{ name: b, type: tail, shutdown: 4s }] }]";
  BOOST_TEST(problem("children: [{ name: t, shutdown: 6s, " + two)
             == "3:48: supervisors[0].children[0].shutdown: 6s is less than "
                "its children may take, 7s one after the other (expected "
                "infinity, or at least that)");
  BOOST_TEST(problem("children: [{ name: t, shutdown: kill, " + two)
             == "3:48: supervisors[0].children[0].shutdown: it is killed at "
                "once, but its children may take, 7s one after the other "
                "(expected infinity, or at least that)");
  BOOST_TEST(one("children: [{ name: t, shutdown: 7s, " + two).ok());
  // The default is 5s for a worker, and what its children take for a supervisor.
  BOOST_TEST(problem("children: [{ name: t, shutdown: 4s, children: [{ name: "
                     "u, children: [tail] }] }]")
               .find("may take, 5s one after the other")
             != std::string::npos);
  BOOST_TEST(problem("children: [{ name: t, shutdown: 1h, children: [{ name: "
                     "a, type: tail, shutdown: infinity }] }]")
             == "3:48: supervisors[0].children[0].shutdown: 1h is less than "
                "its children may take all the time they want (expected "
                "infinity)");
}

BOOST_AUTO_TEST_CASE(children_that_stop_at_once_need_the_time_of_one) {
  const std::string many = "strategy: simple_one_for_one, instances: 9, "
                           "children: [tail] }]";
  BOOST_TEST(one("children: [{ name: t, shutdown: 5s, " + many).ok());
  BOOST_TEST(problem("children: [{ name: t, shutdown: 4s, " + many)
               .find("may take, 5s at once")
             != std::string::npos);
}

BOOST_AUTO_TEST_CASE(a_start_timeout_for_what_has_started_when_it_is_made) {
  BOOST_TEST(problem("children: [{ name: a, type: tail, start_timeout: 1s }]")
             == "3:65: supervisors[0].children[0].start_timeout: has no "
                "meaning for a child that counts as started when it was made "
                "(expected start: said)");
}

BOOST_AUTO_TEST_CASE(a_start_that_nobody_can_say) {
  const std::string rest = ", start: said, start_timeout: 1s }]";
  BOOST_TEST(problem("children: [{ name: a, type: tail" + rest)
             == "3:57: supervisors[0].children[0].start: \"tail\" is a type "
                "of actors, which are made with texts and do not know their "
                "supervisor, so they cannot say that they are started "
                "(expected \"made\")");
  BOOST_TEST(problem("children: [{ name: a, type: digest_tree, "
                     "with: { root: /usr }"
                     + rest)
             == "3:86: supervisors[0].children[0].start: \"digest_tree\" "
                "never says that it is started (expected \"made\")");
  BOOST_TEST(one("children: [{ name: a, type: drill" + rest).ok());
}

BOOST_AUTO_TEST_CASE(a_type_of_the_application_that_says_that_it_is_started) {
  registry.add("talkative", section<std::monostate>{"Says so."},
               [](std::monostate) { return std::make_shared<talkative>(); });
  files = std::make_unique<loader>(registry);
  const auto result =
    one("children: [{ name: a, type: talkative, start: said }]");
  BOOST_TEST(result.ok(), result.report());
}

// -- simple_one_for_one -------------------------------------------------------

BOOST_AUTO_TEST_CASE(children_of_one_kind) {
  BOOST_TEST(problem("strategy: simple_one_for_one, children: [tail]")
             == "3:26: supervisors[0].strategy: \"simple_one_for_one\" starts "
                "nothing by itself (expected instances: how many children of "
                "this kind there are)");
  BOOST_TEST(problem("strategy: simple_one_for_one, instances: 2, "
                     "children: [tail, parse]")
             == "3:26: supervisors[0].strategy: \"simple_one_for_one\" makes "
                "all its children of one kind, but there are 2 (expected one, "
                "and how many instances of it)");
  BOOST_TEST(problem("instances: 2, children: [tail]")
             == "3:27: supervisors[0].instances: only \"simple_one_for_one\" "
                "makes several children of one kind (expected no instances "
                "with \"one_for_one\")");
  BOOST_TEST(problem("strategy: one_for_some, children: [tail]")
               .find("did you mean \"one_for_one\"?")
             != std::string::npos);
}

BOOST_AUTO_TEST_CASE(names_of_instances_have_room_for_their_numbers) {
  const auto simple = [](const std::string& name) {
    return "strategy: simple_one_for_one, instances: 2, children: [{ name: "
         + name + ", type: tail }]";
  };
  const std::string longest(axiom::max_instance_name, 'x');
  const auto well = one(simple(longest));
  BOOST_TEST(well.ok(), well.report());
  BOOST_TEST(problem(simple(longest + 'x'))
             == "3:79: supervisors[0].children[0].name: has 44 bytes, but "
                "children of this kind are called NAME-1, NAME-2 and so on, "
                "and a name has at most 64 bytes (expected at most 43)");
  // Where there are no instances, there are no numbers.
  const auto other = one("children: [{ name: " + longest + "x, type: tail }]");
  BOOST_TEST(other.ok(), other.report());
}

// -- all at once --------------------------------------------------------------

BOOST_AUTO_TEST_CASE(a_mistake_is_not_taken_for_another_one) {
  BOOST_TEST(problem("children: [{ name: a, type: drill, start: sayd, "
                     "start_timeout: 1s }]")
               .find("3:58: supervisors[0].children[0].start: invalid value")
             == 0u);
  BOOST_TEST(problem("auto_shutdown: any_significant, children: [{ name: a, "
                     "type: tail, restart: sometimes, significant: true }]")
               .find("3:91: supervisors[0].children[0].restart: invalid value")
             == 0u);
  BOOST_TEST(problem("strategy: simple_one_for_one, instances: 0, "
                     "children: [tail]")
               .find("3:57: supervisors[0].instances: invalid value")
             == 0u);
}

BOOST_AUTO_TEST_CASE(a_supervisor_whose_children_are_called_something_else) {
  const auto result = one("children: [{ name: t, strategy: one_for_all, "
                          "childrn: [tail] }]");
  BOOST_TEST(problems(result)
               == (std::vector<std::string>{
                 "d.yaml:3:27: supervisors[0].children[0]: missing key "
                 "\"children\" (expected a list of children: each a mapping, "
                 "or the name of a type)",
                 "d.yaml:3:61: supervisors[0].children[0]: unknown key "
                 "\"childrn\" (expected name, strategy, max_restarts, within, "
                 "error_history, backoff, auto_shutdown, instances, children, "
                 "restart, significant, shutdown, start_timeout; did you mean "
                 "\"children\"?)"}),
             boost::test_tools::per_element());
}

BOOST_AUTO_TEST_CASE(every_mistake_of_a_tree_at_once) {
  const auto result = load("version: 1\n"
                           "supervisors:\n"
                           "  - name: top\n"
                           "    within: never\n"
                           "    backoff: { initial: 2s, max: 1s }\n"
                           "    children:\n"
                           "      - drll\n"
                           "      - name: a\n"
                           "        type: drill\n"
                           "        significant: true\n"
                           "      - name: a\n"
                           "        restart: always\n"
                           "        children: [{ name: b, type: nothing }]\n"
                           "  - children: [tail]\n");
  std::vector<std::string> places;
  for (const auto& line : problems(result))
    places.push_back(line.substr(7, line.find(": ") - 7));
  BOOST_TEST(places
               == (std::vector<std::string>{"4:13", "5:34", "7:9", "10:22",
                                            "10:22", "11:15", "12:18", "13:37",
                                            "14:5"}),
             boost::test_tools::per_element());
}

BOOST_AUTO_TEST_SUITE_END()
