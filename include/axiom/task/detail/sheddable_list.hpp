#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <mutex>

#include <boost/intrusive/list.hpp>

namespace axiom::detail {

class task_actor;

/// The place of one task in the list of those that may be shed; part of the
/// task's extras.
struct sheddable_entry : boost::intrusive::list_base_hook<> {
  explicit sheddable_entry(task_actor& owner) noexcept : task(owner) {
    // nop
  }

  task_actor& task;
  std::uint64_t number = 0; ///< in the order of launching, in all domains
};

/// The tasks of one domain that were created as sheddable and have not settled.
///
/// The problem: who has to give tasks up under pressure must find them without
/// looking at all others, while any of them may end at this moment.
///
/// A task enters before the scheduler knows it and leaves when it settles,
/// before it gives up the reference to itself. So either it is found and can be
/// referred to, or it has left; what is found may have ended by the time
/// somebody acts on it, as with any reference to a task.
///
/// The lock is taken by nobody but sheddable tasks, at both ends of their
/// lives, and by who looks. Nothing is called with it held but what `for_each`
/// is given.
///
/// Thread-safe.
class sheddable_list {
public:
  sheddable_list() = default;
  sheddable_list(const sheddable_list&) = delete;
  sheddable_list& operator=(const sheddable_list&) = delete;

  /// O(1).
  void add(sheddable_entry& x) noexcept {
    std::lock_guard guard{mutex_};
    x.number = next_number_.fetch_add(1, std::memory_order_relaxed);
    list_.push_back(x);
  }

  /// O(1); nothing if it was never added.
  void remove(sheddable_entry& x) noexcept {
    std::lock_guard guard{mutex_};
    if (x.is_linked())
      list_.erase(list_.iterator_to(x));
  }

  std::size_t size() const {
    std::lock_guard guard{mutex_};
    return list_.size();
  }

  /// Looks at all, the oldest first: `f(const sheddable_entry&)` for each, and
  /// then `done()`, both with the lock held. So `done` may still refer to those
  /// that `f` was shown. Neither may release a task.
  template <class F, class Done>
  void for_each(F f, Done done) const {
    std::lock_guard guard{mutex_};
    for (auto& x : list_)
      f(x);
    done();
  }

private:
  // Of all domains in the process: the order counts, not the number.
  static inline std::atomic<std::uint64_t> next_number_{1};

  mutable std::mutex mutex_;
  boost::intrusive::list<sheddable_entry> list_;
};

} // namespace axiom::detail
