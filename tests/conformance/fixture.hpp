#pragma once

// What the conformance cases share: where they run, and how actors report to
// them.
//
// A case states what CAF promises, and runs under every scheduler policy with
// 1, 2 and 4 workers. The frame of a case has this order, since actors refer to
// what stands in it:
//
//     journal<int> seen;            // what actors refer to
//     fixture fix{where};           // the actor system: ends before the above
//     auto x = fix.system().spawn(...); // handles: gone before the system
//
// Nothing is waited for by sleeping, and no wait is bounded by itself: the
// fixture's watchdog bounds the case, the end of the actor system included.

#include <chrono>
#include <condition_variable>
#include <cstddef>
#include <functional>
#include <mutex>
#include <numeric>
#include <optional>
#include <thread>
#include <utility>
#include <vector>

#include <boost/test/data/monomorphic.hpp>
#include <boost/test/data/test_case.hpp>
#include <boost/test/unit_test.hpp>
#include <caf/actor_system.hpp>
#include <caf/event_based_actor.hpp>
#include <caf/expected.hpp>
#include <caf/scoped_actor.hpp>
#include <caf/send.hpp>

#include "axiom/config.hpp"
#include "support/policies.hpp"
#include "support/watchdog.hpp"

namespace conformance {

using namespace std::chrono_literals;
using test::placement;

/// Where a case runs, unless it says why not.
inline const auto everywhere = test::under_each_policy({1, 2, 4});

/// For cases that CAF's own work stealing fails: whom an actor sends to, or
/// spawns, it puts before all that waits on that worker, so that two actors
/// that talk, or one that spawns for ever, starve the others and the system's
/// end.
inline std::vector<placement> without_stealing(std::vector<placement> all) {
  std::erase_if(all, [](const placement& x) {
    return x.policy.value == axiom::runtime::scheduler_policy::stealing;
  });
  return all;
}

/// An actor system at one placement.
class fixture {
public:
  using configure = std::function<void(axiom::config&)>;

  explicit fixture(const placement& where, const configure& more = {})
    : watchdog_(boost::unit_test::framework::current_test_case().full_name()
                + ", " + to_string(where)) {
    config_.axiom.scheduler = where.policy.value;
    config_.axiom.threads = where.workers;
    if (more)
      more(config_);
    system_.emplace(config_);
  }

  caf::actor_system& system() noexcept {
    return *system_;
  }

  /// Destroys the actor system now.
  void end() {
    system_.reset();
  }

private:
  test::watchdog watchdog_;
  axiom::config config_;
  std::optional<caf::actor_system> system_;
};

/// What actors tell a case, in the order in which they do. Thread-safe.
template <class T>
class journal {
public:
  void add(T entry) {
    std::lock_guard guard{mutex_};
    entries_.push_back(std::move(entry));
    changed_.notify_all();
  }

  /// Waits until there are `n` entries, and returns all.
  std::vector<T> await(std::size_t n) {
    std::unique_lock guard{mutex_};
    changed_.wait(guard, [&] { return entries_.size() >= n; });
    return entries_;
  }

  std::vector<T> entries() {
    return await(0);
  }

private:
  std::mutex mutex_;
  std::condition_variable changed_;
  std::vector<T> entries_;
};

/// The response to a request from outside of all actors, or the error instead.
template <class T, class Handle, class... Ts>
caf::expected<T> ask(caf::actor_system& sys, const Handle& whom, Ts&&... xs) {
  caf::expected<T> result{caf::error{}};
  caf::scoped_actor self{sys};
  self->request(whom, caf::infinite, std::forward<Ts>(xs)...)
    .receive([&](T& value) { result = std::move(value); },
             [&](caf::error& reason) { result = std::move(reason); });
  return result;
}

/// Threads that run `f(i)` for i in [0, n). They are joined when the result
/// goes.
template <class F>
std::vector<std::jthread> start_threads(int n, F f) {
  std::vector<std::jthread> result;
  result.reserve(static_cast<std::size_t>(n));
  for (int i = 0; i < n; ++i)
    result.emplace_back(f, i);
  return result;
}

/// 0, 1, ..., n - 1: what a journal has when nothing was lost or overtaken.
inline std::vector<int> in_order(int n) {
  std::vector<int> result(static_cast<std::size_t>(n));
  std::iota(result.begin(), result.end(), 0);
  return result;
}

} // namespace conformance
