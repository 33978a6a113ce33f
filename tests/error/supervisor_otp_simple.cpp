// Beside OTP's own test suite of its supervisor, the part about children that
// are all made from one specification. The table of all cases is in
// supervisor_otp.cpp.

#include <algorithm>

#include "support/supervised.hpp"

using namespace test;

namespace {

constexpr std::array restart_kinds{
  restart_kind::permanent, restart_kind::transient, restart_kind::temporary};

struct otp_simple : supervised {
  /// A supervisor that begins with so many children of one specification.
  supervisor begin_pool(child_spec spec, std::size_t n,
                        std::size_t max_restarts = 2) {
    auto options = pool_of(std::move(spec));
    options.instances = n;
    options.max_restarts = max_restarts;
    options.within = 1h;
    auto result = begin(std::move(options));
    happened();
    return result;
  }

  /// What happened, where the order does not matter.
  lines happened_sorted() {
    auto result = happened();
    std::sort(result.begin(), result.end());
    return result;
  }
};

} // namespace

BOOST_FIXTURE_TEST_SUITE(otp_suite_simple, otp_simple)

BOOST_AUTO_TEST_CASE(sup_start_ignore_temporary_child_start_child_simple) {
  auto sup = begin_pool(
    any_worker({.name = "w", .restart = restart_kind::temporary}), 0);
  home->idle_starts["w-1"] = 1;
  BOOST_CHECK(result_of(sup.start_child()).actor == nullptr);
  BOOST_CHECK(result_of(sup.start_child()).actor != nullptr);
  BOOST_TEST(!has(sup, "w-1"));
  CHECK_COUNTS(sup, {1, 1, 0, 1});
}

BOOST_AUTO_TEST_CASE(sup_start_child_returns_error_simple) {
  for (auto restart : restart_kinds) {
    BOOST_TEST_CONTEXT(axiom::to_string(restart)) {
      auto sup = begin_pool(any_worker({.name = "w", .restart = restart}), 0);
      home->failing_starts["w-1"] = 1;
      BOOST_CHECK(error_of(sup.start_child()) == errc::unhandled_exception);
      CHECK_COUNTS(sup, {0, 0, 0, 0});
      BOOST_TEST(sup.stats().restarts == 0u);
      BOOST_TEST(sup.stats().errors == 1u);
      stop_and_check(sup);
    }
  }
}

BOOST_AUTO_TEST_CASE(sup_stop_timeout_dynamic) {
  auto sup = begin_pool(
    axiom::actor_child(
      {.name = "w", .restart = restart_kind::temporary, .shutdown = 1s},
      [home = home](child_start& start) -> caf::actor {
        auto& sys = start.system();
        if (start.name() == "w-2")
          return sys.spawn<deaf_child>(home, "w-2");
        return sys.spawn<obedient>(home, start.name());
      }),
    3);
  auto stop = sup.stop();
  run();
  BOOST_TEST(happened_sorted() == (lines{"-w-1", "-w-3"}),
             boost::test_tools::per_element());
  advance(1s - 1ns);
  BOOST_TEST(!stop.done());
  advance(1ns);
  CHECK_HAPPENED({"-w-2"});
  BOOST_TEST(result_of(stop).errors == 1u);
  BOOST_REQUIRE(sup.errors().size() == 1u);
  BOOST_TEST(sup.errors()[0].task.name == "w-2 #1");
}

BOOST_AUTO_TEST_CASE(sup_stop_brutal_kill_dynamic) {
  auto sup =
    begin_pool(any_worker<deaf_child>({.name = "w",
                                       .restart = restart_kind::temporary,
                                       .shutdown = axiom::shutdown_kill}),
               10);
  const auto before = now();
  BOOST_TEST(result_of(sup.stop()).errors == 0u);
  BOOST_TEST(happened().size() == 10u);
  BOOST_CHECK(now() == before);
  BOOST_TEST(!sup.outcome());
}

