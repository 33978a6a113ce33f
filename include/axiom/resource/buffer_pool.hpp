#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <memory>
#include <new>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "axiom/coordination/concurrency_limiter.hpp"
#include "axiom/resource/resource_pool.hpp"

namespace axiom {

/// How a pool of buffers is made. Sizes are in bytes.
struct buffer_pool_options {
  /// At most 48 bytes; shows in errors and at `/metrics`, also as the name of
  /// the limiter of the budget, and with the size behind it as that of the pool
  /// of each class ("buffers 4096").
  std::string name = "buffers";

  /// The sizes of blocks are the powers of two from the smallest to the
  /// largest; both are powers of two, the smallest at least 64.
  std::size_t smallest = 4096;
  std::size_t largest = 1024 * 1024;

  /// All blocks together, idle ones included, are never more than this; at
  /// least the largest block.
  std::size_t budget = 64 * 1024 * 1024;

  /// After how long an idle block is given back to the system; 0: never.
  runtime::duration idle_timeout{0};

  /// After how long a request counts as one priority more urgent. Not negative;
  /// 0 turns that off.
  runtime::duration ageing = defaults::limiter_ageing;
};

namespace detail {

class buffer_store;

/// How many bytes all blocks of a pool have. Thread-safe.
class byte_account {
public:
  explicit byte_account(std::size_t budget) noexcept : budget_(budget) {
    // nop
  }

  /// Takes `n` bytes of the budget, if it has them.
  bool try_reserve(std::size_t n) noexcept {
    // The memory itself is handed over by the allocator: no order is needed.
    auto now = allocated_.load(std::memory_order_relaxed);
    do {
      if (n > budget_ - now)
        return false;
    } while (!allocated_.compare_exchange_weak(now, now + n,
                                               std::memory_order_relaxed));
    return true;
  }

  void give_back(std::size_t n) noexcept {
    allocated_.fetch_sub(n, std::memory_order_relaxed);
  }

  std::size_t budget() const noexcept {
    return budget_;
  }

  std::size_t allocated() const noexcept {
    return allocated_.load(std::memory_order_relaxed);
  }

private:
  const std::size_t budget_;
  std::atomic<std::size_t> allocated_{0}; ///< never above `budget_`
};

/// The memory of one buffer, aligned to a cache line.
class memory_block {
public:
  /// @param account has `size` bytes reserved for it: given back at its end, or
  ///   here if this throws `std::bad_alloc`
  memory_block(std::shared_ptr<byte_account> account, std::size_t size);
  memory_block(memory_block&&) noexcept = default;
  memory_block& operator=(memory_block&&) = delete;
  ~memory_block();

  std::span<std::byte> bytes() const noexcept {
    return {data_.get(), size_};
  }

private:
  static constexpr std::align_val_t alignment{64};

  struct free_memory {
    void operator()(std::byte* x) const noexcept {
      ::operator delete[](x, alignment);
    }
  };

  std::shared_ptr<byte_account> account_; ///< null once it was moved away
  std::size_t size_;
  std::unique_ptr<std::byte[], free_memory> data_;
};

} // namespace detail

/// A block of memory of a buffer_pool, which goes back there when this is
/// released or destroyed. Its content is whatever it was. It may outlive the
/// pool and the actor system.
///
/// Thread-compatible, as an int is.
class [[nodiscard]] buffer {
public:
  /// Holds nothing.
  buffer() noexcept = default;
  buffer(buffer&&) noexcept = default;

  buffer& operator=(buffer&& other) noexcept {
    buffer fresh{std::move(other)};
    std::swap(budget_, fresh.budget_);
    std::swap(block_, fresh.block_);
    return *this;
  }

  ~buffer() = default;

  explicit operator bool() const noexcept {
    return static_cast<bool>(block_);
  }

  /// All of the block, aligned to 64 bytes: at least as much as was asked for.
  /// Empty if it holds nothing.
  std::span<std::byte> bytes() const noexcept {
    return block_ ? block_->bytes() : std::span<std::byte>{};
  }

  std::byte* data() const noexcept {
    return bytes().data();
  }

  std::size_t size() const noexcept {
    return bytes().size();
  }

