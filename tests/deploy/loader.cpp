#include "axiom/deploy/loader.hpp"

#include <memory>
#include <string>
#include <vector>

#include <boost/test/unit_test.hpp>

#include "axiom/deploy/types.hpp"
#include "support/loading.hpp"

using namespace axiom::deploy;
using namespace std::chrono_literals;
using axiom::runtime::affinity;
using axiom::runtime::scheduler_policy;
using test::copy_program;
using test::good_task;
using test::with_task;

BOOST_FIXTURE_TEST_SUITE(loader_accepts, test::loading)

BOOST_AUTO_TEST_CASE(a_complete_deployment) {
  const auto result = load("version: 1\n"
                           "system: { threads: 4, scheduler: axiom, "
                           "affinity: scatter }\n"
                           "metrics: { bind: 127.0.0.1:9464 }\n"
                           "tasks:\n"
                           "  - name: first\n"
                           "    type: copy\n"
                           "    with: { from: /x, limit: 64MiB }\n"
                           "    priority: high\n"
                           "    grace: 250ms\n"
                           "  - { name: second, type: copy, "
                           "with: { from: /y } }\n");
  BOOST_TEST_REQUIRE(result.ok(), result.report());
  const auto& value = result.value;
  BOOST_CHECK(value.system.threads == 4u);
  BOOST_CHECK(value.system.scheduler == scheduler_policy::axiom);
  BOOST_CHECK(value.system.affinity == affinity::scatter);
  BOOST_REQUIRE(value.metrics.has_value());
  BOOST_TEST(to_string(value.metrics->bind) == "127.0.0.1:9464");
  BOOST_TEST_REQUIRE(value.tasks.size() == 2u);
  BOOST_TEST(value.tasks[0].name == "first");
  BOOST_TEST(value.tasks[0].type == "copy");
  BOOST_CHECK(value.tasks[0].priority == axiom::task_priority::high);
  BOOST_CHECK(value.tasks[0].grace == 250ms);
  const auto* program =
    dynamic_cast<const copy_program*>(value.tasks[0].program.get());
  BOOST_REQUIRE(program);
  BOOST_TEST(program->options.from == "/x");
  BOOST_TEST(program->options.limit == 64u << 20);
}

BOOST_AUTO_TEST_CASE(limiters_and_who_uses_them) {
  const auto result = load("version: 1\n"
                           "limiters:\n"
                           "  io: { max_concurrency: 8, ageing: 100ms }\n"
                           "  service: { max_concurrency: 4, adaptive: "
                           "{ algorithm: gradient, min: 2, max: 64 } }\n"
                           "tasks:\n"
                           + good_task
                           + "    limiter: service\n"
                             "    timeout: 60s\n");
  BOOST_TEST_REQUIRE(result.ok(), result.report());
  const auto& value = result.value;
  BOOST_TEST_REQUIRE(value.limiters.size() == 2u);
  BOOST_TEST(value.limiters[0].name == "io");
  BOOST_TEST(value.limiters[0].max_concurrency == 8u);
  BOOST_CHECK(value.limiters[0].ageing == 100ms);
  BOOST_CHECK(value.limiters[0].adaptive.algorithm
              == axiom::adaptive_algorithm::off);
  BOOST_CHECK(value.limiters[1].ageing == 250ms);
  BOOST_CHECK(value.limiters[1].adaptive.algorithm
              == axiom::adaptive_algorithm::gradient);
  BOOST_TEST(value.limiters[1].adaptive.min == 2u);
  BOOST_TEST(value.limiters[1].adaptive.max == 64u);
  BOOST_CHECK(value.tasks[0].limiter == "service");
  BOOST_CHECK(value.tasks[0].timeout == 60s);
}

BOOST_AUTO_TEST_CASE(resources_and_who_needs_them) {
  const auto result = load("version: 1\n"
                           "resources: { memory: 1GiB, cpu: 1.5, custom: "
                           "{ licence: 3 } }\n"
                           "tasks:\n"
                           + good_task
                           + "    resources: { memory: 64MiB, cpu: 0.5, "
                             "custom: { licence: 1 } }\n");
  BOOST_TEST_REQUIRE(result.ok(), result.report());
  const auto& value = result.value;
  BOOST_CHECK(value.resources.memory == 1u << 30);
  BOOST_CHECK(value.resources.cpu == 1500u);
  BOOST_TEST(value.resources.custom.size() == 1u);
  BOOST_TEST(to_string(value.tasks[0].resources)
             == "64 MiB of memory, 0.5 cpu and 1 of 'licence'");
}

