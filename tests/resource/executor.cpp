// Operations that run when their resources are there.

#include "axiom/resource/resource_aware_executor.hpp"
#include "support/monitored.hpp"

using namespace test;
using axiom::resource_aware_executor;

namespace {

struct executing : monitored {
  resource_monitor host = spawn({memory(100), custom("licence", 1)});
  resource_aware_executor executor =
    resource_aware_executor::spawn(system(), "jobs", host);
};

} // namespace

BOOST_FIXTURE_TEST_SUITE(resource_aware_executors, executing)

BOOST_AUTO_TEST_CASE(an_operation_runs_with_its_resources) {
  auto t = executor.execute_with_resources(
    {memory(60), custom("licence", 1)}, task_priority::high,
    [&](task_context& self) {
      BOOST_TEST((self.priority() == task_priority::high));
      BOOST_TEST(in_use(host, "memory") == 60u);
      BOOST_TEST(in_use(host, "licence") == 1u);
      BOOST_TEST(executor.stats().running == 1u);
      return 7;
    });
  run();
  BOOST_TEST(t.get() == 7);
  BOOST_TEST(in_use(host, "memory") == 0u);
  t = {};
  BOOST_TEST(executor.stats().accepted == 1u);
  BOOST_TEST(executor.stats().running == 0u);
}

BOOST_AUTO_TEST_CASE(operations_wait_for_one_another) {
  lines order;
  auto job = [&](std::string name) {
    return [&order, name](task_context& self) -> async<void> {
      order.push_back(name);
      co_await self.sleep_for(1s);
    };
  };
  auto a = executor.execute_with_resources(memory(60), job("a"));
  auto b = executor.execute_with_resources(memory(60), job("b"));
  run();
  BOOST_TEST((order == lines{"a"}));
  BOOST_TEST(executor.stats().waiting == 1u);
  BOOST_TEST(to_string(executor.stats())
             == "jobs: 1 running, 1 waiting, of 2 accepted");
  advance(1s);
  BOOST_TEST((order == lines{"a", "b"}));
  advance(1s);
}

BOOST_AUTO_TEST_CASE(
  an_operation_may_see_its_lease_and_its_children_draw_on_it) {
  auto t = executor.execute_with_resources(
    memory(60),
    [](task_context& self, const resource_lease& lease) -> async<std::string> {
      auto op = [&lease](task_context&) {
        auto mine = lease.share(memory(20));
        return to_string(lease.held());
      };
      auto child = self.create_child_task("child", op);
      co_return co_await child;
    });
  run();
  BOOST_TEST(t.get() == "40 B of memory");
}

BOOST_AUTO_TEST_CASE(inside_a_task_an_operation_is_its_child) {
  auto t = start("parent", [&](task_context& self) -> async<bool> {
    auto op = [&self](task_context& child) {
      return child.reference().parent == self.id();
    };
    auto child = executor.execute_with_resources(memory(1), op);
    co_return co_await child;
  });
  run();
  BOOST_TEST(t.get());
}

BOOST_AUTO_TEST_CASE(a_failure_gives_the_lease_back_before_it_is_seen) {
  auto t = start("parent", [&](task_context&) -> async<std::uint64_t> {
    auto op = [](task_context&) -> int { throw std::runtime_error{"broken"}; };
    auto child = executor.execute_with_resources(memory(60), op);
    try {
      co_await child;
    } catch (const std::runtime_error&) {
      co_return in_use(host, "memory");
    }
    co_return 1;
  });
  run();
  BOOST_TEST(t.get() == 0u);
}

BOOST_AUTO_TEST_CASE(a_cancelled_operation_tells_the_monitor_at_once) {
  auto holds = executor.execute_with_resources(memory(60), forever);
  auto waits = executor.execute_with_resources(memory(60), forever);
  lines order;
  auto behind = start("behind", user(host, order, memory(40), 0s));
  run();
  BOOST_TEST(host.stats().waiting == 2u); // one is not overtaken
  waits.cancel();
  run();
  BOOST_TEST((order == lines{"behind"}));
  holds.cancel();
  run();
  BOOST_TEST(in_use(host, "memory") == 0u);
}

BOOST_AUTO_TEST_CASE(what_can_never_run_fails_and_says_why) {
  auto t = executor.execute_with_resources(memory(101), [] { return 1; });
  run();
  BOOST_TEST((code_thrown_by([&] { t.get(); }) == errc::exceeds_capacity));
  BOOST_TEST((code_thrown_by([&] {
                executor.execute_with_resources(cpu(1), [] { return 1; });
              })
              == errc::invalid_argument));
  BOOST_TEST(executor.stats().waiting == 0u);
}

BOOST_AUTO_TEST_CASE(a_closed_executor_takes_no_more_and_finishes_what_it_has) {
  auto t = executor.execute_with_resources(
    memory(1), [](task_context& self) -> async<int> {
      co_await self.sleep_for(1s);
      co_return 1;
    });
  run();
  executor.close();
  BOOST_TEST(thrown(errc::scope_closed,
                    [&] {
                      executor.execute_with_resources(memory(1),
                                                      [] { return 1; });
                    })
             == "scope_closed: executor 'jobs' is closed");
  advance(1s);
  BOOST_TEST(t.get() == 1);
}

BOOST_AUTO_TEST_CASE(an_exit_message_closes_it) {
  caf::anon_send_exit(executor.actor(), caf::exit_reason::user_shutdown);
  run();
  BOOST_TEST((code_thrown_by([&] {
                executor.execute_with_resources(memory(1), [] { return 1; });
              })
              == errc::scope_closed));
}

BOOST_AUTO_TEST_CASE(figures_by_message) {
  auto t = start("t", [&](task_context& self) -> async<std::string> {
    auto stats =
      co_await self.request(executor.actor(), 1s, axiom::stats_atom_v);
    co_return stats.name;
  });
  run();
  BOOST_TEST(t.get() == "jobs");
}

BOOST_AUTO_TEST_SUITE_END()
