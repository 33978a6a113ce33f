// Tasks that are shed while they are created, run and end. The interleavings
// looked for:
//
// - a task settles, and leaves the list, just before, while and after it is
//   looked at, chosen and cancelled;
// - its last reference is the one that the choice has;
// - two choose the same one;
// - a coordinator ends, and leaves the residents, while its list is looked at;
// - a memory_pressure is closed, or its last handle dropped, in the midst of a
//   batch that it waits for.
//
// That nothing is lost or left behind is for the fixture to say, which aborts.

#include "axiom/resource/pressure/shedding.hpp"

#include <caf/send.hpp>

#include "axiom/resource/memory_pressure.hpp"
#include "axiom/task/detail/cancel_request.hpp"

#include "stress/support.hpp"
#include "support/memory_kernel.hpp"

using namespace stress;
using namespace axiom::detail;
using axiom::task_options;
using axiom::task_priority;

namespace {

/// What the bodies hold; tasks without a handle outlive the round.
std::atomic<int> alive{0};

/// A sheddable task that ends soon, late, or only when it is cancelled.
axiom::task<void> start_one(const axiom::structured_task_coordinator& where,
                            chooser& choose) {
  const task_options options{.name = "t",
                             .priority =
                               static_cast<task_priority>(choose.below(4)),
                             .sheddable = !choose.one_in(4)};
  switch (choose.below(3)) {
    case 0:
      return where.create_child_task(options, [] { held here{alive}; });
    case 1:
      return where.create_child_task(
        options, [n = choose.below(3)](task_context& self) -> async<void> {
          held here{alive};
          for (auto i = n; i > 0; --i)
            self.create_child_task("child", forever).cancel();
          co_await self.sleep_for(1us);
        });
    default:
      return where.create_child_task(options,
                                     [](task_context& self) -> async<void> {
                                       held here{alive};
                                       co_await self.sleep_for(1ms);
                                     });
  }
}

} // namespace

BOOST_AUTO_TEST_SUITE(shedding_stress)

BOOST_AUTO_TEST_CASE(tasks_that_end_while_they_are_chosen) {
  under_each_scheduler(real_time, [](auto& fix) {
    auto& host = axiom::runtime::host::of(fix.system());
    std::atomic<std::size_t> chosen{0};
    cancel_options how;
    how.reason = axiom::cancel_reason::limit_shed;
    for (rounds r{200}; r.next();) {
      std::vector<axiom::task<void>> tasks;
      auto other = axiom::structured_task_coordinator::spawn(fix.system());
      race(3, r.stream(), [&](auto i, auto& choose) {
        if (i == 0) {
          for (int n = 0; n < 150; ++n) {
            auto t =
              start_one(choose.one_in(2) ? other : fix.coordinator(), choose);
            if (choose.one_in(2))
              tasks.push_back(std::move(t)); // else the tree alone has it
            choose.dither();
          }
          return;
        }
        for (int n = 0; n < 60; ++n) {
          auto some = choose_to_shed(host, 1 + choose.below(8));
          chosen += some.size();
          for (auto& x : some) {
            choose.dither();
            cancel_tree(*as_task(x), how);
          }
        }
      });
      other.shutdown().get();
      for (auto& t : tasks) {
        t.wait();
        if (t.cancelled()) {
          const auto cause = t.impl().cause();
          BOOST_TEST((cause->reason == axiom::cancel_reason::limit_shed
                      || cause->reason == axiom::cancel_reason::shutdown));
        }
      }
      tasks.clear();
      spin_until([] { return alive == 0; });
    }
    BOOST_TEST(chosen > 0u);
    spin_until([&host] { return choose_to_shed(host, 1).empty(); });
  });
}

BOOST_AUTO_TEST_CASE(a_memory_pressure_that_sheds_and_is_closed_meanwhile) {
  const test::memory_kernel kernel;
  kernel.host(1000, 10);
  under_each_scheduler(real_time, [&kernel](auto& fix) {
    for (rounds r{100}; r.next();) {
      axiom::memory_pressure_options options;
      options.root = kernel.root();
      options.interval = options.urgent_interval = 50us;
      options.shed_batch = 3;
      auto pressure = axiom::memory_pressure::spawn(fix.system(), options);
      auto victim = fix.coordinator().create_child_task(
        task_options{.name = "victim", .sheddable = true}, forever);
      victim.wait();
      BOOST_TEST(
        (victim.impl().cause()->reason == axiom::cancel_reason::limit_shed));
      race(2, r.stream(), [&](auto i, auto& choose) {
        if (i == 0) {
          for (int n = 0; n < 200; ++n) {
            start_one(fix.coordinator(), choose);
            choose.dither();
          }
          return;
        }
        for (auto n = choose.below(40); n > 0; --n) {
          caf::anon_send(pressure.actor(), axiom::read_atom_v);
          choose.dither();
        }
        if (choose.one_in(2))
          pressure.close();
      });
      auto last = std::move(pressure);
    }
    spin_until([] { return alive == 0; });
  });
}

BOOST_AUTO_TEST_SUITE_END()
