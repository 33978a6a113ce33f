#pragma once

#include <atomic>
#include <chrono>
#include <cstddef>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "axiom/coordination/concurrency_limiter.hpp"
#include "axiom/coordination/coordinator.hpp"
#include "axiom/deploy/deployment.hpp"
#include "axiom/deploy/output.hpp"
#include "axiom/deploy/progress.hpp"
#include "axiom/deploy/run_services.hpp"
#include "axiom/error/concurrent_errors.hpp"
#include "axiom/error/retry_budget.hpp"
#include "axiom/resource/memory_pressure.hpp"
#include "axiom/resource/resource_monitor.hpp"
#include "axiom/task/cancellation.hpp"
#include "axiom/task/task.hpp"

namespace axiom::deploy {

/// Runs the tasks of a deployment as root tasks of a coordinator and says what
/// became of each.
///
/// `start` once; `cancel` and `progress` at any time from any thread; `wait`
/// from a thread that may block.
class runner {
public:
  /// What became of one task.
  struct result {
    enum class kind { completed, failed, cancelled };

    std::string name;
    kind outcome = kind::completed;
    std::optional<failure> error; // why it failed
    std::size_t attempts = 0; // that have begun
    std::vector<task_error> earlier; // of attempts before a success or cancel
    std::optional<timestamp> started;
    std::optional<std::chrono::nanoseconds> elapsed; // if it has ended
    progress_snapshot progress;
    std::string unit; // of the progress
    output_state output = output_state::none;
    std::optional<cancellation_report> cancellation; // if `cancel` reached it
  };

  /// `standard_output` is for tasks that write there, and outlives this.
  runner(structured_task_coordinator coordinator, deployment value,
         byte_sink& standard_output, std::size_t workers);
  runner(const runner&) = delete;
  runner& operator=(const runner&) = delete;

  /// Cancels what still runs and waits for its end.
  ~runner();

  /// Creates the tasks, unless `cancel` came first.
  void start();

  /// Cancels the trees of all tasks and waits until each has ended or its
  /// grace is over. Tasks not created yet will never be. Once only; later
  /// calls return at once.
  void cancel();

  /// Whether tasks have been asked to end.
  bool cancelling() const noexcept {
    return cancelling_;
  }

  /// How far all tasks are together.
  progress_snapshot progress() const;

  /// Waits until every task has ended, or has outlived its grace after
  /// `cancel`; then the results tell which.
  std::vector<result> wait();

private:
  struct run;

  structured_task_coordinator coordinator_;
  deployment deployment_;
  std::map<std::string, concurrency_limiter> limiters_; // also unused ones
  std::map<std::string, buffer_pool> pools_; // the same
  std::optional<resource_monitor> resources_; // if a task asks for some
  std::optional<memory_pressure> pressure_; // if the deployment heeds it
  std::optional<retry_budget> retries_; // if the deployment has one
  std::vector<std::unique_ptr<run>> runs_;
  std::atomic<bool> cancelling_{false};
  std::mutex mutex_; // of start and cancel
  std::mutex results_; // of the reports
};

/// What the progress of all tasks together counts: their unit, or "steps" if
/// they differ.
std::string progress_unit(const deployment& value);

} // namespace axiom::deploy
