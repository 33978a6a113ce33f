#pragma once

#include <cstddef>

namespace axiom::runtime {

/// Memory for what comes and goes by the million: tasks and their coroutines.
///
/// A parent makes children in bursts and frees them in bursts, more at a time
/// than malloc keeps for a thread at hand. So each thread keeps some blocks of
/// each size that it freed last, and serves itself from there: no lock, no
/// atomic step. What is more goes back to malloc, and all of it when the thread
/// ends; the cost of the cache is bounded (about 1 MiB a thread at the most).
/// (After the magazines of Bonwick and Adams, USENIX 2001, without their depot,
/// which malloc is for us.)
///
/// Blocks may be freed by another thread than the one that allocated them.
/// Under AddressSanitizer all blocks go to malloc directly, so that it sees
/// their ends.
///
/// `allocate` throws `std::bad_alloc`. Blocks are aligned as by `operator new`.
class block_cache {
public:
  static void* allocate(std::size_t size);

  /// @param size what `allocate` was called with
  static void deallocate(void* block, std::size_t size) noexcept;
};

} // namespace axiom::runtime
