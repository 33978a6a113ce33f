// Tasks and foreign actors. The interleavings looked for:
//
// - exit messages, with and without a reason, and kills reach a task before it
//   runs, while it runs, while it settles, and after;
// - functors and monitors are attached, links added and removed, by several
//   threads, both ways round, while the task ends: each functor is called once,
//   a link that stays ends both, and no two locks are taken crosswise;
// - then() is asked for before, while and after the task settles;
// - a response, its timeout and a cancellation race for one request, and the
//   receiver may die instead of answering;
// - an adopted actor dies before it is adopted, by its own will, by a foreign
//   kill, or by the cancellation of its parent with and without a grace;
// - threads wait, with and without a timeout, while the task ends.

#include <caf/actor_registry.hpp>
#include <caf/event_based_actor.hpp>
#include <caf/exit_reason.hpp>
#include <caf/response_promise.hpp>
#include <caf/send.hpp>

#include "support.hpp"

using namespace stress;

BOOST_AUTO_TEST_SUITE(stress_actors)

namespace {

void send_exit(const caf::actor& to, caf::exit_reason reason) {
  if (reason == caf::exit_reason::normal)
    to->enqueue(nullptr, caf::make_message_id(),
                caf::make_message(caf::exit_msg{caf::actor_addr{}, {}}),
                nullptr);
  else
    caf::anon_send_exit(to, reason);
}

constexpr std::array reasons{caf::exit_reason::normal,
                             caf::exit_reason::user_shutdown,
                             caf::exit_reason::kill};

/// Ends at once, after some turns, or not by itself.
async<void> some_life(task_context& self, std::size_t turns) {
  for (auto i = turns; i > 0 && i < 4; --i)
    co_await self.yield();
  if (turns >= 4)
    co_await self.sleep_for(24h);
}

caf::abstract_actor* raw(const caf::actor& x) {
  return caf::actor_cast<caf::abstract_actor*>(x);
}

} // namespace

BOOST_AUTO_TEST_CASE(exits_and_functors_while_tasks_start_and_end) {
  under_each_scheduler(virtual_time, [](auto& fix) {
    for (rounds r{400}; r.next();) {
      std::atomic<int> attached{0};
      std::atomic<int> called{0};
      std::vector<axiom::task<void>> tasks;
      auto stream = r.stream();
      chooser choose{stream + 99};
      for (int i = 0; i < 30; ++i)
        tasks.push_back(fix.coordinator().create_child_task(
          "task", [turns = choose.below(6)](task_context& self) {
            return some_life(self, turns);
          }));
      race(3, stream, [&](auto i, auto& choose) {
        for (auto& t : tasks) {
          auto actor = t.actor();
          if (i != 0) {
            ++attached;
            raw(actor)->attach_functor(
              [&called](const caf::error&) { ++called; });
          } else {
            send_exit(actor, reasons[choose.below(reasons.size())]);
          }
          choose.dither();
        }
      });
      for (auto& t : tasks) {
        caf::anon_send_exit(t.actor(), caf::exit_reason::kill);
        t.wait();
      }
      spin_until([&] { return called == attached; });
      tasks.clear();
      BOOST_TEST(called == attached);
    }
  });
}

BOOST_AUTO_TEST_CASE(links_added_and_removed_while_both_ends_end) {
  under_each_scheduler(virtual_time, [](auto& fix) {
    for (rounds r{400}; r.next();) {
      constexpr std::size_t count = 12;
      std::atomic<int> foreign_alive{0};
      std::vector<axiom::task<void>> tasks;
      std::vector<caf::actor> actors;
      auto stream = r.stream();
      for (std::size_t i = 0; i < count; ++i) {
        tasks.push_back(fix.coordinator().create_child_task("task", forever));
        actors.push_back(tasks.back().actor());
        actors.push_back(
          fix.system().spawn([token = std::make_shared<held>(foreign_alive)](
                               caf::event_based_actor*) -> caf::behavior {
            return {[token](caf::unit_t) {}};
          }));
      }
      race(3, stream, [&](auto i, auto& choose) {
        for (int n = 0; n < 60; ++n) {
          auto& a = choose.pick(actors);
          auto& b = choose.pick(actors);
          if (a == b)
            continue;
          if (choose.one_in(3))
            raw(a)->remove_link(raw(b));
          else
            raw(a)->add_link(raw(b));
          if (i == 0 && choose.one_in(20))
            send_exit(a, reasons[choose.below(reasons.size())]);
        }
      });
      // A ring through all of them: one end ends all.
      for (std::size_t i = 0; i < actors.size(); ++i)
        raw(actors[i])->add_link(raw(actors[(i + 1) % actors.size()]));
      send_exit(actors[chooser{stream}.below(actors.size())],
                caf::exit_reason::user_shutdown);
      for (auto& t : tasks)
        t.wait();
      actors.clear();
      tasks.clear();
      spin_until([&] { return foreign_alive == 0; });
    }
  });
}

