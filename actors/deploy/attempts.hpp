#pragma once

#include <atomic>
#include <cstddef>
#include <functional>
#include <optional>
#include <vector>

#include "axiom/deploy/deployment.hpp"
#include "axiom/deploy/run_services.hpp"
#include "axiom/error/concurrent_errors.hpp"
#include "axiom/error/retry_budget.hpp"
#include "axiom/task/async.hpp"

namespace axiom::deploy {

/// Runs one task of a deployment as often as its `retry` says, within its
/// `timeout`.
///
/// Each attempt waits for what it needs itself, and holds nothing between two.
/// Errors of attempts are in what the task fails with, beside the last or,
/// where the timeout passed, beside that; where it succeeded or was cancelled
/// they are here.
///
/// `run` once. The count may be read at any time, the errors when the task has
/// ended.
class attempts {
public:
  using operation = std::function<async<void>(task_context&)>;

  /// All but the operation outlive this. Without a budget of the deployment a
  /// retry has one of its own.
  attempts(const task_spec& spec, run_services& services,
           std::optional<retry_budget> budget, operation once);

  attempts(const attempts&) = delete;
  attempts& operator=(const attempts&) = delete;

  async<void> run(task_context& self);

  /// How many have begun.
  std::size_t begun() const noexcept {
    return begun_.load(std::memory_order_relaxed);
  }

  /// The errors that nothing else has.
  std::vector<task_error> take_earlier() noexcept {
    return std::move(earlier_);
  }

private:
  async<void> in_time(task_context& self);
  async<void> repeated(task_context& self);
  async<void> one(task_context& self);

  const task_spec& spec_;
  run_services& services_;
  const std::optional<retry_budget> budget_;
  const operation once_;
  std::atomic<std::size_t> begun_{0};
  std::vector<task_error> earlier_; // the task's; anybody's once it has ended
};

} // namespace axiom::deploy
