// Phased shutdowns. The interleavings looked for:
//
// - several threads and actors begin the run at once: there is one;
// - a phase ends, overruns its budget, and is cancelled at the same time;
// - the coordinator is shut down, killed, or loses its last handle before the
//   run begins, while a phase does, and while the report is being published;
// - operations are added while their phase begins: each is refused, or runs and
//   is destroyed;
// - operations fail, block, hang or ignore their cancellation.

#include <set>

#include <caf/event_based_actor.hpp>
#include <caf/send.hpp>

#include "support.hpp"

using namespace stress;

namespace {

using coordinator = axiom::structured_task_coordinator;

/// One of several operations. All hold something.
void add_any(const coordinator& to, std::string_view phase, chooser& choose,
             std::atomic<int>& alive) {
  held mine{alive};
  auto span = choose.microseconds(3'000);
  try {
    switch (choose.below(5)) {
      case 0:
        to.add_shutdown_task(phase, "callable", [mine] {});
        break;
      case 1:
        to.add_shutdown_task(phase, "failing",
                             [mine] { throw std::runtime_error{"no"}; });
        break;
      case 2:
        to.add_shutdown_task(phase, "sleeper",
                             [mine, span](task_context& self) -> async<void> {
                               co_await self.sleep_for(span);
                             });
        break;
      case 3:
        to.add_shutdown_task(
          phase, "stubborn", [mine, span](task_context& self) -> async<void> {
            auto sleep = [span](task_context& self) -> async<void> {
              co_await self.sleep_for(span);
            };
            co_await axiom::as_expected(self.sleep_for(24h));
            auto shield = self.shielded(sleep);
            co_await shield;
          });
        break;
      default:
        to.add_shutdown_task(
          phase, "blocking", axiom::blocking([mine](task_context& self) {
            for (int i = 0; i < 1'000 && !self.cancelled(); ++i)
              std::this_thread::yield();
          }));
    }
  } catch (const axiom::exception& ex) {
    if (!is(ex.error(), errc::scope_closed)) // the phase has begun
      throw;
  }
}

/// Something that ends the coordinator otherwise, or does not.
void disturb(coordinator& other, chooser& choose) {
  auto actor = caf::actor_cast<caf::actor>(other.actor());
  switch (choose.below(6)) {
    case 0:
      other.shutdown(choose.microseconds(500));
      break;
    case 1:
      caf::anon_send_exit(actor, caf::exit_reason::kill);
      break;
    case 2:
      caf::anon_send_exit(actor, caf::exit_reason::user_shutdown);
      break;
    case 3:
      for (auto& x : other.snapshot().tasks)
        if (x.task.name == "shutdown")
          try {
            other.cancel_task_tree(x.task);
          } catch (const axiom::exception&) {
            // it has ended
          }
      break;
    default:
      break;
  }
}

} // namespace

BOOST_AUTO_TEST_SUITE(stress_phased_shutdown)

BOOST_AUTO_TEST_CASE(runs_begun_and_disturbed_at_any_moment) {
  under_each_scheduler(real_time, [](auto& fix) {
    for (rounds r{300}; r.next();) {
      chooser choose{r.stream()};
      std::atomic<int> alive{0};
      std::atomic<int> answered{0};
      std::atomic<int> gone{0};
      std::vector<caf::actor> askers; // CAF ends those that nobody knows
      constexpr int asking = 2;
      auto phases = axiom::default_shutdown_phases();
      for (auto& x : phases) {
        x.budget = choose.microseconds(2'000) + 1us;
        x.recover = !choose.one_in(8);
      }
      std::vector<std::string> reports(3);
      {
        auto other = coordinator::spawn(
          fix.system(), {.name = "other",
                         .shutdown_grace = choose.microseconds(2'000),
                         .shutdown_phases = phases});
        for (auto n = choose.below(4); n > 0; --n)
          other.create_child_task("work", forever);
        for (auto n = choose.below(8); n > 0; --n)
          add_any(other, choose.pick(phases).name, choose, alive);
        for (int i = 0; i < asking; ++i)
          askers.push_back(fix.system().spawn(
            [&, actor = other.actor()](
              caf::event_based_actor* self) -> caf::behavior {
              self->request(actor, caf::infinite, axiom::shutdown_phases_atom_v)
                .then([&](const axiom::shutdown_phases_report&) { ++answered; },
                      [&](const caf::error&) { ++answered; });
              // One that was killed does not answer.
              self->set_down_handler([&, self](const caf::down_msg&) {
                ++gone;
                self->quit();
              });
              self->monitor(actor);
              return {[](int) {}};
            }));
        race(4, r.stream(), [&](auto i, auto& choose) {
          auto mine = other;
          if (i == 3) {
            add_any(mine, choose.pick(phases).name, choose, alive);
            return disturb(mine, choose);
          }
          auto handle = mine.run_shutdown();
          reports[i] = to_string(handle.get());
        });
        BOOST_TEST(std::set(reports.begin(), reports.end()).size() == 1u);
      }
      // Whatever the run left behind ends with its grace, and its operations
      // are gone with the coordinator.
      spin_until([&] { return gone == asking && alive == 0; });
      BOOST_TEST(answered <= asking);
    }
  });
}

BOOST_AUTO_TEST_SUITE_END()
