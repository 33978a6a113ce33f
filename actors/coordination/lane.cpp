#include "axiom/coordination/detail/lane.hpp"

#include <string>

#include "axiom/task/detail/extras.hpp"
#include "axiom/task/detail/on_cancel_list.hpp"

namespace axiom::detail {

void lane_task::note(const failure& why) noexcept {
  failures_.note(*item_, error_of_item(why));
}

std::optional<failure> lane_task::end_item_with_extras() {
  forget_cancel_handlers(*this);
  auto why = std::exchange(failed_, std::nullopt);
  auto errors = take_children_failures();
  if (errors.empty())
    return why;
  if (why)
    return with_suppressed(*why, error_of_item(*why).task, std::move(errors),
                           wall_time());
  return to_failure(concurrent_errors{std::move(errors)});
}

void lane_task::before_end() noexcept {
  if (failed_) // and then it was cancelled
    fail(std::move(*failed_));
  typed_task<void>::before_end();
}

void lane_task::deliver() noexcept {
  mark_observed(); // from now on the scope answers for it
  arrive();
  crew_.left();
  if (outcome() == outcome_kind::failed) {
    if (item_)
      note(why_failed());
    else
      failures_.note_lane({reference(), why_failed(), wall_time(), {}});
  } else if (outcome() == outcome_kind::cancelled
             && cause()->target == identity()) {
    // Cancelled alone: its item has no value, the scope goes on.
    if (item_)
      note(failure::from(std::make_exception_ptr(cancelled_error{cause()})));
    replace();
  }
}

void lane_task::replace() noexcept {
  if (failures_.closed() || !crew_.claim())
    return;
  try {
    source_.start_lane();
  } catch (...) {
    failures_.note_lane(
      {reference(), failure::from(std::current_exception()), wall_time(), {}});
  }
}

task_error lane_task::error_of_item(const failure& why) const {
  auto who = reference();
  who.name = parent()->task_name();
  who.name += '[' + std::to_string(*item_) + ']';
  return {std::move(who), why, wall_time(), {}};
}

} // namespace axiom::detail
