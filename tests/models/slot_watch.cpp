// No job stays in a slot beside a worker that sleeps: filling a slot, keeping
// the watch and leaving it under every schedule.

#include "axiom/runtime/scheduler/slot_watch.hpp"

#include <array>
#include <chrono>
#include <cstdint>
#include <optional>
#include <type_traits>

#include <boost/test/unit_test.hpp>

#include "models/checker.hpp"
#include "models/crew.hpp"
#include "models/job.hpp"

using namespace models;
using namespace std::chrono_literals;

namespace {

/// A step left out, to see that it is missed.
enum class omit { nothing, last_look, look_behind };

/// One job from outside wakes a worker, which makes another ready in its slot
/// and then is held up until that has run: somebody else has to take it.
/// Further jobs from outside, that are held up as well, may call the watch
/// away.
template <unsigned Workers, omit Omitted = omit::nothing,
          class Orders = as_written>
class held_up
  : public rl::test_suite<held_up<Workers, Omitted, Orders>, Workers + 1> {
public:
  static constexpr std::size_t jobs = Workers;

  void thread(unsigned index) {
    if (index < Workers)
      work(index);
    else
      for (std::size_t i = in_slot + 1; i < jobs; ++i) {
        shared_[i].put(crew_.make(i));
        crew_.announce();
      }
  }

  void after() {
    RL_ASSERT(crew_.all_ran());
  }

private:
  /// The number of the job that is made ready in a slot.
  static constexpr std::size_t in_slot = 0;

  struct steps {
    // -- of idle_set ----------------------------------------------------------

    job* search() {
      look_at_slots();
      for (auto& x : model.shared_)
        if (auto* result = x.take())
          return result;
      return take_stuck_slot();
    }

    bool any_job() const {
      for (auto& x : model.shared_)
        if (!x.empty())
          return true;
      return false;
    }

    bool dismissed() const {
      return model.crew_.dismissed();
    }

    job* sleep() {
      auto woken = model.watch_.keep(*this);
      if (!woken)
        parker().wait();
      return woken.value_or(nullptr);
    }

    bool any_left() const {
      return any_job()
          || (Omitted != omit::look_behind && model.watch_.vacant()
              && any_full_slot());
    }

    void announce() {
      model.crew_.announce();
    }

    // -- of slot_watch --------------------------------------------------------

    static constexpr int patience = 1;

    std::optional<job*> nap() {
      look_at_slots();
      if (parker().wait(1ms))
        return nullptr;
      if (auto* result = take_stuck_slot())
        return result;
      return std::nullopt;
    }

    bool at_rest() const {
      return model.crew_.parked() >= Workers;
    }

    bool any_slot() const {
      return Omitted != omit::last_look && any_full_slot();
    }

    // -------------------------------------------------------------------------

    bool any_full_slot() const {
      for (auto& x : model.slots_)
        if (!x.empty())
          return true;
      return false;
    }

    void look_at_slots() {
      for (std::size_t i = 0; i < Workers; ++i)
        seen[i] = !model.slots_[i].empty();
    }

    job* take_stuck_slot() {
      for (std::size_t i = 0; i < Workers; ++i)
        if (i != self && seen[i])
          if (auto* result = model.slots_[i].take())
            return result;
      return nullptr;
    }

    auto& parker() {
      return model.crew_.parker_of(self);
    }

    held_up& model;
    std::uint32_t self;
    std::array<bool, Workers> seen{};
  };

  void work(std::uint32_t self) {
    steps idler{*this, self};
    while (auto* x = crew_.find_job(self, idler))
      run(*x, self);
  }

  void run(job& x, std::uint32_t self) {
    if (&x == crew_.at(in_slot)) {
      slot_job_ran_.store(true, std::memory_order_release);
      for (auto& waiting : held_up_)
        waiting.notify();
      return crew_.run(x);
    }
    if (&x == crew_.at(in_slot + 1)) {
      slots_[self].put(crew_.make(in_slot));
      if (watch_.vacant())
        crew_.announce();
    }
    while (!slot_job_ran_.load(std::memory_order_acquire))
      held_up_[self].wait();
    crew_.run(x);
  }

  using crew_type = crew<Workers, jobs, as_written>;

  crew_type crew_;
  axiom::runtime::slot_watch<atomics<Orders>> watch_;
  std::array<pigeonhole, jobs> shared_;
  std::array<pigeonhole, Workers> slots_;
  std::array<typename crew_type::parker, Workers> held_up_;
  models::atomic<bool, as_written> slot_job_ran_{false};
};

// -- weakened -----------------------------------------------------------------

struct relaxed_look_at_the_watch : as_written {
  template <class T>
  static constexpr std::memory_order load(std::memory_order) noexcept {
    return std::memory_order_relaxed;
  }
};

struct releasing_end_of_the_watch : as_written {
  template <class T>
  static constexpr std::memory_order store(std::memory_order) noexcept {
    return std::memory_order_release;
  }
};

/// What a job forgotten in a slot looks like.
constexpr auto all_asleep = rl::test_result_deadlock;

template <class Model>
void is_forgotten() {
  fails<Model>(at_random(1'000'000), all_asleep);
}

} // namespace

BOOST_AUTO_TEST_SUITE(slot_watches)

BOOST_AUTO_TEST_CASE(slot_of_a_worker_that_is_held_up_is_emptied_by_another) {
  holds<held_up<2>>(at_random(200'000));
}

BOOST_AUTO_TEST_CASE(slot_is_emptied_though_the_watch_is_called_away) {
  holds<held_up<3>>(at_random(200'000));
}

BOOST_AUTO_TEST_CASE(checker_finds_a_watch_that_ends_without_a_last_look) {
  is_forgotten<held_up<2, omit::last_look>>();
}

BOOST_AUTO_TEST_CASE(checker_finds_a_watch_that_nobody_takes_over) {
  is_forgotten<held_up<3, omit::look_behind>>();
}

BOOST_AUTO_TEST_CASE(checker_finds_a_slot_filled_for_a_watch_that_has_left) {
  is_forgotten<held_up<2, omit::nothing, relaxed_look_at_the_watch>>();
}

BOOST_AUTO_TEST_CASE(checker_finds_a_watch_that_may_end_after_its_last_look) {
  is_forgotten<held_up<2, omit::nothing, releasing_end_of_the_watch>>();
}

BOOST_AUTO_TEST_SUITE_END()
