// How actors end, and who is told: exits along links, down messages of
// monitors, attached functors, exceptions, and actors that nobody refers to.

#include <future>
#include <stdexcept>

#include <caf/actor_ostream.hpp>
#include <caf/stateful_actor.hpp>

#include "conformance/fixture.hpp"

using namespace conformance;
using boost::test_tools::per_element;

namespace {

/// Does nothing until it is told to end: well, or, as any actor, with the error
/// that it is sent.
caf::behavior obedient(caf::event_based_actor* self) {
  return {
    [self](caf::ok_atom) { self->quit(); },
    [self](caf::link_atom, const caf::actor& other) { self->link_to(other); },
    [](caf::get_atom) { return 1; },
  };
}

const caf::error broken = caf::sec::runtime_error;

/// Fulfils `ended` with the exit reason of `x`.
void watch(const caf::actor& x, std::promise<caf::error>& ended) {
  x->attach_functor([&ended](const caf::error& why) { ended.set_value(why); });
}

/// Waits until `x`, which is to end now, has.
void await_end(const caf::actor& x) {
  caf::scoped_actor self{x->home_system()};
  self->wait_for(x);
}

} // namespace

BOOST_AUTO_TEST_SUITE(lifetimes)

// -- links --------------------------------------------------------------------

BOOST_DATA_TEST_CASE(linked_actors_fall_together_with_one_reason, everywhere,
                     where) {
  std::vector<std::promise<caf::error>> ended(20);
  fixture fix{where};
  std::vector<caf::actor> chain;
  for (auto& x : ended) {
    chain.push_back(fix.system().spawn(obedient));
    watch(chain.back(), x);
  }
  for (std::size_t i = 1; i < chain.size(); ++i) {
    caf::anon_send(chain[i], caf::link_atom_v, chain[i - 1]);
    ask<int>(fix.system(), chain[i], caf::get_atom_v); // now it is linked
  }
  caf::anon_send(chain[10], broken);
  for (auto& x : ended)
    BOOST_CHECK(x.get_future().get() == broken);
}

BOOST_DATA_TEST_CASE(an_actor_that_ends_well_leaves_its_links_alone, everywhere,
                     where) {
  std::promise<caf::error> ended;
  fixture fix{where};
  auto survivor = fix.system().spawn([&](caf::event_based_actor* self) {
    auto other = self->spawn(obedient);
    watch(other, ended); // what is attached first is told last
    self->link_to(other);
    self->send(other, caf::ok_atom_v);
    return obedient(self);
  });
  BOOST_CHECK(!ended.get_future().get());
  BOOST_TEST(*ask<int>(fix.system(), survivor, caf::get_atom_v) == 1);
}

BOOST_DATA_TEST_CASE(an_exit_handler_gets_exits_instead, everywhere, where) {
  std::promise<caf::error> trapped;
  fixture fix{where};
  fix.system().spawn([&](caf::event_based_actor* self) -> caf::behavior {
    self->set_exit_handler([&, self](const caf::exit_msg& msg) {
      trapped.set_value(msg.reason);
      self->quit();
    });
    self->send(self->spawn<caf::linked>(obedient), broken);
    return {[](caf::get_atom) { return 1; }};
  });
  BOOST_CHECK(trapped.get_future().get() == broken);
}

BOOST_DATA_TEST_CASE(linking_to_an_actor_that_has_ended_is_an_exit_at_once,
                     everywhere, where) {
  std::promise<caf::error> ended;
  fixture fix{where};
  auto dead = fix.system().spawn(obedient);
  caf::anon_send(dead, broken);
  await_end(dead);
  watch(fix.system().spawn([dead](caf::event_based_actor* self) {
    self->link_to(dead);
    return obedient(self);
  }),
        ended);
  BOOST_CHECK(ended.get_future().get() == broken);
}

BOOST_DATA_TEST_CASE(unlinked_actors_do_not_fall, everywhere, where) {
  std::promise<void> down;
  fixture fix{where};
  auto survivor = fix.system().spawn([&](caf::event_based_actor* self) {
    auto other = self->spawn<caf::linked + caf::monitored>(obedient);
    self->unlink_from(other);
    self->send(other, broken);
    self->set_down_handler([&](const caf::down_msg&) { down.set_value(); });
    return obedient(self);
  });
  down.get_future().wait();
  BOOST_TEST(*ask<int>(fix.system(), survivor, caf::get_atom_v) == 1);
}

