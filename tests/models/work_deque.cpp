// The deque of ready jobs under every schedule and every outcome of a load that
// the memory orders allow.

#include "axiom/runtime/scheduler/work_deque.hpp"

#include <array>
#include <type_traits>

#include <boost/test/unit_test.hpp>

#include "models/checker.hpp"
#include "models/job.hpp"

using namespace models;

namespace {

/// An owner that pushes and pops, and thieves. Every job is to be run exactly
/// once, by somebody who sees what the owner wrote into it.
template <class Model, int Thieves, int Jobs, class Orders = as_written>
class theft : public rl::test_suite<Model, Thieves + 1> {
public:
  explicit theft(std::size_t capacity) : queue_(capacity) {
    // nop
  }

  void thread(unsigned index) {
    if (index == 0)
      static_cast<Model&>(*this).own();
    else
      for (int i = 0; i < Jobs; ++i)
        run(queue_.steal());
  }

  void after() {
    for (auto& x : jobs_)
      RL_ASSERT(x.ran());
  }

protected:
  void push(std::size_t i) {
    jobs_[i].fill();
    queue_.push(&jobs_[i]);
  }

  void pop() {
    run(queue_.pop());
  }

  /// What is left is the owner's: a pop is in vain only if there is nothing.
  void pop_all() {
    while (auto* x = queue_.pop())
      x->run();
  }

private:
  static void run(job* x) {
    if (x != nullptr)
      x->run();
  }

  axiom::runtime::work_deque<job, atomics<Orders>> queue_;
  std::array<job, Jobs> jobs_;
};

template <class Orders>
struct last_job : theft<last_job<Orders>, 1, 1, Orders> {
  last_job() : last_job::theft(2) {
    // nop
  }

  void own() {
    this->push(0);
    this->pop_all();
  }
};

/// Owner and thief come from both ends; the owner's end takes no exchange as
/// long as it is sure that there are two.
template <class Orders>
struct two_jobs : theft<two_jobs<Orders>, 1, 2, Orders> {
  two_jobs() : two_jobs::theft(2) {
    // nop
  }

  void own() {
    this->push(0);
    this->push(1);
    this->pop_all();
  }
};

struct last_job_of_two_thieves : theft<last_job_of_two_thieves, 2, 1> {
  last_job_of_two_thieves() : theft(2) {
    // nop
  }

  void own() {
    push(0);
    pop_all();
  }
};

template <class Orders>
struct growing : theft<growing<Orders>, 1, 3, Orders> {
  growing() : growing::theft(1) {
    // nop
  }

  void own() {
    for (int i = 0; i < 3; ++i)
      this->push(i);
    this->pop_all();
  }
};

/// With more jobs than places, so that those of stolen ones are used again.
struct wrapping : theft<wrapping, 2, 5> {
  wrapping() : theft(2) {
    // nop
  }

  void own() {
    push(0);
    push(1);
    pop();
    push(2);
    push(3);
    pop();
    push(4);
    pop_all();
  }
};

// -- weakened -----------------------------------------------------------------

template <class T>
inline constexpr bool is_index = std::is_same_v<T, std::int64_t>;

struct relaxed_push : as_written {
  template <class T>
  static constexpr std::memory_order store(std::memory_order x) noexcept {
    return is_index<T> ? std::memory_order_relaxed : x;
  }
};

/// For push a release would do; what fails is pop.
struct pop_that_passes_its_look : as_written {
  template <class T>
  static constexpr std::memory_order store(std::memory_order x) noexcept {
    return is_index<T> ? std::memory_order_release : x;
  }
};

struct relaxed_claim : as_written {
  template <class T>
  static constexpr std::memory_order change(std::memory_order) noexcept {
    return std::memory_order_relaxed;
  }
};

struct acquiring_looks : as_written {
  template <class T>
  static constexpr std::memory_order load(std::memory_order x) noexcept {
    return is_index<T> && x == std::memory_order_seq_cst
           ? std::memory_order_acquire
           : x;
  }
};

struct relaxed_ring : as_written {
  template <class T>
  static constexpr std::memory_order store(std::memory_order x) noexcept {
    return std::is_pointer_v<T> ? std::memory_order_relaxed : x;
  }
};

} // namespace

BOOST_AUTO_TEST_SUITE(work_deques)

/// A thief takes an empty place for a job, or nobody runs it.
constexpr auto lost = rl::test_result_user_assert_failed;

/// Two threads run one job, and neither knows of the other.
constexpr auto taken_twice = rl::test_result_data_race;

BOOST_AUTO_TEST_CASE(last_job_goes_to_owner_or_thief_in_every_schedule) {
  holds<last_job<as_written>>(exhaustively);
}

BOOST_AUTO_TEST_CASE(two_jobs_are_taken_from_both_ends) {
  holds<two_jobs<as_written>>(with_interruptions(3));
  holds<two_jobs<as_written>>(at_random(100'000));
}

BOOST_AUTO_TEST_CASE(last_job_goes_to_one_of_owner_and_two_thieves) {
  holds<last_job_of_two_thieves>(with_interruptions(2));
  holds<last_job_of_two_thieves>(at_random(100'000));
}

BOOST_AUTO_TEST_CASE(jobs_are_taken_once_while_the_ring_grows) {
  holds<growing<as_written>>(with_interruptions(2));
  holds<growing<as_written>>(at_random(100'000));
}

BOOST_AUTO_TEST_CASE(jobs_are_taken_once_while_places_are_used_again) {
  holds<wrapping>(at_random(100'000));
}

BOOST_AUTO_TEST_CASE(checker_finds_a_push_that_publishes_nothing) {
  fails<last_job<relaxed_push>>(at_random(10'000), lost);
}

BOOST_AUTO_TEST_CASE(checker_finds_a_pop_that_passes_its_look_at_the_thieves) {
  fails<two_jobs<pop_that_passes_its_look>>(at_random(10'000), taken_twice);
}

BOOST_AUTO_TEST_CASE(checker_finds_a_theft_that_the_owner_need_not_see) {
  fails<two_jobs<relaxed_claim>>(at_random(10'000), taken_twice);
}

BOOST_AUTO_TEST_CASE(checker_finds_looks_that_see_old_indexes) {
  fails<two_jobs<acquiring_looks>>(at_random(10'000), taken_twice);
}

BOOST_AUTO_TEST_CASE(checker_finds_a_ring_without_its_contents) {
  fails<growing<relaxed_ring>>(at_random(10'000), lost);
}

BOOST_AUTO_TEST_SUITE_END()
