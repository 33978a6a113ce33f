#pragma once

#include <chrono>
#include <cstddef>

#include <caf/fwd.hpp>

namespace axiom::runtime {

/// Which scheduler an actor system runs under.
enum class scheduler_policy {
  axiom,    ///< work stealing of our own: priorities, batches, prompt wake-ups
  sharing,  ///< CAF's central job queue
  stealing, ///< CAF's work stealing
  testing,  ///< no workers: a test runs each job by hand, deterministically
};

/// What an application may choose about the runtime, before its actor system
/// is created.
struct runtime_options {
  scheduler_policy scheduler = scheduler_policy::axiom;

  /// Number of workers; 0: as many as the process may use processors.
  std::size_t threads = 0;

  /// How long tasks may run on after the last handle of their coordinator is
  /// gone, before they are cancelled with reason `shutdown`.
  std::chrono::milliseconds shutdown_grace{10'000};

  /// Upper bound of threads for `blocking` operations; more of them queue.
  std::size_t max_blocking_threads = 512;

  /// Makes time stand still until a test advances it.
  bool virtual_time = false;
};

/// Puts Axiom's runtime into the actor system that will be created from `cfg`.
/// `options` is read when the system starts and must outlive that moment.
/// Use this where an application has a configuration class of its own that
/// cannot derive from `axiom::config`.
void install(caf::actor_system_config& cfg, const runtime_options& options);

/// How many processors this process may use: its affinity mask, not the
/// machine's size. At least 1.
std::size_t usable_processors() noexcept;

} // namespace axiom::runtime
