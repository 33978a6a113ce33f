// The permits of a limiter on several threads, without tasks: the word and the
// queue behind it. The interleavings looked for:
//
// - a return comes just before, between and just after a taker has found the
//   word full, taken the lock, frozen the word and queued: it is never missed
//   (else the last waiter would spin for ever);
// - two takers want the last permits, in the word, in the queue, one in each;
// - a waiter cancels while it is granted, and the permits go on;
// - the limit goes up and down, also below what is in use and what is waited
//   for, or the queue is closed, in all of it;
// - the word is thawed while others go for the lock.
//
// How many permits are out is counted here, apart from the word.

#include "support.hpp"

#include "axiom/coordination/limiter/keyed_queue.hpp"
#include "axiom/coordination/limiter/permit_gate.hpp"
#include "axiom/coordination/limiter/wait_queue.hpp"

using namespace stress;
using namespace axiom::detail;

BOOST_AUTO_TEST_SUITE(stress_permits)

namespace {

using clock = axiom::runtime::clock_type;
using axiom::task_priority;
using gate_type = permit_gate<wait_queue>;
using phase = permit_waiter::phase;

/// A request whose owner spins until it is settled.
template <class Waiter>
struct spinner : Waiter {
  using Waiter::Waiter;

  std::atomic<bool> settled{false};
};

/// For `locked`: the last that is seen of a waiter before its owner goes on.
template <class Waiter>
constexpr auto wake = [](permit_waiter& x) {
  static_cast<spinner<Waiter>&>(x).settled.store(true,
                                                 std::memory_order_release);
};

/// How many permits are out, and the most there were. Without any order, so
/// that holders have none but what the gate gives them.
struct gauge {
  std::atomic<std::uint64_t> out{0};
  std::atomic<std::uint64_t> most{0};
  std::atomic<bool> granted_too_much{
    false}; // by what the queue itself was told

  void take(permit_count n) {
    auto now = out.fetch_add(n, std::memory_order_relaxed) + n;
    auto m = most.load(std::memory_order_relaxed);
    while (now > m
           && !most.compare_exchange_weak(m, now, std::memory_order_relaxed)) {
      // again
    }
  }

  void give_back(permit_count n) {
    out.fetch_sub(n, std::memory_order_relaxed);
  }
};

/// One user of a gate, who counts what it has.
class user {
public:
  user(gate_type& gate, gauge& counted, chooser& choose)
    : gate_(gate), counted_(counted), choose_(choose) {
    // nop
  }

  /// Takes permits, by whichever way, works, and gives them back. Returns false
  /// if it was refused or gave up.
  template <class Work>
  bool use(permit_count weight, Work work) {
    if (!acquire(weight))
      return false;
    counted_.take(weight);
    work();
    counted_.give_back(weight);
    release(weight);
    return true;
  }

  /// Has an event happen, and looks whether it granted more than there was.
  template <class Event>
  void locked(Event event) {
    auto checked = [&](auto& queue, auto& turn) {
      auto before = turn.balance.in_use;
      event(queue, turn);
      if (turn.balance.in_use > std::max(before, turn.balance.limit))
        counted_.granted_too_much = true;
    };
    gate_.locked(clock::now(), checked, wake<permit_waiter>);
  }

private:
  bool acquire(permit_count weight) {
    if (gate_.try_acquire(weight) == gate_type::acquire_result::granted)
      return true;
    choose_.dither();
    spinner<permit_waiter> x{weight,
                             static_cast<task_priority>(choose_.below(4))};
    locked([&x](auto& queue, auto& turn) { queue.request(x, turn); });
    if (choose_.one_in(4)) {
      choose_.dither();
      auto gone = false;
      locked([&](auto& queue, auto& turn) { gone = queue.cancel(x, turn); });
      if (gone)
        return false;
    }
    spin_until([&x] { return x.settled.load(std::memory_order_acquire); });
    return x.state() == phase::granted;
  }

  void release(permit_count weight) {
    if (gate_.release(weight) == gate_type::release_result::done)
      return;
    choose_.dither();
    locked([weight](auto& queue, auto& turn) { queue.release(weight, turn); });
  }

  gate_type& gate_;
  gauge& counted_;
  chooser& choose_;
};

constexpr std::size_t users = 4;
constexpr int uses = 200;

/// Nothing is left out, and nobody waits.
void check_all_back(gate_type& gate) {
  BOOST_TEST(gate.balance().in_use == 0u);
  auto all = gate.balance().limit;
  BOOST_CHECK(gate.try_acquire(all) == gate_type::acquire_result::granted);
}

} // namespace

BOOST_AUTO_TEST_CASE(never_more_than_the_limit_and_none_is_lost) {
  for (rounds r; r.next();) {
    auto stream = r.stream();
    auto limit = static_cast<permit_count>(1 + stream / 256 % 5);
    gate_type gate{limit, 50us};
    gauge counted;
    race(users, stream, [&](auto, auto& choose) {
      user self{gate, counted, choose};
      for (int i = 0; i < uses; ++i)
        self.use(static_cast<permit_count>(1 + choose.below(limit)),
                 [&] { choose.dither(); });
    });
    BOOST_TEST(counted.most <= limit);
    BOOST_TEST(!counted.granted_too_much);
    check_all_back(gate);
  }
}

