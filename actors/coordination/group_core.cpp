#include "axiom/coordination/detail/group_core.hpp"

#include <iterator>
#include <limits>
#include <mutex>
#include <utility>

#include "axiom/coordination/detail/group_slot.hpp"
#include "axiom/task/detail/cancel_request.hpp"

namespace axiom::detail {

namespace {

constexpr auto unlimited = std::numeric_limits<std::size_t>::max();

} // namespace

// -- the queues ---------------------------------------------------------------

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

group_waiter* group_queue::grant_first() noexcept {
  while (auto* x = first_) {
    remove(*x);
    // The mark goes before the wake-up, which the waiter may follow at once. A
    // refused one is cancelled. Neither goes before we let go of the lock.
    x->granted = true;
    if (x->task->wake(x->epoch))
      return x;
    x->granted = false;
  }
  return nullptr;
}

void group_queue::dismiss_all() noexcept {
  while (auto* x = first_) {
    remove(*x);
    x->task->wake(x->epoch);
  }
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

void require_positive(const group_limits& limits, std::string_view group) {
  if (limits.running == 0)
    throw exception{errc::invalid_argument,
                    "max_concurrency of group " + quoted(group)
                      + " is 0: nothing could ever run; use at least 1"};
  if (limits.unread == 0)
    throw exception{errc::invalid_argument,
                    "max_unread of group " + quoted(group)
                      + " is 0: there could never be a result; use at least "
                        "1"};
}

// -- places -------------------------------------------------------------------

std::size_t group_core::running() const noexcept {
  std::lock_guard guard{lock_};
  return running_;
}

std::size_t group_core::unread() const noexcept {
  std::lock_guard guard{lock_};
  return unread_;
}

bool group_core::has_room_locked() const noexcept {
  return running_ < limits_.running
      && (unbounded_ > 0 || running_ + unread_ < limits_.unread);
}

group_core::entry group_core::enter_locked(group_waiter& adder,
                                           task_actor& task) {
  if (closed_)
    throw_closed();
  if (has_room_locked() && adders_.empty()) {
    ++running_;
    adder.granted = true;
    return entry::granted;
  }
  adders_.push(adder, task);
  return entry::queued;
}

void group_core::abandon(group_waiter& adder) noexcept {
  std::lock_guard guard{lock_};
  if (adder.queued)
    adders_.remove(adder);
  else if (std::exchange(adder.granted, false))
    leave_locked();
}

void group_core::leave_locked() noexcept {
  --running_;
  admit_locked();
  dismiss_if_over_locked();
}

void group_core::admit_locked() noexcept {
  while (has_room_locked() && adders_.grant_first() != nullptr)
    ++running_;
}

void group_core::throw_closed() const {
  throw exception{errc::scope_closed, "group " + quoted(owner_.task_name())
                                        + " is closed: it takes no more tasks"};
}

void group_core::throw_no_place() const {
  {
    std::lock_guard guard{lock_};
    if (closed_)
      throw_closed();
  }
  throw exception{errc::self_join,
                  "the body of group " + quoted(owner_.task_name())
                    + " waits until somebody takes a result, and nobody but "
                      "itself is left who could: call next() before adding "
                      "more than max_unread, or take results in another task"};
}

// -- the end of adding --------------------------------------------------------

void group_core::dismiss_if_over_locked() noexcept {
  if (over_locked())
    result_waiters_.dismiss_all();
}

void group_core::close() noexcept {
  std::lock_guard guard{lock_};
  closed_ = true;
  adders_.dismiss_all();
  dismiss_if_over_locked();
}

void group_core::body_returned() noexcept {
  if (limits_.unread != unlimited)
    close();
  std::lock_guard guard{lock_};
  body_returned_ = true;
  dismiss_if_over_locked();
}

void group_core::lift_bound() noexcept {
  std::lock_guard guard{lock_};
  ++unbounded_;
  admit_locked();
}

void group_core::restore_bound() noexcept {
  std::lock_guard guard{lock_};
  --unbounded_;
}

// -- failures -----------------------------------------------------------------

void group_core::child_failed(const task_actor& child,
                              const task_error& error) {
  if (mode_ != failure_mode::throw_on_first || !note_failure(error))
    return;
  cancel_options options;
  options.reason = cancel_reason::sibling_failed;
  options.origin = "the failure of " + quoted(child.task_name());
  options.error = error.error.error();
  options.unit = current_unit();
  cancel_tree(owner_, options);
}

/// Returns true if it was the first.
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

// -- joins --------------------------------------------------------------------

std::size_t group_core::outstanding() const noexcept {
  std::lock_guard guard{lock_};
  return running_ + unread_;
}

void group_core::drain(const cancel_options& how) {
  // Release, for what it points to.
  draining_.store(&how, std::memory_order_release);
  cancel_children(owner_, how);
}

} // namespace axiom::detail
