#pragma once

#include <string>

#include "axiom/task/context.hpp"

namespace axiom {

/// By which path the cancellation of a task came to it: the names from the task
/// that it was asked for (`self.cause()->target`) down to this one, joined by
/// '/'; of a very long one only the two ends. "" unless it is cancelled.
///
/// Derived when somebody asks, so that a cancellation costs nothing for it.
/// Called by what runs for that task, with its own context: its body, a shield
/// of it, a handler of `on_cancel`. As long as it has not ended, those above it
/// have not either. O(depth).
std::string cancellation_path(const task_context& self);

} // namespace axiom
