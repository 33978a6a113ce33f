#pragma once

#include <chrono>
#include <functional>
#include <memory>
#include <optional>
#include <string>

#include <caf/actor_system.hpp>

#include "axiom/config.hpp"
#include "axiom/coordination/coordinator.hpp"
#include "axiom/testing/event_recorder.hpp"

namespace axiom::testing {

/// What a fixture does with a leak; the default prints it and aborts.
using leak_handler = std::function<void(const std::string&)>;

struct fixture_options {
  /// `testing`: the test runs every job itself, in a fixed order. The others
  /// have workers, for tests of races.
  runtime::scheduler_policy scheduler = runtime::scheduler_policy::testing;

  /// Workers, where there are any.
  std::size_t threads = 2;

  /// Whether time moves only by `advance`.
  bool virtual_time = true;

  leak_handler on_leak{};

  /// How long the destructor waits for what is on its way to its end.
  std::chrono::milliseconds patience{30'000};
};

/// An actor system with a coordinator, for one test.
///
/// Its destructor lets everything end and then proves that nothing is left: no
/// task that has not ended or whose memory is still held, no armed timer, no
/// running actor, no thread; and that the lifecycle events keep their rules.
/// So a test that forgets to end what it started fails by itself.
///
/// With the scheduler `testing` all members are for the test's own thread.
class fixture {
public:
  explicit fixture(fixture_options options = {});
  ~fixture();
  fixture(const fixture&) = delete;
  fixture& operator=(const fixture&) = delete;

  caf::actor_system& system() noexcept {
    return *system_;
  }

  structured_task_coordinator& coordinator() noexcept {
    return *coordinator_;
  }

  event_recorder& events() noexcept {
    return *events_;
  }

  /// Runs jobs until none is left (`testing` only). Returns how many ran.
  std::size_t run();

  /// Runs at most one job. Returns whether there was one (`testing` only).
  bool run_one();

  /// Moves virtual time; with `testing`, runs what can run before, and after
  /// each timer that fires.
  void advance(std::chrono::nanoseconds span);

  /// The current virtual time.
  runtime::time_point now() const;

  /// How many timers are armed.
  std::size_t pending_timers() const;

private:
  std::size_t threads_before_;
  std::int64_t tasks_before_;
  fixture_options options_;
  config config_;
  std::optional<caf::actor_system> system_;
  std::optional<structured_task_coordinator> coordinator_;
  std::shared_ptr<event_recorder> events_;
};

} // namespace axiom::testing
