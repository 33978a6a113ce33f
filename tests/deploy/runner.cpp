#include "axiom/deploy/runner.hpp"

#include <algorithm>
#include <atomic>
#include <chrono>
#include <functional>
#include <future>
#include <memory>
#include <string>
#include <thread>

#include <caf/actor_system.hpp>

#include <boost/test/unit_test.hpp>

#include "axiom/config.hpp"
#include "axiom/coordination/with_task_group.hpp"
#include "axiom/deploy/error_tree.hpp"
#include "axiom/deploy/system_error.hpp"
#include "axiom/deploy/task_types.hpp"
#include "axiom/error/concurrent_errors.hpp"
#include "axiom/error/retry.hpp"
#include "axiom/task/async.hpp"
#include "axiom/task/context_ops.hpp"

using namespace axiom::deploy;
using namespace std::chrono_literals;
using axiom::async;
using axiom::task_context;

namespace {

class null_sink : public byte_sink {
  void do_write(std::string_view, const stop_predicate&) override {
    // nop
  }
};

/// A program made of a coroutine.
class test_program : public task_program {
public:
  using body =
    std::function<async<void>(task_context& self, run_services& services)>;

  explicit test_program(body fun) : fun_(std::move(fun)) {
    // nop
  }

  async<void> run(task_context& self, run_services& services) const override {
    return fun_(self, services);
  }

private:
  body fun_;
};

struct fixture {
  fixture() {
    cfg.axiom.threads = 2;
    sys = std::make_unique<caf::actor_system>(cfg);
  }

  void add(std::string name, test_program::body fun) {
    task_spec spec;
    spec.name = std::move(name);
    spec.type = "test";
    spec.grace = 2s;
    spec.program = std::make_shared<test_program>(std::move(fun));
    value.tasks.push_back(std::move(spec));
  }

  std::unique_ptr<runner> make() {
    return std::make_unique<runner>(
      axiom::structured_task_coordinator::spawn(*sys, {.name = "test"}), value,
      sink, 2);
  }

  axiom::config cfg;
  std::unique_ptr<caf::actor_system> sys;
  null_sink sink;
  deployment value;
};

using kind = runner::result::kind;

async<void> count_three(task_context& self, run_services& services) {
  services.progress().add_found(3);
  services.progress().end_discovery();
  for (int i = 0; i < 3; ++i) {
    co_await self.yield();
    services.progress().add_bytes(10);
    services.progress().add_done();
  }
  services.output(output_state::complete);
}

async<void> sleep_long(task_context& self, run_services&) {
  co_await self.sleep_for(1h);
}

async<void> fail(task_context&, run_services&) {
  throw system_error{2, "/some/file: No such file or directory (open)"};
  co_return;
}

} // namespace

BOOST_FIXTURE_TEST_SUITE(deployment_runner, fixture)

BOOST_AUTO_TEST_CASE(runs_every_task_and_says_how_far_it_came) {
  add("one", count_three);
  add("two", count_three);
  auto all = make();
  all->start();
  const auto results = all->wait();
  BOOST_TEST_REQUIRE(results.size() == 2u);
  for (const auto& one : results) {
    BOOST_CHECK(one.outcome == kind::completed);
    BOOST_CHECK(one.output == output_state::complete);
    BOOST_TEST(one.progress.done == 3u);
    BOOST_TEST(one.progress.bytes == 30u);
    BOOST_TEST(!one.progress.discovering);
  }
  BOOST_TEST(all->progress().done == 6u);
}

BOOST_AUTO_TEST_CASE(a_limiter_lets_so_many_tasks_run_as_it_says) {
  std::atomic<int> now{0};
  std::atomic<int> most{0};
  value.limiters.push_back({.name = "two", .max_concurrency = 2});
  for (int i = 0; i < 8; ++i) {
    add("t" + std::to_string(i),
        [&](task_context& self, run_services&) -> async<void> {
          auto running = ++now;
          for (auto m = most.load();
               m < running && !most.compare_exchange_weak(m, running);) {
            // again
          }
          for (int j = 0; j < 20; ++j)
            co_await self.yield();
          --now;
        });
    value.tasks.back().limiter = "two";
  }
  auto all = make();
  all->start();
  for (const auto& one : all->wait())
    BOOST_CHECK(one.outcome == kind::completed);
  BOOST_TEST(most == 2);
}

