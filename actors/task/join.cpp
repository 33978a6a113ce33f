#include "axiom/task/detail/join.hpp"

#include <exception>
#include <utility>

#include "axiom/task/detail/blocking_wait.hpp"
#include "axiom/task/detail/cancel_request.hpp"
#include "axiom/task/detail/inheritance.hpp"

namespace axiom::detail {

namespace {

waitable end_of(task_actor& task, interest wanted) {
  return {[&task] { return task.state().terminal(); },
          [&task](waiter& x) {
            if (!task.add_waiter(x))
              return false; // else it may have fired, and be gone
            auto* current = current_task();
            if (current != nullptr && task.gains_from(current->level()))
              inheritance::update(task);
            return true;
          },
          [&task](waiter& x) {
            task.remove_waiter(x);
            if (task.raised())
              inheritance::update(task);
          },
          task, wanted};
}

/// Notes as long as it lives that the task on this thread waits for another, so
/// that the other is raised with it.
class awaiting_scope {
public:
  explicit awaiting_scope(task_actor& goal) noexcept : task_(current_task()) {
    if (task_ != nullptr)
      task_->awaits(goal);
  }

  awaiting_scope(const awaiting_scope&) = delete;
  awaiting_scope& operator=(const awaiting_scope&) = delete;

  ~awaiting_scope() {
    if (task_ != nullptr)
      task_->awaits_nothing();
  }

private:
  task_actor* task_;
};

} // namespace

std::optional<failure> why_no_value(task_actor& end) {
  end.mark_observed();
  switch (end.outcome()) {
    case outcome_kind::failed:
      return end.why_failed();
    case outcome_kind::cancelled: {
      cancelled_error error{end.cause()};
      auto err = error.error();
      return failure{std::move(err), std::make_exception_ptr(std::move(error))};
    }
    default:
      return std::nullopt;
  }
}

bool begin_wait(task_actor& task, task_actor& goal, waiter& link) noexcept {
  task.awaits(goal);
  if (!goal.add_waiter(link)) {
    task.awaits_nothing();
    return false;
  }
  if (goal.gains_from(task.level()))
    inheritance::update(goal);
  return true;
}

void end_wait(task_actor& task, task_actor& goal, waiter& link) noexcept {
  goal.remove_waiter(link);
  task.awaits_nothing();
  if (goal.raised())
    inheritance::update(goal);
}

void refuse_self_join(task_actor& waiting, task_actor& task) {
  // A parent that awaits its child is the rule; only others need the walk.
  if (task.parent() == &waiting || !waiting.is_below(task))
    return;
  throw exception{errc::self_join,
                  quoted(waiting.task_name()) + " waits for "
                    + quoted(task.task_name()) + ", which cannot end before it"};
}

bool wait_for_end(task_actor& task,
                  std::optional<std::chrono::nanoseconds> timeout,
                  interest wanted) {
  if (task.state().terminal())
    return true;
  if (auto* current = current_task())
    refuse_self_join(*current, task);
  awaiting_scope awaiting{task};
  return block_until(end_of(task, wanted), timeout);
}

void notify_end(task_actor& task, caf::actor_control_block* observer,
                caf::message_id id) {
  notify_when(end_of(task, interest::outcome), observer, id);
}

void cancel_from_handle(task_actor& task, cancel_reason reason) {
  if (task.state().terminal())
    return; // its system may be gone
  cancel_options options;
  options.reason = reason;
  options.unit = current_unit();
  if (auto* current = current_task())
    options.origin = "task " + quoted(current->task_name());
  cancel_tree(task, options);
}

} // namespace axiom::detail
