#pragma once

// What the stress tests share: a seed, threads that start together, and time
// budgets.
//
// Every case runs under CAF's two schedulers with real workers, for as long as
// its budget lasts. The seed is drawn at random and printed; AXIOM_SEED=n in
// the environment gives it. It fixes what is decided at random, not the
// schedule.

#include <array>
#include <atomic>
#include <barrier>
#include <chrono>
#include <cstdint>
#include <cstdlib>
#include <functional>
#include <iostream>
#include <optional>
#include <random>
#include <string>
#include <thread>
#include <vector>

#include <boost/test/unit_test.hpp>

#include "axiom/axiom.hpp"
#include "axiom/testing/fixture.hpp"

namespace stress {

using namespace std::chrono_literals;
using axiom::async;
using axiom::errc;
using axiom::task_context;
using policy = axiom::runtime::scheduler_policy;

#if defined(__SANITIZE_THREAD__) || defined(__SANITIZE_ADDRESS__)
inline constexpr bool sanitized = true;
#else
inline constexpr bool sanitized = false;
#endif

inline std::uint64_t seed() {
  static const std::uint64_t value = [] {
    auto* given = std::getenv("AXIOM_SEED");
    auto result = given != nullptr ? std::strtoull(given, nullptr, 10)
                                   : std::uint64_t{std::random_device{}()};
    std::cout << "AXIOM_SEED=" << result << std::endl;
    return result;
  }();
  return value;
}

/// One thread's source of decisions.
class chooser {
public:
  explicit chooser(std::uint64_t stream)
    : engine_(seed() * 0x9e3779b97f4a7c15ULL + stream) {
    // nop
  }

  /// A number in [0, n).
  std::size_t below(std::size_t n) {
    return static_cast<std::size_t>(engine_() % n);
  }

  bool one_in(std::size_t n) {
    return below(n) == 0;
  }

  template <class T>
  T& pick(std::vector<T>& xs) {
    return xs[below(xs.size())];
  }

  std::chrono::microseconds microseconds(std::size_t n) {
    return std::chrono::microseconds{below(n)};
  }

  /// Lets a little time go by, often none, sometimes the processor.
  void dither() {
    if (one_in(8))
      std::this_thread::yield();
    for (auto n = below(2) * below(600); n > 0; --n)
      std::atomic_signal_fence(std::memory_order_seq_cst);
  }

private:
  std::mt19937_64 engine_;
};

/// Rounds of one case: at least a few, and as many as fit into the budget.
class rounds {
public:
  explicit rounds(std::size_t at_most = 1'000'000,
                  std::chrono::milliseconds budget = 400ms)
    : at_most_(at_most), end_(std::chrono::steady_clock::now() + budget) {
    // nop
  }

  bool next() {
    auto done = done_++;
    return done < 3
        || (done < at_most_ && std::chrono::steady_clock::now() < end_);
  }

  /// A number that no other round of the process has.
  std::uint64_t stream() const {
    static std::atomic<std::uint64_t> count{1};
    return count.fetch_add(1) << 8;
  }

private:
  std::size_t done_ = 0;
  std::size_t at_most_;
  std::chrono::steady_clock::time_point end_;
};

/// Runs `f(index, chooser)` on `n` threads that start together, and joins them.
template <class F>
void race(std::size_t n, std::uint64_t stream, F f) {
  std::barrier start{static_cast<std::ptrdiff_t>(n)};
  std::vector<std::jthread> threads;
  for (std::size_t i = 0; i < n; ++i)
    threads.emplace_back([&f, &start, i, stream] {
      chooser choose{stream + i};
      start.arrive_and_wait();
      choose.dither();
      f(i, choose);
    });
}

/// Waits for what other threads are about to do.
template <class F>
void spin_until(F done) {
  while (!done())
    std::this_thread::yield();
}

/// Runs `f(fixture)` once for each scheduler. Tasks, timers, actors or threads
/// that are left behind abort the program: see axiom::testing::fixture.
template <class F>
void under_each_scheduler(bool virtual_time, F f) {
  for (auto scheduler : {policy::axiom, policy::sharing, policy::stealing}) {
    axiom::testing::fixture fix{
      {.scheduler = scheduler, .threads = 3, .virtual_time = virtual_time}};
    f(fix);
  }
}

inline constexpr bool virtual_time = true;
inline constexpr bool real_time = false;

/// Counts its own living copies: what a task holds, or returns.
class held {
public:
  explicit held(std::atomic<int>& alive) : alive_(&alive) {
    ++*alive_;
  }

  held(const held& other) : alive_(other.alive_) {
    ++*alive_;
  }

  held& operator=(const held&) = delete;

  ~held() {
    --*alive_;
  }

private:
  std::atomic<int>* alive_;
};

/// How many bodies run at once, and the most there were.
struct gauge {
  std::atomic<int> now{0};
  std::atomic<int> most{0};
  std::atomic<int> ran{0};

  void enter() {
    ++ran;
    auto n = ++now;
    for (auto m = most.load(); n > m && !most.compare_exchange_weak(m, n);) {
      // again
    }
  }
};

/// In its gauge while it lives.
class in_gauge {
public:
  explicit in_gauge(gauge& g) : gauge_(g) {
    gauge_.enter();
  }

  in_gauge(const in_gauge&) = delete;
  in_gauge& operator=(const in_gauge&) = delete;

  ~in_gauge() {
    --gauge_.now;
  }

private:
  gauge& gauge_;
};

/// A body that suspends until it is cancelled.
inline async<void> forever(task_context& self) {
  co_await self.sleep_for(24h);
}

} // namespace stress
