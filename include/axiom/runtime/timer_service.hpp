#pragma once

#include <chrono>
#include <cstddef>
#include <mutex>

#include <boost/intrusive/set.hpp>

namespace axiom::runtime {

/// The clock of everything that waits.
using clock_type = std::chrono::steady_clock;
using time_point = clock_type::time_point;
using duration = clock_type::duration;

class timer_service;

/// One pending timeout, embedded in whoever waits: arming it allocates nothing
/// and an armed entry keeps nothing alive.
///
/// Invariants:
/// 1. `fire` runs at most once per arming, with the service's lock held, so
///    either it has finished before `timer_service::cancel` returns, or it
///    never runs. The owner may therefore destroy the entry after `cancel`.
/// 2. `fire` must be short, may wake tasks and may not call the service.
class timer_entry {
public:
  timer_entry() = default;
  timer_entry(const timer_entry&) = delete;
  timer_entry& operator=(const timer_entry&) = delete;

  /// Called when the time has come. See invariants 1 and 2.
  virtual void fire() noexcept = 0;

  /// When it is due; meaningful while armed.
  time_point due() const noexcept {
    return due_;
  }

protected:
  ~timer_entry() = default;

private:
  friend class timer_service;

  boost::intrusive::set_member_hook<> hook_;
  time_point due_{};
};

/// The one source of time for sleeps, deadlines, graces and timeouts.
///
/// Two implementations exist: one on the steady clock with one thread, and the
/// test kit's virtual clock, which moves only when a test says so; they share
/// the queue. All members are thread-safe. Entries that are due together fire in the order of arming.
/// `arm` and `cancel` are O(log n) in the number of pending entries.
class timer_service {
public:
  timer_service() = default;
  timer_service(const timer_service&) = delete;
  timer_service& operator=(const timer_service&) = delete;
  virtual ~timer_service();

  /// The current time of this service.
  virtual time_point now() const noexcept = 0;

  /// The same, maybe some microseconds late: a time stamp for every task.
  virtual time_point recently() const noexcept {
    return now();
  }

  /// Arms `entry` for `due`; one that is past fires as soon as possible.
  /// @pre `entry` is not armed.
  virtual void arm(timer_entry& entry, time_point due) = 0;

  /// Takes `entry` back. Returns true if it was armed and will never fire,
  /// false if it has fired or was not armed.
  bool cancel(timer_entry& entry) noexcept;

  /// How many entries are armed. For tests and the dump.
  std::size_t pending() const noexcept;

  /// Stops firing; what is armed stays armed until its owner cancels it.
  virtual void stop() = 0;

protected:
  struct queue_order {
    bool operator()(const timer_entry& a, const timer_entry& b) const noexcept {
      return a.due_ < b.due_;
    }
  };

  /// The pending entries by due time, first come first among equals.
  using queue = boost::intrusive::multiset<
    timer_entry,
    boost::intrusive::member_hook<timer_entry,
                                  boost::intrusive::set_member_hook<>,
                                  &timer_entry::hook_>,
    boost::intrusive::compare<queue_order>>;

  /// Puts `entry` in its place. Returns true if it is now the first.
  /// @pre `mutex_` is held
  bool insert(timer_entry& entry, time_point due) noexcept;

  mutable std::mutex mutex_;
  queue queue_; ///< guarded by `mutex_`
};

} // namespace axiom::runtime