BOOST_AUTO_TEST_CASE(resources_of_the_machine_unless_it_says_otherwise) {
  const auto result = load("version: 1\n"
                           "resources: { memory: auto }\n"
                           "tasks:\n"
                           + good_task);
  BOOST_TEST_REQUIRE(result.ok(), result.report());
  BOOST_CHECK(!result.value.resources.memory);
  BOOST_CHECK(!result.value.resources.cpu);
  BOOST_TEST(result.value.tasks[0].resources.empty());
}

BOOST_AUTO_TEST_CASE(what_is_done_when_memory_is_short) {
  const auto result = load("version: 1\n"
                           "memory_pressure: { warning: 0.7, critical: 0.9, "
                           "interval: 2s, shed_batch: 3, shed_grace: 1s }\n"
                           "tasks:\n"
                           + good_task + "    sheddable: true\n");
  BOOST_TEST_REQUIRE(result.ok(), result.report());
  const auto& value = result.value;
  BOOST_REQUIRE(value.memory_pressure);
  BOOST_TEST(value.memory_pressure->warning == 0.7);
  BOOST_TEST(value.memory_pressure->critical == 0.9);
  BOOST_CHECK(value.memory_pressure->interval == 2s);
  BOOST_TEST(value.memory_pressure->shed_batch == 3u);
  BOOST_CHECK(value.memory_pressure->shed_grace == 1s);
  BOOST_TEST(value.tasks[0].sheddable);
}

BOOST_AUTO_TEST_CASE(pools_and_who_uses_them) {
  const auto result = load("version: 1\n"
                           "pools: { blocks: { smallest: 64KiB, largest: 1MiB, "
                           "budget: 8MiB, idle_timeout: 5s } }\n"
                           "tasks:\n"
                           + good_task);
  BOOST_TEST_REQUIRE(result.ok(), result.report());
  const auto& value = result.value;
  BOOST_TEST_REQUIRE(value.pools.size() == 1u);
  BOOST_TEST(value.pools[0].name == "blocks");
  BOOST_TEST(value.pools[0].smallest == 64u << 10);
  BOOST_TEST(value.pools[0].largest == 1u << 20);
  BOOST_TEST(value.pools[0].budget == 8u << 20);
  BOOST_CHECK(value.pools[0].idle_timeout == 5s);
}

BOOST_AUTO_TEST_CASE(the_least_and_fills_in_the_defaults) {
  const auto result = load(with_task(good_task));
  BOOST_TEST_REQUIRE(result.ok(), result.report());
  const auto& value = result.value;
  BOOST_CHECK(!value.system.threads);
  BOOST_CHECK(value.system.scheduler == scheduler_policy::axiom);
  BOOST_CHECK(value.system.affinity == affinity::none);
  BOOST_CHECK(!value.metrics);
  BOOST_CHECK(value.tasks[0].priority == axiom::task_priority::medium);
  BOOST_CHECK(value.tasks[0].grace == 2s);
  const auto* program =
    dynamic_cast<const copy_program*>(value.tasks[0].program.get());
  BOOST_TEST(program->options.limit == 1u << 20);
}

BOOST_AUTO_TEST_CASE(variables_in_values_whatever_they_contain) {
  vars.set("ROOT", "/strange\n: [\xff");
  vars.set("N", "3");
  const auto result = load("version: 1\nsystem: { threads: \"${N}\" }\n"
                           "tasks:\n"
                           "- name: a\n"
                           "  type: copy\n"
                           "  with: { from: \"${ROOT:-/usr/include}\" }\n");
  BOOST_TEST_REQUIRE(result.ok(), result.report());
  BOOST_CHECK(result.value.system.threads == 3u);
  const auto* program =
    dynamic_cast<const copy_program*>(result.value.tasks[0].program.get());
  BOOST_TEST(program->options.from == "/strange\n: [\xff");
}

BOOST_AUTO_TEST_CASE(json_crlf_and_comments_because_they_are_yaml) {
  const auto json = load(R"({"version": 1, "tasks": [{"name": "a",
    "type": "copy", "with": {"from": "/x"}}]})");
  BOOST_TEST(json.ok(), json.report());
  const auto crlf = load("# comment\r\nversion: 1\r\ntasks:\r\n"
                         "- name: a # more\r\n  type: copy\r\n"
                         "  with:\r\n    from: /x\r\n");
  BOOST_TEST(crlf.ok(), crlf.report());
}

