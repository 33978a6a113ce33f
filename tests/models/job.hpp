#pragma once

#include "models/checker.hpp"

namespace models {

/// A job whose contents are ordinary memory: who runs it without having seen
/// all that was written before it was queued makes a data race.
class job {
public:
  job() {
    runs_(place{}.info) = 0;
  }

  void fill() {
    contents_(place{}.info) = filled;
  }

  void run() {
    RL_ASSERT(contents_(place{}.info) == filled);
    runs_(place{}.info) += 1;
    RL_ASSERT(runs_(place{}.info) == 1);
  }

  bool ran() const {
    return runs_(place{}.info) == 1;
  }

private:
  static constexpr int filled = 1;

  rl::var<int> contents_;
  rl::var<int> runs_;
};

} // namespace models
