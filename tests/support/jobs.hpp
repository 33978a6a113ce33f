#pragma once

// What the tests of schedulers share: jobs made from functions, and a worker
// that is held up until the test lets it go.

#include <algorithm>
#include <atomic>
#include <cstdint>
#include <functional>
#include <future>
#include <memory>
#include <optional>
#include <thread>
#include <utility>

#include <caf/actor_system.hpp>
#include <caf/resumable.hpp>

#include "axiom/config.hpp"
#include "axiom/runtime/host.hpp"
#include "axiom/runtime/job.hpp"

namespace test {

namespace runtime = axiom::runtime;

inline constexpr runtime::job_level background = 0;
inline constexpr runtime::job_level low = 1;
inline constexpr runtime::job_level medium = runtime::medium_level;
inline constexpr runtime::job_level high = 3;

/// A job that calls a function, with the one reference that a scheduler takes
/// over. What the function holds is gone when the scheduler is done with it.
class job final : public caf::resumable {
public:
  explicit job(std::function<void()> fun) : fun_(std::move(fun)) {
    // nop
  }

  resume_result resume(caf::execution_unit*, std::size_t) override {
    fun_();
    return done;
  }

  void intrusive_ptr_add_ref_impl() override {
    ++references_;
  }

  void intrusive_ptr_release_impl() override {
    if (--references_ == 0)
      delete this;
  }

private:
  std::function<void()> fun_;
  std::atomic<int> references_{1};
};

/// Submits a job; `where` counts on a worker only.
inline void submit(runtime::host& host, std::function<void()> fun,
                   runtime::job_level level = medium,
                   runtime::placement where = runtime::placement::next) {
  host.submit(new job{std::move(fun)}, nullptr, level, where);
}

/// A job that submits itself again until it is told not to. (And not for ever,
/// so that a test fails instead of hanging.)
struct endless {
  void operator()() const {
    if (++*runs < 10'000 && !*stop)
      submit(*host, *this, level, where);
  }

  runtime::host* host;
  runtime::job_level level;
  runtime::placement where;
  std::shared_ptr<std::atomic<int>> runs =
    std::make_shared<std::atomic<int>>(0);
  std::shared_ptr<std::atomic<bool>> stop =
    std::make_shared<std::atomic<bool>>(false);
};

/// How many jobs the workers have begun.
inline std::uint64_t executed(const runtime::host& host) {
  std::uint64_t result = 0;
  for (auto& x : host.stats().workers)
    result += x.executed;
  return result;
}

/// Waits until every worker has started and sleeps, so that no job is left.
inline void await_rest(const runtime::host& host) {
  const auto rests = [](const runtime::worker_stats& x) {
    return x.parks > 0
        && (x.state == runtime::worker_state::parked
            || x.state == runtime::worker_state::retired);
  };
  for (;;) {
    const auto workers = host.stats().workers;
    if (std::all_of(workers.begin(), workers.end(), rests))
      return;
    std::this_thread::yield();
  }
}

/// Holds up one worker of a scheduler at rest while it lives, so that a test
/// can fill the queues in peace.
///
/// With a single worker it does so where the next picks are ordinary ones:
/// seven go to the most urgent level, thirty to the newest jobs, before others
/// have their turn (see level_order).
class held_worker {
public:
  explicit held_worker(runtime::host& host) {
    await_rest(host);
    hold(host, gate_);
    gate_->held.get_future().wait();
  }

  held_worker(const held_worker&) = delete;
  held_worker& operator=(const held_worker&) = delete;

  ~held_worker() {
    release();
  }

  void release() {
    if (auto gate = std::exchange(gate_, nullptr))
      gate->go.set_value();
  }

private:
  /// Shared with the job, which may outlive the object by a moment.
  struct gate {
    std::promise<void> held;
    std::promise<void> go;
  };

  static void hold(runtime::host& host, std::shared_ptr<gate> gate) {
    constexpr std::uint64_t cycle = 8 * 31;
    submit(
      host,
      [&host, gate] {
        if (host.workers() == 1 && executed(host) % cycle != 0)
          return hold(host, gate);
        gate->held.set_value();
        gate->go.get_future().wait();
      },
      high);
  }

  std::shared_ptr<gate> gate_ = std::make_shared<gate>();
};

/// A system with `N` workers.
template <std::size_t N>
struct workers {
  workers() {
    config.axiom.threads = N;
    system.emplace(config);
    host = &runtime::host::of(*system);
  }

  void submit(std::function<void()> fun, runtime::job_level level = medium,
              runtime::placement where = runtime::placement::next) {
    test::submit(*host, std::move(fun), level, where);
  }

  auto stats() const {
    return host->stats().workers;
  }

  axiom::config config;
  std::optional<caf::actor_system> system;
  runtime::host* host;
};

} // namespace test
