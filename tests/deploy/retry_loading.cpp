// `retry:` of a task and `retry_budget:`, as they are read.

#include <string>

#include <boost/test/unit_test.hpp>

#include "axiom/deploy/loader.hpp"
#include "support/loading.hpp"

using namespace axiom::deploy;
using namespace std::chrono_literals;
using test::good_task;
using test::with_task;

BOOST_FIXTURE_TEST_SUITE(loading_retries, test::loading)

BOOST_AUTO_TEST_CASE(how_tasks_are_tried_again) {
  const auto result = load("version: 1\n"
                           "retry_budget: { capacity: 2.5 }\n"
                           "tasks:\n"
                           + good_task
                           + "    timeout: 60s\n"
                             "    retry:\n"
                             "      attempts: 5\n"
                             "      attempt_timeout: 10s\n"
                             "      backoff: { initial: 50ms, max: 2s, "
                             "factor: 1.5, jitter: 0 }\n"
                             "  - { name: b, type: copy, with: { from: /y }, "
                             "retry: {} }\n"
                             "  - { name: c, type: copy, with: { from: /y }, "
                             "retry: { backoff: { shape: constant, "
                             "initial: 1m } } }\n");
  BOOST_TEST_REQUIRE(result.ok(), result.report());
  const auto& value = result.value;
  BOOST_REQUIRE(value.retry_budget);
  BOOST_TEST(value.retry_budget->capacity == 2.5);
  BOOST_TEST(value.retry_budget->per_success == 0.1);
  const auto& first = value.tasks[0].retry;
  BOOST_REQUIRE(first);
  BOOST_TEST(first->attempts == 5u);
  BOOST_CHECK(first->attempt_timeout == 10s);
  BOOST_CHECK(first->backoff.shape == axiom::backoff_shape::exponential);
  BOOST_CHECK(first->backoff.initial == 50ms);
  BOOST_CHECK(first->backoff.max == 2s);
  BOOST_TEST(first->backoff.factor == 1.5);
  BOOST_TEST(first->backoff.jitter == 0);
  const auto& second = value.tasks[1].retry;
  BOOST_REQUIRE(second);
  BOOST_TEST(second->attempts == 3u);
  BOOST_CHECK(!second->attempt_timeout);
  BOOST_CHECK(second->backoff.initial == axiom::backoff_options{}.initial);
  BOOST_TEST(second->backoff.jitter == 0.2);
  const auto& third = value.tasks[2].retry;
  BOOST_REQUIRE(third);
  BOOST_CHECK(third->backoff.initial == 1min);
  BOOST_CHECK(third->backoff.max == 1min);
  // All of them are policies that `retry` takes.
  for (const auto& task : value.tasks)
    BOOST_TEST(axiom::problems_of(task.retry->backoff).empty());
  BOOST_CHECK(!load(with_task(good_task)).value.tasks[0].retry);
}

BOOST_AUTO_TEST_CASE(a_budget_smaller_than_what_a_success_earns_by_default) {
  const auto result = load("version: 1\nretry_budget: { capacity: 0 }\n"
                           "tasks:\n"
                           + good_task);
  BOOST_TEST_REQUIRE(result.ok(), result.report());
  BOOST_TEST(result.value.retry_budget->per_success == 0);
}

