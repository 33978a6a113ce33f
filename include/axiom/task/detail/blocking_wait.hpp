#pragma once

#include <chrono>
#include <functional>
#include <optional>
#include <string>

#include <caf/message_id.hpp>

#include "axiom/task/detail/waiter.hpp"
#include "axiom/task/detail/task_actor.hpp"

namespace axiom::detail {

/// What a thread waits for a task for.
enum class interest {
  end,    ///< only that it ends
  outcome ///< it looks at the outcome then, so that a failure is not lost
};

/// Something with an end that threads and actors wait for.
struct waitable {
  std::function<bool()> ended;
  std::function<bool(waiter&)> add;
  std::function<void(waiter&)> remove;
  task_actor& subject; ///< the task it is about
  interest wanted = interest::end;
};

/// Blocks the thread until `what` has ended, `timeout` of real time has passed,
/// or the task running on this thread is cancelled (then throws). Returns
/// whether it has ended. Refuses worker threads.
bool block_until(const waitable& what,
                 std::optional<std::chrono::nanoseconds> timeout);

/// Sends `observer` the response `id` (a `task_done_atom`) when `what` ends.
void notify_when(const waitable& what, caf::actor_control_block* observer,
                 caf::message_id id);

} // namespace axiom::detail
