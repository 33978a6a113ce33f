#pragma once

#include <optional>
#include <string>
#include <vector>

#include "axiom/error/detail/attempt.hpp"
#include "axiom/error/detail/retry_plan.hpp"
#include "axiom/error/retry_policy.hpp"
#include "axiom/task/detail/sleep.hpp"
#include "axiom/task/local.hpp"

namespace axiom::detail {

/// One call of `retry`, but for the operation: its budget, its errors so far,
/// and what it fails with. Lives in the frame of a coroutine of the task that
/// retries, and is only used there.
class retry_run {
public:
  /// Throws `errc::invalid_argument` and `errc::name_too_long` for a policy
  /// that could not work. From now on the task and what it starts have the
  /// budget.
  explicit retry_run(const retry_policy& policy);

  retry_run(const retry_run&) = delete;
  retry_run& operator=(const retry_run&) = delete;

  /// Hands over the errors that nobody has got otherwise: to where the policy
  /// says, or else to the task.
  ~retry_run();

  /// How the next attempt is made.
  attempt_options next() const;

  /// An attempt has failed. Returns how long to wait for the next one; nothing
  /// if there is none.
  std::optional<sleep> failed(const task_reference& who, failure why);

  /// What the call fails with: the last error; earlier ones, and why there is
  /// no further attempt, are suppressed by it. A sole error that nothing was to
  /// be done about is that error, unchanged.
  /// @pre an attempt has failed, and `failed` has returned nothing
  failure why_failed();

  /// An attempt has succeeded.
  void succeeded();

private:
  std::string why_no_more() const;

  const retry_policy policy_;
  const std::string name_;
  task_actor& task_;
  runtime::time_point start_;
  retry_plan plan_;
  retry_budget budget_;
  std::optional<local_scope> bound_;
  std::vector<task_error> errors_; ///< of all attempts so far
  retry_verdict verdict_ = retry_verdict::again;
};

} // namespace axiom::detail
