#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>

#include "axiom/error/backoff.hpp"

namespace axiom::detail {

/// What the failure of an attempt leads to.
enum class retry_verdict : std::uint8_t {
  again, ///< after a wait
  permanent, ///< to try again would not help
  used_up, ///< it was the last attempt
  too_late, ///< the deadline would pass during the wait
  no_budget, ///< too many retries already, of everybody who shares the budget
};

struct retry_step {
  retry_verdict verdict;
  runtime::duration wait{};
};

/// Decides what follows a failed attempt: the whole of a retry policy without
/// tasks, time or atomics.
///
/// A budget is asked last, and so only for a retry that happens.
class retry_plan {
public:
  /// @pre `attempts` > 0
  retry_plan(std::size_t attempts, const backoff_options& waits,
             uniform_source random) noexcept
    : attempts_(attempts), backoff_(waits), random_(random) {
    // nop
  }

  /// How many attempts have failed.
  std::size_t failed_attempts() const noexcept {
    return failed_;
  }

  /// An attempt has failed, at `now`.
  /// @param try_spend takes a token of the budget; false if there is none
  template <class F>
  retry_step attempt_failed(bool retryable, runtime::time_point now,
                            std::optional<runtime::time_point> deadline,
                            F try_spend) {
    ++failed_;
    if (!retryable)
      return {retry_verdict::permanent};
    if (failed_ >= attempts_)
      return {retry_verdict::used_up};
    const auto wait = backoff_.next(random_);
    if (deadline && wait >= *deadline - now)
      return {retry_verdict::too_late, wait};
    if (!try_spend())
      return {retry_verdict::no_budget, wait};
    return {retry_verdict::again, wait};
  }

private:
  std::size_t attempts_;
  std::size_t failed_ = 0;
  backoff backoff_;
  uniform_source random_;
};

} // namespace axiom::detail