BOOST_AUTO_TEST_CASE(monitors_and_then_while_tasks_end) {
  under_each_scheduler(virtual_time, [](auto& fix) {
    for (rounds r{400}; r.next();) {
      constexpr int count = 20;
      std::atomic<int> downs{0};
      std::atomic<int> values{0};
      std::atomic<int> errors{0};
      std::vector<axiom::task<int>> tasks;
      auto stream = r.stream();
      chooser choose{stream + 99};
      for (int i = 0; i < count; ++i)
        tasks.push_back(fix.coordinator().create_child_task(
          "task", [turns = choose.below(6)](task_context& self) -> async<int> {
            co_await some_life(self, turns);
            co_return 1;
          }));
      auto watch = [&](caf::event_based_actor* self) -> caf::behavior {
        // It ends when it was told twice of each.
        auto told = [self,
                     left = std::make_shared<int>(2 * count)](auto& what) {
          ++what;
          if (--*left == 0)
            self->quit();
        };
        self->set_down_handler(
          [&downs, told](const caf::down_msg&) { told(downs); });
        for (auto& t : tasks) {
          t.then(
            self, [&values, told](int) { told(values); },
            [&errors, told](const caf::error&) { told(errors); });
          self->monitor(t.actor());
        }
        return {[](caf::unit_t) {}};
      };
      race(3, stream, [&](auto i, auto& choose) {
        choose.dither();
        if (i < 2)
          fix.system().spawn(watch);
        else
          for (auto& t : tasks) {
            choose.dither();
            t.cancel();
          }
      });
      for (auto& t : tasks)
        t.wait();
      // All but the coordinator's own actor.
      spin_until([&] { return fix.system().registry().running() == 1; });
      BOOST_TEST(downs == 2 * count);
      BOOST_TEST(values + errors == 2 * count);
    }
  });
}

namespace {

/// Answers now, later, never, or dies.
caf::behavior fickle(caf::event_based_actor* self, std::uint64_t stream,
                     std::atomic<int>* asked) {
  auto choose = std::make_shared<chooser>(stream);
  auto held_back = std::make_shared<std::vector<caf::response_promise>>();
  return {[=](int x) -> caf::result<int> {
    ++*asked;
    choose->dither();
    switch (choose->below(6)) {
      case 0:
        held_back->push_back(self->make_response_promise());
        return caf::delegated<int>{};
      case 1:
        for (auto& promise : *held_back)
          promise.deliver(-1);
        held_back->clear();
        return x;
      case 2:
        return caf::make_error(caf::sec::runtime_error);
      case 3:
        if (choose->one_in(20))
          self->quit(caf::exit_reason::user_shutdown);
        return x;
      default:
        return x;
    }
  }};
}

} // namespace

BOOST_AUTO_TEST_CASE(responses_timeouts_and_cancellations_of_requests) {
  under_each_scheduler(real_time, [](auto& fix) {
    for (rounds r{400}; r.next();) {
      std::atomic<int> alive{0};
      std::atomic<int> asked{0};
      std::atomic<int> sent{0};
      std::atomic<int> answered{0};
      auto stream = r.stream();
      auto server = fix.system().spawn(fickle, stream + 98, &asked);
      std::vector<axiom::task<void>> tasks;
      for (std::uint64_t i = 0; i < 12; ++i)
        tasks.push_back(fix.coordinator().create_child_task(
          "client", [&, stream, i](task_context& self) -> async<void> {
            held here{alive};
            chooser choose{stream + 10 + i};
            for (int n = 0; n < 10; ++n) {
              ++sent;
              auto request =
                self.request<int>(server, 5us + choose.microseconds(200), n);
              auto got = co_await axiom::as_expected(std::move(request));
              answered += got ? 1 : 0;
            }
          }));
      race(2, stream, [&](auto, auto& choose) {
        for (auto& t : tasks)
          if (choose.one_in(4)) {
            choose.dither();
            t.cancel();
          }
      });
      for (auto& t : tasks)
        t.wait();
      caf::anon_send_exit(server, caf::exit_reason::kill);
      spin_until([&] { return fix.system().registry().running() == 1; });
      BOOST_TEST(alive == 0);
      BOOST_TEST(answered <= asked);
      BOOST_TEST(asked <= sent);
      // The last of a cancellation is its request, after who waits.
      spin_until([&] { return fix.pending_timers() == 0; });
    }
  });
}

