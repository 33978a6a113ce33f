#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include <caf/message_id.hpp>
#include <caf/resumable.hpp>

#include "axiom/error/concurrent_errors.hpp"
#include "axiom/runtime/timer_service.hpp"
#include "axiom/task/detail/sheddable_list.hpp"
#include "axiom/task/detail/task_actor.hpp"

namespace axiom::detail {

class cancel_handler;
class pending_response;

/// The deadline of one task. When it passes, a worker cancels the task: the
/// timer's thread only queues the job, since a walk may itself use timers.
///
/// Guarded by the task's lock. An armed timer and a queued job hold a reference
/// to the task each.
class deadline_timer final : public runtime::timer_entry,
                             public caf::resumable {
public:
  explicit deadline_timer(task_actor& owner) : owner_(owner) {
    // nop
  }

  /// Arms the timer, or moves it if `due` is earlier than before. When it
  /// fires, the task has its grace, but not beyond `last`.
  void set(runtime::time_point due,
           cancel_reason reason = cancel_reason::deadline,
           runtime::time_point last = runtime::time_point::max());

  /// After this the timer has fired or never will, and `set` does nothing: a
  /// walk may still come by while the task ends.
  void clear() noexcept;

  void fire() noexcept override;
  resume_result resume(caf::execution_unit* unit, std::size_t) override;
  void intrusive_ptr_add_ref_impl() override;
  void intrusive_ptr_release_impl() override;

private:
  task_actor& owner_;
  runtime::time_point earliest_ = runtime::time_point::max();
  runtime::time_point last_ = runtime::time_point::max();
  cancel_reason reason_ = cancel_reason::deadline;
};

/// A child whose error nobody has seen.
struct unseen_failure {
  task_ptr child;
  timestamp at; ///< when it ended
};

/// The parts that most tasks never need, made on first use.
struct task_extras {
  explicit task_extras(task_actor& owner) : deadline(owner), sheddable(owner) {
    // nop
  }

  /// The parent of this shield is cancelled: from now on it has its budget,
  /// or what is left of the grace if that is less.
  void start_shield_budget(const cancel_cause& cause);

  deadline_timer deadline;
  /// For a shield: how long it may run once its parent is cancelled.
  std::optional<runtime::duration> shield_budget;
  cancel_handler* handlers = nullptr;  ///< registered on_cancel handlers
  pending_response* responses = nullptr; ///< requests without an answer yet
  std::uint64_t last_request = 0;
  std::vector<unseen_failure> failed; ///< in order of time
  std::size_t prune_at = 16; ///< length of `failed` that triggers a clean-up
  std::vector<task_error> borne; ///< see task_actor::bear
  task_actor* next_to_call = nullptr; ///< link of a walk's list of handlers
  task_ptr to_call;                   ///< keeps the task alive in that list
  sheddable_entry sheddable; ///< guarded by the list it is in
};

} // namespace axiom::detail
