// The end of a task: settling it, and what its end means to its parent.

#include "axiom/task/detail/task_actor.hpp"

#include <algorithm>
#include <iterator>
#include <mutex>
#include <utility>

#include "axiom/error/concurrent_errors.hpp"
#include "axiom/task/detail/extras.hpp"
#include "axiom/task/detail/holder_registry.hpp"
#include "axiom/task/detail/inheritance.hpp"
#include "axiom/task/detail/work_list.hpp"

namespace axiom::detail {

void task_actor::complete() noexcept {
  work_list::settle(*this);
}

void task_actor::before_end() noexcept {
  surface_children_failures();
}

void task_actor::deliver() noexcept {
  // nop
}

void task_actor::killed() noexcept {
  // nop
}

void task_actor::settle() noexcept {
  auto& dom = *domain_;
  auto is_root = node_kind_ == task_kind::root;
  // What is called from here runs in no task: functors of other actors, say.
  // (The one that this thread just ran takes no more children.)
  current_task_scope no_task{nullptr, current_unit()};
  if (auto* extras = extras_if())
    extras->deadline.clear();
  if (sheddable_)
    dom.sheddable().remove(extras_if()->sheddable);
  {
    current_task_scope scope{this, current_unit()};
    release_body(); // gives back what the task held
    before_end();
    settle_borne();
  }
  if (holdings_ != 0)
    forget_holdings();
  if (!is_root) {
    auto& counts = dom.host().metrics().local();
    auto phase = task_phase::completed;
    switch (outcome_) {
      case outcome_kind::failed:
        counts.add_failure(failure_->error());
        phase = task_phase::failed;
        break;
      case outcome_kind::cancelled:
        counts.add(runtime::counter::cancelled);
        phase = task_phase::cancelled;
        break;
      default:
        counts.add(runtime::counter::completed);
        break;
    }
    if (dom.watched())
      publish(phase);
  }
  deliver();
  if (outcome_ == outcome_kind::failed && !is_root && !observed()) {
    holds_domain_ = true; // to report it there if nobody ever looks
    intrusive_ptr_add_ref(domain_);
  }
  const auto [observed_by_caf, waited_for] = state_.finish();
  if (observed_by_caf)
    cleanup(exit_error(), current_unit());
  if (waited_for)
    tell_waiters();
  if (is_root)
    dom.tree_ended();
  else
    leave_parent();
  intrusive_ptr_release(ctrl()); // invariant 1; maybe the last one
}

void task_actor::forget_holdings() noexcept {
  host().residents().for_each<holder_registry>(
    [this](auto& x) { x.forget(*this); });
}

void task_actor::tell_waiters() noexcept {
  // Waiters that only wake fire under the lock, so that a waiter which leaves
  // at this moment knows where it stands. The others follow without it.
  waiter* calling = nullptr;
  for (;;) {
    std::unique_lock guard{lock_};
    auto* next = waiters_.pop();
    if (next == nullptr)
      break;
    auto calls_out = waiter_list::calls_out(*next);
    if (next->fire(*this))
      mark_observed();
    calling = calls_out ? next : nullptr;
    guard.unlock();
    if (calling != nullptr)
      calling->call_out(*this);
  }
}

void task_actor::leave_parent() noexcept {
  if (parent_ == nullptr)
    return; // born cancelled
  auto& parent = *parent_;
  if (outcome_ == outcome_kind::failed && !observed())
    parent.child_failed(*this);
  {
    std::lock_guard guard{parent.lock_};
    if (pins_ > 0) {
      intrusive_ptr_add_ref(ctrl()); // the walk's, released by it
      gone_ = true;
      return;
    }
    parent.unlink(*this);
  }
  if (parent.raised())
    inheritance::raise_next_child(parent);
  switch (parent.child_removed()) {
    case task_state::after_child::submit:
      parent.submit(current_unit());
      break;
    case task_state::after_child::settle:
      parent.complete();
      break;
    default:
      break;
  }
}

void task_actor::unlink(task_actor& child) noexcept {
  (child.previous_ != nullptr ? child.previous_->next_ : first_) = child.next_;
  (child.next_ != nullptr ? child.next_->previous_ : last_) = child.previous_;
}

task_state::after_child task_actor::child_removed(
  task_state::queueing when) noexcept {
  return state_.child_gone(when);
}

void task_actor::body_ended() noexcept {
  // nop
}

void task_actor::child_failed(task_actor& child) noexcept {
  if (node_kind_ == task_kind::root)
    return; // reported when the last handle to the child is gone
  auto& x = extras();
  const auto at = wall_time();
  std::vector<unseen_failure> seen; // released without the lock
  std::lock_guard guard{lock_};
  x.failed.push_back({strong(child), at});
  if (x.failed.size() >= x.prune_at) {
    auto middle =
      std::stable_partition(x.failed.begin(), x.failed.end(), [](auto& y) {
        return !as_task(y.child)->observed();
      });
    seen.assign(std::make_move_iterator(middle),
                std::make_move_iterator(x.failed.end()));
    x.failed.erase(middle, x.failed.end());
    x.prune_at = 2 * x.failed.size() + 16;
  }
}

std::vector<task_error> task_actor::take_children_failures() {
  std::vector<task_error> errors;
  auto* x = extras_if();
  if (x == nullptr || x->failed.empty())
    return errors;
  auto children = std::exchange(x->failed, {});
  for (auto& [ptr, at] : children) {
    auto& child = *as_task(ptr);
    if (child.observed())
      continue;
    child.mark_observed();
    errors.push_back({child.reference(), child.why_failed(), at, {}});
  }
  return errors;
}

void task_actor::surface_children_failures() noexcept {
  auto errors = take_children_failures();
  if (errors.empty())
    return;
  if (outcome_ == outcome_kind::failed) {
    fail(
      with_suppressed(*failure_, reference(), std::move(errors), wall_time()));
  } else {
    // It returned a value, or was cancelled: either way the error is real.
    fail(to_failure(concurrent_errors{std::move(errors)}));
  }
}

void task_actor::bear(std::vector<task_error>&& errors) {
  if (errors.empty() || node_kind_ == task_kind::root)
    return;
  auto& x = extras();
  std::lock_guard guard{lock_}; // children may leave theirs at the same time
  std::move(errors.begin(), errors.end(), std::back_inserter(x.borne));
}

void task_actor::settle_borne() noexcept {
  auto* x = extras_if();
  if (x == nullptr || x->borne.empty())
    return;
  auto errors = std::exchange(x->borne, {});
  if (outcome_ == outcome_kind::failed)
    fail(with_lost(*failure_, reference(), std::move(errors), wall_time()));
  else if (outcome_ == outcome_kind::cancelled && parent_ != nullptr
           && (parent_->state_.cancelled()
               || cause()->reason == cancel_reason::sibling_failed))
    parent_->bear(std::move(errors)); // it lives as long as this has not left
}

void task_actor::publish(task_phase phase) const noexcept {
  task_lifecycle_event event;
  event.task = reference();
  event.phase = phase;
  event.at = wall_time();
  if (phase == task_phase::failed)
    event.detail = failure_->what();
  else if (phase == task_phase::cancelled)
    event.detail = to_string(*cause());
  domain_->publish(event);
}

} // namespace axiom::detail
