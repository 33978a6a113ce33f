#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <span>

#include "axiom/task/detail/awaiter.hpp"

namespace axiom::detail {

/// Awaits the end of one of several tasks, or a point in time, whichever comes
/// first. Looks at no outcome: whose task failed still has to be told.
class first_end_awaiter final : public awaiter<first_end_awaiter>,
                                private runtime::timer_entry {
public:
  first_end_awaiter(std::span<const task_ptr> goals,
                    std::optional<runtime::time_point> due)
    : goals_(goals), due_(due), links_(new link[goals.size()]) {
    // nop
  }

  ~first_end_awaiter();

  bool arm(task_actor& task);

  void await_resume() const noexcept {
    // nop
  }

private:
  struct link final : waiter {
    bool fire(task_actor&) noexcept override {
      owner->wake();
      return false;
    }

    first_end_awaiter* owner = nullptr;
  };

  void fire() noexcept override {
    wake();
  }

  void wake() noexcept {
    task_->wake(epoch_);
  }

  const std::span<const task_ptr> goals_;
  const std::optional<runtime::time_point> due_;
  const std::unique_ptr<link[]> links_;
  task_actor* task_ = nullptr;
  std::uint16_t epoch_ = 0;
};

/// The same as a value to be awaited; the goals have to stay where they are
/// until the wait is over. With none of them and no time it awaits the
/// cancellation of the task.
struct first_end : awaitable_tag {
  explicit first_end(
    std::span<const task_ptr> which,
    std::optional<runtime::time_point> when = std::nullopt) noexcept
    : goals(which), due(when) {
    // nop
  }

  friend first_end_awaiter as_awaiter(const first_end& x) {
    return {x.goals, x.due};
  }

  std::span<const task_ptr> goals;
  std::optional<runtime::time_point> due;
};

} // namespace axiom::detail
