// The guard that says why an actor system does not end. Where something is
// stuck, the sink lets it go once it has seen it: each system here ends.

#include <atomic>
#include <functional>
#include <future>
#include <iostream>
#include <optional>
#include <sstream>
#include <thread>

#include <caf/blocking_actor.hpp>

#include "support/tasks.hpp"

using namespace test;
using axiom::shutdown_report;
using policy = axiom::runtime::scheduler_policy;

namespace {

constexpr auto with_workers = {policy::axiom, policy::sharing,
                               policy::stealing};

/// A system with a guard, destroyed by `end`.
class guarded {
public:
  guarded(policy scheduler, axiom::shutdown_guard_options options) {
    cfg_.axiom.scheduler = scheduler;
    cfg_.axiom.threads = 2;
    system_.emplace(cfg_);
    guard_.emplace(*system_, std::move(options));
  }

  caf::actor_system& system() {
    return *system_;
  }

  axiom::structured_task_coordinator coordinator(std::string name) {
    return axiom::structured_task_coordinator::spawn(system(),
                                                     {.name = std::move(name)});
  }

  /// An event-based actor that waits for ever.
  caf::actor stuck_actor() {
    return running(
      [](caf::event_based_actor*) -> caf::behavior { return {[](int) {}}; });
  }

  /// A blocking one that does.
  caf::actor blocking_actor() {
    return system().spawn([](caf::blocking_actor* self) {
      self->receive([self](caf::exit_msg& msg) {
        self->fail_state(std::move(msg.reason));
      });
    });
  }

  void end() {
    guard_.reset();
    system_.reset();
  }

private:
  template <class F>
  caf::actor running(F f) {
    std::promise<void> began;
    auto result = system().spawn([&began, f](caf::event_based_actor* self) {
      began.set_value();
      return f(self);
    });
    began.get_future().wait();
    return result;
  }

  axiom::config cfg_;
  std::optional<caf::actor_system> system_;
  std::optional<axiom::shutdown_guard> guard_;
};

/// Reports at once and then every millisecond or so.
axiom::shutdown_guard_options at_once(
  std::function<void(const shutdown_report&)> sink) {
  return {.patience = 0s, .interval = 1ms, .sink = std::move(sink)};
}

void stop(caf::actor& x) {
  caf::anon_send_exit(x, caf::exit_reason::user_shutdown);
  x = nullptr;
}

bool contains(const std::string& text, std::string_view part) {
  return text.find(part) != std::string::npos;
}

} // namespace

BOOST_AUTO_TEST_SUITE(shutdown_guards)

BOOST_AUTO_TEST_CASE(name_tasks_and_actors_and_count_the_rest) {
  for (auto scheduler : with_workers) {
    std::optional<shutdown_report> seen;
    std::optional<axiom::structured_task_coordinator> coordinator;
    caf::actor stuck;
    caf::actor blocking;
    guarded env{scheduler, at_once([&](const shutdown_report& report) {
                  if (seen)
                    return; // they are on their way
                  seen = report;
                  stop(stuck);
                  stop(blocking);
                  coordinator->shutdown(0s);
                  coordinator.reset();
                })};
    coordinator = env.coordinator("app");
    coordinator->create_child_task(
      "outer", [](task_context& self) -> async<void> {
        co_await self.create_child_task("inner", forever);
      });
    stuck = env.stuck_actor();
    blocking = env.blocking_actor();
    const auto stuck_id = stuck.id();
    const auto coordinator_id = coordinator->actor().id();
    while (coordinator->snapshot().tasks.size() < 2)
      std::this_thread::yield();
    env.end();

    BOOST_REQUIRE(seen.has_value());
    BOOST_TEST(!seen->stopping);
    BOOST_TEST(seen->coordinator_count == 1u);
    BOOST_TEST(seen->task_count == 2u);
    BOOST_REQUIRE(seen->coordinators.size() == 1u);
    auto& tree = seen->coordinators[0];
    BOOST_CHECK(tree.actor == coordinator_id);
    BOOST_TEST(tree.open);
    BOOST_TEST(tree.tree.coordinator == "app");
    BOOST_REQUIRE(tree.tree.tasks.size() == 2u);
    BOOST_TEST(tree.tree.tasks[0].task.name == "outer");
    BOOST_TEST(tree.tree.tasks[1].task.name == "inner");
    BOOST_TEST(tree.tree.tasks[1].depth == 1u);
    const auto text = to_string(*seen);
    BOOST_TEST(contains(text, "inner ["));
    if (scheduler == policy::axiom) {
      BOOST_REQUIRE(seen->actors.has_value());
      BOOST_TEST(seen->actors->count == 1u);
      BOOST_REQUIRE(seen->actors->listed.size() == 1u);
      BOOST_TEST(seen->actors->listed[0].id == stuck_id);
      BOOST_TEST(seen->unnamed == 1u);
      BOOST_TEST(contains(text, "actor " + std::to_string(stuck_id) + " '"));
      BOOST_TEST(contains(text, "1 actor that CAF counts but nobody can name: "
                                "blocking or detached"));
    } else {
      BOOST_TEST(!seen->actors.has_value());
      BOOST_TEST(seen->unnamed == 2u);
      BOOST_TEST(contains(text, "2 actors that CAF counts but nobody can name: "
                                "of any kind"));
    }
  }
}

