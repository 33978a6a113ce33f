// The test kit itself: virtual time, the recorder, and that leaks are found.

#include <atomic>
#include <thread>

#include <caf/actor_cast.hpp>
#include <caf/send.hpp>

#include "axiom/runtime/host.hpp"
#include "support/tasks.hpp"

using namespace test;
using axiom::testing::event_recorder;
using axiom::testing::fixture;
using axiom::testing::fixture_options;

namespace {

/// Runs `body` in a fixture and gives what that complained about at its end.
template <class F>
lines complaints_about(F body, fixture_options options = {}) {
  lines result;
  options.on_leak = [&](const std::string& what) { result.push_back(what); };
  options.patience = std::chrono::milliseconds{50}; // they will not end
  {
    fixture fix{options};
    body(fix);
  }
  return result;
}

bool mentions(const lines& all, std::string_view what) {
  return std::any_of(all.begin(), all.end(), [what](auto& x) {
    return x.find(what) != std::string::npos;
  });
}

axiom::task_lifecycle_event an_event(std::uint64_t id, task_phase phase) {
  axiom::task_lifecycle_event result;
  result.task.id = {1, id};
  result.task.name = "t";
  result.phase = phase;
  return result;
}

struct never : axiom::runtime::timer_entry {
  void fire() noexcept override {
    // nop
  }
};

} // namespace

BOOST_AUTO_TEST_SUITE(leak_check)

BOOST_AUTO_TEST_CASE(is_content_when_everything_has_ended) {
  auto found = complaints_about([](fixture& fix) {
    auto t = fix.coordinator().create_child_task("t", forever);
    fix.run();
    t.cancel();
  });
  BOOST_TEST(found.empty());
}

BOOST_AUTO_TEST_CASE(finds_a_task_that_still_lives_and_names_it) {
  auto found = complaints_about([](fixture& fix) {
    fix.coordinator().create_child_task("forgotten", forever);
  });
  BOOST_TEST(mentions(found, "forgotten"));
}

BOOST_AUTO_TEST_CASE(waits_for_tasks_that_a_killed_coordinator_left_behind) {
  fixture_options options;
  options.scheduler = axiom::runtime::scheduler_policy::axiom;
  std::atomic<bool> may_end{false};
  std::jthread releasing;
  lines found;
  options.on_leak = [&](const std::string& what) { found.push_back(what); };
  {
    fixture fix{options};
    auto& registry = fix.system().registry();
    auto other = axiom::structured_task_coordinator::spawn(fix.system(),
                                                           {.name = "other"});
    auto actor = caf::actor_cast<caf::actor>(other.actor());
    std::atomic<bool> begun{false};
    other.create_child_task("slow", axiom::blocking([&](task_context&) {
                              begun = true;
                              while (!may_end)
                                std::this_thread::yield();
                            }));
    while (!begun)
      std::this_thread::yield();
    caf::anon_send_exit(actor, caf::exit_reason::kill);
    // No actor runs any more when the task may end.
    releasing = std::jthread{[&] {
      while (registry.running() != 0)
        std::this_thread::yield();
      may_end = true;
    }};
  }
  BOOST_TEST(found.empty());
}

BOOST_AUTO_TEST_CASE(finds_a_task_whose_memory_is_held) {
  axiom::task<int> kept;
  auto found = complaints_about([&](fixture& fix) {
    kept = fix.coordinator().create_child_task("kept", [] { return 1; });
  });
  BOOST_TEST(mentions(found, "references to tasks"));
}

BOOST_AUTO_TEST_CASE(finds_an_armed_timer) {
  // Waits for it for some time, in vain.
  never entry;
  axiom::runtime::timer_service* timers = nullptr;
  lines found;
  {
    fixture fix{{.on_leak = [&](const std::string& what) {
      found.push_back(what);
      timers->cancel(entry);
    }}};
    timers = &axiom::runtime::host::of(fix.system()).timers();
    timers->arm(entry, fix.now() + 1h);
  }
  BOOST_TEST(mentions(found, "timers still armed"));
}

