// No job is left lying while a worker sleeps: publishing, searching, parking
// and waking under every schedule. A lost wake-up is a deadlock here.

#include "axiom/runtime/scheduler/idle_set.hpp"

#include <array>
#include <cstdint>
#include <type_traits>

#include <boost/test/unit_test.hpp>

#include "axiom/runtime/scheduler/work_deque.hpp"
#include "models/checker.hpp"
#include "models/crew.hpp"
#include "models/job.hpp"

using namespace models;

namespace {

/// A step left out, to see that it is missed.
enum class omit { nothing, second_look, look_behind, announcing_a_move };

/// Workers without jobs of their own beside threads that make some ready. The
/// model says where jobs are queued, by `take` and `any_job`, and what its
/// other threads do, by `others`.
template <class Model, unsigned Others, unsigned Workers, std::size_t Jobs,
          omit Omitted, class Orders>
class idling : public rl::test_suite<Model, Others + Workers> {
public:
  void thread(unsigned index) {
    if (index < Others)
      model().others(index);
    else
      model().work(index - Others);
  }

  void after() {
    RL_ASSERT(crew_.all_ran());
  }

  /// Unless the model has it otherwise.
  void work(std::uint32_t self) {
    steps idler{model(), self};
    while (auto* x = crew_.find_job(self, idler))
      model().run(*x);
  }

  void run(job& x) {
    crew_.run(x);
  }

protected:
  using crew_type = crew<Workers, Jobs, Orders>;

  static constexpr bool omits(omit x) noexcept {
    return x == Omitted;
  }

  crew_type crew_;

private:
  /// What idle_set::find_job asks a worker to do.
  struct steps {
    job* search() {
      return model.take();
    }

    bool any_job() const {
      return !omits(omit::second_look) && model.any_job();
    }

    bool dismissed() const {
      return model.crew_.dismissed();
    }

    job* sleep() {
      model.crew_.parker_of(self).wait();
      return nullptr;
    }

    bool any_left() const {
      return !omits(omit::look_behind) && model.any_job();
    }

    void announce() {
      model.crew_.announce();
    }

    Model& model;
    std::uint32_t self;
  };

  Model& model() {
    return static_cast<Model&>(*this);
  }
};

// -- a worker that is held up -------------------------------------------------

/// Somebody makes jobs ready in a deque and then sees to something else: the
/// idle ones have to take them all.
template <class Model, unsigned Workers, omit Omitted, class Orders>
class stealing : public idling<Model, 1, Workers, 2, Omitted, Orders> {
public:
  job* take() {
    job* result = nullptr;
    while (result == nullptr && any_job())
      result = queue_.steal();
    return result;
  }

  bool any_job() const {
    return !queue_.empty();
  }

protected:
  void push(std::size_t i) {
    queue_.push(this->crew_.make(i));
  }

private:
  axiom::runtime::work_deque<job, atomics<Orders>> queue_{4};
};

/// Each job is announced. The workers are `Workers`.
template <unsigned Workers, omit Omitted = omit::nothing,
          class Orders = as_written>
struct one_after_another : stealing<one_after_another<Workers, Omitted, Orders>,
                                    Workers, Omitted, Orders> {
  void others(unsigned) {
    for (std::size_t i = 0; i < 2; ++i) {
      this->push(i);
      this->crew_.announce();
    }
  }
};

/// Two jobs are announced once, and wait for each other: the worker that is
/// woken has to wake the next.
template <omit Omitted = omit::nothing, class Orders = as_written>
struct batch : stealing<batch<Omitted, Orders>, 2, Omitted, Orders> {
  void others(unsigned) {
    this->push(0);
    this->push(1);
    this->crew_.announce();
  }

  void run(job& x) {
    this->crew_.run_and_meet(x);
  }
};

// -- jobs from outside --------------------------------------------------------

/// Two threads that are no workers bring a job each; the jobs wait for each
/// other.
template <omit Omitted = omit::nothing, class Orders = as_written>
struct from_outside
  : idling<from_outside<Omitted, Orders>, 2, 2, 2, Omitted, Orders> {
  void others(unsigned index) {
    holes[index].put(this->crew_.make(index));
    this->crew_.announce();
  }

  job* take() {
    auto* result = holes[0].take();
    return result != nullptr ? result : holes[1].take();
  }

  bool any_job() const {
    return !holes[0].empty() || !holes[1].empty();
  }

  void run(job& x) {
    this->crew_.run_and_meet(x);
  }

  std::array<pigeonhole, 2> holes;
};

/// Worker 0, on its way through its jobs, takes both from a shared queue: one
/// to run, which waits for the other, and one to its own queue for later.
template <omit Omitted = omit::nothing>
class moved : public idling<moved<Omitted>, 1, 2, 2, Omitted, as_written> {
public:
  void others(unsigned) {
    for (std::size_t i = 0; i < 2; ++i)
      shared_[i].put(this->crew_.make(i));
    this->crew_.announce();
  }

