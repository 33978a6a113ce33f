#pragma once

#include <algorithm>
#include <atomic>
#include <cstdint>

#include "axiom/runtime/job.hpp"
#include "axiom/task/priority.hpp"

namespace axiom::detail {

/// How urgent a task is: the greatest of its own priority, what those who wait
/// for it lend to it, and what its parent lends. See inheritance.
///
/// The three are bytes of one atomic word, so that a change of one of them
/// never writes down an old value of another. Thread-safe and lock-free;
/// sequentially consistent, since who queues a task must see the level that
/// was set by somebody who saw it not yet queued.
class urgency {
public:
  using level_type = runtime::job_level;

  explicit urgency(task_priority own) noexcept
    : word_(static_cast<std::uint32_t>(own)) {
    // nop
  }

  task_priority own() const noexcept {
    return static_cast<task_priority>(
      byte(word_.load(std::memory_order_relaxed), own_byte));
  }

  level_type level() const noexcept {
    return level_of(word_.load(std::memory_order_seq_cst));
  }

  /// The same without what the parent lends, which ends without a word.
  level_type level_without_parent() const noexcept {
    auto word = word_.load(std::memory_order_seq_cst);
    return std::max(byte(word, own_byte), byte(word, waiters_byte));
  }

  /// What a raised parent lends to its children; 0 if it is not raised.
  level_type to_children() const noexcept {
    auto word = word_.load(std::memory_order_relaxed);
    auto level = level_of(word);
    return level > byte(word, own_byte) ? level : level_type{0};
  }

  bool raised() const noexcept {
    return to_children() != 0;
  }

  struct change {
    level_type before;
    level_type after;
  };

  change lent_by_waiters(level_type value) noexcept {
    return set(waiters_byte, value);
  }

  /// Writes only if there is something new.
  change lent_by_parent(level_type value) noexcept {
    auto word = word_.load(std::memory_order_relaxed);
    if (byte(word, parent_byte) == value)
      return {level_of(word), level_of(word)};
    return set(parent_byte, value);
  }

private:
  static constexpr unsigned own_byte = 0;
  static constexpr unsigned waiters_byte = 8;
  static constexpr unsigned parent_byte = 16;

  static constexpr level_type byte(std::uint32_t word, unsigned at) noexcept {
    return static_cast<level_type>(word >> at);
  }

  static constexpr level_type level_of(std::uint32_t word) noexcept {
    return std::max({byte(word, own_byte), byte(word, waiters_byte),
                     byte(word, parent_byte)});
  }

  change set(unsigned at, level_type value) noexcept {
    auto word = word_.load(std::memory_order_relaxed);
    std::uint32_t next;
    do {
      next = (word & ~(0xffU << at)) | (std::uint32_t{value} << at);
    } while (!word_.compare_exchange_weak(word, next, std::memory_order_seq_cst,
                                          std::memory_order_relaxed));
    return {level_of(word), level_of(next)};
  }

  std::atomic<std::uint32_t> word_;
};

} // namespace axiom::detail