BOOST_DATA_TEST_CASE(a_kill_cannot_be_trapped, everywhere, where) {
  std::promise<caf::error> ended;
  fixture fix{where};
  auto x = fix.system().spawn([](caf::event_based_actor* self) {
    self->set_exit_handler([](const caf::exit_msg&) {});
    return obedient(self);
  });
  watch(x, ended);
  caf::anon_send_exit(x, caf::exit_reason::user_shutdown);
  caf::anon_send_exit(x, caf::exit_reason::kill);
  BOOST_CHECK(ended.get_future().get() == caf::exit_reason::kill);
}

// -- monitors -----------------------------------------------------------------

BOOST_DATA_TEST_CASE(a_monitor_is_told_once_who_ended_and_why, everywhere,
                     where) {
  journal<caf::down_msg> downs;
  fixture fix{where};
  auto x = fix.system().spawn(obedient);
  auto watching = fix.system().spawn([&](caf::event_based_actor* self) {
    self->monitor(x);
    self->set_down_handler([&](const caf::down_msg& msg) { downs.add(msg); });
    return obedient(self);
  });
  ask<int>(fix.system(), watching, caf::get_atom_v); // now it monitors
  caf::anon_send(x, broken);
  auto first = downs.await(1).front();
  BOOST_CHECK(first.source == x);
  BOOST_CHECK(first.reason == broken);
  caf::anon_send(watching, caf::ok_atom_v);
  await_end(watching);
  BOOST_TEST(downs.entries().size() == 1u);
}

BOOST_DATA_TEST_CASE(monitoring_an_actor_that_has_ended_tells_at_once,
                     everywhere, where) {
  std::promise<caf::error> down;
  fixture fix{where};
  auto dead = fix.system().spawn(obedient);
  caf::anon_send(dead, broken);
  await_end(dead);
  fix.system().spawn([&](caf::event_based_actor* self) {
    self->monitor(dead);
    self->set_down_handler([&, self](const caf::down_msg& msg) {
      down.set_value(msg.reason);
      self->quit();
    });
    return obedient(self);
  });
  BOOST_CHECK(down.get_future().get() == broken);
}

BOOST_DATA_TEST_CASE(who_stopped_monitoring_is_not_told, everywhere, where) {
  journal<caf::down_msg> downs;
  fixture fix{where};
  auto x = fix.system().spawn(obedient);
  auto watching = fix.system().spawn([&](caf::event_based_actor* self) {
    self->monitor(x);
    self->demonitor(x);
    self->set_down_handler([&](const caf::down_msg& msg) { downs.add(msg); });
    return obedient(self);
  });
  ask<int>(fix.system(), watching, caf::get_atom_v);
  caf::anon_send(x, broken);
  await_end(x);
  caf::anon_send(watching, caf::ok_atom_v);
  await_end(watching);
  BOOST_TEST(downs.entries().empty());
}

BOOST_DATA_TEST_CASE(a_monitored_spawn_tells_its_parent, everywhere, where) {
  journal<caf::error> downs;
  fixture fix{where};
  fix.system().spawn([&](caf::event_based_actor* self) {
    auto left = std::make_shared<int>(100);
    self->set_down_handler([&, self, left](const caf::down_msg& msg) {
      downs.add(msg.reason);
      if (--*left == 0)
        self->quit();
    });
    for (int i = 0; i < 100; ++i)
      self->send(self->spawn<caf::monitored>(obedient), broken);
    return obedient(self);
  });
  for (auto& why : downs.await(100))
    BOOST_CHECK(why == broken);
}

// -- attached functors --------------------------------------------------------

BOOST_DATA_TEST_CASE(an_attached_functor_runs_once, everywhere, where) {
  journal<caf::error> ends;
  fixture fix{where};
  auto x = fix.system().spawn(obedient);
  auto note = [&](const caf::error& why) { ends.add(why); };
  x->attach_functor(note);
  for (int i = 0; i < 3; ++i)
    caf::anon_send_exit(x, caf::exit_reason::user_shutdown);
  await_end(x);
  ends.await(1);
  x->attach_functor(note); // to an actor that has ended: runs at once
  BOOST_TEST(ends.entries().size() == 2u);
  for (auto& why : ends.entries())
    BOOST_CHECK(why == caf::exit_reason::user_shutdown);
}

