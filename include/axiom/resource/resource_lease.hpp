#pragma once

#include <cstdint>
#include <utility>

#include "axiom/resource/monitor/monitor_state.hpp"

namespace axiom {

/// Resources of a monitor, which come back when this is released or destroyed:
/// on success, failure, cancellation and exception alike, and once, since it
/// cannot be copied. Made by `resource_monitor`.
///
/// It may be moved to another task or thread and outlive the task that acquired
/// it, and the monitor's last handle. For the search for deadlocks, and for who
/// inherits priorities, it is held by the task that acquired it, as long as
/// that lives.
///
/// Thread-compatible, as an int is, but for `share`.
class [[nodiscard]] resource_lease {
public:
  /// Holds nothing.
  resource_lease() noexcept = default;

  /// For the framework.
  explicit resource_lease(detail::lease_record& record) noexcept
    : record_(&record) {
    // nop
  }

  resource_lease(resource_lease&& other) noexcept
    : record_(std::exchange(other.record_, nullptr)) {
    // nop
  }

  resource_lease& operator=(resource_lease&& other) noexcept {
    resource_lease fresh{std::move(other)};
    std::swap(record_, fresh.record_);
    return *this;
  }

  ~resource_lease() {
    release();
  }

  /// Whether it holds anything.
  explicit operator bool() const noexcept {
    return record_ != nullptr;
  }

  /// What it has now: without what was drawn on it and has not come back.
  resource_requirements held() const;

  /// Gives it back now; after that it holds nothing. What was drawn on it comes
  /// back when that is released. O(resources), and while nobody waits one short
  /// lock.
  void release() noexcept {
    if (record_ != nullptr)
      detail::monitor_state::give_back(*std::exchange(record_, nullptr));
  }

  /// Gives a part back, as when less memory turned out to be needed. Throws
  /// `errc::invalid_argument` if it has not that much.
  void release(const resource_requirements& part);

  /// Draws on this lease: a child of the holder uses a part of it, without
  /// asking the monitor and so without waiting. What is drawn comes back to
  /// this lease, or if that was released to the monitor. Throws
  /// `errc::exceeds_capacity` if it has not that much left.
  ///
  /// Several threads may draw on one lease at once, while it exists.
  resource_lease share(const resource_requirements& part) const;

  /// Takes over what `other` holds, of the same monitor: for a holder that has
  /// acquired more. Throws `errc::invalid_argument` if one of the two was drawn
  /// on another lease, or something is drawn on `other`. Itself it has already.
  void absorb(resource_lease&& other);

private:
  detail::lease_record& record() const;

  detail::lease_record* record_ = nullptr;
};

} // namespace axiom
