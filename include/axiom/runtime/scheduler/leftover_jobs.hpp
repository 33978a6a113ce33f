#pragma once

#include <atomic>
#include <cstddef>
#include <deque>
#include <mutex>

#include <caf/fwd.hpp>

namespace axiom::runtime {

/// What is handed to a scheduler whose workers stop.
///
/// The problem: a job that will never run still holds references, and a task
/// among them must not vanish without its end. Ending it hands other jobs to the
/// scheduler, and threads that are no workers bring more at any time. So from
/// the moment the workers are told to stop, jobs wait here, and are thrown away
/// one by one when no lock is held:
///
///     running --open--> stopping --close--> stopped
///
/// While stopping, jobs only collect; `close` throws all away, and from then on
/// whoever brings a job does. Thread-safe.
class leftover_jobs {
public:
  /// From now on `take` takes, and `pass` keeps what it gets: what it passed on
  /// before has arrived when this returns.
  void open() noexcept;

  /// Passes `job` with its reference on to `queue`, unless the scheduler stops:
  /// for one that cannot look into its queue again, as `is_open` would ask for.
  template <class F>
  void pass(caf::resumable* job, F queue) {
    // A job must not arrive in the queue when nobody looks there any more.
    // Either this thread sees that it is open, or `open` sees this thread, and
    // waits: store, load, addition and load are sequentially consistent for
    // that. The release lets it see what has arrived.
    passing_.fetch_add(1);
    const auto keep = is_open();
    if (!keep)
      queue(job);
    passing_.fetch_sub(1, std::memory_order_release);
    if (keep)
      take(job);
  }

  /// Sequentially consistent.
  bool is_open() const noexcept {
    return phase_.load(std::memory_order_seq_cst) != phase::running;
  }

  /// Takes `job` with its reference, unless the scheduler runs.
  bool take(caf::resumable* job);

  /// Throws all jobs away, and from now on all that come.
  void close();

private:
  enum class phase { running, stopping, stopped };

  void drain(std::unique_lock<std::mutex>& guard);

  std::atomic<phase> phase_{phase::running};
  std::atomic<std::size_t> passing_{0};
  std::mutex mutex_;
  bool draining_ = false;
  std::deque<caf::resumable*> jobs_;
};

} // namespace axiom::runtime