BOOST_AUTO_TEST_CASE(works_with_workers_and_with_stealing_too) {
  using axiom::runtime::scheduler_policy;
  for (auto policy : {scheduler_policy::axiom, scheduler_policy::sharing,
                      scheduler_policy::stealing}) {
    auto found = complaints_about(
      [](fixture& fix) {
        for (int i = 0; i < 100; ++i)
          fix.coordinator().create_child_task("t", [](task_context& self)
                                                     -> async<void> {
            co_await self.yield();
          });
      },
      {.scheduler = policy});
    BOOST_TEST(found.empty());
  }
}

BOOST_AUTO_TEST_SUITE_END()

BOOST_AUTO_TEST_SUITE(virtual_time)

BOOST_AUTO_TEST_CASE(stands_still_until_advanced) {
  fixture fix;
  auto begin = fix.now();
  fix.run();
  BOOST_CHECK(fix.now() == begin);
  fix.advance(2s);
  BOOST_CHECK(fix.now() == begin + 2s);
}

BOOST_AUTO_TEST_CASE(stops_at_each_timer_so_that_what_it_starts_is_in_time) {
  stepwise fix;
  auto begin = fix.now();
  std::vector<axiom::runtime::duration> seen;
  auto t = fix.start("t", [&](task_context& self) -> async<void> {
    for (int i = 0; i < 3; ++i) {
      co_await self.sleep_for(1s);
      seen.push_back(fix.now() - begin);
    }
  });
  fix.advance(10s);
  BOOST_REQUIRE(seen.size() == 3u);
  BOOST_CHECK(seen[0] == 1s);
  BOOST_CHECK(seen[1] == 2s);
  BOOST_CHECK(seen[2] == 3s);
}

BOOST_AUTO_TEST_CASE(runs_one_job_at_a_time) {
  stepwise fix;
  fix.run();
  int ran = 0;
  for (int i = 0; i < 3; ++i)
    fix.start("t", [&] { ++ran; });
  BOOST_TEST(fix.run_one());
  BOOST_TEST(ran == 1);
  BOOST_TEST(fix.run() == 2u);
  BOOST_TEST(!fix.run_one());
}

BOOST_AUTO_TEST_SUITE_END()

BOOST_AUTO_TEST_SUITE(recorder)

BOOST_AUTO_TEST_CASE(accepts_every_life_that_the_rules_allow) {
  event_recorder x;
  x.on_event(an_event(1, task_phase::created));
  x.on_event(an_event(2, task_phase::created));
  x.on_event(an_event(1, task_phase::started));
  x.on_event(an_event(1, task_phase::completed));
  x.on_event(an_event(2, task_phase::cancelled));
  BOOST_TEST(x.violations(true).empty());
  BOOST_TEST(x.count(task_phase::created) == 2u);
  x.clear();
  BOOST_TEST(x.events().empty());
}

BOOST_AUTO_TEST_CASE(finds_every_breach_of_them) {
  auto breaches = [](phases life) {
    event_recorder x;
    for (auto phase : life)
      x.on_event(an_event(1, phase));
    return x.violations(true);
  };
  using p = task_phase;
  BOOST_TEST(breaches({p::created, p::created, p::cancelled}).size() == 1u);
  BOOST_TEST(breaches({p::started, p::completed}).size() == 2u);
  BOOST_TEST(breaches({p::created, p::completed}).size() == 1u);
  BOOST_TEST(breaches({p::created, p::started, p::started, p::failed}).size()
             == 1u);
  BOOST_TEST(
    breaches({p::created, p::started, p::completed, p::cancelled}).size()
    == 1u);
  BOOST_TEST(breaches({p::created, p::cancelled, p::started}).size() == 1u);
  BOOST_TEST(mentions(breaches({p::created, p::started}), "has no end"));
}

BOOST_AUTO_TEST_SUITE_END()