BOOST_AUTO_TEST_CASE(sup_stop_non_shutdown_exit_dynamic) {
  for (auto restart : restart_kinds) {
    BOOST_TEST_CONTEXT(axiom::to_string(restart)) {
      const auto reasons = exits();
      auto sup =
        begin_pool(any_worker<deaf_child>({.name = "w", .restart = restart}),
                   reasons.size(), 0);
      auto stop = sup.stop();
      run();
      std::size_t failures = 0;
      for (std::size_t i = 0; i < reasons.size(); ++i) {
        BOOST_TEST(!stop.done());
        crash("w-" + std::to_string(i + 1), reasons[i].reason);
        failures += reasons[i].failure ? 1 : 0;
      }
      BOOST_TEST(result_of(stop).errors == failures);
      BOOST_TEST(sup.stats().restarts == 0u);
      BOOST_TEST(!sup.outcome());
      happened();
    }
  }
}

BOOST_AUTO_TEST_CASE(simple_one_for_one_permanent) {
  for (auto& x : exits()) {
    BOOST_TEST_CONTEXT(x.name) {
      auto sup = begin_pool(any_worker({.name = "w"}), 2);
      crash("w-1", x.reason);
      CHECK_HAPPENED({"-w-1", "+w-1"});
      CHECK_COUNTS(sup, {2, 2, 0, 2});
      BOOST_TEST(sup.stats().restarts == 1u);
      BOOST_TEST(sup.stats().errors == (x.failure ? 1u : 0u));
      stop_and_check(sup);
    }
  }
}

BOOST_AUTO_TEST_CASE(simple_one_for_one_transient_abnormal) {
  for (auto& x : exits()) {
    if (!x.failure)
      continue;
    BOOST_TEST_CONTEXT(x.name) {
      auto sup = begin_pool(
        any_worker({.name = "w", .restart = restart_kind::transient}), 2);
      crash("w-1", x.reason);
      CHECK_HAPPENED({"-w-1", "+w-1"});
      CHECK_COUNTS(sup, {2, 2, 0, 2});
      BOOST_TEST(sup.stats().restarts == 1u);
      BOOST_TEST(sup.stats().errors == 1u);
      stop_and_check(sup);
    }
  }
}

BOOST_AUTO_TEST_CASE(simple_one_for_one_temporary) {
  for (auto& x : exits()) {
    BOOST_TEST_CONTEXT(x.name) {
      auto sup = begin_pool(
        any_worker({.name = "w", .restart = restart_kind::temporary}), 2);
      crash("w-1", x.reason);
      CHECK_HAPPENED({"-w-1"});
      BOOST_TEST(!has(sup, "w-1"));
      CHECK_COUNTS(sup, {1, 1, 0, 1});
      BOOST_TEST(sup.stats().restarts == 0u);
      BOOST_TEST(sup.stats().errors == (x.failure ? 1u : 0u));
      stop_and_check(sup);
    }
  }
}

BOOST_AUTO_TEST_CASE(simple_one_for_one) {
  auto sup = begin_pool(any_worker({.name = "w"}), 2);
  const auto second = home->latest.at("w-2");
  crash("w-1");
  CHECK_COUNTS(sup, {2, 2, 0, 2});
  BOOST_CHECK(home->latest.at("w-2") == second);
  crash("w-2");
  BOOST_TEST(!sup.ended());
  crash("w-1");
  CHECK_HAPPENED({"-w-1", "+w-1", "-w-2", "+w-2", "-w-1", "-w-2"});
  BOOST_TEST(sup.ended());
}

BOOST_AUTO_TEST_CASE(simple_one_for_one_escalation) {
  auto sup = begin_pool(any_worker({.name = "w"}), 2, 4);
  home->failing_starts["w-1"] = 100;
  crash("w-1");
  CHECK_ESCALATED(sup, "w-1", "w-1", {"-w-1", "-w-2"});
}

BOOST_AUTO_TEST_CASE(simple_one_for_one_transient_normal_and_shutdown) {
  // What is not restarted is forgotten, of whatever kind it is.
  for (auto& x : exits()) {
    if (x.failure)
      continue;
    BOOST_TEST_CONTEXT(x.name) {
      auto sup = begin_pool(
        any_worker({.name = "w", .restart = restart_kind::transient}), 2);
      crash("w-1", x.reason);
      CHECK_HAPPENED({"-w-1"});
      BOOST_TEST(!has(sup, "w-1"));
      CHECK_COUNTS(sup, {1, 1, 0, 1});
      BOOST_CHECK(error_of(sup.restart_child("w-1")) == errc::no_such_child);
      BOOST_TEST(sup.stats().errors == 0u);
      stop_and_check(sup);
      happened();
    }
  }
}

