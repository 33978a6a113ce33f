#include "axiom/deploy/runner.hpp"

#include <atomic>
#include <chrono>
#include <functional>
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

BOOST_AUTO_TEST_SUITE_END()