namespace {

/// Dies in its start, by a message, or ignores what is not a kill.
class short_lived : public caf::event_based_actor {
public:
  short_lived(caf::actor_config& cfg, std::size_t kind, std::atomic<int>& alive)
    : event_based_actor(cfg), kind_(kind), token_(alive) {
    // nop
  }

  caf::behavior make_behavior() override {
    if (kind_ == 0)
      return {}; // nothing to do: it ends
    if (kind_ == 1)
      quit(caf::exit_reason::user_shutdown);
    if (kind_ == 2)
      set_exit_handler([](const caf::exit_msg&) {});
    return {[this](int) { quit(); }};
  }

private:
  std::size_t kind_;
  held token_;
};

} // namespace

BOOST_AUTO_TEST_CASE(adopted_actors_that_die_at_random) {
  under_each_scheduler(virtual_time, [](auto& fix) {
    for (rounds r{400}; r.next();) {
      std::atomic<int> alive{0};
      auto stream = r.stream();
      std::vector<axiom::task<void>> tasks;
      for (std::uint64_t i = 0; i < 6; ++i)
        tasks.push_back(fix.coordinator().create_child_task(
          "parent", [&, stream, i](task_context& self) {
            chooser choose{stream + 10 + i};
            for (int n = 0; n < 8; ++n) {
              auto child =
                self.spawn_child<short_lived>(choose.below(4), std::ref(alive));
              if (choose.one_in(3))
                caf::anon_send(child, 1);
              else if (choose.one_in(3))
                caf::anon_send_exit(child, caf::exit_reason::kill);
            }
          }));
      race(2, stream, [&](auto, auto& choose) {
        for (auto& t : tasks) {
          choose.dither();
          if (choose.one_in(2))
            t.cancel();
          else
            fix.coordinator().cancel_task_tree(t.reference(),
                                               axiom::cancel_reason::user, 0s);
        }
      });
      // The grace of those that were cancelled with one is over: the others
      // die.
      spin_until([&] {
        if (fix.coordinator().stats().roots == 0)
          return true;
        fix.advance(3s);
        return false;
      });
      for (auto& t : tasks)
        BOOST_TEST(t.done());
      spin_until([&] { return alive == 0; });
    }
  });
}

BOOST_AUTO_TEST_CASE(threads_that_wait_while_tasks_end) {
  under_each_scheduler(virtual_time, [](auto& fix) {
    for (rounds r{400}; r.next();) {
      std::vector<axiom::task<std::size_t>> tasks;
      std::atomic<int> wrong{0};
      auto stream = r.stream();
      for (std::size_t i = 0; i < 20; ++i)
        tasks.push_back(fix.coordinator().create_child_task(
          "task", [i](task_context& self) -> async<std::size_t> {
            for (auto n = i % 4; n > 0; --n)
              co_await self.yield();
            if (i % 5 == 4)
              co_return axiom::fail(errc::invalid_argument, "broken");
            co_return i;
          }));
      race(3, stream, [&](auto, auto& choose) {
        for (std::size_t i = 0; i < tasks.size(); ++i) {
          auto& t = tasks[i];
          choose.dither();
          if (choose.one_in(2) && t.wait_for(choose.microseconds(50)))
            wrong += t.done() ? 0 : 1;
          try {
            wrong += t.get() == i ? 0 : 1;
          } catch (const axiom::exception& ex) {
            wrong += i % 5 == 4 ? 0 : 1;
          }
        }
      });
      BOOST_TEST(wrong == 0);
    }
    spin_until([&] { return fix.coordinator().stats().roots == 0; });
    BOOST_TEST(fix.coordinator().stats().unobserved_errors == 0u);
  });
}

BOOST_AUTO_TEST_SUITE_END()
