#include "axiom/task/context.hpp"

#include "axiom/runtime/later.hpp"
#include "axiom/task/defaults.hpp"
#include "axiom/task/detail/on_cancel_list.hpp"
#include "axiom/task/detail/sleep.hpp"
#include "axiom/task/detail/task_actor.hpp"
#include "axiom/task/hierarchy.hpp"

namespace axiom {

cancel_registration::cancel_registration(
  std::unique_ptr<detail::cancel_handler> impl)
  : impl_(std::move(impl)) {
  // nop
}

cancel_registration::cancel_registration(cancel_registration&&) noexcept
  = default;

cancel_registration&
cancel_registration::operator=(cancel_registration&&) noexcept
  = default;

cancel_registration::~cancel_registration() = default;

task_reference task_context::reference() const {
  return task_->reference();
}

task_id task_context::id() const noexcept {
  return task_->identity();
}

std::string_view task_context::name() const noexcept {
  return task_->task_name();
}

task_priority task_context::priority() const noexcept {
  return task_->priority();
}

caf::actor_system& task_context::system() const noexcept {
  return *task_->system().system;
}

task_hierarchy task_context::hierarchy() const noexcept {
  return task_hierarchy{*task_};
}

bool task_context::cancelled() const noexcept {
  if (task_->state().cancelled())
    return true;
  // A group's body may hold the context of the task around it.
  auto* current = detail::current_task();
  return current != nullptr && current != task_ && current->state().cancelled();
}

void task_context::check_cancelled() const {
  if (task_->state().cancelled())
    throw cancelled_error{task_->cause()};
  auto* current = detail::current_task();
  if (current != nullptr && current->state().cancelled())
    throw cancelled_error{current->cause()};
}

cancel_cause_ptr task_context::cause() const noexcept {
  if (auto result = task_->cause())
    return result;
  auto* current = detail::current_task();
  return current != nullptr ? current->cause() : nullptr;
}

cancel_registration task_context::on_cancel(std::function<void()> handler) {
  return cancel_registration{
    std::make_unique<detail::cancel_handler>(*task_, std::move(handler))};
}

std::optional<runtime::time_point> task_context::deadline() const noexcept {
  auto& env = task_->environment();
  if (!env || env->deadline == runtime::time_point::max())
    return std::nullopt;
  return env->deadline;
}

runtime::duration task_context::grace() const noexcept {
  auto& env = task_->environment();
  return env && env->grace ? *env->grace : runtime::duration{defaults::grace};
}

detail::sleep task_context::sleep_for(runtime::duration span) const {
  auto& timers = task_->host().timers();
  return {timers, runtime::later(timers.now(), span)};
}

detail::sleep
task_context::sleep_until(runtime::time_point when) const {
  return {task_->host().timers(), when};
}

detail::yielding task_context::yield() const noexcept {
  return {};
}

} // namespace axiom
