// Supervisors where several things come together: ends that take longer than
// what is remembered, ends beside alarms, first starts that are given up, and
// children that send what only the framework should.

#include "support/supervised.hpp"

using namespace test;
using strategy_kind = supervision_strategy;
using axiom::child_start_mode;

namespace {

/// Floods its supervisor with urgent messages once it is told to, a hundred at
/// a time.
class noisy : public caf::event_based_actor {
public:
  noisy(caf::actor_config& cfg, caf::actor boss, caf::message noise, int rounds)
    : caf::event_based_actor(cfg),
      boss_(std::move(boss)),
      noise_(std::move(noise)),
      rounds_(rounds) {
    // nop
  }

  caf::behavior make_behavior() override {
    set_error_handler([](caf::error&) {}); // CAF says what nobody takes
    return {[this](int) {
      for (int i = 0; i < 100; ++i)
        send<caf::message_priority::high>(boss_, noise_);
      if (--rounds_ > 0)
        send(this, 0);
    }};
  }

private:
  caf::actor boss_;
  caf::message noise_;
  int rounds_;
};

} // namespace

BOOST_FIXTURE_TEST_SUITE(supervisors_in_corners, supervised)

BOOST_AUTO_TEST_CASE(give_up_with_what_happened_before_a_long_end) {
  // A sibling that has all the time it wants, and no failure of its own.
  auto sup =
    begin({.name = "s",
           .max_restarts = 1,
           .within = 5s,
           .children = {worker<deaf_child>(
                          {.name = "b", .shutdown = axiom::shutdown_infinity}),
                        worker({.name = "a"})}});
  crash("a", broken("first"));
  crash("a", broken("second"));
  advance(1h);
  BOOST_TEST(!sup.ended());
  leave("b");
  BOOST_REQUIRE(sup.ended());
  BOOST_TEST(names_of(tree_of(*sup.outcome())) == (lines{"a #1", "a #2", "s"}),
             boost::test_tools::per_element());
}

BOOST_AUTO_TEST_CASE(take_no_notice_of_urgent_noise_of_a_child) {
  const std::vector<std::pair<const char*, caf::message>> noises{
    {"unknown", caf::make_message(std::string{"noise"}, 1)},
    {"event", caf::make_message(axiom::child_event_atom_v, false)},
    {"put off", caf::make_message(axiom::child_event_atom_v, true)},
    {"tick", caf::make_message(axiom::tick_atom_v)},
    {"started", caf::make_message(axiom::started_atom_v)}};
  for (auto& [what, noise] : noises) {
    BOOST_TEST_CONTEXT(what) {
      static constexpr int rounds = 1000;
      auto make = [home = home, noise = noise](child_start& start) {
        return home->latest["n"] =
                 start.system().spawn<noisy>(start.supervisor(), noise, rounds);
      };
      auto sup = begin({.children = {worker({.name = "a"}),
                                     axiom::actor_child({.name = "n"}, make),
                                     worker({.name = "b"})}});
      happened();
      home->starts.clear();
      caf::anon_send(home->latest.at("n"), 0);
      caf::anon_send(home->latest.at("a"), broken());
      auto children = sup.which_children();
      while (home->starts["a"] == 0) // it is back while the noise goes on
        BOOST_REQUIRE(run_one());
      BOOST_TEST(run() > std::size_t{rounds});
      CHECK_HAPPENED({"-a", "+a"});
      BOOST_TEST(children.done());
      BOOST_TEST(sup.stats().active == 3u);
      BOOST_TEST(sup.stats().restarts == 1u);
      BOOST_TEST(sup.stats().errors == 1u);
      stop_and_check(sup);
    }
  }
}

BOOST_AUTO_TEST_CASE(give_up_with_what_happened_before_a_sibling_was_killed) {
  for (auto shutdown : {10s, 60s}) { // both longer than `within`
    auto sup = begin({.name = "s",
                      .max_restarts = 2,
                      .within = 5s,
                      .children = {worker({.name = "a"}),
                                   worker<deaf_child>(
                                     {.name = "deaf", .shutdown = shutdown})}});
    for (auto* why : {"first", "second", "third"})
      crash("a", broken(why));
    BOOST_TEST(!sup.ended());
    advance(shutdown);
    BOOST_REQUIRE(sup.ended());
    auto& errors = tree_of(*sup.outcome());
    BOOST_TEST(names_of(errors)
                 == (lines{"a #1", "a #2", "a #3", "deaf #1", "s"}),
               boost::test_tools::per_element());
    BOOST_TEST(errors.first().error.what().find("first") != std::string::npos);
    BOOST_TEST(errors.matches(errc::restarts_exhausted));
  }
}

BOOST_AUTO_TEST_CASE(tell_whoever_asks_late_why_they_could_not_start) {
  // The first start is given up, but a child is not dead yet.
  home->failing_starts["b"] = 1;
  auto sup = supervisor::spawn(
    system(), {.children = {worker<deaf_child>({.name = "a", .shutdown = 10s}),
                            worker({.name = "b"})}});
  run();
  auto asked = sup.ready();
  run();
  BOOST_TEST(!asked.done()); // its error is not complete
  advance(10s);
  BOOST_REQUIRE(sup.ended());
  BOOST_CHECK(error_of(asked) == errc::concurrent_errors);
}

