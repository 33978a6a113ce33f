#pragma once

#include <optional>
#include <string_view>

#include "axiom/error/failure.hpp"
#include "axiom/runtime/timer_service.hpp"
#include "axiom/task/detail/task_actor.hpp"

namespace axiom::detail {

/// What the end of a scope with a timeout means. The expiry is a cancellation
/// that races with the end; whether it came before is decided here, once.
///
///                       body ends, no child runs
///     open ---------------------------------------> in time
///       |
///       +-- body ends, children run --> open to the last child's end
///
/// In time is what was so before the cancellation was seen: an expiry that
/// comes later changes nothing. A scope that is not, and was cancelled by its
/// own deadline, is late whatever its body made of that. One that was cancelled
/// by anything else, a deadline above it included, stays cancelled.
///
/// All members are for the thread that ends the task.
class expiry {
public:
  expiry(const task_actor& scope, runtime::duration timeout) noexcept;

  void body_ended(const task_actor& scope) noexcept;

  /// Why the scope fails instead of having the outcome it has; nothing if it
  /// was in time.
  /// @pre all children have ended
  std::optional<failure> verdict(const task_actor& scope) const;

private:
  runtime::duration timeout_;
  runtime::time_point start_;
  bool in_time_ = false;
};

/// The failure of a scope that is entered after its deadline.
failure entered_late(std::string_view name, runtime::duration late);

/// Throws `errc::invalid_argument` unless it is positive.
void require_timeout(std::string_view name, runtime::duration timeout);

} // namespace axiom::detail