  job* take() {
    for (auto& x : shared_)
      if (auto* result = x.take())
        return result;
    job* result = nullptr;
    while (result == nullptr && !own_.empty())
      result = own_.steal();
    return result;
  }

  bool any_job() const {
    return !shared_[0].empty() || !shared_[1].empty() || !own_.empty();
  }

  void work(std::uint32_t self) {
    if (self == 0)
      work_first();
    moved::idling::work(self);
  }

  void run(job& x) {
    this->crew_.run_and_meet(x);
  }

private:
  void work_first() {
    auto* now = shared_[0].take();
    if (auto* later = shared_[1].take()) {
      own_.push(later);
      if (!this->omits(omit::announcing_a_move))
        this->crew_.announce();
    }
    if (now != nullptr)
      run(*now);
  }

  std::array<pigeonhole, 2> shared_;
  axiom::runtime::work_deque<job, atomics<>> own_{2};
};

// -- weakened -----------------------------------------------------------------

template <class T>
inline constexpr bool is_index = std::is_same_v<T, std::int64_t>;

template <class T>
inline constexpr bool is_counts = std::is_same_v<T, std::uint32_t>;

struct releasing_push : as_written {
  template <class T>
  static constexpr std::memory_order store(std::memory_order x) noexcept {
    return is_index<T> ? std::memory_order_release : x;
  }
};

struct acquiring_claim : as_written {
  template <class T>
  static constexpr std::memory_order load(std::memory_order x) noexcept {
    return is_counts<T> && x == std::memory_order_seq_cst
           ? std::memory_order_acquire
           : x;
  }
};

struct acquiring_releasing_park : as_written {
  template <class T>
  static constexpr std::memory_order change(std::memory_order x) noexcept {
    return is_counts<T> && x == std::memory_order_seq_cst
           ? std::memory_order_acq_rel
           : x;
  }
};

struct acquiring_second_look : as_written {
  template <class T>
  static constexpr std::memory_order load(std::memory_order x) noexcept {
    return is_index<T> && x == std::memory_order_seq_cst
           ? std::memory_order_acquire
           : x;
  }
};

/// What a lost wake-up looks like.
constexpr auto all_asleep = rl::test_result_deadlock;

template <class Model>
void sleeps_for_ever() {
  fails<Model>(at_random(100'000), all_asleep);
}

} // namespace

BOOST_AUTO_TEST_SUITE(idle_sets)

BOOST_AUTO_TEST_CASE(job_of_a_worker_that_is_held_up_is_taken) {
  holds<one_after_another<1>>(with_interruptions(1));
  holds<one_after_another<1>>(at_random(100'000));
}

BOOST_AUTO_TEST_CASE(job_is_taken_though_somebody_searches_already) {
  holds<one_after_another<2>>(at_random(100'000));
}

BOOST_AUTO_TEST_CASE(batch_wakes_one_worker_after_another) {
  holds<batch<>>(at_random(100'000));
}

BOOST_AUTO_TEST_CASE(jobs_brought_from_outside_at_once_are_both_taken) {
  holds<from_outside<>>(at_random(100'000));
}

BOOST_AUTO_TEST_CASE(job_is_taken_though_it_moves_from_queue_to_queue) {
  holds<moved<>>(at_random(100'000));
}

BOOST_AUTO_TEST_CASE(checker_finds_a_worker_that_sleeps_without_a_second_look) {
  sleeps_for_ever<one_after_another<1, omit::second_look>>();
}

BOOST_AUTO_TEST_CASE(checker_finds_a_search_that_ends_without_a_look_behind) {
  sleeps_for_ever<batch<omit::look_behind>>();
}

BOOST_AUTO_TEST_CASE(checker_finds_a_job_that_is_moved_in_silence) {
  sleeps_for_ever<moved<omit::announcing_a_move>>();
}

BOOST_AUTO_TEST_CASE(checker_finds_a_push_that_may_come_after_the_claim) {
  sleeps_for_ever<one_after_another<1, omit::nothing, releasing_push>>();
}

BOOST_AUTO_TEST_CASE(checker_finds_a_claim_that_sees_old_counts) {
  sleeps_for_ever<one_after_another<1, omit::nothing, acquiring_claim>>();
}

BOOST_AUTO_TEST_CASE(checker_finds_a_park_that_may_come_after_the_second_look) {
  sleeps_for_ever<
    one_after_another<1, omit::nothing, acquiring_releasing_park>>();
}

BOOST_AUTO_TEST_CASE(checker_finds_a_second_look_that_sees_old_indexes) {
  sleeps_for_ever<one_after_another<1, omit::nothing, acquiring_second_look>>();
}

BOOST_AUTO_TEST_SUITE_END()