BOOST_AUTO_TEST_CASE(tasks_run_when_their_resources_are_there) {
  std::atomic<int> now{0};
  std::atomic<int> most{0};
  value.resources.custom.emplace_back("licence", 3);
  for (int i = 0; i < 8; ++i) {
    add("t" + std::to_string(i),
        [&](task_context& self, run_services&) -> async<void> {
          auto running = ++now;
          for (auto m = most.load();
               m < running && !most.compare_exchange_weak(m, running);) {
            // again
          }
          for (int j = 0; j < 20; ++j)
            co_await self.yield();
          --now;
        });
    value.tasks.back().resources.add(axiom::memory(1024));
    value.tasks.back().resources.add(axiom::custom("licence", 2));
  }
  auto all = make();
  all->start();
  for (const auto& one : all->wait())
    BOOST_CHECK(one.outcome == kind::completed);
  BOOST_TEST(most == 1);
}

BOOST_AUTO_TEST_CASE(a_task_that_takes_too_long_has_failed) {
  add("long", sleep_long);
  value.tasks.back().timeout = 10ms;
  auto all = make();
  all->start();
  const auto results = all->wait();
  BOOST_CHECK(results[0].outcome == kind::failed);
  BOOST_TEST(results[0].error->is(axiom::errc::deadline_exceeded));
  BOOST_TEST(results[0].error->what().find("'long'") != std::string::npos);
}

BOOST_AUTO_TEST_CASE(a_failure_leaves_the_other_tasks_alone) {
  add("bad", fail);
  add("good", count_three);
  auto all = make();
  all->start();
  const auto results = all->wait();
  BOOST_CHECK(results[0].outcome == kind::failed);
  BOOST_CHECK(results[1].outcome == kind::completed);
  BOOST_REQUIRE(results[0].error);
  std::string tree;
  append_error_tree(tree, results[0].name, *results[0].error);
  BOOST_TEST(tree == "bad: /some/file: No such file or directory (open)\n");
}

BOOST_AUTO_TEST_CASE(cancelling_ends_all_tasks_and_reports_each) {
  add("one", sleep_long);
  add("two", sleep_long);
  add("three", count_three);
  auto all = make();
  all->start();
  all->cancel();
  const auto results = all->wait();
  for (int i = 0; i < 2; ++i) {
    BOOST_CHECK(results[static_cast<std::size_t>(i)].outcome
                == kind::cancelled);
    const auto& report = results[static_cast<std::size_t>(i)].cancellation;
    BOOST_REQUIRE(report);
    BOOST_TEST(report->all_acknowledged());
  }
}

BOOST_AUTO_TEST_CASE(cancelled_before_the_start_nothing_is_created) {
  add("one", [](task_context&, run_services&) -> async<void> {
    BOOST_ERROR("must not run");
    co_return;
  });
  auto all = make();
  all->cancel();
  all->start();
  const auto results = all->wait();
  BOOST_CHECK(results[0].outcome == kind::cancelled);
  BOOST_CHECK(!results[0].cancellation);
}

BOOST_AUTO_TEST_CASE(dropping_it_ends_what_still_runs) {
  // Counts bodies that have begun and not ended.
  std::atomic<int> running{0};
  struct body_mark {
    explicit body_mark(std::atomic<int>& n) : count(n) {
      ++count;
    }
    ~body_mark() {
      --count;
    }
    std::atomic<int>& count;
  };
  std::atomic<bool> begun{false};
  add("one", [&](task_context& self, run_services&) -> async<void> {
    const body_mark mark{running};
    begun = true;
    co_await self.sleep_for(1h);
  });
  auto all = make();
  all->start();
  while (!begun)
    std::this_thread::yield();
  all.reset();
  BOOST_TEST(running == 0);
}

