#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "axiom/coordination/limiter_options.hpp"
#include "axiom/deploy/problem.hpp"
#include "axiom/deploy/scalar.hpp"
#include "axiom/runtime/install.hpp"
#include "axiom/task/priority.hpp"

namespace axiom::deploy {

class task_program;

/// More worker threads than this are a typing mistake.
inline constexpr std::int64_t max_threads = 1024;

/// `system:` how the actor system is set up.
struct system_options {
  std::optional<std::size_t> threads; // none: usable_processors()
  runtime::scheduler_policy scheduler = runtime::scheduler_policy::axiom;
  runtime::affinity affinity = runtime::affinity::none;
};

/// `metrics:` where the endpoint listens.
struct metrics_options {
  endpoint_address bind;
};

/// One entry of `tasks:`.
struct task_spec {
  std::string name;
  std::string type;
  task_priority priority = task_priority::medium;
  std::optional<std::string> limiter; // one of `limiters:`
  std::optional<std::chrono::nanoseconds>
    timeout; // of its tree, from its start
  std::chrono::nanoseconds grace{}; // for its tree, when it is cancelled
  /// What `type` and `with` stand for; never null in a loaded deployment.
  std::shared_ptr<const task_program> program;
};

/// What a deployment file says, checked and complete: a value that can be
/// kept, compared with its successor and run. Making one starts nothing.
struct deployment {
  std::int64_t version = 1; // of the format
  system_options system;
  std::optional<metrics_options> metrics; // none: no endpoint
  std::vector<limiter_options> limiters;
  std::vector<task_spec> tasks;
};

} // namespace axiom::deploy