BOOST_AUTO_TEST_CASE(say_when_a_kept_handle_is_all_that_is_left) {
  std::optional<shutdown_report> seen;
  std::optional<axiom::structured_task_coordinator> kept;
  guarded env{policy::axiom, at_once([&](const shutdown_report& report) {
                if (!seen)
                  seen = report;
                kept.reset();
              })};
  kept = env.coordinator("forgotten");
  env.end();
  BOOST_REQUIRE(seen.has_value());
  BOOST_REQUIRE(seen->coordinators.size() == 1u);
  BOOST_TEST(seen->coordinators[0].open);
  BOOST_TEST(seen->task_count == 0u);
  BOOST_TEST(seen->unnamed == 0u);
  BOOST_TEST(
    contains(to_string(*seen), ", still open: somebody keeps a handle\n"));
}

BOOST_AUTO_TEST_CASE(repeat_themselves_until_the_system_ends) {
  int reports = 0;
  std::vector<std::chrono::nanoseconds> waited;
  caf::actor stuck;
  guarded env{policy::axiom, at_once([&](const shutdown_report& report) {
                waited.push_back(report.waited);
                if (++reports == 3)
                  stop(stuck);
              })};
  stuck = env.stuck_actor();
  env.end();
  BOOST_TEST(reports >= 3);
  BOOST_CHECK(waited[1] >= waited[0] + 1ms);
  BOOST_CHECK(waited[2] >= waited[1] + 2ms); // the interval doubles
}

BOOST_AUTO_TEST_CASE(list_no_more_than_they_are_told) {
  std::optional<shutdown_report> seen;
  std::vector<axiom::structured_task_coordinator> coordinators;
  std::vector<caf::actor> actors;
  auto options = at_once([&](const shutdown_report& report) {
    if (seen)
      return;
    seen = report;
    for (auto& x : coordinators)
      x.shutdown(0s);
    coordinators.clear();
    for (auto& x : actors)
      stop(x);
  });
  options.most_listed = 2;
  guarded env{policy::axiom, std::move(options)};
  for (auto* name : {"a", "b", "c"}) {
    coordinators.push_back(env.coordinator(name));
    for (int i = 0; i < 3; ++i)
      coordinators.back().create_child_task("t", forever);
    actors.push_back(env.stuck_actor());
  }
  env.end();
  BOOST_REQUIRE(seen.has_value());
  BOOST_TEST(seen->coordinators.size() == 2u);
  BOOST_TEST(seen->coordinator_count == 3u);
  BOOST_TEST(seen->coordinators[0].tree.tasks.size() == 2u);
  BOOST_TEST(seen->coordinators[1].tree.tasks.size() == 0u);
  BOOST_TEST(seen->task_count == 9u);
  BOOST_TEST(seen->actors->listed.size() == 2u);
  BOOST_TEST(seen->actors->count == 3u);
  const auto text = to_string(*seen);
  BOOST_TEST(contains(text, "  and 7 more tasks\n"));
  BOOST_TEST(contains(text, "  and 1 more coordinator\n"));
  BOOST_TEST(contains(text, "  and 1 more actor\n"));
}

BOOST_AUTO_TEST_CASE(tell_when_a_job_keeps_the_scheduler_from_stopping) {
  for (auto scheduler : with_workers) {
    std::atomic<bool> go{false};
    std::atomic<bool> runs{false};
    std::optional<shutdown_report> seen;
    guarded env{scheduler, at_once([&](const shutdown_report& report) {
                  if (!report.stopping || seen)
                    return;
                  seen = report;
                  go = true;
                })};
    {
      auto coordinator = env.coordinator("killed");
      coordinator.create_child_task("deaf", [&] {
        runs = true;
        while (!go)
          std::this_thread::yield();
      });
      while (!runs)
        std::this_thread::yield();
      caf::anon_send_exit(caf::actor_cast<caf::actor>(coordinator.actor()),
                          caf::exit_reason::kill);
    }
    env.end();
    BOOST_REQUIRE(seen.has_value());
    BOOST_TEST(!seen->actors.has_value());
    BOOST_REQUIRE(seen->coordinators.size() == 1u);
    BOOST_TEST(!seen->coordinators[0].actor.has_value());
    BOOST_REQUIRE(seen->coordinators[0].tree.tasks.size() == 1u);
    BOOST_TEST(seen->coordinators[0].tree.tasks[0].task.name == "deaf");
    BOOST_TEST(seen->coordinators[0].tree.tasks[0].cancelled);
    BOOST_TEST(contains(to_string(*seen), "its threads are being stopped"));
  }
}

