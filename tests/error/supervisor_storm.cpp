// Supervisors in a storm: many children that fail at random, for an hour of
// virtual time; many that come and go; and failures from many threads at once.
// What must be is counted beside, by other means.
//
// The seed is printed; AXIOM_SEED=n gives it. AXIOM_FULL=1 has 100,000 children
// at once, where there are 10,000 here.

#include <malloc.h>

#include <algorithm>
#include <deque>
#include <optional>
#include <utility>

#include "stress/support.hpp"
#include "support/supervised.hpp"

using namespace test;
using strategy_kind = supervision_strategy;
using axiom::runtime::time_point;

namespace {

bool full() {
  return std::getenv("AXIOM_FULL") != nullptr;
}

/// How many children come and go where nothing of them may be left.
constexpr std::size_t many = stress::sanitized ? 10'000 : 100'000;

/// How long a child was away after its `attempt`-th failure in a row.
struct absence {
  std::uint64_t attempt;
  axiom::runtime::duration span;
};

/// Counts what its children really did.
struct tally {
  explicit tally(std::size_t n)
    : actors(n), started_at(n), failed_at(n), attempts(n) {
    // nop
  }

  /// To be called when a child is made.
  void back(std::size_t index, time_point now) {
    ++starts;
    if (auto& failed = failed_at[index]) {
      if (*failed - started_at[index] >= healthy_after)
        attempts[index] = 0;
      absences.push_back({++attempts[index], now - *failed});
      failed.reset();
    }
    started_at[index] = now;
  }

  axiom::runtime::duration healthy_after = 30s;
  std::uint64_t failures = 0;
  std::uint64_t starts = 0;
  std::vector<caf::actor> actors;
  std::vector<time_point> started_at;
  std::vector<std::optional<time_point>> failed_at;
  std::vector<std::uint64_t> attempts;
  std::vector<absence> absences;
};

/// A child that fails with whatever it is sent, and counts that.
class crashing : public caf::event_based_actor {
public:
  crashing(caf::actor_config& cfg, std::shared_ptr<tally> count)
    : caf::event_based_actor(cfg), count_(std::move(count)) {
    // nop
  }

  caf::behavior make_behavior() override {
    return {[this](int) {
      ++count_->failures;
      quit(broken("storm"));
    }};
  }

  void on_exit() override {
    count_.reset(); // which holds the actor
  }

private:
  std::shared_ptr<tally> count_;
};

child_spec crashing_child(std::shared_ptr<tally> count, std::size_t index,
                          std::function<time_point()> now) {
  auto make = [count, index, now = std::move(now)](child_start& start) {
    count->back(index, now());
    count->actors[index] = start.system().spawn<crashing>(count);
    return count->actors[index];
  };
  return axiom::actor_child({.name = "c" + std::to_string(index)}, make);
}

/// A child that ends with whether it is told that it failed.
child_spec passing_child(std::shared_ptr<caf::actor> latest,
                         restart_kind restart) {
  auto body = [](caf::event_based_actor* self) -> caf::behavior {
    return {[self](bool failed) {
      self->quit(failed ? broken("storm") : caf::error{});
    }};
  };
  auto make = [latest = std::move(latest), body](child_start& start) {
    return *latest = start.system().spawn(body);
  };
  return axiom::actor_child({.name = "w", .restart = restart}, make);
}

struct in_a_storm : supervised {
  supervisor begin_pool(child_spec spec) {
    auto options = pool_of(std::move(spec));
    options.error_history = 10;
    return begin(std::move(options));
  }

  /// Calls `one(i)` for each of many children.
  template <class F>
  void check_memory(const char* what, F one) {
    std::size_t early = 0;
    for (std::size_t i = 0; i < many; ++i) {
      one(i);
      if (i == many / 10)
        early = mallinfo2().uordblks;
    }
    const auto late = mallinfo2().uordblks;
    std::cout << many << ' ' << what << ": " << early
              << " bytes in use after a tenth, " << late << " after all"
              << std::endl;
    if (!stress::sanitized) // whose memory is not malloc's
      BOOST_TEST(late < early + 64 * 1024);
  }
};

} // namespace

BOOST_FIXTURE_TEST_SUITE(supervisors_in_a_storm, in_a_storm)