// -- exceptions ---------------------------------------------------------------

BOOST_DATA_TEST_CASE(an_exception_ends_its_actor_with_an_error, everywhere,
                     where) {
  std::promise<caf::error> ended;
  fixture fix{where};
  // The default handler says on the standard output what it got.
  caf::actor_ostream::redirect_all(fix.system(), "/dev/null");
  auto x = fix.system().spawn([](caf::event_based_actor*) -> caf::behavior {
    return {[](int) -> int { throw std::runtime_error{"broken"}; }};
  });
  watch(x, ended);
  BOOST_CHECK(ask<int>(fix.system(), x, 1).error() == caf::sec::runtime_error);
  BOOST_CHECK(ended.get_future().get() == caf::sec::runtime_error);
}

BOOST_DATA_TEST_CASE(an_exception_handler_says_what_the_error_is, everywhere,
                     where) {
  std::promise<caf::error> ended;
  fixture fix{where};
  auto x =
    fix.system().spawn([](caf::event_based_actor* self) -> caf::behavior {
      self->set_exception_handler([](std::exception_ptr&) -> caf::error {
        return caf::sec::invalid_argument;
      });
      return {[](int) -> int { throw std::runtime_error{"broken"}; }};
    });
  watch(x, ended);
  BOOST_CHECK(ask<int>(fix.system(), x, 1).error()
              == caf::sec::invalid_argument);
  BOOST_CHECK(ended.get_future().get() == caf::sec::invalid_argument);
}

BOOST_DATA_TEST_CASE(an_exception_at_the_start_ends_its_actor, everywhere,
                     where) {
  std::promise<caf::error> ended;
  fixture fix{where};
  auto x = fix.system().spawn<caf::lazy_init>(
    [](caf::event_based_actor* self) -> caf::behavior {
      self->set_exception_handler([](std::exception_ptr&) -> caf::error {
        return caf::sec::invalid_argument;
      });
      throw std::runtime_error{"broken"};
    });
  watch(x, ended);
  caf::anon_send(x, caf::ok_atom_v);
  BOOST_CHECK(ended.get_future().get() == caf::sec::invalid_argument);
}

// -- start and end without messages -------------------------------------------

BOOST_DATA_TEST_CASE(a_lazy_actor_starts_with_its_first_message, everywhere,
                     where) {
  std::atomic<int> started{0};
  auto starting = [&](caf::event_based_actor* self) {
    ++started;
    return obedient(self);
  };
  fixture fix{where};
  {
    auto idle = fix.system().spawn<caf::lazy_init>(starting);
    auto used = fix.system().spawn<caf::lazy_init>(starting);
    BOOST_TEST(started == 0);
    BOOST_TEST(*ask<int>(fix.system(), used, caf::get_atom_v) == 1);
  }
  fix.end();
  BOOST_TEST(started == 1);
}

BOOST_DATA_TEST_CASE(an_idle_actor_that_nobody_refers_to_is_destroyed,
                     everywhere, where) {
  struct noting {
    ~noting() {
      if (destroyed != nullptr)
        destroyed->set_value();
    }
    std::promise<void>* destroyed = nullptr;
  };
  std::promise<caf::error> ended;
  std::promise<void> destroyed;
  fixture fix{where};
  {
    auto x = fix.system().spawn(
      [&](caf::stateful_actor<noting>* self) -> caf::behavior {
        self->state.destroyed = &destroyed;
        return {[](caf::get_atom) { return 1; }};
      });
    watch(x, ended);
    ask<int>(fix.system(), x, caf::get_atom_v);
  }
  BOOST_CHECK(ended.get_future().get() == caf::exit_reason::unreachable);
  destroyed.get_future().wait();
}

BOOST_DATA_TEST_CASE(messages_sent_before_the_last_handle_went_are_handled,
                     everywhere, where) {
  journal<int> seen;
  fixture fix{where};
  {
    auto x = fix.system().spawn([&](caf::event_based_actor*) -> caf::behavior {
      return {[&](int x) { seen.add(x); }};
    });
    for (int i = 0; i < 100; ++i)
      caf::anon_send(x, i);
  }
  fix.end();
  BOOST_TEST(seen.entries() == in_order(100), per_element());
}

BOOST_AUTO_TEST_SUITE_END()
