#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <utility>

#include "axiom/coordination/concurrency_limiter.hpp"
#include "axiom/deploy/output.hpp"
#include "axiom/deploy/progress.hpp"
#include "axiom/resource/buffer_pool.hpp"

namespace axiom::deploy {

/// How much of its output a task has written: for a file that appears complete
/// or not at all there is no `partial`.
enum class output_state { none, partial, complete };

/// What a running task of a deployment finds around it.
class run_services {
public:
  run_services(byte_sink& standard_output, std::size_t workers,
               std::optional<concurrency_limiter> limiter = std::nullopt,
               std::optional<buffer_pool> buffers = std::nullopt)
    : standard_output_(standard_output),
      workers_(workers),
      limiter_(std::move(limiter)),
      buffers_(std::move(buffers)) {
    // nop
  }

  /// How far this task is; its own.
  progress_counters& progress() noexcept {
    return progress_;
  }

  const progress_counters& progress() const noexcept {
    return progress_;
  }

  /// The task is tried again, from its beginning.
  void begin_again() noexcept {
    progress_.reset();
    output(output_state::none);
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

  /// Which start of the task this is, from 1: one below a supervisor has
  /// several.
  std::uint64_t start_number() const noexcept {
    return start_number_;
  }

  /// Before it starts.
  void start_number(std::uint64_t n) noexcept {
    start_number_ = n;
  }

  /// Says that the task is started, to a supervisor that waits for that; once is
  /// enough. Does nothing for other tasks. Programs that do have
  /// `task_program::says_started`.
  void started() {
    if (on_started_ && !said_started_.exchange(true))
      on_started_();
  }

  /// What `started` does, the first time. Before the task starts.
  void on_started(std::function<void()> f) {
    on_started_ = std::move(f);
  }

  /// How many threads run tasks.
  std::size_t workers() const noexcept {
    return workers_;
  }

  /// The task's limiter; null if it has none.
  const concurrency_limiter* limiter() const noexcept {
    return limiter_ ? &*limiter_ : nullptr;
  }

  /// The task's pool of buffers; null if it has none.
  const buffer_pool* buffers() const noexcept {
    return buffers_ ? &*buffers_ : nullptr;
  }

private:
  progress_counters progress_;
  byte_sink& standard_output_;
  std::size_t workers_;
  std::uint64_t start_number_ = 1;
  std::function<void()> on_started_;
  std::atomic<bool> said_started_{false};
  std::optional<concurrency_limiter> limiter_;
  std::optional<buffer_pool> buffers_;
  std::atomic<output_state> output_{output_state::none};
};

} // namespace axiom::deploy
