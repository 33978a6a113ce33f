#include "axiom/task/hierarchy.hpp"

#include <utility>

#include "axiom/task/detail/cancel_request.hpp"

namespace axiom {

using detail::as_task;

task_hierarchy::task_hierarchy(detail::task_actor& task)
  : task_(detail::strong(task)) {
  // nop
}

std::optional<task_id> task_hierarchy::parent() const {
  return as_task(task_)->visible_parent();
}

std::vector<task_reference> task_hierarchy::children() const {
  std::vector<task_reference> result;
  for (auto& child : as_task(task_)->children())
    result.push_back(as_task(child)->reference());
  return result;
}

std::size_t task_hierarchy::child_count() const noexcept {
  return as_task(task_)->state().children();
}

void task_hierarchy::propagate_cancellation(cancel_reason reason) const {
  detail::cancel_options options;
  options.reason = reason;
  options.origin = quoted(as_task(task_)->task_name());
  detail::cancel_children(*as_task(task_), std::move(options));
}

detail::children_end task_hierarchy::await_children() const noexcept {
  return {};
}

} // namespace axiom
