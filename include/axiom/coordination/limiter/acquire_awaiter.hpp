#pragma once

#include <optional>
#include <string_view>
#include <utility>

#include "axiom/coordination/permit.hpp"
#include "axiom/coordination/waiting/task_wait.hpp"
#include "axiom/task/detail/awaiter.hpp"

namespace axiom::detail {

/// What `acquire` returns, to be awaited.
struct acquire_request : awaitable_tag {
  acquire_request(limiter_state& where, permit_count n,
                  std::optional<task_priority> how_urgent,
                  std::string_view for_key,
                  std::optional<runtime::duration> at_most) noexcept
    : limiter(where),
      weight(n),
      priority(how_urgent),
      key(for_key),
      timeout(at_most) {
    // nop
  }

  limiter_state& limiter;
  permit_count weight;
  std::optional<task_priority> priority;
  /// That of the permit_source, which is there as long as this.
  std::string_view key;
  std::optional<runtime::duration> timeout;
};

/// Awaits permits. Refers to the request, which is part of the same expression:
/// a copy would cost more than the permits do, since the processor cannot
/// forward what was written in small pieces to a load of it all.
class acquire_awaiter final : public awaiter<acquire_awaiter> {
public:
  explicit acquire_awaiter(const acquire_request& what) noexcept : what_(what) {
    // nop
  }

  ~acquire_awaiter() {
    if (slot_ != nullptr)
      limiter_state::give_back(*slot_);
  }

  bool arm(task_actor& task) {
    slot_ = what_.limiter.try_take(what_.weight, &task);
    return slot_ == nullptr && wait(task);
  }

  permit await_resume() {
    if (slot_ != nullptr)
      return permit{*std::exchange(slot_, nullptr)};
    return accept();
  }

private:
  bool wait(task_actor& task);
  permit accept();

  const acquire_request& what_;
  holder_slot* slot_ = nullptr;
  std::optional<task_wait<limiter_state>> wait_;
};

inline acquire_awaiter as_awaiter(const acquire_request& x) noexcept {
  return acquire_awaiter{x};
}

} // namespace axiom::detail
