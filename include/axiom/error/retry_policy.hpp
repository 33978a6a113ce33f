#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>
#include <type_traits>
#include <vector>

#include "axiom/error/backoff.hpp"
#include "axiom/error/concurrent_errors.hpp"
#include "axiom/error/error_filter.hpp"
#include "axiom/error/retry_budget.hpp"
#include "axiom/runtime/timer_service.hpp"
#include "axiom/task/priority.hpp"

namespace axiom {

/// Whether, when and how often `retry` tries again. Trivially copyable, and
/// refers to what it does not contain: see error_filter for why.
struct retry_policy {
  /// At most 64 bytes; copied when it starts. The attempts are children of the
  /// task that waits, named "retry #1", "retry #2", ...
  std::string_view name = "retry";

  /// How many there are in all. At least 1.
  std::size_t attempts = 3;

  /// How long to wait between them.
  backoff_options backoff{};

  /// Which errors are worth another attempt.
  error_filter retryable{};

  /// How long one attempt may take; then it is cancelled, and has failed with
  /// `errc::deadline_exceeded` when it has ended.
  std::optional<runtime::duration> attempt_timeout{};

  /// What each retry is paid from, for the operation and all below it. Null:
  /// the budget of the task that waits, `retry_budget::of_tree`; if that has
  /// none, one made for this call, from which what it calls pays too.
  const retry_budget* budget = nullptr;

  /// Fixes the random part of the backoff.
  std::optional<std::uint64_t> seed{};

  std::optional<task_priority> priority{};
  std::optional<runtime::duration> grace{};

  /// Where the errors go of attempts that failed before a success, or before a
  /// cancellation, in which case they come while the caller's frames go. Null:
  /// those before a cancellation are suppressed by the error that the scope
  /// ends with, as `retry` says.
  std::vector<task_error>* suppressed = nullptr;
};

static_assert(std::is_trivially_copyable_v<retry_policy>);

} // namespace axiom
