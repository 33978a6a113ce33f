#include "axiom/testing/fixture.hpp"

#include <cstdlib>
#include <filesystem>
#include <iostream>
#include <iterator>
#include <thread>

#include <caf/actor_registry.hpp>

#include "axiom/runtime/virtual_timer.hpp"
#include "axiom/task/detail/live_tasks.hpp"

namespace axiom::testing {

namespace {

namespace fs = std::filesystem;

std::size_t count_threads() {
  // ThreadSanitizer has a thread of its own, which comes with the first other.
  static const bool another = [] {
    std::thread{[] {}}.join();
    return true;
  }();
  static_cast<void>(another);
  fs::directory_iterator threads{"/proc/self/task"};
  return static_cast<std::size_t>(
    std::distance(fs::begin(threads), fs::end(threads)));
}

void print_and_abort(const std::string& what) {
  std::cerr << "leak: " << what << std::endl;
  std::abort();
}

/// Waits until `done()`; yields the processor rather than sleep, since what it
/// waits for is on its way.
template <class F>
bool await_for(std::chrono::milliseconds patience, F done) {
  auto end = std::chrono::steady_clock::now() + patience;
  while (!done()) {
    if (std::chrono::steady_clock::now() > end)
      return false;
    std::this_thread::yield();
  }
  return true;
}

} // namespace

fixture::fixture(fixture_options options)
  : threads_before_(count_threads()),
    tasks_before_(detail::live_tasks::count()),
    options_(std::move(options)),
    events_(std::make_shared<event_recorder>()) {
  if (!options_.on_leak)
    options_.on_leak = print_and_abort;
  config_.axiom.scheduler = options_.scheduler;
  config_.axiom.threads = options_.threads;
  config_.axiom.virtual_time = options_.virtual_time;
  system_.emplace(config_);
  coordinator_.emplace(
    structured_task_coordinator::spawn(*system_, {.name = "test"}));
  coordinator_->subscribe(events_);
}

fixture::~fixture() {
  auto& leak = options_.on_leak;
  auto stepwise = options_.scheduler == runtime::scheduler_policy::testing;
  auto await = [this](auto done) {
    return await_for(options_.patience, done);
  };
  if (stepwise)
    run();
  if (auto tree = coordinator_->snapshot(); !tree.tasks.empty() && stepwise) {
    leak("tasks still alive at the end of the test:\n" + to_string(tree));
    coordinator_->shutdown(runtime::duration::zero());
  }
  auto& host = runtime::host::of(*system_);
  coordinator_.reset();
  auto& registry = system_->registry();
  auto ended = [&] {
    if (stepwise)
      run();
    return registry.running() == 0;
  };
  if (!await(ended)) {
    leak(std::to_string(registry.running()) + " actors still running");
    std::abort(); // the actor system would wait for them for ever
  }
  // A coordinator that was killed does not wait for its tasks.
  auto active = [&] { return host.metrics().snapshot().active(); };
  if (!await([&] { return active() == 0; }))
    leak(std::to_string(active()) + " tasks have not ended");
  if (!await([&] { return host.timers().pending() == 0; }))
    leak(std::to_string(host.timers().pending()) + " timers still armed");
  system_.reset();
  auto kept = [this] { return detail::live_tasks::count() - tasks_before_; };
  if (!await([&] { return kept() <= 0; }))
    leak("references to tasks are still held: " + std::to_string(kept())
         + " tasks are still in memory");
  if (!await([&] { return count_threads() <= threads_before_; }))
    leak("threads: " + std::to_string(threads_before_) + " before the test, "
         + std::to_string(count_threads()) + " after it");
  for (auto& x : events_->violations(true))
    leak("lifecycle: " + x);
}

std::size_t fixture::run() {
  std::size_t result = 0;
  while (run_one())
    ++result;
  return result;
}

bool fixture::run_one() {
  return runtime::host::of(*system_).run_one();
}

void fixture::advance(std::chrono::nanoseconds span) {
  auto& timers = dynamic_cast<runtime::virtual_timer&>(
    runtime::host::of(*system_).timers());
  if (options_.scheduler != runtime::scheduler_policy::testing) {
    timers.advance(span);
    return;
  }
  run();
  auto end = timers.now() + span;
  while (timers.advance_to_next_before(end) > 0)
    run();
  run();
}

runtime::time_point fixture::now() const {
  return runtime::host::of(const_cast<fixture*>(this)->system()).timers().now();
}

std::size_t fixture::pending_timers() const {
  return runtime::host::of(const_cast<fixture*>(this)->system())
    .timers()
    .pending();
}

} // namespace axiom::testing