BOOST_AUTO_TEST_CASE(say_nothing_of_a_system_that_ends_in_time) {
  for (auto scheduler : with_workers) {
    int reports = 0;
    guarded env{scheduler, {.patience = 1h, .sink = [&](auto&) { ++reports; }}};
    auto coordinator = std::optional{env.coordinator("quick")};
    auto t = coordinator->create_child_task("t", [] { return 1; });
    BOOST_TEST(t.get() == 1);
    coordinator.reset();
    env.end(); // returns: the watch ended with the system
    BOOST_TEST(reports == 0);
  }
}

BOOST_AUTO_TEST_CASE(end_with_a_system_that_they_were_never_armed_for) {
  axiom::config cfg;
  std::optional<axiom::shutdown_guard> guard;
  caf::actor_system sys{cfg};
  guard.emplace(sys);
  axiom::shutdown_guard another{sys};
  guard.reset();
}

BOOST_AUTO_TEST_CASE(print_to_clog_unless_told_otherwise) {
  /// Lets the actor go when the report has been written.
  struct releasing : std::stringbuf {
    caf::actor stuck;

    int sync() override {
      if (stuck)
        stop(stuck);
      return std::stringbuf::sync();
    }
  };
  releasing buffer;
  auto* before = std::clog.rdbuf(&buffer);
  {
    guarded env{policy::axiom, {.patience = 0s}};
    buffer.stuck = env.stuck_actor();
    env.end();
  }
  std::clog.rdbuf(before);
  BOOST_TEST(buffer.str().starts_with(
    "axiom: the actor system has not ended within 0.0 s"));
}

BOOST_AUTO_TEST_CASE(refuse_options_that_make_no_sense) {
  axiom::config cfg;
  cfg.axiom.threads = 1;
  caf::actor_system sys{cfg};
  BOOST_CHECK(code_thrown_by([&] {
                axiom::shutdown_guard{sys, {.patience = -1ns}};
              })
              == errc::invalid_argument);
  BOOST_CHECK(code_thrown_by([&] {
                axiom::shutdown_guard{sys, {.interval = 0s}};
              })
              == errc::invalid_argument);
}

BOOST_AUTO_TEST_CASE(refuse_a_system_without_axiom) {
  caf::actor_system_config cfg;
  cfg.set("scheduler.max-threads", 1);
  caf::actor_system plain{cfg};
  BOOST_CHECK(code_thrown_by([&] { axiom::shutdown_guard{plain}; })
              == errc::not_installed);
}

BOOST_AUTO_TEST_SUITE_END()

BOOST_AUTO_TEST_SUITE(shutdown_reports)

BOOST_AUTO_TEST_CASE(are_readable) {
  const axiom::timestamp now{1000s};
  axiom::task_snapshot outer;
  outer.task.name = "import";
  outer.task.created_at = now - 12300ms;
  outer.state = "suspended";
  auto inner = outer;
  inner.task.name = "row";
  inner.depth = 1;
  inner.cancelled = true;
  inner.state = "running";
  shutdown_report report;
  report.waited = 5s;
  report.at = now;
  report.coordinators.push_back({9, true, {"app", {outer, inner}}});
  report.coordinator_count = 1;
  report.task_count = 3;
  report.actors.emplace();
  report.actors->listed.push_back({17, "collector", 2s});
  report.actors->count = 1;
  report.unnamed = 2;
  const std::string nobody = "00000000-0000-0000-0000-000000000000";
  BOOST_TEST(
    to_string(report)
    == "the actor system has not ended within 5.0 s; there are still:\n"
       "  coordinator 'app' (actor 9), still open: somebody keeps a handle:\n"
       "    import [suspended, 12.3 s] "
         + nobody
         + "\n"
           "      row [running, 12.3 s, cancelled] "
         + nobody
         + "\n"
           "  and 1 more task\n"
           "  actor 17 'collector', for 2.0 s\n"
           "  2 actors that CAF counts but nobody can name: blocking or "
           "detached "
           "ones, brokers, or event-based ones that never ran\n");
}

BOOST_AUTO_TEST_CASE(say_so_when_they_find_nothing) {
  BOOST_TEST(contains(to_string(shutdown_report{}),
                      "nothing that is counted: a hidden detached actor"));
}

BOOST_AUTO_TEST_SUITE_END()
