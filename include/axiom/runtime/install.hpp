#pragma once

#include <chrono>
#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

#include <caf/fwd.hpp>

#include "axiom/runtime/topology.hpp"

namespace axiom::runtime {

/// Which scheduler an actor system runs under.
enum class scheduler_policy {
  axiom,    ///< work stealing of our own: priorities, batches, prompt wake-ups
  sharing,  ///< CAF's central job queue
  stealing, ///< CAF's work stealing
  testing,  ///< no workers: a test runs each job by hand, deterministically
};

/// The enumerator's name.
std::string to_string(scheduler_policy value);

/// The policy of this name; none if there is no such name.
std::optional<scheduler_policy> parse_scheduler_policy(std::string_view name);

/// What an application may choose about the runtime, before its actor system
/// is created.
struct runtime_options {
  scheduler_policy scheduler = scheduler_policy::axiom;

  /// Number of workers; 0: `usable_processors()`.
  std::size_t threads = 0;

  /// Where workers run; CAF's own schedulers leave it to the operating system.
  runtime::affinity affinity = runtime::affinity::none;

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

} // namespace axiom::runtime
