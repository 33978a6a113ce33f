#include "axiom/task/detail/inheritance.hpp"

#include <algorithm>
#include <array>
#include <mutex>
#include <utility>
#include <vector>

#include "axiom/task/detail/wait_site.hpp"

namespace axiom::detail {

using runtime::job_level;

/// One change and all that follows from it.
class inheritance::pass {
public:
  pass() noexcept : outer_(std::exchange(current, this)) {
    // nop
  }

  pass(const pass&) = delete;
  pass& operator=(const pass&) = delete;

  ~pass() {
    current = outer_;
  }

  /// Sets the level of `task`, then of what it waits for, and so on; then
  /// raises the children noted, and those of theirs that follow; and all that
  /// is updated on this thread meanwhile.
  void run(task_ptr task) {
    follow(std::move(task));
    for (;;) {
      if (count_ > 0) {
        auto [alive, child, level] = std::move(children_[--count_]);
        auto [before, after] = child->urgency_.lent_by_parent(level);
        if (after > before)
          follow(requeue(*child, before, after));
      } else if (!more_.empty()) {
        auto next = std::move(more_.back());
        more_.pop_back();
        follow(std::move(next));
      } else {
        return;
      }
    }
  }

  /// Leaves the update to the pass that this thread is in, so that nothing
  /// recurses along a chain of waits. Returns false if it is in none.
  static bool leave_to_current(task_actor& task) {
    if (current == nullptr)
      return false;
    current->more_.push_back(strong(task));
    return true;
  }

  /// Notes the oldest children of `parent` that are less urgent than it.
  /// @pre its lock is held
  void note_children(task_actor& parent, job_level level) {
    auto left = window;
    for (auto* child = parent.first_; child != nullptr && left > 0;
         child = child->next_, --left)
      if (count_ < children_.size() && !child->gone_
          && child->level() < level)
        children_[count_++] = {strong(*child), child, level};
  }

private:
  /// So many children of a raised task are as urgent as it at a time: enough for
  /// the workers to have a choice.
  static constexpr std::size_t window = 8;

  static inline thread_local constinit pass* current = nullptr;

  void follow(task_ptr task) {
    while (task)
      task = update(*as_task(task));
  }

  /// Computes what those who wait for `task` lend to it. Returns what it waits
  /// for itself if its level has changed.
  task_ptr update(task_actor& task) {
    urgency::change level;
    {
      std::lock_guard guard{task.lock_};
      job_level lent = 0;
      task.waiters_.for_each(
        [&lent](const waiter& x) { lent = std::max(lent, x.urgency()); });
      level = task.urgency_.lent_by_waiters(lent);
    }
    return level.before != level.after ? requeue(task, level.before, level.after)
                                       : nullptr;
  }

  /// Brings a task whose level has changed to where it belongs: in the queue it
  /// waits in, or in the scheduler's. Notes some of its children if it was
  /// raised. Returns what it waits for.
  task_ptr requeue(task_actor& task, job_level before, job_level now) {
    task_ptr awaited;
    urgency_listener_ptr listener;
    {
      std::lock_guard guard{task.lock_};
      if (task.state_.terminal())
        return nullptr;
      if (auto* x = task.awaited_.load(std::memory_order_seq_cst))
        awaited = strong(*x); // it lives as long as it is awaited
      if (auto* site = task.queue_site())
        listener = site->listener();
      if (now > before)
        note_children(task, now);
    }
    // The level was set before this looks at the state; who queues the task
    // writes the state and then reads the level. So one of the two puts it into
    // the right queue. (Blocking operations have threads of their own instead.)
    if (now > before && task.node_kind_ != task_kind::blocking
        && task.state_.current_phase() == task_state::phase::queued) {
      intrusive_ptr_add_ref(task.ctrl());
      task.enqueue_self(current_unit(), runtime::placement::fresh);
    }
    if (listener)
      listener->urgency_changed(task);
    return awaited;
  }

  struct raised_child {
    task_ptr alive;
    task_actor* task = nullptr;
    job_level level = 0;
  };

  pass* const outer_;
  std::array<raised_child, 2 * window> children_;
  std::size_t count_ = 0;
  std::vector<task_ptr> more_;
};

void inheritance::update(task_actor& task) noexcept {
  if (pass::leave_to_current(task))
    return;
  pass changes;
  changes.run(strong(task));
}

void inheritance::raise_next_child(task_actor& parent) noexcept {
  pass changes;
  {
    std::lock_guard guard{parent.lock_};
    changes.note_children(parent, parent.urgency_.to_children());
  }
  changes.run(nullptr);
}

} // namespace axiom::detail
