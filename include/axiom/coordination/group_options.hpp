#pragma once

#include <cstddef>
#include <functional>
#include <limits>
#include <optional>
#include <string_view>

#include "axiom/coordination/failure_mode.hpp"
#include "axiom/error/concurrent_errors.hpp"
#include "axiom/runtime/timer_service.hpp"
#include "axiom/task/priority.hpp"

namespace axiom {

class permit_source;

/// How a group is made.
struct group_options {
  /// At most 64 bytes; copied when the group starts.
  std::string_view name = "group";

  /// What the failure of a child means.
  axiom::failure_mode failure_mode = axiom::failure_mode::throw_on_first;

  /// How many children run at once; `add_task` waits beyond that. At least 1.
  std::size_t max_concurrency = std::numeric_limits<std::size_t>::max();

  /// How many results there may be that nobody has taken, those of the children
  /// that still run counted too: `add_task` waits beyond that, so that a fast
  /// producer and a slow consumer stay in bounded memory. At least 1. See
  /// `coordinated_task_group`.
  std::size_t max_unread = std::numeric_limits<std::size_t>::max();

  /// A limiter, or a partition of one, that is shared with others: each child
  /// takes one of its permits before its operation begins, and keeps it until it
  /// has ended. It outlives the group. Null: none.
  const permit_source* limiter = nullptr;

  std::optional<task_priority> priority{};

  /// The group, its body included, is cancelled this long after its start; the
  /// scope then fails with `errc::deadline_exceeded`, when all have ended.
  std::optional<runtime::duration> timeout{};

  std::optional<runtime::duration> grace{};
};

/// How a discarding group is made. What has no comment is as in
/// `group_options`.
struct discarding_group_options {
  std::string_view name = "group";

  /// `throw_on_first`: the first failure cancels the group. With the others
  /// (which are the same here) it runs on, and each failure is reported at
  /// once: to `on_error` if there is one, else to the coordinator, whose
  /// `stats` count it and list the latest.
  axiom::failure_mode failure_mode = axiom::failure_mode::throw_on_first;

  std::size_t max_concurrency = std::numeric_limits<std::size_t>::max();

  const permit_source* limiter = nullptr;

  std::optional<task_priority> priority{};
  std::optional<runtime::duration> timeout{};
  std::optional<runtime::duration> grace{};

  /// Called with each failure of a child, on the thread that ended it, by
  /// several threads at once; in no task, and before the group learns of the
  /// end. It should be quick. If it throws, its error and the child's go to the
  /// coordinator. Refused with `throw_on_first`, which would never call it.
  std::function<void(const task_error&)> on_error{};
};

} // namespace axiom