BOOST_AUTO_TEST_CASE(every_scheduler_and_affinity_by_the_name_it_prints) {
  for (auto policy : {scheduler_policy::axiom, scheduler_policy::stealing,
                      scheduler_policy::sharing})
    for (auto where : {affinity::none, affinity::compact, affinity::scatter}) {
      if (policy != scheduler_policy::axiom && where != affinity::none)
        continue;
      const auto result =
        load("version: 1\nsystem: { scheduler: " + to_string(policy)
             + ", affinity: " + to_string(where) + " }\ntasks:\n" + good_task);
      BOOST_TEST_REQUIRE(result.ok(), result.report());
      BOOST_CHECK(result.value.system.scheduler == policy);
      BOOST_CHECK(result.value.system.affinity == where);
    }
}

BOOST_AUTO_TEST_SUITE_END()

BOOST_FIXTURE_TEST_SUITE(loader_refuses, test::loading)

BOOST_AUTO_TEST_CASE(unknown_keys_with_a_suggestion) {
  BOOST_TEST(only_problem("version: 1\nmetrcs: {}\ntasks:\n" + good_task)
             == "d.yaml:2:1: unknown key \"metrcs\" (expected version, "
                "system, metrics, limiters, pools, resources, "
                "memory_pressure, retry_budget, supervisors, tasks; did you "
                "mean \"metrics\"?)");
  BOOST_TEST(only_problem(with_task("- name: a\n"
                                    "  type: copy\n"
                                    "  with:\n"
                                    "    from: /x\n"
                                    "    limt: 1MiB\n"))
             == "d.yaml:7:5: tasks[0].with: unknown key \"limt\" (expected "
                "from, limit; did you mean \"limit\"?)");
}

BOOST_AUTO_TEST_CASE(duplicate_keys_at_any_depth) {
  BOOST_TEST(only_problem("version: 1\nversion: 1\ntasks:\n" + good_task)
             == "d.yaml:2:1: version: duplicate key \"version\" (first on "
                "line 1)");
  BOOST_TEST(only_problem(with_task("- name: a\n"
                                    "  type: copy\n"
                                    "  with: { from: /x, from: /y }\n"))
             == "d.yaml:5:21: tasks[0].with.from: duplicate key \"from\" "
                "(first on line 5)");
}

BOOST_AUTO_TEST_CASE(missing_keys) {
  BOOST_TEST(only_problem("tasks:\n" + good_task)
             == "d.yaml:1:1: missing key \"version\" (expected 1)");
  BOOST_TEST(only_problem(with_task("- type: copy\n"
                                    "  with: { from: /x }\n"))
             == "d.yaml:3:3: tasks[0]: missing key \"name\" (expected a name "
                "of 1 to 64 printable bytes)");
  BOOST_TEST(only_problem(with_task("- name: a\n  type: copy\n"))
             == "d.yaml:3:3: tasks[0].with: missing key \"from\" (expected a "
                "path)");
}

BOOST_AUTO_TEST_CASE(another_version) {
  BOOST_TEST(only_problem("version: 2\ntasks:\n" + good_task)
             == "d.yaml:1:10: version: invalid value \"2\" (expected 1)");
}

BOOST_AUTO_TEST_CASE(values_of_the_wrong_kind) {
  BOOST_TEST(only_problem("version: 1\nsystem: [1]\ntasks:\n" + good_task)
             == "d.yaml:2:9: system: a list (expected a mapping of threads, "
                "scheduler, affinity)");
  BOOST_TEST(only_problem("version: [1]\ntasks:\n" + good_task)
             == "d.yaml:1:10: version: a list (expected 1)");
  BOOST_TEST(only_problem("version: 1\ntasks: digest\n")
             == "d.yaml:2:8: tasks: a value (expected a list)");
  BOOST_TEST(only_problem("version: 1\ntasks:\n")
             == "d.yaml:2:1: tasks: nothing (expected a list)");
  BOOST_TEST(only_problem("version: 1\ntasks: []\n")
             == "d.yaml:2:8: tasks: no tasks (expected at least one)");
  BOOST_TEST(only_problem("- version\n")
             == "d.yaml:1:1: a list (expected a mapping of version, system, "
                "metrics, limiters, pools, resources, memory_pressure, "
                "retry_budget, supervisors, tasks)");
}