BOOST_AUTO_TEST_CASE(child_adm_simple) {
  for (auto restart : restart_kinds) {
    BOOST_TEST_CONTEXT(axiom::to_string(restart)) {
      auto sup = begin_pool(any_worker({.name = "w", .restart = restart}), 0);
      CHECK_COUNTS(sup, {0, 0, 0, 0});
      for (std::uint64_t n : {1, 2}) {
        result_of(sup.start_child());
        CHECK_COUNTS(sup, {n, n, 0, n});
      }
      BOOST_CHECK(error_of(sup.terminate_child("w")) == errc::no_such_child);
      BOOST_TEST(result_of(sup.terminate_child("w-1")).name == "w-1");
      BOOST_TEST(!has(sup, "w-1"));
      CHECK_COUNTS(sup, {1, 1, 0, 1});
      for (auto request : {sup.terminate_child("w-1"), sup.restart_child("w-1"),
                           sup.remove_child("w-1")})
        BOOST_CHECK(error_of(request) == errc::no_such_child);
      BOOST_TEST(result_of(sup.start_child()).name == "w-3"); // none twice
      result_of(sup.remove_child("w-3"));
      BOOST_TEST(!has(sup, "w-3"));
      stop_and_check(sup);
    }
  }
}

BOOST_AUTO_TEST_CASE(children_that_wait_for_their_restart_are_forgotten_too) {
  for (auto restart : {restart_kind::permanent, restart_kind::transient}) {
    BOOST_TEST_CONTEXT(axiom::to_string(restart)) {
      auto options = pool_of(any_worker({.name = "w", .restart = restart}));
      options.instances = 2;
      options.backoff.initial = 1s;
      auto sup = begin(std::move(options));
      crash("w-1");
      CHECK_COUNTS(sup, {2, 1, 0, 2});
      result_of(sup.terminate_child("w-1"));
      CHECK_COUNTS(sup, {1, 1, 0, 1});
      happened();
      advance(1h);
      CHECK_HAPPENED({});
      stop_and_check(sup);
    }
  }
}

BOOST_AUTO_TEST_CASE(sup_start_ignore_permanent_child_start_child_simple) {
  for (auto restart : {restart_kind::permanent, restart_kind::transient}) {
    BOOST_TEST_CONTEXT(axiom::to_string(restart)) {
      auto sup = begin_pool(any_worker({.name = "w", .restart = restart}), 0);
      home->idle_starts["w-1"] = 1;
      BOOST_CHECK(result_of(sup.start_child()).actor == nullptr);
      BOOST_CHECK(result_of(sup.start_child()).actor != nullptr);
      BOOST_TEST(!has(sup, "w-1"));
      CHECK_COUNTS(sup, {1, 1, 0, 1});
      stop_and_check(sup);
      BOOST_TEST(!sup.outcome());
    }
  }
}

BOOST_AUTO_TEST_CASE(simple_one_for_one_restart_ignore) {
  for (auto restart : {restart_kind::permanent, restart_kind::transient}) {
    BOOST_TEST_CONTEXT(axiom::to_string(restart)) {
      auto sup =
        begin_pool(any_worker({.name = "w", .restart = restart}), 1, 10);
      crash("w-1");
      BOOST_TEST(has(sup, "w-1"));
      home->idle_starts["w-1"] = 1;
      crash("w-1");
      BOOST_TEST(!has(sup, "w-1"));
      CHECK_COUNTS(sup, {0, 0, 0, 0});
      BOOST_TEST(sup.stats().restarts == 2u);
      stop_and_check(sup);
      happened();
    }
  }
}

BOOST_AUTO_TEST_CASE(do_not_save_start_parameters_for_temporary_children) {
  // What such a child was started with is not held once it has started; also
  // not after another has ended.
  auto sup = begin_pool(
    any_worker({.name = "w", .restart = restart_kind::temporary}), 0);
  for (auto* name : {"w-1", "w-2"}) {
    auto held = system().spawn<obedient>(home, "argument");
    run();
    happened();
    result_of(sup.start_child(caf::make_message(std::move(held))));
    run();
    BOOST_TEST(happened_sorted()
                 == (lines{"+" + std::string{name}, "-argument"}),
               boost::test_tools::per_element());
    crash(name);
  }
}

BOOST_AUTO_TEST_SUITE_END()
