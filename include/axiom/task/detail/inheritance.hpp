#pragma once

#include "axiom/task/detail/task_actor.hpp"

namespace axiom::detail {

/// Priority inheritance: a task for which a more urgent one waits is as urgent,
/// and what it waits for in turn; when nobody waits any more it falls back.
///
/// The problem: a high task that awaits a low one waits for all that is between
/// the two (Lampson and Redell, 1980; Sha, Rajkumar and Lehoczky, 1990), and the
/// low one may itself wait for a subtree of any size, which nobody can afford to
/// walk through while it runs.
///
/// So each task has, besides its own priority, a level: the greatest of
/// 1. its own priority,
/// 2. the levels of those who wait for its end, or for something that it holds,
///    as long as they do;
/// 3. its parent's level, if that is above the parent's own priority.
/// Changes travel
/// - at once along a chain of tasks that wait for each other, up to the one that
///   runs or is queued, which gets a second entry in the more urgent queue; a
///   task that queues for what others hold moves up there, and they are lent
///   its level in turn (see wait_site, priority_loans);
/// - lazily to children: those born later, or woken, have the level from then
///   on; of those that are queued already only the oldest few are raised, and
///   the next one with each that ends. So the work a step is bounded, and the
///   children of a raised task are served at its level one after the other.
///
/// A level is always computed anew from what it depends on, never added to, so
/// changes that race leave nothing behind.
///
/// Locks: one task's lock at a time, none while another's is held.
class inheritance {
public:
  /// Somebody has begun or ended to wait for `task`, or its own level counts for
  /// those it waits for.
  static void update(task_actor& task) noexcept;

  /// A child of `parent`, which is raised, is about to leave it: the next one is
  /// due.
  static void raise_next_child(task_actor& parent) noexcept;

private:
  class pass;
};

} // namespace axiom::detail
