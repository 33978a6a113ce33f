#pragma once

#include <atomic>
#include <cstddef>

#include "axiom/deploy/output.hpp"
#include "axiom/deploy/progress.hpp"

namespace axiom::deploy {

/// How much of its output a task has written: for a file that appears complete
/// or not at all there is no `partial`.
enum class output_state { none, partial, complete };

/// What a running task of a deployment finds around it.
class run_services {
public:
  run_services(byte_sink& standard_output, std::size_t workers)
    : standard_output_(standard_output), workers_(workers) {
    // nop
  }

  /// How far this task is; its own.
  progress_counters& progress() noexcept {
    return progress_;
  }

  const progress_counters& progress() const noexcept {
    return progress_;
  }

  /// Shared by all tasks of the deployment: a write is whole, but pieces of
  /// different tasks may alternate. May block, see `byte_sink`.
  byte_sink& standard_output() noexcept {
    return standard_output_;
  }

  /// Noted by the task, for the report.
  void output(output_state now) noexcept {
    output_.store(now, std::memory_order_relaxed);
  }

  output_state output() const noexcept {
    return output_.load(std::memory_order_relaxed);
  }

  /// How many threads run tasks.
  std::size_t workers() const noexcept {
    return workers_;
  }

private:
  progress_counters progress_;
  byte_sink& standard_output_;
  std::size_t workers_;
  std::atomic<output_state> output_{output_state::none};
};

} // namespace axiom::deploy
