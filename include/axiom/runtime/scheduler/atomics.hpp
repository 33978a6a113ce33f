#pragma once

#include <atomic>

namespace axiom::runtime {

/// The atomics that the lock-free parts of the scheduler are built on. A model
/// checker supplies others, so that it examines the very code that runs.
struct std_atomics {
  template <class T>
  using atomic = std::atomic<T>;
};

} // namespace axiom::runtime
