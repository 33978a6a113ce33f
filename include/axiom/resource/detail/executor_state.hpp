#pragma once

#include <atomic>
#include <cstdint>
#include <string>
#include <utility>

#include <boost/smart_ptr/intrusive_ptr.hpp>
#include <boost/smart_ptr/intrusive_ref_counter.hpp>

#include "axiom/resource/executor_stats.hpp"
#include "axiom/resource/resource_monitor.hpp"

namespace axiom::detail {

/// What the handles of an executor, its actor and its operations share. It
/// keeps the monitor open.
///
/// Thread-safe.
class executor_state : public boost::intrusive_ref_counter<executor_state> {
public:
  executor_state(std::string name, resource_monitor monitor)
    : name_(std::move(name)), monitor_(std::move(monitor)) {
    // nop
  }

  const std::string& name() const noexcept {
    return name_;
  }

  const resource_monitor& monitor() const noexcept {
    return monitor_;
  }

  void close() noexcept {
    closed_.store(true, std::memory_order_release);
  }

  /// Throws `errc::scope_closed` if it takes no more.
  void check_open() const;

  executor_stats stats() const;

private:
  friend class executor_entry;

  const std::string name_;
  const resource_monitor monitor_;
  std::atomic<bool> closed_{false};
  std::atomic<std::uint64_t> accepted_{0};
  std::atomic<std::uint64_t> granted_{0}; ///< of these, have or had a lease
  std::atomic<std::uint64_t> left_waiting_{0}; ///< ended without one
  std::atomic<std::uint64_t> left_{0}; ///< ended after they had one
};

using executor_ptr = boost::intrusive_ptr<executor_state>;

/// Counts one operation, as long as that exists.
class executor_entry {
public:
  explicit executor_entry(executor_ptr x) : executor_(std::move(x)) {
    executor_->accepted_.fetch_add(1, std::memory_order_relaxed);
  }

  executor_entry(executor_entry&&) noexcept = default;
  executor_entry& operator=(executor_entry&&) = delete;

  ~executor_entry() {
    if (executor_)
      (granted_ ? executor_->left_ : executor_->left_waiting_)
        .fetch_add(1, std::memory_order_relaxed);
  }

  void granted() noexcept {
    granted_ = true;
    executor_->granted_.fetch_add(1, std::memory_order_relaxed);
  }

  executor_state& executor() const noexcept {
    return *executor_;
  }

private:
  executor_ptr executor_;
  bool granted_ = false;
};

} // namespace axiom::detail
