#pragma once

#include <condition_variable>
#include <cstddef>
#include <deque>
#include <list>
#include <mutex>
#include <thread>
#include <vector>

#include <caf/resumable.hpp>

#include "axiom/runtime/timer_service.hpp"
#include "axiom/runtime/topology.hpp"

namespace axiom::runtime {

/// Threads for operations that block, so that they never hold a worker.
///
/// A thread is started when all others are busy, up to `max_threads`; beyond
/// that jobs queue first come first served. An idle thread ends after
/// `keep_alive`. No thread is detached: `stop` joins them all.
/// Thread-safe.
class blocking_pool {
public:
  struct options {
    std::size_t max_threads = 512;
    std::chrono::milliseconds keep_alive{10'000};
    /// Where its threads run. Empty: as the thread that starts one, which is
    /// wrong if that may be a worker pinned to a processor.
    std::vector<processor_id> processors = {};
  };

  blocking_pool();
  explicit blocking_pool(options opts);
  ~blocking_pool();

  /// Runs `job->resume` on a thread of the pool. Takes over one reference.
  void submit(caf::resumable* job);

  /// Runs what is queued, then joins all threads. Later jobs are released
  /// without being run.
  void stop();

  /// How many threads exist now.
  std::size_t threads() const;

private:
  using thread_list = std::list<std::thread>;

  void run(thread_list::iterator self);
  void join_finished(std::unique_lock<std::mutex>& guard);

  options options_;
  mutable std::mutex mutex_;
  std::condition_variable wake_;
  std::deque<caf::resumable*> jobs_;
  std::size_t idle_ = 0;
  bool stopped_ = false;
  thread_list threads_;
  thread_list finished_; // ended, to be joined by the next caller
};

} // namespace axiom::runtime
