#pragma once

#include <cstdint>

namespace axiom::detail {

/// How many task objects there are in this process, ended ones included whose
/// memory somebody still refers to: for the leak check of the test kit.
///
/// Each thread counts by itself, with plain additions; a thread that ends leaves
/// its part behind. Thread-safe; exact when nobody creates or destroys tasks.
class live_tasks {
public:
  static void add(std::int64_t n) noexcept;

  /// Takes a lock; O(threads).
  static std::int64_t count();
};

} // namespace axiom::detail
