#pragma once

#include <condition_variable>
#include <functional>
#include <mutex>
#include <thread>

#include "axiom/runtime/timer_service.hpp"

namespace axiom::runtime {

/// A thread that calls for help, again and again, when something takes too long
/// to end.
///
///     idle --begin--> watching --(patience)--> reporting at growing intervals
///       |                |                         |
///       +----------------+----- destructor --------+
///
/// Either a report has returned before the destructor does, or it is never
/// made. The thread is there from the start, so that `begin`, which destructors
/// call, cannot fail.
///
/// It waits by itself and in real time, not through the timer service: a watch
/// must not hang on what it watches, neither workers nor the timers' thread.
class shutdown_watch {
public:
  struct pace {
    duration patience; ///< from `begin` to the first report
    duration interval; ///< to the second; doubles from each to the next
    duration longest_interval;
  };

  /// Gets the time since `begin`; on the watch's thread; must not throw.
  using reporter = std::function<void(duration waited)>;

  shutdown_watch(pace how, reporter report);
  ~shutdown_watch();
  shutdown_watch(const shutdown_watch&) = delete;
  shutdown_watch& operator=(const shutdown_watch&) = delete;

  void begin() noexcept;

private:
  enum class state { idle, watching, ended };

  void run() noexcept;

  const pace pace_;
  const reporter report_;
  std::mutex mutex_;
  std::condition_variable changed_;
  state state_ = state::idle; ///< guarded by `mutex_`
  std::thread thread_; // last: uses the rest
};

} // namespace axiom::runtime
