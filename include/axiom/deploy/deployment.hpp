#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "axiom/coordination/limiter_options.hpp"
#include "axiom/deploy/problem.hpp"
#include "axiom/deploy/scalar.hpp"
#include "axiom/error/backoff.hpp"
#include "axiom/error/retry_budget.hpp"
#include "axiom/error/supervisor_options.hpp"
#include "axiom/resource/buffer_pool.hpp"
#include "axiom/resource/memory_pressure_options.hpp"
#include "axiom/resource/resource_requirement.hpp"
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

/// `resources:` what there is for tasks that ask for some.
struct resource_capacities {
  std::optional<std::uint64_t> memory; // in bytes; none: the machine's
  std::optional<std::uint64_t> cpu; // in thousandths of a core; the same
  std::vector<std::pair<std::string, std::int64_t>> custom;
};

/// `retry:` of a task: how it is tried again when it fails.
struct task_retry {
  std::size_t attempts = 3; // in all; 1: it is not
  backoff_options backoff;
  std::optional<std::chrono::nanoseconds> attempt_timeout; // of one attempt
};

/// One entry of `tasks:`.
struct task_spec {
  std::string name;
  std::string type;
  task_priority priority = task_priority::medium;
  std::optional<std::string> limiter; // one of `limiters:`
  std::optional<std::string> pool; // one of `pools:`
  resource_requirements resources; // held while it runs; of `resources:`
  bool sheddable = false; // may be given up when memory is short
  std::optional<std::chrono::nanoseconds>
    timeout; // of its tree, from its start, all attempts together
  std::optional<task_retry> retry; // none: it has one attempt
  std::chrono::nanoseconds grace{}; // for its tree, when it is cancelled
  /// What `type` and `with` stand for; never null in a loaded deployment.
  std::shared_ptr<const task_program> program;
};

/// A child that is an actor: a type of the application's, see `add_actor_type`
/// of CAF's configuration.
struct actor_spec {
  std::string type;
  std::vector<std::string> arguments; // of its constructor, each a std::string
};

struct supervisor_spec;

/// One of a supervisor's `children:`. A task's own name and grace are not used:
/// it has the child's name, and the time to end that the child has.
struct supervised_spec {
  child_options how;
  std::variant<task_spec, actor_spec, std::shared_ptr<const supervisor_spec>>
    what; // never null in a loaded deployment
};

/// One entry of `supervisors:`, or a child that is one.
struct supervisor_spec {
  supervisor_options options; // without children
  std::vector<supervised_spec> children;
};

/// What a deployment file says, checked and complete: a value that can be
/// kept, compared with its successor and run. Making one starts nothing.
struct deployment {
  std::int64_t version = 1; // of the format
  system_options system;
  std::optional<metrics_options> metrics; // none: no endpoint
  std::vector<limiter_options> limiters;
  std::vector<buffer_pool_options> pools;
  resource_capacities resources;
  std::optional<memory_pressure_options> memory_pressure; // none: unheeded
  std::optional<retry_budget_options> retry_budget; // none: each its own
  std::vector<supervisor_spec> supervisors;
  std::vector<task_spec> tasks;
};

/// Calls `f` with each task of the deployment, those below supervisors first.
void for_each_task(const deployment& value,
                   const std::function<void(const task_spec&)>& f);

} // namespace axiom::deploy