BOOST_AUTO_TEST_CASE(restart_a_thousand_children_with_backoff_for_an_hour) {
  constexpr std::size_t actors = 500;
  constexpr std::size_t tasks = 500;
  stress::chooser choose{1};
  auto count = std::make_shared<tally>(actors);
  auto clock = [this] { return now(); };
  supervisor_options options{.name = "storm",
                             .max_restarts = 1'000'000,
                             .within = 1h,
                             .backoff = {.initial = 1s,
                                         .max = 16s,
                                         .jitter = 0.2,
                                         .healthy_after = count->healthy_after},
                             .error_history = 100,
                             .seed = stress::seed()};
  for (std::size_t i = 0; i < actors; ++i)
    options.children.push_back(crashing_child(count, i, clock));
  // Tasks fail by themselves, after some time.
  auto task_failures = std::make_shared<std::uint64_t>(0);
  auto draw = std::make_shared<stress::chooser>(2);
  auto body = [task_failures, draw](task_context& self) -> async<void> {
    co_await self.sleep_for(1s * (1 + draw->below(120)));
    ++*task_failures;
    throw std::runtime_error("storm");
  };
  for (std::size_t i = 0; i < tasks; ++i)
    options.children.push_back(
      axiom::task_child({.name = "t" + std::to_string(i)}, body));
  auto sup = begin(std::move(options));
  BOOST_TEST(sup.stats().active == actors + tasks);
  const auto end = now() + 1h;
  while (now() < end) {
    advance(1ms * (1 + choose.below(1000)));
    for (auto n = choose.below(8); n > 0; --n) {
      const auto i = choose.below(actors);
      if (count->failed_at[i])
        continue; // it waits for its restart
      count->failed_at[i] = now();
      caf::anon_send(count->actors[i], 0);
      run();
    }
  }
  advance(20s); // the last ones come back
  const auto stats = sup.stats();
  BOOST_TEST(stats.errors == count->failures + *task_failures);
  BOOST_TEST(stats.restarts == stats.errors);
  BOOST_TEST(stats.errors > 10'000u);
  BOOST_TEST(!sup.ended());
  BOOST_TEST(sup.errors().size() == 100u);
  std::uint64_t highest = 0;
  for (auto& x : count->absences) {
    highest = std::max(highest, x.attempt);
    const auto doubled = std::min<std::uint64_t>(x.attempt, 6) - 1;
    const auto expected = std::min(1s * (1 << doubled), 16s);
    BOOST_REQUIRE(x.span >= expected * 0.8);
    BOOST_REQUIRE(x.span <= expected * 1.2 + 2ms);
  }
  BOOST_TEST(highest > 5u); // the longest wait was reached, and passed
  BOOST_TEST(count->absences.size() == count->failures); // all came back
  stop_and_check(sup);
}

BOOST_AUTO_TEST_CASE(escalate_as_often_as_the_intensity_says) {
  constexpr std::size_t groups = 10;
  constexpr std::size_t each = 100;
  constexpr std::size_t most = 5;
  constexpr auto within = 10s;
  stress::chooser choose{3};
  auto count = std::make_shared<tally>(groups * each);
  auto clock = [this] { return now(); };
  supervisor_options outer{.name = "outer",
                           .max_restarts = 1'000'000,
                           .within = 1h,
                           .error_history = 1'000'000};
  constexpr std::array strategies{strategy_kind::one_for_one,
                                  strategy_kind::rest_for_one,
                                  strategy_kind::one_for_all};
  for (std::size_t g = 0; g < groups; ++g) {
    supervisor_options inner{
      .strategy = strategies[g % 3], .max_restarts = most, .within = within};
    for (std::size_t i = 0; i < each; ++i)
      inner.children.push_back(crashing_child(count, g * each + i, clock));
    outer.children.push_back(axiom::supervisor_child(
      {.name = "g" + std::to_string(g)}, std::move(inner)));
  }
  auto sup = begin(std::move(outer));
  std::vector<std::deque<time_point>> recent(groups); // the naive count
  std::uint64_t escalations = 0;
  std::uint64_t escalated_errors = 0;
  const auto end = now() + (stress::sanitized ? 10min : 1h);
  while (now() < end) {
    advance(1ms * choose.below(700));
    const auto i = choose.below(groups * each);
    caf::anon_send(count->actors[i], 0);
    run();
    auto& times = recent[i / each];
    std::erase_if(times, [&](auto t) { return now() - t > within; });
    times.push_back(now());
    if (times.size() > most) {
      ++escalations;
      escalated_errors += times.size();
      times.clear();
    }
  }
  BOOST_TEST(escalations > 0u);
  BOOST_TEST(sup.stats().restarts == escalations);
  // What came up: each error within the window, and the supervisor's own.
  std::uint64_t came_up = 0;
  for (auto& x : sup.errors()) {
    BOOST_REQUIRE(x.nested() != nullptr);
    came_up += x.nested()->size() - 1;
    BOOST_REQUIRE(x.nested()->matches(errc::restarts_exhausted));
  }
  BOOST_TEST(came_up == escalated_errors);
  for (auto& x : axiom::all_supervisor_stats(system()))
    BOOST_TEST(x.active == (x.name == "outer" ? groups : each));
  stop_and_check(sup);
}

// 100,000 children come and go, one at a time. Nothing of them may be left: the
// memory that is in use is the same after all as after the first tenth.

BOOST_AUTO_TEST_CASE(keep_nothing_of_temporary_children) {
  auto latest = std::make_shared<caf::actor>();
  auto sup = begin_pool(passing_child(latest, restart_kind::temporary));
  check_memory("temporary actors", [&](std::size_t i) {
    caf::anon_send(sup.actor(), axiom::start_child_atom_v);
    run();
    caf::anon_send(std::exchange(*latest, nullptr), i % 2 == 0);
    run();
  });
  BOOST_TEST(sup.stats().starts == many);
  BOOST_TEST(sup.stats().errors == many / 2);
  BOOST_TEST(sup.stats().children == 0u);
}

BOOST_AUTO_TEST_CASE(keep_nothing_of_temporary_children_that_are_tasks) {
  auto count = std::make_shared<std::size_t>(0);
  auto body = [count](task_context& self) -> async<void> {
    co_await self.yield();
    if (++*count % 2 == 0)
      throw std::runtime_error("storm");
  };
  auto sup = begin_pool(
    axiom::task_child({.name = "t", .restart = restart_kind::temporary}, body));
  check_memory("temporary tasks", [&](std::size_t) {
    caf::anon_send(sup.actor(), axiom::start_child_atom_v);
    run();
  });
  BOOST_TEST(*count == many);
  BOOST_TEST(sup.stats().starts == many);
  BOOST_TEST(sup.stats().errors == many / 2);
  BOOST_TEST(sup.stats().children == 0u);
}

BOOST_AUTO_TEST_CASE(keep_nothing_of_temporary_children_with_names) {
  auto latest = std::make_shared<caf::actor>();
  auto sup = begin({.error_history = 10});
  const axiom::local_child_spec spec{std::make_shared<const child_spec>(
    passing_child(latest, restart_kind::temporary))};
  check_memory("temporary actors with a name", [&](std::size_t i) {
    caf::anon_send(sup.actor(), axiom::start_child_atom_v, spec);
    run();
    caf::anon_send(std::exchange(*latest, nullptr), i % 2 == 0);
    run();
  });
  BOOST_TEST(sup.stats().starts == many);
  BOOST_TEST(sup.stats().children == 0u);
}

BOOST_AUTO_TEST_CASE(keep_nothing_of_transient_children_that_are_done) {
  auto latest = std::make_shared<caf::actor>();
  auto sup = begin_pool(passing_child(latest, restart_kind::transient));
  check_memory("transient actors", [&](std::size_t) {
    caf::anon_send(sup.actor(), axiom::start_child_atom_v);
    run();
    caf::anon_send(std::exchange(*latest, nullptr), false);
    run();
  });
  BOOST_TEST(sup.stats().starts == many);
  BOOST_TEST(sup.stats().errors == 0u);
  BOOST_TEST(sup.stats().children == 0u);
}

BOOST_AUTO_TEST_CASE(hold_a_hundred_thousand_children_at_once) {
  const std::size_t n = full() ? 100'000 : 10'000;
  auto count = std::make_shared<tally>(0);
  auto sup = begin({.strategy = strategy_kind::simple_one_for_one,
                    .children = {axiom::actor_child(
                      {.name = "w"}, [count](child_start& start) {
                        return start.system().spawn<crashing>(count);
                      })}});
  for (std::size_t i = 0; i < n; ++i)
    caf::anon_send(sup.actor(), axiom::start_child_atom_v);
  run();
  BOOST_TEST(sup.stats().active == n);
  const auto begun = std::chrono::steady_clock::now();
  stop_and_check(sup);
  const std::chrono::duration<double> took =
    std::chrono::steady_clock::now() - begun;
  std::cout << n << " children stopped in " << took.count() << " s"
            << std::endl;
}

BOOST_AUTO_TEST_SUITE_END()

BOOST_AUTO_TEST_SUITE(supervisors_on_many_threads)

BOOST_AUTO_TEST_CASE(lose_no_error_and_leave_nothing_behind) {
  stress::under_each_scheduler(stress::real_time, [](auto& fix) {
    constexpr std::size_t children = 50;
    stress::rounds rounds{20, 1500ms};
    while (rounds.next()) {
      auto failures = std::make_shared<std::atomic<std::uint64_t>>(0);
      auto actor = [failures](caf::event_based_actor* self) -> caf::behavior {
        return {[self, failures](int) {
          ++*failures;
          self->quit(broken("storm"));
        }};
      };
      supervisor_options options{.max_restarts = 1'000'000, .within = 1h};
      std::mutex mutex;
      std::vector<caf::actor> latest(children);
      for (std::size_t i = 0; i < children; ++i)
        options.children.push_back(
          axiom::actor_child({.name = "c" + std::to_string(i)},
                             [&mutex, &latest, actor, i](child_start& start) {
                               auto result = start.system().spawn(actor);
                               std::lock_guard guard{mutex};
                               latest[i] = result;
                               return result;
                             }));
      auto sup = supervisor::spawn(fix.system(), std::move(options));
      sup.ready().get();
      stress::race(3, rounds.stream(), [&](std::size_t, auto& choose) {
        for (int n = 0; n < 200; ++n) {
          caf::actor who;
          {
            std::lock_guard guard{mutex};
            who = latest[choose.below(children)];
          }
          caf::anon_send(who, 0);
          if (choose.one_in(16))
            sup.which_children().get();
          if (choose.one_in(16)) {
            auto name = "c" + std::to_string(choose.below(children));
            sup.terminate_child(name).get();
            static_cast<void>(sup.restart_child(name).get_expected());
          }
        }
      });
      const auto stats = sup.stop().get();
      BOOST_TEST(stats.errors == failures->load());
      BOOST_TEST(stats.active == 0u);
    }
  });
}

BOOST_AUTO_TEST_CASE(end_in_the_middle_of_everything) {
  stress::under_each_scheduler(stress::real_time, [](auto& fix) {
    stress::rounds rounds{200, 1000ms};
    while (rounds.next()) {
      stress::chooser choose{rounds.stream()};
      auto flaky = [](task_context& self) -> async<void> {
        co_await self.yield();
        throw std::runtime_error("flaky");
      };
      auto steady = [](task_context& self) -> async<void> {
        self.started();
        co_await stress::forever(self);
      };
      supervisor_options inner{
        .strategy = static_cast<strategy_kind>(choose.below(3)),
        .max_restarts = choose.below(40),
        .children = {axiom::task_child({.name = "flaky"}, flaky),
                     axiom::task_child({.name = "steady",
                                        .start = axiom::child_start_mode::said},
                                       steady)}};
      std::optional<supervisor> sup{supervisor::spawn(
        fix.system(),
        {.max_restarts = choose.below(10),
         .children = {axiom::supervisor_child({.name = "in"}, inner),
                      axiom::task_child({.name = "steady"}, steady)}})};
      choose.dither();
      switch (choose.below(4)) {
        case 0:
          sup.reset();
          break;
        case 1:
          caf::anon_send_exit(sup->actor(), caf::exit_reason::kill);
          break;
        case 2:
          caf::anon_send_exit(sup->actor(), caf::exit_reason::user_shutdown);
          break;
        default:
          try {
            sup->stop().wait();
          } catch (const axiom::exception& ex) {
            BOOST_TEST(ex.is(errc::scope_closed));
          }
      }
    }
  });
}

BOOST_AUTO_TEST_SUITE_END()
