#pragma once

#include <optional>
#include <string_view>
#include <utility>

#include "axiom/coordination/limiter/permit_site.hpp"
#include "axiom/coordination/permit.hpp"
#include "axiom/task/detail/awaiter.hpp"
#include "axiom/task/detail/on_cancel_list.hpp"

namespace axiom::detail {

/// What a wait for permits needs once it has to wait: a place in the queue, and
/// who takes it out of there early.
///
///     queued --granted or refused by the limiter--> woken
///       |
///       +--timer, deadlock_search--> woken, with a reason
///       |
///       +--cancellation--> out of the queue at once, and the frame is unwound:
///          by this object's end; or, where the waiting task has children that
///          have to end first, by an on_cancel handler
///
/// Either/or: a grant finds the task willing, and then the permits are its; or
/// it finds it cancelled, declines, and the next one gets them.
class permit_wait final : public limiter_waiter {
public:
  permit_wait(limiter_state& limiter, permit_count weight,
              task_priority priority, task_actor& task);
  ~permit_wait();

  /// Queues. Returns true if the matter is settled already.
  /// @param timeout none to wait for ever
  bool begin(std::string_view key, std::optional<runtime::duration> timeout);

  /// The permits. Throws what ended the wait without them.
  permit result();

  bool settled(woken_tasks& woken) noexcept override;

  task_actor* waiting_task() const noexcept override {
    return &task_;
  }

private:
  /// Members of final classes, not bases: they may fire until the destructor
  /// has disarmed them.
  struct timer final : runtime::timer_entry {
    explicit timer(permit_wait& x) noexcept : owner(x) {
      // nop
    }

    void fire() noexcept override;

    permit_wait& owner;
  };

  limiter_ptr limiter_;
  task_actor& task_;
  permit_site site_{*this, *limiter_};
  std::optional<timer> timer_;
  std::optional<cancel_handler> leaving_;
  std::uint16_t epoch_;
  bool over_ = true; ///< not in the queue, as far as the task's thread knows
  bool taken_ = false; ///< what it was granted is the caller's
  bool declined_ = false; ///< guarded by the limiter's lock until it is over
};

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
    return wait_->result();
  }

private:
  bool wait(task_actor& task);

  const acquire_request& what_;
  holder_slot* slot_ = nullptr;
  std::optional<permit_wait> wait_;
};

inline acquire_awaiter as_awaiter(const acquire_request& x) noexcept {
  return acquire_awaiter{x};
}

} // namespace axiom::detail