BOOST_AUTO_TEST_CASE(cancelling_while_it_starts_never_loses_a_task) {
  for (int round = 0; round < 200; ++round) {
    value.tasks.clear();
    for (int i = 0; i < 5; ++i)
      add("t" + std::to_string(i), sleep_long);
    auto all = make();
    std::thread other{[&] { all->cancel(); }};
    all->start();
    other.join();
    for (const auto& one : all->wait())
      BOOST_REQUIRE(one.outcome == kind::cancelled);
  }
}

BOOST_AUTO_TEST_SUITE_END()

// -- attempts -----------------------------------------------------------------

namespace {

task_retry at_once(std::size_t attempts) {
  task_retry result;
  result.attempts = attempts;
  result.backoff = {.shape = axiom::backoff_shape::constant,
                    .initial = 0s,
                    .max = 0s,
                    .jitter = 0};
  return result;
}

/// Fails so many times, counting two items each time, and then has counted
/// three.
struct unreliable {
  std::atomic<int> failures;
  std::atomic<int> calls{0};

  test_program::body body() {
    return [this](task_context& self, run_services& services) {
      return run(self, services);
    };
  }

  async<void> run(task_context& self, run_services& services) {
    const auto number = ++calls;
    if (number > failures) {
      co_await count_three(self, services);
      co_return;
    }
    services.progress().add_found(2);
    services.progress().add_done();
    services.progress().add_failed();
    throw system_error{5, "call " + std::to_string(number)};
  }
};

std::string tree_of(const runner::result& one) {
  std::string result;
  append_error_tree(result, one.name, *one.error);
  // How long it took is not the same each time.
  const auto from = result.find(" within ");
  if (const auto to = result.find(" s;"); from != std::string::npos)
    result.erase(from, to + 2 - from);
  return result;
}

} // namespace

BOOST_FIXTURE_TEST_SUITE(deployment_attempts, fixture)

BOOST_AUTO_TEST_CASE(go_on_until_one_succeeds_and_count_anew) {
  unreliable what{.failures = 2};
  add("t", what.body());
  value.tasks.back().retry = at_once(5);
  auto all = make();
  all->start();
  const auto results = all->wait();
  const auto& one = results[0];
  BOOST_CHECK(one.outcome == kind::completed);
  BOOST_TEST(one.attempts == 3u);
  BOOST_TEST(one.progress.found == 3u);
  BOOST_TEST(one.progress.done == 3u);
  BOOST_TEST(one.progress.failed == 0u);
  BOOST_CHECK(one.output == output_state::complete);
  BOOST_TEST_REQUIRE(one.earlier.size() == 2u);
  BOOST_TEST(one.earlier[0].task.name == "t #1");
  BOOST_TEST(one.earlier[1].task.name == "t #2");
  BOOST_REQUIRE(one.started);
  BOOST_REQUIRE(one.elapsed);
  BOOST_CHECK(*one.elapsed > 0ns);
}

BOOST_AUTO_TEST_CASE(are_all_in_the_error_when_none_succeeds) {
  unreliable what{.failures = 9};
  add("t", what.body());
  value.tasks.back().retry = at_once(3);
  auto all = make();
  all->start();
  const auto results = all->wait();
  BOOST_CHECK(results[0].outcome == kind::failed);
  BOOST_TEST(results[0].attempts == 3u);
  BOOST_TEST(results[0].earlier.empty());
  BOOST_TEST(tree_of(results[0])
             == "t: 1 error\n"
                "  call 3\n"
                "    suppressed: t: retries_exhausted: 't' failed 3 times; its "
                "policy allows no more attempts\n"
                "    suppressed: call 1\n"
                "    suppressed: call 2\n");
}

BOOST_AUTO_TEST_CASE(are_one_where_nothing_else_is_said) {
  unreliable what{.failures = 1};
  add("t", what.body());
  auto all = make();
  all->start();
  const auto results = all->wait();
  BOOST_CHECK(results[0].outcome == kind::failed);
  BOOST_TEST(results[0].attempts == 1u);
}

