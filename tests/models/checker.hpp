#pragma once

// Relacy, a model checker for C++ memory orders, made fit to run the templates
// of the scheduler itself: atomics, a mutex and a futex that are Relacy's
// behind the interfaces of ours, and a way to run a model and to say what it
// found.
//
// A model is an rl::test_suite. Relacy runs its threads as fibers, switching
// before every access to an atomic, and lets a load return any value that the
// order given allows, not just the last. It finds failed assertions, data races
// on rl::var, leaks, deadlocks and livelocks.
//
// This header replaces the global operator new, so it is for the models' own
// program. Relacy's macros, named as words of the language, end here.

#include <relacy/relacy.hpp>

#undef VAR
#undef VAR_T
#undef TLS_T
#undef memory_order_relaxed
#undef memory_order_consume
#undef memory_order_acquire
#undef memory_order_release
#undef memory_order_acq_rel
#undef memory_order_seq_cst
#undef new
#undef delete
#undef malloc
#undef calloc
#undef realloc
#undef free
#undef assert
#undef errno

#include <atomic>
#include <chrono>
#include <cstdint>
#include <iostream>
#include <optional>
#include <sstream>
#include <string>
#include <typeinfo>

#include <boost/core/demangle.hpp>
#include <boost/test/unit_test.hpp>

namespace models {

// -- memory orders ------------------------------------------------------------

/// Uses every memory order as the code has it. A negative model derives from
/// this and weakens some; it has to be found wrong.
struct as_written {
  template <class T>
  static constexpr std::memory_order load(std::memory_order x) noexcept {
    return x;
  }

  template <class T>
  static constexpr std::memory_order store(std::memory_order x) noexcept {
    return x;
  }

  template <class T>
  static constexpr std::memory_order change(std::memory_order x) noexcept {
    return x;
  }
};

constexpr rl::memory_order translate(std::memory_order x) noexcept {
  switch (x) {
    case std::memory_order_relaxed:
      return rl::mo_relaxed;
    case std::memory_order_consume:
      return rl::mo_consume;
    case std::memory_order_acquire:
      return rl::mo_acquire;
    case std::memory_order_release:
      return rl::mo_release;
    case std::memory_order_acq_rel:
      return rl::mo_acq_rel;
    default:
      return rl::mo_seq_cst;
  }
}

/// Where in the code an access is, for Relacy's histories. (clang 14 has no
/// std::source_location.)
struct place {
  place(const char* function = __builtin_FUNCTION(),
        const char* file = __builtin_FILE(),
        unsigned line = __builtin_LINE()) noexcept
    : info(function, file, line) {
    // nop
  }

  rl::debug_info info;
};

// -- atomics ------------------------------------------------------------------

template <class T, class Orders>
class atomic {
public:
  atomic(T value = T{}) : impl_(value) {
    // nop
  }

  T load(std::memory_order order, place at = {}) const {
    return impl_.load(translate(Orders::template load<T>(order)), at.info);
  }

  void store(T value, std::memory_order order, place at = {}) {
    impl_.store(value, translate(Orders::template store<T>(order)), at.info);
  }

  T exchange(T value, std::memory_order order, place at = {}) {
    return impl_.exchange(value, changed(order), at.info);
  }

  T fetch_add(T value, std::memory_order order, place at = {}) {
    return impl_.fetch_add(value, changed(order), at.info);
  }

  T fetch_sub(T value, std::memory_order order, place at = {}) {
    return impl_.fetch_sub(value, changed(order), at.info);
  }

  bool compare_exchange_weak(T& expected, T desired, std::memory_order success,
                             std::memory_order failure, place at = {}) {
    return impl_.compare_exchange(rl::bool_t<true>{}, expected, desired,
                                  changed(success), translate(failure),
                                  at.info);
  }

  bool compare_exchange_strong(T& expected, T desired,
                               std::memory_order success,
                               std::memory_order failure, place at = {}) {
    return impl_.compare_exchange(rl::bool_t<false>{}, expected, desired,
                                  changed(success), translate(failure),
                                  at.info);
  }

  /// Relacy's own, for the futex.
  rl::atomic<T>& impl() noexcept {
    return impl_;
  }

private:
  static constexpr rl::memory_order changed(std::memory_order x) noexcept {
    return translate(Orders::template change<T>(x));
  }

  rl::atomic<T> impl_;
};

/// What the templates take for std_atomics.
template <class Orders = as_written>
struct atomics {
  template <class T>
  using atomic = models::atomic<T, Orders>;
};

// -- blocking -----------------------------------------------------------------

/// What they take for small_mutex.
class mutex {
public:
  void lock() {
    impl_.lock(place{}.info);
  }

  void unlock() {
    impl_.unlock(place{}.info);
  }

private:
  rl::mutex impl_;
};

/// What they take for futex. As in the kernel, to compare and to sleep is one
/// step, a sleeper may wake for no reason, and time passes at will. Unlike
/// Relacy's own, it orders nothing: the word has to.
struct futex {
  template <class Word>
  static bool wait(Word& word, std::uint32_t value,
                   std::optional<std::chrono::nanoseconds> timeout) {
    auto& context = rl::ctx();
    context.sched();
    if (word.impl().debug_value() != value) {
      rl::yield(1, place{}.info); // the caller sees it sooner or later
      return true;
    }
    auto reason =
      word.impl().wait(context, timeout.has_value(), true, place{}.info);
    return reason != rl::unpark_reason_timeout;
  }

  template <class Word>
  static void wake(Word& word) {
    auto& context = rl::ctx();
    context.sched();
    word.impl().wake(context, 1, place{}.info);
  }
};

// -- running ------------------------------------------------------------------

/// How a model is searched.
struct search {
  rl::scheduler_type_e type;
  rl::iteration_t schedules; ///< at most; all but random ones end by themselves
  unsigned interruptions = 0;
};

/// Every schedule there is.
inline constexpr search exhaustively{rl::fair_full_search_scheduler_type,
                                     100'000'000};

/// Every schedule in which a thread is interrupted so many times at most.
constexpr search with_interruptions(unsigned n) noexcept {
  return {rl::fair_context_bound_scheduler_type, 100'000'000, n};
}

/// `n` schedules; the same in each run.
constexpr search at_random(rl::iteration_t n) noexcept {
  return {rl::random_scheduler_type, n};
}

struct finding {
  rl::test_result_e result;
  std::string report; ///< what happened, access by access, unless all is well
};

/// Runs `Model` and prints a line about it.
template <class Model>
finding check(search how) {
  // Strings of Relacy's: it writes to them where `new` is the model's.
  rl::ostringstream report;
  rl::ostringstream progress;
  rl::test_params params;
  params.search_type = how.type;
  params.iteration_count = how.schedules;
  params.context_bound = how.interruptions;
  params.output_stream = &report;
  params.progress_stream = &progress;
  rl::simulate<Model>(params);
  std::cout << boost::core::demangle(typeid(Model).name()) << ": "
            << params.stop_iteration << " schedules (" << rl::format(how.type)
            << "): " << rl::test_result_str(params.test_result) << std::endl;
  return {params.test_result, report.str().c_str()};
}

/// Tests that nothing is wrong with `Model`.
template <class Model>
void holds(search how) {
  const auto found = check<Model>(how);
  BOOST_TEST(found.result == rl::test_result_success, found.report);
}

/// Tests that something is wrong with `Model`, and found: a model that cannot
/// fail shows nothing.
template <class Model>
void fails(search how, rl::test_result_e expected) {
  const auto found = check<Model>(how);
  BOOST_TEST(found.result == expected, "found: " + found.report);
}

} // namespace models
