#pragma once

#include <atomic>
#include <unordered_map>
#include <vector>

#include "axiom/task/detail/task_actor.hpp"

namespace axiom::detail {

/// What the holders in one place are lent, since somebody more urgent waits for
/// what they hold: a link in the holder's list of waiters for each, so that the
/// holder's level comes out as for a task that others wait for. See
/// inheritance.
///
/// A round says anew who is lent what; what was lent before and is not any more
/// falls back:
///
///     loans.begin();
///     loans.lend(holder, level); ... // the highest of all counts
///     loans.end(changed);
///     // later, without the lock
///     for (auto& task : changed) inheritance::update(*as_task(task));
///
/// Guarded by the place's lock. A holder has not ended as long as it is lent
/// something: the place forgets it before.
class priority_loans {
public:
  priority_loans() = default;
  priority_loans(const priority_loans&) = delete;
  priority_loans& operator=(const priority_loans&) = delete;

  bool empty() const noexcept {
    return loans_.empty();
  }

  void begin() noexcept;

  void lend(task_actor& holder, runtime::job_level level);

  /// Adds those whose level has to be computed anew.
  void end(std::vector<task_ptr>& changed);

private:
  class loan final : public waiter {
  public:
    bool fire(task_actor&) noexcept override {
      return false; // nobody looks at the holder's outcome
    }

    runtime::job_level urgency() const noexcept override {
      return level.load(std::memory_order_relaxed);
    }

    std::atomic<runtime::job_level> level{0};
    runtime::job_level wanted = 0;
  };

  std::unordered_map<task_actor*, loan> loans_;
};

} // namespace axiom::detail
