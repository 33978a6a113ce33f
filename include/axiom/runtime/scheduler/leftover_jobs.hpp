#pragma once

#include <atomic>
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
  /// From now on `take` takes.
  void open() noexcept;

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
  std::mutex mutex_;
  bool draining_ = false;
  std::deque<caf::resumable*> jobs_;
};

} // namespace axiom::runtime
