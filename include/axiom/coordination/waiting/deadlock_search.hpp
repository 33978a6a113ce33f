#pragma once

#include <cstddef>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "axiom/coordination/waiting/wait_graph.hpp"
#include "axiom/coordination/waiting/waiting_place.hpp"
#include "axiom/task/detail/task_actor.hpp"
#include "axiom/task/detail/woken_tasks.hpp"

namespace axiom::detail {

/// What can be waited for: that a task goes on, so that it may give back what
/// it holds, or that it ends.
struct wait_node {
  enum class event : std::uint8_t { goes_on, ends };

  /// Null for somebody unknown, who waits for nothing.
  task_actor* task = nullptr;
  event what = event::goes_on;

  friend bool operator==(const wait_node&, const wait_node&) = default;
};

/// Finds circles of waits through places (limiters, resource monitors), tasks
/// and their children, and ends them by refusing a request. See
/// wait_cycle_search for what a circle is.
///
///     a task that waits in a place goes on when enough of those who hold what
///     it wants do
///     a task that waits for another goes on when that ends
///     a task that waits for its children goes on when all of them end
///     one that waits for a place or a result in a group goes on when any one
///     of the group's children does a task ends when it goes on, and all of its
///     children end
///
/// The last line holds for tasks that run, too: whatever they do, they do not
/// end before their children. So where a child waits for what its parent holds,
/// and somebody above waits for the parent, that is found when the child
/// queues, though the parent may run still.
///
/// A search must not put together waits that never were at the same time. It
/// holds every task on whose wait it relies (task_state::hold), and locks every
/// place, until it is over: nothing of the circle can change meanwhile. What
/// runs goes on, and what waits for something else (time, a request, a thread)
/// is taken to.
///
/// Searches take turns, so of two requests in one circle one is refused; and
/// only they lock more than one place, so they need no order among those.
///
/// When it is searched: for a request that queues, at once, unless those who
/// hold what it wants can be seen to go on (`surely_served`); then again by the
/// place's actor, at growing intervals, since a task may close a circle by
/// waiting for another task, or a limit be lowered.
///
/// Waits of threads (blocking operations) are not followed.
class deadlock_search {
public:
  /// Whether `x`, which has just queued, can be seen to be served without a
  /// search: a look at a few of the holders. Errs to false, unless another
  /// search holds one of them at this moment, so that it seems to run: then the
  /// place's actor finds the circle.
  static bool surely_served(place_waiter& x, place_session& here);

  /// Takes `x` out of the queue of `where` if it waits in a circle. Returns
  /// whether it did.
  /// @pre called by the thread that runs the task of `x`
  static bool refuse_if_in_circle(place_waiter& x, waiting_place& where);

  /// The same for all that wait in `where`.
  static bool refuse_all_in_circles(waiting_place& where);

private:
  using condition = wait_condition<wait_node>;
  using conditions = std::vector<condition>;

  struct locked_place {
    place_ptr alive;
    std::unique_ptr<place_session> here;
  };

  /// @param running the task that this thread runs, if the search is its own
  /// @param now asked for before it locks anything: with a place's lock held
  ///   nobody goes for that of the timer service, which fires with its own held
  deadlock_search(task_actor* running, runtime::time_point now) noexcept;
  ~deadlock_search();

  bool refuse_if_in_circle(place_waiter& x, place_session& here);

  place_session& lock(waiting_place& x);

  bool holds(const task_actor& task) const noexcept;

  /// Whether the task stands still, and will until the end of the search.
  bool hold(task_actor& task);

  conditions conditions_of(const wait_node& node);
  conditions before_going_on(task_actor& task);
  conditions before_children_end(task_actor& task);
  conditions before_granted(place_site& site);

  std::string describe(place_waiter& x, const std::vector<wait_node>& circle);

  task_actor* const running_;
  const runtime::time_point now_;
  std::vector<task_ptr> known_; ///< alive as long as this
  std::vector<task_actor*> held_;
  woken_tasks woken_; ///< before the locks: handed over after them
  std::vector<locked_place> locked_;
};

} // namespace axiom::detail

template <>
struct std::hash<axiom::detail::wait_node> {
  std::size_t operator()(const axiom::detail::wait_node& x) const noexcept {
    return std::hash<void*>{}(x.task) * 2 + static_cast<std::size_t>(x.what);
  }
};
