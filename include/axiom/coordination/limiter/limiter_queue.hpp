#pragma once

#include <optional>
#include <string_view>
#include <utility>
#include <variant>

#include "axiom/coordination/limiter/keyed_queue.hpp"
#include "axiom/coordination/limiter/wait_queue.hpp"

namespace axiom::detail {

/// The queue of a limiter, whether it is shared by key or not. See wait_queue
/// and keyed_queue for what the members do.
class limiter_queue {
public:
  using waiter_type = keyed_waiter;
  using refusal_type = permit_refusal;

  enum class kind : std::uint8_t { plain, keyed };

  limiter_queue(kind which, runtime::duration ageing) {
    if (which == kind::keyed)
      impl_.emplace<keyed_queue>(ageing);
    else
      impl_.emplace<wait_queue>(ageing);
  }

  // -- events -----------------------------------------------------------------

  /// @param key meaningless unless keyed
  void request(keyed_waiter& x, std::string_view key, permit_turn& turn) {
    if (auto* keyed = std::get_if<keyed_queue>(&impl_))
      keyed->request(x, key, turn);
    else
      std::get<wait_queue>(impl_).request(x, turn);
  }

  bool cancel(keyed_waiter& x, permit_turn& turn) noexcept {
    return std::visit([&](auto& queue) { return queue.cancel(x, turn); },
                      impl_);
  }

  /// @param part where they were granted, if keyed
  void release(key_part* part, permit_count weight, permit_turn& turn) {
    if (auto* keyed = std::get_if<keyed_queue>(&impl_))
      keyed->release(*part, weight, turn);
    else
      std::get<wait_queue>(impl_).release(weight, turn);
  }

  /// `x` was granted, and does not take it.
  void decline(keyed_waiter& x, permit_turn& turn) {
    std::visit([&](auto& queue) { queue.decline(x, turn); }, impl_);
  }

  /// @pre keyed
  permit_refusal set_share(std::string_view key, key_share share,
                           permit_turn& turn) {
    return std::get<keyed_queue>(impl_).set_share(key, share, turn);
  }

  permit_refusal set_limit(permit_count limit, permit_turn& turn) noexcept {
    return std::visit([&](auto& queue) { return queue.set_limit(limit, turn); },
                      impl_);
  }

  void reprioritise(keyed_waiter& x, task_priority to,
                    permit_turn& turn) noexcept {
    std::visit([&](auto& queue) { queue.reprioritise(x, to, turn); }, impl_);
  }

  void advance(permit_turn& turn) noexcept {
    std::visit([&](auto& queue) { queue.advance(turn); }, impl_);
  }

  void close(permit_refusal reason, permit_turn& turn) noexcept {
    std::visit([&](auto& queue) { queue.close(reason, turn); }, impl_);
  }

  // -- observers --------------------------------------------------------------

  bool keyed() const noexcept {
    return std::holds_alternative<keyed_queue>(impl_);
  }

  bool idle() const noexcept {
    return std::visit([](auto& queue) { return queue.idle(); }, impl_);
  }

  bool closed() const noexcept {
    return std::visit([](auto& queue) { return queue.closed(); }, impl_);
  }

  /// What the keys' minima add up to.
  permit_count minima() const noexcept {
    auto* keyed = std::get_if<keyed_queue>(&impl_);
    return keyed != nullptr ? keyed->minima() : 0;
  }

  std::size_t waiting() const noexcept {
    return std::visit([](auto& queue) { return queue.waiting(); }, impl_);
  }

  std::optional<task_priority> most_urgent() const noexcept {
    return std::visit([](auto& queue) { return queue.most_urgent(); }, impl_);
  }

  /// See arrival_order.
  std::optional<task_priority> most_urgent_asked_for() const noexcept {
    return std::visit([](auto& queue) { return queue.most_urgent_asked_for(); },
                      impl_);
  }

  std::optional<runtime::time_point> next_advance(
    const permit_turn& turn) const noexcept {
    return std::visit([&](auto& queue) { return queue.next_advance(turn); },
                      impl_);
  }

  /// Somebody whom `x` has to wait for, because he is served before; null if
  /// that is not known.
  permit_waiter* before(const keyed_waiter& x) noexcept {
    auto* plain = std::get_if<wait_queue>(&impl_);
    auto* first = plain != nullptr ? plain->first() : nullptr;
    return first != &x ? first : nullptr;
  }

  /// Calls `f(keyed_waiter&)` for each that waits; it must change nothing.
  template <class F>
  void for_each(F f) {
    std::visit(
      [&](auto& queue) {
        queue.for_each(
          [&](permit_waiter& x) { f(static_cast<keyed_waiter&>(x)); });
      },
      impl_);
  }

private:
  std::variant<wait_queue, keyed_queue> impl_;
};

} // namespace axiom::detail
