// Timers, and CAF's clock on them, with many threads. The interleavings looked
// for:
//
// - an entry is cancelled, and then destroyed, before it fires, while it fires
//   and after, and armed again by another thread at once;
// - entries become the earliest while the thread falls asleep, sleeps and
// wakes;
// - an actor's timeout is replaced or cancelled, alone and with all others,
// while
//   it is armed, while it is due, and while it is delivered;
// - a clock stops while others set, cancel and are delivered to.

#include <memory>
#include <optional>

#include <caf/actor_config.hpp>
#include <caf/actor_system.hpp>
#include <caf/actor_system_config.hpp>
#include <caf/make_actor.hpp>
#include <caf/monitorable_actor.hpp>

#include "axiom/runtime/actor_clock.hpp"
#include "axiom/runtime/steady_timer.hpp"
#include "support.hpp"

using namespace stress;
namespace runtime = axiom::runtime;

BOOST_AUTO_TEST_SUITE(stress_timers)

namespace {

struct counting_entry final : runtime::timer_entry {
  explicit counting_entry(std::atomic<std::uint64_t>& n) : fired(n) {
    // nop
  }

  void fire() noexcept override {
    mine = true;
    fired.fetch_add(1, std::memory_order_relaxed);
  }

  std::atomic<std::uint64_t>& fired;
  bool mine = false; // guarded by the service's lock
};

/// Counts what it is sent, and those of its kind that are alive.
class counter final : public caf::monitorable_actor {
public:
  counter(caf::actor_config& cfg, std::atomic<std::uint64_t>& received,
          std::atomic<std::int64_t>& alive)
    : monitorable_actor(cfg), received_(received), alive_(alive) {
    ++alive_;
  }

  ~counter() override {
    --alive_;
  }

  using monitorable_actor::enqueue;

  void enqueue(caf::mailbox_element_ptr, caf::execution_unit*) override {
    ++received_;
  }

private:
  std::atomic<std::uint64_t>& received_;
  std::atomic<std::int64_t>& alive_;
};

} // namespace

BOOST_AUTO_TEST_CASE(each_entry_fires_or_is_cancelled) {
  for (rounds r; r.next();) {
    runtime::steady_timer timer;
    std::atomic<std::uint64_t> fired{0};
    std::atomic<std::uint64_t> armed{0};
    std::atomic<std::uint64_t> cancelled{0};
    race(4, r.stream(), [&](std::size_t, chooser& choose) {
      // Few at once, so that they come to be the earliest.
      std::vector<std::unique_ptr<counting_entry>> mine(1 + choose.below(40));
      for (int i = 0; i < 1000; ++i) {
        auto& x = choose.pick(mine);
        if (x != nullptr) {
          auto taken_back = timer.cancel(*x);
          cancelled += taken_back ? 1 : 0;
          if (taken_back == x->mine)
            std::abort(); // both, or neither
        }
        x = std::make_unique<counting_entry>(fired);
        ++armed;
        timer.arm(*x, timer.now() + choose.microseconds(300)
                        - choose.microseconds(100));
        if (choose.one_in(16))
          choose.dither();
      }
      for (auto& x : mine)
        if (x != nullptr)
          cancelled += timer.cancel(*x) ? 1 : 0;
    });
    BOOST_TEST_REQUIRE(timer.pending() == 0u);
    BOOST_TEST_REQUIRE(fired + cancelled == armed);
  }
}

BOOST_AUTO_TEST_CASE(timeouts_are_cancelled_while_they_are_delivered) {
  caf::actor_system_config cfg;
  caf::actor_system sys{cfg};
  for (rounds r; r.next();) {
    std::atomic<std::uint64_t> received{0};
    std::atomic<std::int64_t> alive{0};
    auto spawn = [&] {
      caf::actor_config options;
      return caf::make_actor<counter, caf::strong_actor_ptr>(
        sys.next_actor_id(), sys.node(), &sys, options, received, alive);
    };
    runtime::steady_timer timer;
    std::optional<runtime::actor_clock> clock{timer};
    // Somebody stops the clock now and then, while the others go on.
    const auto stopper = chooser{r.stream()}.below(8);
    race(4, r.stream(), [&](std::size_t index, chooser& choose) {
      std::vector<caf::strong_actor_ptr> mine(4);
      for (auto& x : mine)
        x = spawn();
      for (std::uint64_t i = 1; i < 500; ++i) {
        auto& x = choose.pick(mine);
        auto due = clock->now() + choose.microseconds(200);
        auto type =
          choose.one_in(2) ? caf::atom("receive") : caf::atom("other");
        auto id = caf::make_message_id(1 + i / 4).response_id();
        switch (choose.below(8)) {
          case 0:
            clock->set_ordinary_timeout(due, x->get(), type, i);
            break;
          case 1:
            clock->set_multi_timeout(due, x->get(), type, i);
            break;
          case 2:
            clock->set_request_timeout(due, x->get(), id);
            break;
          case 3:
            clock->cancel_ordinary_timeout(x->get(), type);
            break;
          case 4:
            clock->cancel_request_timeout(x->get(), id);
            break;
          case 5:
            clock->cancel_timeouts(x->get());
            break;
          case 6:
            clock->schedule_message(due, x,
                                    caf::make_mailbox_element(
                                      nullptr, caf::make_message_id(), {}, i));
            break;
          default:
            if (choose.one_in(10))
              clock->cancel_all();
            x = spawn(); // what is pending has the last reference
        }
        if (index == stopper && i == 250)
          clock->stop();
      }
    });
    auto before = received.load();
    clock->stop();
    BOOST_TEST_REQUIRE(clock->pending() == 0u);
    BOOST_TEST_REQUIRE(timer.pending() == 0u);
    clock.reset();
    BOOST_TEST_REQUIRE(alive == 0);
    BOOST_TEST_REQUIRE(received >= before);
  }
}

BOOST_AUTO_TEST_SUITE_END()