BOOST_AUTO_TEST_CASE(end_with_the_timeout_of_the_task_which_loses_no_error) {
  unreliable what{.failures = 1'000'000};
  add("t", what.body());
  auto policy = at_once(1000);
  policy.backoff.initial = policy.backoff.max = 20ms;
  value.tasks.back().retry = policy;
  value.tasks.back().timeout = 50ms;
  auto all = make();
  all->start();
  const auto results = all->wait();
  BOOST_CHECK(results[0].outcome == kind::failed);
  BOOST_TEST(results[0].attempts < 4u);
  const auto tree = tree_of(results[0]);
  // Either the time was up in an attempt or a wait, or the next wait would have
  // been too long: both keep what failed.
  BOOST_TEST((tree.find("deadline_exceeded") != std::string::npos
              || tree.find("its deadline would pass") != std::string::npos),
             tree);
  BOOST_TEST(tree.find("call 1") != std::string::npos, tree);
}

BOOST_AUTO_TEST_CASE(that_hang_are_cut_by_the_tasks_timeout_with_what_failed) {
  std::atomic<int> calls{0};
  auto body = [&](task_context& self, run_services& services) -> async<void> {
    if (++calls == 1)
      throw system_error{5, "the first"};
    co_await sleep_long(self, services);
  };
  add("t", body);
  value.tasks.back().retry = at_once(5);
  value.tasks.back().timeout = 30ms;
  auto all = make();
  all->start();
  const auto results = all->wait();
  BOOST_CHECK(results[0].outcome == kind::failed);
  BOOST_TEST(results[0].attempts == 2u);
  const auto tree = tree_of(results[0]);
  BOOST_TEST(tree.find("t: deadline_exceeded") != std::string::npos, tree);
  BOOST_TEST(tree.find("suppressed: the first") != std::string::npos, tree);
}

BOOST_AUTO_TEST_CASE(may_each_have_a_timeout_after_which_comes_the_next) {
  std::atomic<int> calls{0};
  auto body = [&](task_context& self, run_services& services) -> async<void> {
    if (++calls < 3)
      co_await sleep_long(self, services);
  };
  add("t", body);
  value.tasks.back().retry = at_once(5);
  value.tasks.back().retry->attempt_timeout = 5ms;
  auto all = make();
  all->start();
  const auto results = all->wait();
  BOOST_CHECK(results[0].outcome == kind::completed);
  BOOST_TEST(results[0].attempts == 3u);
  BOOST_TEST_REQUIRE(results[0].earlier.size() == 2u);
  BOOST_TEST(results[0].earlier[0].error.is(axiom::errc::deadline_exceeded));
}

BOOST_AUTO_TEST_CASE(hold_nothing_while_they_wait_for_the_next) {
  // The other task needs the only permit and is what ends the wait.
  axiom::runtime::duration wait = 20ms;
  value.limiters.push_back({.name = "one", .max_concurrency = 1});
  std::atomic<bool> other_ran{false};
  auto first = [&](task_context&, run_services&) -> async<void> {
    if (!other_ran)
      throw system_error{5, "too early"};
    co_return;
  };
  add("t", first);
  value.tasks.back().limiter = "one";
  value.tasks.back().retry = at_once(1000);
  value.tasks.back().retry->backoff.initial = wait;
  value.tasks.back().retry->backoff.max = wait;
  add("other", [&](task_context&, run_services&) -> async<void> {
    other_ran = true;
    co_return;
  });
  value.tasks.back().limiter = "one";
  auto all = make();
  all->start();
  for (const auto& one : all->wait())
    BOOST_CHECK(one.outcome == kind::completed);
}