BOOST_AUTO_TEST_CASE(values_out_of_range_or_misspelt) {
  BOOST_TEST(
    only_problem("version: 1\nsystem: { threads: 0 }\ntasks:\n" + good_task)
    == "d.yaml:2:20: system.threads: invalid value \"0\" (expected \"auto\" "
       "or an integer from 1 to 1024)");
  BOOST_TEST(
    only_problem("version: 1\nsystem: { threads: aut }\ntasks:\n" + good_task)
    == "d.yaml:2:20: system.threads: invalid value \"aut\" (expected "
       "\"auto\" or an integer from 1 to 1024; did you mean \"auto\"?)");
  BOOST_TEST(only_problem("version: 1\nsystem: { scheduler: shraing }\n"
                          "tasks:\n"
                          + good_task)
             == "d.yaml:2:22: system.scheduler: invalid value \"shraing\" "
                "(expected \"axiom\", \"stealing\" or \"sharing\"; did you "
                "mean \"sharing\"?)");
  BOOST_TEST(only_problem("version: 1\nsystem: { affinity: compct }\n"
                          "tasks:\n"
                          + good_task)
             == "d.yaml:2:21: system.affinity: invalid value \"compct\" "
                "(expected \"none\", \"compact\" or \"scatter\"; did you mean "
                "\"compact\"?)");
  BOOST_TEST(
    only_problem("version: 1\nmetrics: { bind: 9464 }\ntasks:\n" + good_task)
    == "d.yaml:2:18: metrics.bind: invalid value \"9464\" (expected an IP "
       "address and a port such as 127.0.0.1:9464)");
  BOOST_TEST(only_problem(with_task(good_task + "    grace: 2\n"))
             == "d.yaml:6:12: tasks[0].grace: invalid value \"2\" (expected "
                "a duration with its unit from 0s to 24h)");
  BOOST_TEST(only_problem(with_task("- name: a\n"
                                    "  type: copy\n"
                                    "  with: { from: /x, limit: 5 }\n"))
             == "d.yaml:5:28: tasks[0].with.limit: invalid value \"5\" "
                "(expected a number of bytes with its unit from 1B to 1TiB)");
}

BOOST_AUTO_TEST_CASE(limiters_that_cannot_be) {
  auto limiter = [this](const std::string& fields) {
    return only_problem("version: 1\nlimiters:\n  io: {" + fields
                        + "}\ntasks:\n" + good_task);
  };
  BOOST_TEST(limiter("max_concurrency: 0")
             == "d.yaml:3:25: limiters.io.max_concurrency: invalid value \"0\" "
                "(expected an integer from 1 to 1000000)");
  BOOST_TEST(limiter("")
             == "d.yaml:3:7: limiters.io: missing key \"max_concurrency\" "
                "(expected an integer from 1 to 1000000)");
  BOOST_TEST(limiter("max_concurrency: 1, adaptive: {algorithm: gradent, "
                     "max: 2}")
             == "d.yaml:3:50: limiters.io.adaptive.algorithm: invalid value "
                "\"gradent\" (expected \"aimd\", \"vegas\" or \"gradient\"; "
                "did you mean \"gradient\"?)");
  BOOST_TEST(limiter("max_concurrency: 1, adaptive: {algorithm: aimd, min: 3, "
                     "max: 2}")
             == "d.yaml:3:61: limiters.io.adaptive.min: 3 is above max "
                "(expected at most 2)");
  BOOST_TEST(
    limiter("max_concurrency: 9, adaptive: {algorithm: aimd, max: 8}")
    == "d.yaml:3:25: limiters.io.max_concurrency: 9 is where the limit "
       "begins (expected at least min, 1, and at most max, 8)");
  BOOST_TEST(only_problem("version: 1\nlimiters: [io]\ntasks:\n" + good_task)
             == "d.yaml:2:11: limiters: a list (expected a mapping from names "
                "to a mapping)");
}

