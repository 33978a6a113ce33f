#include "axiom/task/detail/start_signal.hpp"

#include <mutex>

#include "axiom/runtime/later.hpp"
#include "axiom/task/detail/cancel_request.hpp"

namespace axiom::detail {

// -- for the starter ----------------------------------------------------------

void start_signal::expect(task_actor& starter) noexcept {
  starter_ = &starter;
  epoch_ = starter.state().epoch();
}

void start_signal::limit(runtime::duration timeout) {
  auto& timers = child_.host().timers();
  std::lock_guard guard{lock_};
  if (stage_ == stage::told || stage_ == stage::over)
    return;
  intrusive_ptr_add_ref(child_.ctrl()); // invariant 3
  timers.arm(*this, runtime::later(timers.now(), timeout));
}

bool start_signal::forget_starter() noexcept {
  std::lock_guard guard{lock_};
  starter_ = nullptr;
  return stage_ == stage::silent || stage_ == stage::speaking;
}

bool start_signal::told() const noexcept {
  std::lock_guard guard{lock_};
  return stage_ == stage::told;
}

bool start_signal::timed_out() const noexcept {
  std::lock_guard guard{lock_};
  return timed_out_;
}

// -- for the child ------------------------------------------------------------

void start_signal::claim() {
  std::lock_guard guard{lock_};
  if (stage_ != stage::silent)
    throw exception{errc::invalid_argument,
                    "task " + quoted(child_.task_name())
                      + " has said before that it is started"};
  stage_ = stage::speaking;
}

void start_signal::unclaim() noexcept {
  std::lock_guard guard{lock_};
  stage_ = stage::silent;
}

void start_signal::publish() noexcept {
  {
    std::lock_guard guard{lock_};
    stop_timer_locked();
    if (timed_out_)
      return; // too late: the child is cancelled
    stage_ = stage::told;
    wake_starter_locked();
  }
  if (listener_ != nullptr)
    listener_->child_started();
}

bool start_signal::ended() noexcept {
  std::lock_guard guard{lock_};
  stop_timer_locked();
  if (stage_ == stage::told)
    return false;
  stage_ = stage::over;
  return wake_starter_locked();
}

bool start_signal::wake_starter_locked() noexcept {
  return starter_ != nullptr && starter_->wake(epoch_);
}

// -- the timeout --------------------------------------------------------------

void start_signal::stop_timer_locked() noexcept {
  if (child_.host().timers().cancel(*this))
    intrusive_ptr_release(child_.ctrl()); // not the last: the child runs
}

void start_signal::fire() noexcept {
  // A worker cancels, since a walk may itself use timers.
  child_.host().submit(this, nullptr); // with the reference of limit()
}

caf::resumable::resume_result start_signal::resume(caf::execution_unit* unit,
                                                   std::size_t) {
  {
    std::lock_guard guard{lock_};
    if (stage_ == stage::told || stage_ == stage::over)
      return done;
    timed_out_ = true;
  }
  cancel_options options;
  options.reason = cancel_reason::deadline;
  options.origin = "the timeout of its start";
  options.unit = unit;
  cancel_tree(child_, options);
  return done;
}

void start_signal::intrusive_ptr_add_ref_impl() {
  intrusive_ptr_add_ref(child_.ctrl());
}

void start_signal::intrusive_ptr_release_impl() {
  intrusive_ptr_release(child_.ctrl());
}

start_signal& require_start_signal(task_actor& task,
                                   const std::type_info& type) {
  auto* result = task.starting();
  if (result == nullptr)
    throw exception{errc::invalid_argument,
                    "task " + quoted(task.task_name())
                      + " was not created by a group's start: nobody waits to "
                        "hear that it is started"};
  if (!result->takes(type))
    throw exception{errc::invalid_argument,
                    "task " + quoted(task.task_name())
                      + " says that it is started with a value of another "
                        "type than its start<V> expects"};
  return *result;
}

} // namespace axiom::detail
