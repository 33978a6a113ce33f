// Memory pressure when something ends: it itself in the midst of all, its
// subscribers, its handles.

#include <caf/scoped_actor.hpp>

#include "support/pressured.hpp"

using namespace test;
using boost::test_tools::per_element;

BOOST_FIXTURE_TEST_SUITE(memory_pressure_ends, pressured)

BOOST_AUTO_TEST_CASE(closing_undoes_all_and_says_so) {
  lines asked;
  auto a = std::make_shared<noting_relief>("a", asked);
  begin();
  pressure->attach(a);
  become_critical();
  announced();
  pressure->close();
  pressure->close();
  run();
  BOOST_TEST(announced()
               == (lines{"level critical-normal, stage serialise, closed",
                         "unserialise at normal, stage shrink",
                         "regrow at normal, stage none"}),
             per_element());
  BOOST_TEST(asked == (lines{"a shrink", "a serialise", "a shrink", "a none"}),
             per_element());
  BOOST_TEST(pressure->level() == level::normal);
  BOOST_TEST(!pressure->headroom());
  BOOST_TEST(pressure->stats().stage == relief_stage::none);
  BOOST_TEST(pending_timers() == 0u);
  BOOST_TEST(axiom::all_memory_pressure_stats(system()).empty());
  advance(10s);
  BOOST_TEST(pressure->level() == level::normal);
}

BOOST_AUTO_TEST_CASE(a_closed_one_takes_everything_and_does_nothing) {
  lines asked;
  auto a = std::make_shared<noting_relief>("a", asked);
  begin();
  pressure->close();
  run();
  pressure->attach(a);
  pressure->subscribe(subscriber);
  pressure->unsubscribe(subscriber);
  use(999, 10s);
  BOOST_TEST(asked.empty());
  BOOST_TEST(announced().empty());
}

BOOST_AUTO_TEST_CASE(the_last_handle_closes_it) {
  lines asked;
  auto a = std::make_shared<noting_relief>("a", asked);
  begin();
  auto copy = *pressure;
  copy.attach(a);
  become_critical();
  pressure.reset();
  advance(1s);
  BOOST_TEST(asked.size() == 2u);
  { auto last = std::move(copy); }
  run();
  BOOST_TEST(asked.back() == "a none");
}

BOOST_AUTO_TEST_CASE(an_exit_message_or_a_kill_undoes_all) {
  for (auto reason :
       {caf::exit_reason::user_shutdown, caf::exit_reason::kill}) {
    lines asked;
    auto a = std::make_shared<noting_relief>("a", asked);
    use(100);
    begin();
    pressure->attach(a);
    become_critical();
    caf::anon_send_exit(pressure->actor(), reason);
    run();
    BOOST_TEST(asked.back() == "a none");
    BOOST_TEST(pressure->level() == level::normal);
    BOOST_TEST(pending_timers() == 0u);
    pressure.reset();
    run();
  }
}

BOOST_AUTO_TEST_CASE(closing_while_shed_tasks_end_leaves_them_cancelled) {
  auto t = start({.name = "t", .sheddable = true},
                 [](task_context& self) -> async<void> {
                   auto cut = co_await axiom::as_expected(forever(self));
                   BOOST_TEST(!cut);
                   co_await self.shielded([](task_context& me) -> async<void> {
                     co_await me.sleep_for(500ms);
                   });
                 });
  begin();
  become_critical();
  advance(100ms);
  BOOST_TEST(t.cancelled());
  BOOST_TEST(!t.done());
  pressure->close();
  run();
  pressure.reset();
  advance(500ms);
  BOOST_TEST(t.done());
}

BOOST_AUTO_TEST_CASE(closed_by_the_relief_it_asks) {
  struct closing final : axiom::memory_relief {
    explicit closing(pressured& x) : owner(x) {
      // nop
    }

    std::string_view name() const noexcept override {
      return "closing";
    }

    void relieve(relief_stage stage) override {
      stages.push_back(stage);
      owner.pressure->close();
      BOOST_TEST(owner.pressure->stats().readings > 0u);
    }

    void headroom(std::uint64_t) override {
      // nop
    }

    pressured& owner;
    std::vector<relief_stage> stages;
  };
  auto a = std::make_shared<closing>(*this);
  begin();
  pressure->attach(a);
  use(820, 1s);
  BOOST_TEST(
    a->stages
      == (std::vector<relief_stage>{relief_stage::shrink, relief_stage::none}),
    per_element());
}

// -- subscribers --------------------------------------------------------------

BOOST_AUTO_TEST_CASE(subscribers_get_each_event_once) {
  auto other = std::make_shared<event_log::element_type>();
  auto second = system().spawn([other] { return note_events(other); });
  begin();
  pressure->subscribe(second);
  pressure->subscribe(second);
  use(820, 1s);
  BOOST_TEST(other->size() == 2u);
  BOOST_TEST(log->size() == 2u);
  BOOST_TEST(pressure->stats().subscribers == 2u);
  pressure->unsubscribe(second);
  use(960, 1s);
  BOOST_TEST(other->size() == 2u);
  BOOST_TEST(log->size() == 4u);
  BOOST_TEST(pressure->stats().subscribers == 1u);
  stop(second);
}

BOOST_AUTO_TEST_CASE(subscribers_that_die_are_dropped) {
  begin();
  for (auto reason :
       {caf::exit_reason::user_shutdown, caf::exit_reason::kill}) {
    auto mortal = system().spawn([log = log] { return note_events(log); });
    pressure->subscribe(mortal);
    run();
    BOOST_TEST(pressure->stats().subscribers == 2u);
    caf::anon_send_exit(mortal, reason);
    run();
    BOOST_TEST(pressure->stats().subscribers == 1u);
  }
  use(820, 1s);
  BOOST_TEST(announced().size() == 2u);
}

BOOST_AUTO_TEST_CASE(subscribers_that_were_dead_before_are_dropped) {
  auto dead = system().spawn([log = log] { return note_events(log); });
  stop(dead);
  begin();
  pressure->subscribe(dead);
  run();
  BOOST_TEST(pressure->stats().subscribers == 1u);
}

BOOST_AUTO_TEST_CASE(a_subscription_keeps_nothing_alive) {
  begin();
  auto idle = std::make_shared<int>();
  auto x = system().spawn([idle]() -> caf::behavior {
    return {[idle](const axiom::memory_pressure_event&) {}};
  });
  pressure->subscribe(x);
  run();
  x = nullptr;
  run();
  BOOST_TEST(idle.use_count() == 1);
  BOOST_TEST(pressure->stats().subscribers == 1u);
}

BOOST_AUTO_TEST_CASE(a_task_may_subscribe) {
  begin();
  auto t = start("t", forever);
  pressure->subscribe(t.actor());
  run();
  BOOST_TEST(pressure->stats().subscribers == 2u);
  use(820, 1s); // it handles no messages, and comes to no harm
  t.cancel();
  run();
  BOOST_TEST(pressure->stats().subscribers == 1u);
}

BOOST_AUTO_TEST_SUITE_END()