BOOST_AUTO_TEST_CASE(count_the_time_of_one_that_ends_with_a_sibling) {
  auto sup = begin({.strategy = strategy_kind::one_for_all,
                    .max_restarts = 100,
                    .backoff = {.initial = 1s, .max = 1h, .healthy_after = 10s},
                    .children = workers({"a", "b"})});
  auto wait_of = [&](const char* name) {
    crash(name);
    const auto before = now();
    while (state_of(sup, "a") != child_state::running
           || state_of(sup, "b") != child_state::running)
      advance(100ms);
    return now() - before;
  };
  for (auto wait : {1s, 2s, 4s, 8s, 16s})
    BOOST_CHECK(wait_of("a") == wait);
  advance(1h); // a is healthy
  BOOST_CHECK(wait_of("b") == 1s); // a is stopped with it
  advance(1s);
  BOOST_CHECK(wait_of("a") == 1s);
  BOOST_CHECK(wait_of("a") == 2s); // and from there on as ever
}

BOOST_AUTO_TEST_CASE(name_a_permanent_child_that_left_too_often) {
  // There is no failure of the child's that would.
  auto sup = begin(
    {.name = "s",
     .max_restarts = 2,
     .children = {worker({.name = "steady"}), worker({.name = "leaving"})}});
  for (int i = 0; i < 3; ++i)
    leave("leaving");
  BOOST_REQUIRE(sup.ended());
  BOOST_REQUIRE(sup.outcome());
  auto& errors = tree_of(*sup.outcome());
  BOOST_TEST(errors.matches(errc::restarts_exhausted));
  const auto text = axiom::to_string(errors);
  BOOST_TEST(text.find("leaving") != std::string::npos, text);
  BOOST_TEST(text.find("steady") == std::string::npos, text);
}

BOOST_AUTO_TEST_CASE(do_not_report_as_killed_what_ended_in_time) {
  // While the supervisor is busy, in this order: an alarm for another child,
  // the end of one that was asked to end, and the end of the time that one had.
  auto sup =
    begin({.backoff = {.initial = 2900ms},
           .children = {worker<deaf_child>({.name = "a", .shutdown = 3s}),
                        worker({.name = "b"})}});
  crash("b"); // is due in 2.9 s
  auto terminate = sup.terminate_child("a");
  run();
  BOOST_CHECK(state_of(sup, "a") == child_state::stopping);
  auto busy = axiom::actor_child({.name = "c"}, [this](child_start& start) {
    advance(2900ms);
    leave("a");
    advance(200ms);
    return start.system().spawn<obedient>(home, "c");
  });
  happened();
  auto added = sup.start_child(busy);
  run();
  BOOST_TEST(happened().size() == 3u);
  for (auto* name : {"b", "c"})
    BOOST_CHECK(state_of(sup, name) == child_state::running);
  BOOST_REQUIRE(added.done());
  const auto info = result_of(terminate);
  BOOST_CHECK(info.state == child_state::stopped);
  BOOST_TEST(info.failures == 0u, info.last_error);
  BOOST_TEST(sup.stats().errors == 1u); // b's
}

BOOST_AUTO_TEST_CASE(do_not_let_a_child_hasten_the_end_of_another) {
  // One that says that it is started, and dies at once, was started, whatever
  // another sends meanwhile.
  class hasty : public obedient {
  public:
    hasty(caf::actor_config& cfg, nursery_ptr home, caf::actor boss)
      : obedient(cfg, std::move(home), "h"), boss_(std::move(boss)) {
      // nop
    }

    caf::behavior make_behavior() override {
      home_->journal.push_back("+h");
      return {[this](int) {
        send(boss_, axiom::started_atom_v);
        quit(broken("hasty"));
      }};
    }

  private:
    caf::actor boss_;
  };
  auto make = [home = home](child_start& start) {
    return home->latest["h"] =
             start.system().spawn<hasty>(home, start.supervisor());
  };
  auto sup = begin({.children = {worker({.name = "a"})}});
  auto added = sup.start_child(
    axiom::actor_child({.name = "h", .start = child_start_mode::said}, make));
  run();
  BOOST_CHECK(state_of(sup, "h") == child_state::starting);
  happened();
  // Many messages are before the one by which it says so.
  auto boss = caf::actor_cast<caf::actor>(sup.actor());
  auto a = caf::actor_cast<caf::strong_actor_ptr>(home->latest.at("a"));
  caf::anon_send(home->latest.at("h"), 0);
  for (int i = 0; i < 1000; ++i)
    boss->enqueue(a, caf::make_message_id(),
                  caf::make_message(axiom::child_event_atom_v, true), nullptr);
  run();
  BOOST_REQUIRE(added.done());
  BOOST_CHECK(added.get_expected());
  BOOST_TEST(sup.stats().restarts == 1u); // as of one that ran
  CHECK_HAPPENED({"-h", "+h"});
}

BOOST_AUTO_TEST_SUITE_END()