BOOST_AUTO_TEST_CASE(limiters_that_nobody_defined) {
  BOOST_TEST(only_problem("version: 1\nlimiters: { io: { max_concurrency: 1 }, "
                          "db: { max_concurrency: 1 } }\ntasks:\n"
                          + good_task + "    limiter: ios\n")
             == "d.yaml:7:14: tasks[0].limiter: unknown limiter \"ios\" "
                "(expected io, db; did you mean \"io\"?)");
  BOOST_TEST(only_problem(with_task(good_task + "    limiter: io\n"))
             == "d.yaml:6:14: tasks[0].limiter: unknown limiter \"io\" (the "
                "file has no limiters)");
}

BOOST_AUTO_TEST_CASE(resources_that_cannot_be) {
  auto there = [this](const std::string& fields) {
    return only_problem("version: 1\nresources: {" + fields + "}\ntasks:\n"
                        + good_task);
  };
  BOOST_TEST(there("memory: 0B")
             == "d.yaml:2:21: resources.memory: invalid value \"0B\" "
                "(expected \"auto\" or a number of bytes with its unit from 1B "
                "to 1024TiB)");
  BOOST_TEST(there("cpu: 0.0001")
             == "d.yaml:2:18: resources.cpu: invalid value \"0.0001\" "
                "(expected \"auto\" or a number of cores from 0.001 to 1000)");
  BOOST_TEST(there("custom: { licence: -1 }")
             == "d.yaml:2:32: resources.custom.licence: invalid value \"-1\" "
                "(expected an integer from 1 to 1000000000)");
}

BOOST_AUTO_TEST_CASE(resources_that_are_not_there) {
  auto wanted = [this](const std::string& fields) {
    return only_problem(
      "version: 1\nresources: { memory: 1GiB, cpu: 2, custom: "
      "{ licence: 3 } }\ntasks:\n"
      + good_task + "    resources: {" + fields + "}\n");
  };
  BOOST_TEST(wanted("memory: 2GiB")
             == "d.yaml:7:25: tasks[0].resources.memory: 2 GiB of memory is "
                "more than there is (expected at most 1 GiB of memory)");
  BOOST_TEST(
    wanted("custom: { licence: 4 }")
    == "d.yaml:7:36: tasks[0].resources.custom.licence: 4 of 'licence' "
       "is more than there is (expected at most 3 of 'licence')");
  BOOST_TEST(wanted("custom: { license: 1 }")
             == "d.yaml:7:36: tasks[0].resources.custom.license: unknown "
                "resource \"license\" (expected licence; did you mean "
                "\"licence\"?)");
  BOOST_TEST(wanted("")
             == "d.yaml:7:16: tasks[0].resources: nothing is asked for "
                "(expected at least one of memory, cpu, custom)");
}

BOOST_AUTO_TEST_CASE(pressure_that_cannot_be) {
  auto heeding = [this](const std::string& fields) {
    return only_problem("version: 1\nmemory_pressure: {" + fields
                        + "}\ntasks:\n" + good_task);
  };
  BOOST_TEST(heeding("warning: 80")
             == "d.yaml:2:28: memory_pressure.warning: invalid value \"80\" "
                "(expected a number from 0.001 to 1)");
  BOOST_TEST(heeding("warning: 0.9, critical: 0.8").find("d.yaml:2:")
             != std::string::npos);
  BOOST_TEST(only_problem(with_task(good_task + "    sheddable: maybe\n"))
             == "d.yaml:6:16: tasks[0].sheddable: invalid value \"maybe\" "
                "(expected \"true\" or \"false\")");
}

BOOST_AUTO_TEST_CASE(pools_that_cannot_be) {
  auto pool = [this](const std::string& fields) {
    return only_problem("version: 1\npools:\n  blocks: {" + fields
                        + "}\ntasks:\n" + good_task);
  };
  BOOST_TEST(pool("budget: 1MiB, smallest: 5KiB")
             == "d.yaml:3:36: pools.blocks.smallest: is no power of two "
                "(expected such as 64KiB)");
  BOOST_TEST(
    pool("budget: 1MiB, smallest: 64KiB, largest: 4KiB")
    == "d.yaml:3:36: pools.blocks.smallest: is above largest (expected "
       "at most that)");
  BOOST_TEST(pool("budget: 1MiB, largest: 2MiB")
             == "d.yaml:3:20: pools.blocks.budget: is less than one of the "
                "largest blocks (expected at least that)");
  BOOST_TEST(pool("largest: 1MiB").find("missing key \"budget\"")
             != std::string::npos);
}

