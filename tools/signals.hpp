#pragma once

#include <csignal>
#include <functional>
#include <thread>

namespace axiom::tools {

/// Waits for the signals that ask a process to end: SIGINT, SIGTERM, SIGHUP.
///
/// The first one calls `on_first` with its number, on a thread of its own where
/// everything is allowed, unlike in a signal handler, and which may take its
/// time. The second one ends the process at once with status 128 + number: who
/// asks twice does not want to wait.
///
/// `prepare_signals` has to run before any other thread exists. The destructor
/// joins the threads and lets the signals have their usual effect again, in
/// case what is left to do takes for ever. One object a process.
class signal_watch {
public:
  explicit signal_watch(std::function<void(int)> on_first);
  signal_watch(const signal_watch&) = delete;
  signal_watch& operator=(const signal_watch&) = delete;
  ~signal_watch();

private:
  void run();

  std::function<void(int)> on_first_;
  int signals_ = -1; // signalfd
  int stop_ = -1;    // eventfd
  std::thread thread_;
  std::thread first_; // runs on_first_; started and joined by thread_
};

/// Blocks the signals of `signal_watch` for this thread and all it will start,
/// and ignores SIGPIPE, so that a closed pipe is an error of the write.
void prepare_signals();

} // namespace axiom::tools