BOOST_AUTO_TEST_CASE(are_paid_by_the_deployment_all_tasks_together) {
  unreliable what{.failures = 1'000};
  for (int i = 0; i < 4; ++i) {
    add("t" + std::to_string(i), what.body());
    value.tasks.back().retry = at_once(100);
  }
  value.retry_budget = {.capacity = 5, .per_success = 0};
  auto all = make();
  all->start();
  std::size_t attempts = 0;
  for (const auto& one : all->wait()) {
    BOOST_CHECK(one.outcome == kind::failed);
    attempts += one.attempts;
  }
  BOOST_TEST(attempts == 4u + 5u);
  BOOST_TEST(what.calls == 9);
}

BOOST_AUTO_TEST_CASE(inside_tasks_are_paid_by_the_deployment_as_well) {
  unreliable what{.failures = 1'000};
  auto body = [&](task_context& self, run_services& services) -> async<void> {
    auto op = [&](task_context& inner) { return what.run(inner, services); };
    co_await axiom::retry(
      self, {.attempts = 100, .backoff = {.initial = 0s, .max = 0s}}, op);
  };
  add("t", body);
  value.tasks.back().retry = at_once(100);
  value.retry_budget = {.capacity = 7, .per_success = 0};
  auto all = make();
  all->start();
  BOOST_CHECK(all->wait()[0].outcome == kind::failed);
  BOOST_TEST(what.calls == 8);
}

BOOST_AUTO_TEST_CASE(end_where_a_part_of_the_output_is_written) {
  std::atomic<int> calls{0};
  auto body = [&](task_context&, run_services& services) -> async<void> {
    ++calls;
    services.output(output_state::partial);
    throw system_error{5, "while it was written"};
    co_return;
  };
  add("t", body);
  value.tasks.back().retry = at_once(3);
  auto all = make();
  all->start();
  const auto results = all->wait();
  BOOST_CHECK(results[0].outcome == kind::failed);
  BOOST_CHECK(results[0].output == output_state::partial);
  BOOST_TEST(calls == 1);
}

BOOST_AUTO_TEST_CASE(end_with_a_cancellation_which_loses_no_error) {
  std::promise<void> waiting;
  std::atomic<int> calls{0};
  auto body = [&](task_context& self, run_services& services) -> async<void> {
    if (++calls == 1)
      throw system_error{5, "the first"};
    waiting.set_value();
    co_await sleep_long(self, services);
  };
  add("t", body);
  value.tasks.back().retry = at_once(5);
  auto all = make();
  all->start();
  waiting.get_future().wait();
  all->cancel();
  const auto results = all->wait();
  BOOST_CHECK(results[0].outcome == kind::cancelled);
  BOOST_TEST(results[0].attempts == 2u);
  BOOST_TEST_REQUIRE(results[0].earlier.size() == 1u);
  BOOST_TEST(results[0].earlier[0].task.name == "t #1");
}

BOOST_AUTO_TEST_SUITE_END()

BOOST_AUTO_TEST_SUITE(error_tree)

BOOST_AUTO_TEST_CASE(shows_what_an_error_is_made_of) {
  auto named = [](std::string name, axiom::failure why) {
    axiom::task_error result{{}, std::move(why), {}, {}};
    result.task.name = std::move(name);
    return result;
  };
  const axiom::failure simple{axiom::errc::deadline_exceeded, "too slow"};
  const axiom::failure of_file{
    make_errno_error(13, "/x/y: Permission denied (open)")};
  const auto inner = axiom::to_failure(
    axiom::concurrent_errors{{named("a", simple), named("y", of_file)}});
  const auto outer = axiom::to_failure(
    axiom::concurrent_errors{{named("group", inner), named("b\n", simple)}});
  std::string text;
  append_error_tree(text, "job", outer, 2);
  BOOST_TEST(text
             == "  job: 2 errors\n"
                "    group: 2 errors\n"
                "      a: deadline_exceeded: too slow\n"
                "      /x/y: Permission denied (open)\n"
                "    b\\n: deadline_exceeded: too slow\n");
}

BOOST_AUTO_TEST_CASE(has_an_end_and_says_how_much_is_left_out) {
  std::vector<axiom::task_error> many;
  for (int i = 0; i < 130; ++i) {
    many.push_back({{}, {axiom::errc::node_down, "x"}, {}, {}});
    many.back().task.name = std::to_string(i);
  }
  const auto all = axiom::to_failure(axiom::concurrent_errors{std::move(many)});
  std::string text;
  append_error_tree(text, "job", all);
  BOOST_TEST(std::count(text.begin(), text.end(), '\n') == 102);
  BOOST_TEST(text.find("  99: node_down: x\n  ... and 30 more\n")
             != std::string::npos);
  text.clear();
  append_error_tree(text, "job", all, 0, 130);
  BOOST_TEST(text.find("more") == std::string::npos);
}

BOOST_AUTO_TEST_SUITE_END()