BOOST_AUTO_TEST_CASE(pools_that_a_task_cannot_use) {
  auto task = [this](const std::string& pool) {
    return only_problem("version: 1\npools: { blocks: { budget: 1MiB } }\n"
                        "tasks:\n"
                        + good_task + "    pool: " + pool + "\n");
  };
  BOOST_TEST(task("block")
             == "d.yaml:7:11: tasks[0].pool: unknown pool \"block\" (expected "
                "blocks; did you mean \"blocks\"?)");
  BOOST_TEST(task("blocks")
             == "d.yaml:7:11: tasks[0].pool: a task of type \"copy\" takes no "
                "buffers (expected no pool)");
}

BOOST_AUTO_TEST_CASE(the_scheduler_that_tests_drive_by_hand) {
  BOOST_TEST(only_problem("version: 1\nsystem: { scheduler: testing }\n"
                          "tasks:\n"
                          + good_task)
             == "d.yaml:2:22: system.scheduler: invalid value \"testing\" "
                "(expected \"axiom\", \"stealing\" or \"sharing\")");
}

BOOST_AUTO_TEST_CASE(an_affinity_that_the_scheduler_does_not_have) {
  BOOST_TEST(only_problem("version: 1\n"
                          "system: { affinity: scatter, scheduler: stealing }\n"
                          "tasks:\n"
                          + good_task)
             == "d.yaml:2:21: system.affinity: \"scatter\" needs the scheduler "
                "\"axiom\" (expected \"none\" with \"stealing\")");
}

BOOST_AUTO_TEST_CASE(empty_values) {
  BOOST_TEST(only_problem(with_task("- name: a\n"
                                    "  type: copy\n"
                                    "  with: { from: \"\" }\n"))
             == "d.yaml:5:17: tasks[0].with.from: an empty value (expected a "
                "path)");
}

BOOST_AUTO_TEST_CASE(unknown_task_types) {
  BOOST_TEST(only_problem(with_task("- name: a\n  type: cpoy\n"))
             == "d.yaml:4:9: tasks[0].type: unknown task type \"cpoy\" "
                "(expected copy; did you mean \"copy\"?)");
}

BOOST_AUTO_TEST_CASE(names_that_are_not_unique_too_long_or_unprintable) {
  BOOST_TEST(only_problem(with_task(good_task + good_task))
             == "d.yaml:6:11: tasks[1].name: duplicate name \"a\" (tasks[0] "
                "has it; expected unique names)");
  const std::string expected = "expected a name of 1 to 64 printable bytes)";
  const auto longer =
    only_problem(with_task("- name: " + std::string(65, 'x')
                           + "\n  type: copy\n  with: { from: /x }\n"));
  BOOST_TEST(longer.ends_with(expected));
  const auto control =
    only_problem(with_task("- name: \"a\\e[2J\"\n"
                           "  type: copy\n  with: { from: /x }\n"));
  BOOST_TEST(control
             == "d.yaml:3:9: tasks[0].name: invalid value \"a\\x1b[2J\" ("
                  + expected);
}

BOOST_AUTO_TEST_CASE(anchors_aliases_merge_keys_and_tags) {
  BOOST_TEST(only_problem("version: &v 1\ntasks:\n" + good_task)
             == "d.yaml:1:10: version: anchors are not allowed (write the "
                "value where it is needed)");
  const auto alias =
    load("version: &v 1\nsystem: { threads: *v }\ntasks:\n" + good_task);
  BOOST_TEST(alias.problems.size() == 2u, alias.report());
  BOOST_TEST(alias.problems[1].what
             == "aliases are not allowed (write the value out)");
  BOOST_TEST(only_problem("version: 1\nsystem: { <<: {threads: 1} }\n"
                          "tasks:\n"
                          + good_task)
             == "d.yaml:2:11: system: merge keys are not allowed (write the "
                "fields out)");
  BOOST_TEST(only_problem("version: !!int 1\ntasks:\n" + good_task)
             == "d.yaml:1:10: version: tag \"tag:yaml.org,2002:int\" is not "
                "allowed (the field decides the type)");
}

BOOST_AUTO_TEST_CASE(keys_that_are_not_names) {
  BOOST_TEST(only_problem("version: 1\n? [a, b]\n: 1\ntasks:\n" + good_task)
             == "d.yaml:2:3: a key that is a list (expected a name)");
  BOOST_TEST(only_problem("version: 1\n~: 1\ntasks:\n" + good_task)
             == "d.yaml:2:1: a key without a name");
}

