#pragma once

#include <cstdint>
#include <utility>

#include "axiom/coordination/limiter/limiter_state.hpp"

namespace axiom {

/// Permits of a limiter, which come back when this is released or destroyed: on
/// success, failure, cancellation and exception alike, and once, since it
/// cannot be copied. Made by `concurrency_limiter`.
///
/// It may be moved to another task or thread and outlive the task that acquired
/// it, and the limiter's last handle. For the search for deadlocks they are
/// held by the task that acquired them, as long as that lives.
///
/// Thread-compatible, as an int is.
class [[nodiscard]] permit {
public:
  /// Holds nothing.
  permit() noexcept = default;

  /// For the framework.
  explicit permit(detail::holder_slot& slot) noexcept : slot_(&slot) {
    // nop
  }

  permit(permit&& other) noexcept : slot_(std::exchange(other.slot_, nullptr)) {
    // nop
  }

  permit& operator=(permit&& other) noexcept {
    permit fresh{std::move(other)};
    std::swap(slot_, fresh.slot_);
    return *this;
  }

  ~permit() {
    release();
  }

  /// Whether it holds anything.
  explicit operator bool() const noexcept {
    return slot_ != nullptr;
  }

  /// How many permits; 0 if it holds nothing.
  std::uint32_t weight() const noexcept {
    return slot_ != nullptr ? slot_->weight.load(std::memory_order_relaxed) : 0;
  }

  /// Gives them back now; after that it holds nothing. O(1), and while nobody
  /// waits one atomic step.
  void release() noexcept {
    if (slot_ != nullptr)
      detail::limiter_state::give_back(*std::exchange(slot_, nullptr));
  }

  // -- for a limit that adapts ------------------------------------------------

  /// What the permit was for was turned away, or took too long: the limit goes
  /// down. (So it does when the holder runs out of its deadline.)
  void dropped() noexcept {
    if (slot_ != nullptr)
      slot_->sampled_as = detail::holder_slot::sample::dropped;
  }

  /// How long it was held says nothing about the service: no sample. (So it is
  /// when the holder is cancelled for another reason.)
  void ignored() noexcept {
    if (slot_ != nullptr)
      slot_->sampled_as = detail::holder_slot::sample::ignored;
  }

private:
  detail::holder_slot* slot_ = nullptr;
};

} // namespace axiom