  /// Gives the block back now; after that it holds nothing.
  void release() noexcept {
    block_.release();
    budget_.release();
  }

private:
  friend class buffer_pool;

  buffer(permit budget, pooled<detail::memory_block> block) noexcept
    : budget_(std::move(budget)), block_(std::move(block)) {
    // nop
  }

  permit budget_;
  pooled<detail::memory_block> block_; // given back first
};

/// Where a pool of buffers stands.
struct buffer_pool_stats {
  std::string name;
  std::size_t budget = 0; ///< bytes
  std::size_t in_use = 0; ///< bytes that are lent, or about to be
  std::size_t allocated = 0; ///< bytes of all blocks, idle ones included
  std::uint64_t evicted = 0; ///< idle blocks that had to make room for others
  std::uint64_t waiting = 0; ///< requests
  std::vector<pool_stats> classes; ///< the smallest blocks first
};

/// Lends blocks of memory in sizes that are powers of two, within a budget, and
/// keeps those that come back for the next ones. A handle; built of a
/// resource_pool for each size, and a limiter for the budget.
///
///     auto buffers = axiom::buffer_pool::spawn(sys, {.budget = 16 << 20});
///     ...
///     auto chunk = co_await buffers.take(100'000);   // a block of 131072
///     bytes read(file, chunk.bytes());
///
/// Promises, in any interleaving:
/// - all blocks together, lent and idle, never take more than the budget;
/// - requests are served in the order of a concurrency_limiter whose permits
///   are the budget: by priority and arrival, with ageing, and a large one is
///   not overtaken for ever by small ones;
/// - idle blocks are in nobody's way: where the budget leaves no room for a new
///   block, idle ones of other sizes are freed, the largest first.
///
/// Handles are cheap to copy and thread-safe. With the last one the pool is
/// closed; blocks that are out may come back later. Each class of size is two
/// actors.
class buffer_pool {
public:
  /// Throws `errc::invalid_argument` and `errc::name_too_long` with all that is
  /// wrong with the options, and `errc::not_installed`.
  static buffer_pool spawn(caf::actor_system& sys, buffer_pool_options options);

  std::string_view name() const noexcept;

  /// The sizes of blocks, ascending.
  std::vector<std::size_t> sizes() const;

  // All of these throw `errc::invalid_argument` for 0 bytes,
  // `errc::exceeds_capacity` for more than the largest block has, and
  // `errc::scope_closed`; and `std::bad_alloc` when the system has no memory.

  /// Waits for a block of at least `bytes`. Throws `errc::resource_deadlock`
  /// where the task would wait for itself.
  async<buffer> take(std::size_t bytes, std::optional<task_priority> priority =
                                          std::nullopt) const;

  /// The same, but waits no longer than `timeout`; then it throws
  /// `errc::deadline_exceeded`.
  async<buffer> take_for(
    runtime::duration timeout, std::size_t bytes,
    std::optional<task_priority> priority = std::nullopt) const;

  /// A block, if the budget has room for it and nobody waits; else what it
  /// returns holds nothing.
  buffer try_take(std::size_t bytes) const;

  /// Blocks the thread until it has a block. Throws `errc::blocking_on_worker`
  /// where it would block a worker.
  buffer take_blocking(
    std::size_t bytes,
    std::optional<task_priority> priority = std::nullopt) const;

  /// Gives idle blocks back to the system, the largest first, until `bytes` are
  /// free or none is left. Returns how many bytes.
  std::size_t trim(
    std::size_t bytes = std::numeric_limits<std::size_t>::max()) const;

  /// To be attached to a memory_pressure: as long as memory is short, idle
  /// blocks are given back to the system.
  std::shared_ptr<memory_relief> relief() const;

  /// Requests fail from now on, and so do those that wait; idle blocks are
  /// freed now, others when they come back. Idempotent.
  void close() const noexcept;

  /// The figures at this moment.
  buffer_pool_stats stats() const;

private:
  explicit buffer_pool(std::shared_ptr<detail::buffer_store> store);

  static async<buffer> take_from(std::shared_ptr<detail::buffer_store> store,
                                 std::size_t bytes,
                                 std::optional<task_priority> priority,
                                 std::optional<runtime::duration> timeout);

  std::shared_ptr<detail::buffer_store> store_;
};

} // namespace axiom