BOOST_AUTO_TEST_CASE(retries_that_cannot_be) {
  auto retry = [this](const std::string& fields) {
    return only_problem(
      with_task(good_task + "    timeout: 5s\n    retry: {" + fields + "}\n"));
  };
  BOOST_TEST(retry("attempts: 0")
             == "d.yaml:7:23: tasks[0].retry.attempts: invalid value \"0\" "
                "(expected an integer from 1 to 1000)");
  BOOST_TEST(retry("attempt_timeout: 6s")
             == "d.yaml:7:30: tasks[0].retry.attempt_timeout: is longer than "
                "the timeout of the task, which all attempts share (expected "
                "at most 5s)");
  BOOST_TEST(retry("tries: 3")
             == "d.yaml:7:13: tasks[0].retry: unknown key \"tries\" (expected "
                "attempts, backoff, attempt_timeout)");
  auto backoff = [&](const std::string& fields) {
    return retry("backoff: {" + fields + "}");
  };
  const std::string at = "tasks[0].retry.backoff.";
  BOOST_TEST(backoff("initial: 2s, max: 1s")
             == "d.yaml:7:41: " + at
                  + "max: is below initial (expected at least 2s)");
  BOOST_TEST(backoff("max: 50ms")
             == "d.yaml:7:28: " + at
                  + "max: is below initial (expected at least 100ms)");
  BOOST_TEST(backoff("jitter: 1.5")
             == "d.yaml:7:31: " + at
                  + "jitter: invalid value \"1.5\" (expected a number from 0 "
                    "to 1)");
  BOOST_TEST(backoff("factor: 0.5")
             == "d.yaml:7:31: " + at
                  + "factor: invalid value \"0.5\" (expected a number from 1 "
                    "to 1000)");
  BOOST_TEST(backoff("shape: linear").find("\"exponential\"")
             != std::string::npos);
  BOOST_TEST(backoff("shape: constant, factor: 2").find(at + "factor: is for")
             != std::string::npos);
  BOOST_TEST(backoff("shape: constant, max: 2s").find(at + "max: is no part")
             != std::string::npos);
  BOOST_TEST(
    backoff("shape: decorrelated, jitter: 0").find(at + "jitter: is no part")
    != std::string::npos);
  BOOST_TEST(backoff("initial: 5s")
             == "d.yaml:7:32: " + at
                  + "initial: is not below the timeout of the task, which ends "
                    "before a second attempt (expected less than 5s)");
  BOOST_TEST(only_problem(with_task(good_task
                                    + "    retry: { backoff: { initial: 11s } "
                                      "}\n"))
             == "d.yaml:6:34: " + at
                  + "initial: is above max, which is 10s unless it says "
                    "otherwise (expected at most that, or a max)");
}

BOOST_AUTO_TEST_CASE(several_mistakes_of_a_retry_at_once) {
  const auto result =
    load(with_task(good_task
                   + "    timeout: 1s\n"
                     "    retry:\n"
                     "      attempts: 0\n"
                     "      attempt_timeout: 2s\n"
                     "      backoff: { initial: 3s, max: 2s, jitter: 7 }\n"));
  std::vector<std::uint32_t> lines;
  for (const auto& issue : result.problems)
    lines.push_back(issue.where.line);
  const std::vector<std::uint32_t> expected{8, 9, 10, 10};
  BOOST_TEST(lines == expected, boost::test_tools::per_element());
}

BOOST_AUTO_TEST_CASE(budgets_that_cannot_be) {
  auto budget = [this](const std::string& fields) {
    return only_problem("version: 1\nretry_budget: {" + fields + "}\ntasks:\n"
                        + good_task);
  };
  BOOST_TEST(budget("capacity: 2, per_success: 3")
             == "d.yaml:2:42: retry_budget.per_success: is above capacity "
                "(expected at most that)");
  BOOST_TEST(budget("capacity: -1")
             == "d.yaml:2:26: retry_budget.capacity: invalid value \"-1\" "
                "(expected a number from 0 to 1000000)");
}

BOOST_AUTO_TEST_CASE(to_try_again_what_leaves_something_behind) {
  auto types = builtin_task_types();
  const loader builtin{types};
  auto report = [&](const std::string& output, const std::string& attempts) {
    return builtin
      .load(
        source_text{"d.yaml", with_task("  - name: a\n    type: digest_tree\n"
                                        "    with: { root: /usr"
                                        + output + " }\n    retry: { attempts: "
                                        + attempts + " }\n")},
        variables{}, load_depth::topology)
      .report();
  };
  BOOST_TEST(report("", "2").starts_with(
    "d.yaml:6:12: tasks[0].retry: the digests go to standard output, where "
    "each attempt would leave its own (expected a file in with.output)"));
  BOOST_TEST(report("", "1") == "");
  BOOST_TEST(report(", output: out", "2") == "");
}

BOOST_AUTO_TEST_SUITE_END()