BOOST_AUTO_TEST_CASE(missing_variables_and_stray_dollars) {
  BOOST_TEST(only_problem(with_task("- name: a\n"
                                    "  type: copy\n"
                                    "  with: { from: \"${ROOT:?say where}\" }"
                                    "\n"))
             == "d.yaml:5:17: tasks[0].with.from: variable \"ROOT\" is not "
                "set: say where");
  BOOST_TEST(only_problem(with_task("- name: a\n"
                                    "  type: copy\n"
                                    "  with: { from: cash$ }\n"))
               .starts_with("d.yaml:5:17: tasks[0].with.from: a single "));
}

BOOST_AUTO_TEST_CASE(variables_set_by_hand_that_nothing_uses) {
  vars.set("ROTO", "/y");
  BOOST_TEST(only_problem(with_task("- name: a\n"
                                    "  type: copy\n"
                                    "  with: { from: \"${ROOT:-/x}\" }\n"))
             == "d.yaml: --set ROTO: no value in the file uses ${ROTO} (did "
                "you mean \"ROOT\"?)");
}

BOOST_AUTO_TEST_CASE(what_does_not_fit_the_environment) {
  BOOST_TEST(only_problem(with_task("- name: a\n"
                                    "  type: copy\n"
                                    "  with: { from: /missing }\n"))
             == "d.yaml: tasks[0].with.from: does not exist");
}

BOOST_AUTO_TEST_CASE(text_that_is_not_yaml) {
  BOOST_TEST(only_problem("version: 1\ntasks: [\n")
               .starts_with("d.yaml:3:1: not YAML: "));
  BOOST_TEST(only_problem("version: 1\n\ttasks: 1\n")
               .starts_with("d.yaml:2:1: not YAML: "));
  // yaml-cpp would take the end of the file for the closing quote.
  const auto open = load("version: 1\ntasks: \"1\n");
  BOOST_TEST_REQUIRE(!open.ok());
  BOOST_TEST(open.problems[0].what
             == "a quoted value that does not end (expected a closing \")");
}

BOOST_AUTO_TEST_CASE(files_without_a_document_or_with_two) {
  BOOST_TEST(only_problem("")
             == "d.yaml: the file is empty (expected a deployment)");
  BOOST_TEST(only_problem("# nothing\n\n")
             == "d.yaml: the file is empty (expected a deployment)");
  const auto two =
    load("version: 1\ntasks:\n" + good_task + "---\nversion: 1\n");
  BOOST_TEST_REQUIRE(two.problems.size() == 1u, two.report());
  BOOST_TEST(two.problems[0].what
             == "a second document (expected one document in the file)");
}

BOOST_AUTO_TEST_CASE(bytes_that_are_not_text) {
  BOOST_TEST(only_problem("version: 1\n# \xff\n")
             == "d.yaml:2:3: not UTF-8 (byte \"\\xff\")");
  BOOST_TEST(only_problem(std::string{"version: 1\0", 11})
             == "d.yaml:1:11: control character \"\\x00\" (write it as an "
                "escape in double quotes)");
  // yaml-cpp would take it for the end of the file.
  BOOST_TEST(only_problem("version: 1\n\x04tasks: x\n")
               .starts_with("d.yaml:2:1: control character \"\\x04\""));
}

