#pragma once

#include <chrono>
#include <condition_variable>
#include <cstdlib>
#include <iostream>
#include <mutex>
#include <stop_token>
#include <string>
#include <thread>
#include <utility>

namespace test {

/// Ends the program, and says where, unless it is destroyed in time. (A case
/// that waits for ever cannot be unwound: what runs refers to its frame.)
class watchdog {
public:
  explicit watchdog(std::string what, std::chrono::seconds patience = usual)
    : thread_([what = std::move(what), patience](const std::stop_token& stop) {
        std::mutex mutex;
        std::condition_variable_any expired;
        std::unique_lock guard{mutex};
        expired.wait_for(guard, stop, patience, [] { return false; });
        if (stop.stop_requested())
          return;
        std::cerr << "nothing comes any more under " << what << std::endl;
        std::abort();
      }) {
    // nop
  }

private:
  static constexpr std::chrono::seconds usual{60};

  std::jthread thread_;
};

} // namespace test
