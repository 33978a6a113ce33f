#pragma once

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <utility>

#include "axiom/coordination/detail/item_failures.hpp"
#include "axiom/runtime/timer_service.hpp"
#include "axiom/task/detail/typed_task.hpp"

namespace axiom::detail {

/// How many lanes a scope has: tasks that each take one item after the other.
///
/// The problem: a task an item costs more than a trivial operation, and the
/// number of items at work may be much smaller than the limit: a thousand lanes
/// for three items, or for an operation that never waits, would be a waste. So
/// lanes are started one by one: a lane that takes an item has another one
/// started, unless the last one started has not come to its first item yet. It
/// comes as soon as a worker has nothing better to do, or this lane waits.
///
/// Thread-safe, lock-free. All operations are relaxed: the word decides on a
/// number and publishes nothing else; the lanes' own states do.
class lane_crew {
public:
  /// @pre `limit` > 0
  explicit lane_crew(std::size_t limit) noexcept
    : limit_(std::min<std::uint64_t>(limit, UINT64_MAX / one)) {
    // nop
  }

  /// Whether the caller is to start a lane, which counts from now on.
  bool claim() noexcept {
    auto word = word_.load(std::memory_order_relaxed);
    while ((word & fresh) == 0 && word / one < limit_)
      if (word_.compare_exchange_weak(word, (word + one) | fresh,
                                      std::memory_order_relaxed))
        return true;
    return false;
  }

  /// The lane started last asks for its first item.
  void arrived() noexcept {
    word_.fetch_and(~fresh, std::memory_order_relaxed);
  }

  void left() noexcept {
    word_.fetch_sub(one, std::memory_order_relaxed);
  }

private:
  static constexpr std::uint64_t fresh = 1;
  static constexpr std::uint64_t one = 2;

  const std::uint64_t limit_;
  std::atomic<std::uint64_t> word_{0};
};

/// Where lanes come from: what the lanes of one scope share.
class lane_source {
public:
  /// Starts a lane that was claimed before.
  virtual void start_lane() = 0;

protected:
  ~lane_source() = default;
};

/// The task of a lane. To each item it is what a task of its own would be: the
/// children that the item's operation creates end before the next item, a
/// failure of one that nobody looked at is the item's failure, handlers it
/// leaves registered are forgotten. What fails is noted with the item's index.
class lane_task : public typed_task<void> {
public:
  lane_task(caf::actor_config& cfg, const task_seed& seed, lane_source& source,
            lane_crew& crew, item_failures& failures)
    : typed_task<void>(cfg, seed),
      source_(source),
      crew_(crew),
      failures_(failures) {
    // nop
  }

  // -- for the lane's coroutine -----------------------------------------------

  /// Before an item is asked for.
  void arrive() noexcept {
    if (!arrived_) {
      arrived_ = true;
      crew_.arrived();
    }
  }

  /// The lane has taken an item.
  void begin_item(std::size_t index) noexcept {
    item_ = index;
  }

  /// The operation failed. Its children may still run, and should the lane be
  /// cancelled while it waits for them, this is not lost.
  void fail_item(const failure& why) {
    failed_ = why;
  }

  /// The operation and its children are over. Returns why the item failed, if
  /// it did.
  std::optional<failure> end_item() {
    if (extras_if() == nullptr) [[likely]]
      return std::exchange(failed_, std::nullopt);
    return end_item_with_extras();
  }

  /// The item has its outcome: a failure.
  void note(const failure& why) noexcept;

  /// The item has its outcome.
  void item_done() noexcept {
    item_.reset();
  }

protected:
  void before_end() noexcept override;
  void deliver() noexcept override;

private:
  std::optional<failure> end_item_with_extras();
  task_error error_of_item(const failure& why) const;
  void replace() noexcept;

  lane_source& source_;
  lane_crew& crew_;
  item_failures& failures_;
  std::optional<std::size_t> item_; ///< at work
  std::optional<failure> failed_; ///< while children of the item run
  bool arrived_ = false;
};

/// How long a lane goes on without giving way to others: about as many items as
/// fit into some ten microseconds, at most 64. An operation that waited has
/// given way itself.
class lane_pace {
public:
  explicit lane_pace(const task_actor& lane) noexcept
    : lane_(lane), epoch_(lane.state().epoch()), began_(now()) {
    // nop
  }

  /// Called once an item. Whether the lane has to yield.
  bool due() noexcept {
    auto epoch = lane_.state().epoch();
    if (epoch != epoch_) { // it was suspended
      epoch_ = epoch;
      left_ = size_;
      began_ = now();
    }
    if (left_-- > 0)
      return false;
    auto took = now() - began_;
    if (took < target)
      size_ = std::min(2 * size_, most);
    else if (took > 2 * target)
      size_ = std::max(size_ / 2, 1);
    return true;
  }

private:
  static constexpr int most = 64;
  static constexpr std::chrono::microseconds target{10};

  runtime::time_point now() const noexcept {
    return lane_.host().timers().now(); // virtual in tests: no chance there
  }

  const task_actor& lane_;
  std::uint16_t epoch_;
  int size_ = 1;
  int left_ = 1;
  runtime::time_point began_;
};

} // namespace axiom::detail