BOOST_AUTO_TEST_CASE(sizes_and_depths_beyond_reason) {
  BOOST_TEST(only_problem(std::string((1u << 20) + 1, ' '))
             == "d.yaml: too large: 1048577 bytes (expected at most "
                "1048576)");
  BOOST_TEST(!load("version: 1\ntasks: " + std::string(100'000, '[')).ok());
  const auto deep =
    load("version: 1\ntasks: " + std::string(100, '[') + std::string(100, ']'));
  BOOST_TEST_REQUIRE(!deep.ok());
  BOOST_TEST(deep.problems[0].what
             == "nested too deeply (expected at most 64 levels)");
  std::string block = "version: 1\ntasks:\n";
  for (int i = 0; i < 200; ++i)
    block += std::string(static_cast<std::size_t>(i), ' ') + "-\n";
  const auto blocks = load(block);
  BOOST_TEST(!blocks.ok());
}

BOOST_AUTO_TEST_CASE(aliases_that_would_expand_for_ever) {
  std::string bomb = "a0: &a0 [x, x]\n";
  for (int i = 1; i < 40; ++i) {
    const auto n = std::to_string(i);
    const auto before = std::to_string(i - 1);
    bomb += 'a' + n + ": &a" + n + " [*a" + before + ", *a" + before + "]\n";
  }
  BOOST_TEST(!load(bomb).ok());
}

BOOST_AUTO_TEST_SUITE_END()

BOOST_FIXTURE_TEST_SUITE(loader_reports, test::loading)

BOOST_AUTO_TEST_CASE(every_problem_at_once_in_the_order_of_the_file) {
  const auto result = load("version: one\n"
                           "system: { threads: -1, colour: red }\n"
                           "tasks:\n"
                           "  - name: a\n"
                           "    type: copy\n"
                           "    with: { limit: 1 }\n"
                           "    priority: urgent\n"
                           "  - name: b\n"
                           "    type: fly\n");
  std::vector<std::uint32_t> lines;
  for (const auto& issue : result.problems)
    lines.push_back(issue.where.line);
  const std::vector<std::uint32_t> expected{1, 2, 2, 6, 6, 7, 9};
  BOOST_TEST(lines == expected, boost::test_tools::per_element());
}

BOOST_AUTO_TEST_CASE(the_line_with_a_caret_below_the_place) {
  const auto result =
    load("version: 1\nsystem: { threads: many }\ntasks:\n" + good_task);
  BOOST_TEST(result.report()
             == "d.yaml:2:20: system.threads: invalid value \"many\" "
                "(expected \"auto\" or an integer from 1 to 1024)\n"
                "  system: { threads: many }\n"
                "                     ^\n");
}

BOOST_AUTO_TEST_CASE(columns_in_characters_not_bytes) {
  const auto result = load("version: 1\n\"größe\": x\nsystem: { \"größe\": 1,"
                           " threads: x }\ntasks:\n"
                           + good_task);
  BOOST_TEST_REQUIRE(result.problems.size() == 3u, result.report());
  const auto text = render(result.problems[2], result.source);
  BOOST_TEST(text.starts_with("d.yaml:3:32: system.threads: "), text);
  BOOST_TEST(text.ends_with("\n  system: { \"größe\": 1, threads: x }\n"
                            "                                 ^\n"),
             text);
}

BOOST_AUTO_TEST_CASE(long_lines_cut_around_the_place) {
  const auto result =
    load("version: 1\nsystem: { threads: " + std::string(5000, 'x')
         + " }\ntasks:\n" + good_task);
  BOOST_TEST_REQUIRE(result.problems.size() == 1u);
  BOOST_TEST(result.report().size() < 600u);
}

BOOST_AUTO_TEST_CASE(topology_only_when_the_fields_are_well) {
  const auto result =
    load(with_task(good_task + good_task + "    grace: never\n"));
  BOOST_TEST_REQUIRE(result.problems.size() == 1u, result.report());
  BOOST_TEST(result.problems[0].path == "tasks[1].grace");
}

BOOST_AUTO_TEST_CASE(files_that_cannot_be_read) {
  BOOST_TEST(files->load_file("", vars).report()
             == "axiom: the name of the deployment file is empty (expected "
                "the path of a YAML file)\n");
  BOOST_TEST(files->load_file("/nonexistent/d.yaml", vars).report()
             == "/nonexistent/d.yaml: cannot be opened: No such file or "
                "directory\n");
  BOOST_TEST(files->load_file("/", vars).report()
             == "/: is a directory (expected a YAML file)\n");
  // Endless, and never read to its end.
  BOOST_TEST(files->load_file("/dev/zero", vars)
               .report()
               .starts_with("/dev/zero: too large: "));
}

BOOST_AUTO_TEST_CASE(the_table_of_the_fields_for_schemas) {
  const auto& root = files->fields();
  BOOST_TEST(root.fields().size() == 10u);
  for (const auto& field : root.fields()) {
    BOOST_TEST(!field.doc.empty());
    BOOST_TEST(!field.type.expected.empty());
  }
  const auto& tasks = root.fields().back();
  BOOST_REQUIRE(tasks.type.element);
  BOOST_REQUIRE(tasks.type.element->fields);
  BOOST_TEST(tasks.type.element->fields->fields().front().name == "name");
}

BOOST_AUTO_TEST_SUITE_END()