BOOST_AUTO_TEST_CASE(one_permit_is_a_mutex) {
  for (rounds r; r.next();) {
    gate_type gate{1};
    gauge counted;
    int plain = 0; // a data race, were there no order between holders
    std::atomic<int> served{0};
    race(users, r.stream(), [&](auto, auto& choose) {
      user self{gate, counted, choose};
      for (int i = 0; i < uses; ++i)
        served += self.use(1, [&plain] { ++plain; }) ? 1 : 0;
    });
    BOOST_TEST(plain == served);
    BOOST_TEST(counted.most == 1u);
    check_all_back(gate);
  }
}

BOOST_AUTO_TEST_CASE(permits_that_are_there_need_no_queue) {
  for (rounds r; r.next();) {
    gate_type gate{2 * users};
    race(users, r.stream(), [&](auto, auto& choose) {
      auto weight = static_cast<permit_count>(1 + choose.below(2));
      for (int i = 0; i < 100 * uses; ++i)
        if (gate.try_acquire(weight) != gate_type::acquire_result::granted
            || gate.release(weight) != gate_type::release_result::done)
          std::abort(); // nobody waits here
    });
    check_all_back(gate);
  }
}

BOOST_AUTO_TEST_CASE(the_limit_changes_all_the_time) {
  constexpr permit_count highest = 6;
  for (rounds r; r.next();) {
    gate_type gate{highest, 50us};
    gauge counted;
    std::atomic<std::size_t> busy{users};
    race(users + 1, r.stream(), [&](auto index, auto& choose) {
      user self{gate, counted, choose};
      if (index == users) {
        while (busy > 0) {
          auto limit = static_cast<permit_count>(1 + choose.below(highest));
          self.locked(
            [=](auto& queue, auto& turn) { queue.set_limit(limit, turn); });
          choose.dither();
        }
        return;
      }
      // Those above the limit of the moment are refused.
      for (int i = 0; i < uses; ++i)
        self.use(static_cast<permit_count>(1 + choose.below(4)),
                 [&] { choose.dither(); });
      --busy;
    });
    BOOST_TEST(counted.most <= highest);
    BOOST_TEST(!counted.granted_too_much);
    check_all_back(gate);
  }
}

BOOST_AUTO_TEST_CASE(closing_leaves_nobody_waiting_and_everything_comes_back) {
  for (rounds r; r.next();) {
    gate_type gate{2};
    gauge counted;
    race(users + 1, r.stream(), [&](auto index, auto& choose) {
      user self{gate, counted, choose};
      if (index == users) {
        for (auto n = choose.below(100); n > 0; --n)
          choose.dither();
        self.locked([](auto& queue, auto& turn) {
          queue.close(permit_refusal::closed, turn);
        });
      }
      for (int i = 0; i < uses; ++i)
        self.use(static_cast<permit_count>(1 + choose.below(2)),
                 [&] { choose.dither(); });
    });
    BOOST_TEST(counted.most <= 2u);
    BOOST_TEST(gate.balance().in_use == 0u);
  }
}

BOOST_AUTO_TEST_CASE(keys_share_a_gate) {
  using waiter = spinner<keyed_waiter>;
  for (rounds r; r.next();) {
    permit_gate<keyed_queue> gate{3};
    gauge counted;
    auto locked = [&gate](auto event) {
      gate.locked(clock::now(), event, wake<keyed_waiter>);
    };
    locked([](auto& queue, auto& turn) {
      queue.set_share("key 0", {.weight = 2, .minimum = 1}, turn);
    });
    race(users, r.stream(), [&](auto, auto& choose) {
      for (int i = 0; i < uses; ++i) {
        waiter x{static_cast<permit_count>(1 + choose.below(2)),
                 task_priority::medium};
        auto key = "key " + std::to_string(choose.below(5));
        locked([&](auto& queue, auto& turn) { queue.request(x, key, turn); });
        choose.dither();
        auto gone = false;
        if (choose.one_in(4))
          locked(
            [&](auto& queue, auto& turn) { gone = queue.cancel(x, turn); });
        if (gone)
          continue;
        spin_until([&x] { return x.settled.load(std::memory_order_acquire); });
        counted.take(x.weight());
        choose.dither();
        counted.give_back(x.weight());
        locked([&x](auto& queue, auto& turn) {
          queue.release(*x.part(), x.weight(), turn);
        });
      }
    });
    BOOST_TEST(counted.most <= 3u);
    BOOST_TEST(gate.balance().in_use == 0u);
    locked([](auto& queue, auto&) { BOOST_TEST(queue.parts() == 0u); });
  }
}

BOOST_AUTO_TEST_SUITE_END()
