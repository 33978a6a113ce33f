#include "axiom/coordination/detail/group_core.hpp"

#include <iterator>
#include <mutex>
#include <utility>

namespace axiom::detail {

void group_queue::push(group_waiter& x, task_actor& task) noexcept {
  x.task = &task;
  x.epoch = task.state().epoch();
  x.queued = true;
  x.next = nullptr;
  x.previous = last_;
  (last_ != nullptr ? last_->next : first_) = &x;
  last_ = &x;
}

void group_queue::remove(group_waiter& x) noexcept {
  x.queued = false;
  (x.previous != nullptr ? x.previous->next : first_) = x.next;
  (x.next != nullptr ? x.next->previous : last_) = x.previous;
}

bool group_queue::grant_first() noexcept {
  while (auto* x = first_) {
    remove(*x);
    // The mark goes before the wake-up, after which the waiter may be gone. A
    // refused one is cancelled; it cannot go before we let go of the lock.
    x->granted = true;
    if (x->task->wake(x->epoch))
      return true;
    x->granted = false;
  }
  return false;
}

task_error cancelled_child(const cancel_cause_ptr& cause) {
  task_reference who;
  who.id = cause->target;
  who.name = cause->target_name;
  return {who,
          failure::from(std::make_exception_ptr(cancelled_error{cause})),
          cause->at,
          {}};
}

std::size_t group_core::running() const noexcept {
  std::lock_guard guard{lock_};
  return running_;
}

bool group_core::enter_locked(group_waiter& adder, task_actor& task) noexcept {
  if (running_ < limit_ && adders_.empty()) {
    ++running_;
    adder.granted = true;
    return true;
  }
  adders_.push(adder, task);
  return false;
}

void group_core::abandon(group_waiter& adder) noexcept {
  std::lock_guard guard{lock_};
  if (adder.queued)
    adders_.remove(adder);
  else if (std::exchange(adder.granted, false))
    leave_locked();
}

void group_core::leave_locked() noexcept {
  if (adders_.grant_first()) // invariant 1
    return;
  if (--running_ == 0)
    while (result_waiters_.grant_first()) {
      // all of them: no result will come any more
    }
}

bool group_core::note_failure(task_error error) {
  std::lock_guard guard{lock_};
  noted_.push_back(std::move(error));
  return noted_.size() == 1;
}

std::vector<task_error> group_core::take_noted() {
  std::vector<task_error> all;
  {
    std::lock_guard guard{lock_};
    all.swap(noted_);
  }
  if (all.size() > 1) {
    auto& first = all.front();
    first.suppressed.insert(first.suppressed.end(),
                            std::make_move_iterator(all.begin() + 1),
                            std::make_move_iterator(all.end()));
    all.erase(all.begin() + 1, all.end());
  }
  return all;
}

void group_core::drain(task_actor& owner, const cancel_options& how) {
  // Release, for what it points to.
  draining_.store(&how, std::memory_order_release);
  cancel_children(owner, how);
}

} // namespace axiom::detail
