#include "axiom/task/detail/cancel_request.hpp"

#include <algorithm>
#include <mutex>
#include <utility>

#include "axiom/runtime/later.hpp"
#include "axiom/task/defaults.hpp"

namespace axiom::detail {

namespace {

cancel_cause_ptr make_cause(task_actor& target, const cancel_options& options) {
  boost::intrusive_ptr<cancel_cause> result{new cancel_cause};
  auto env = target.environment_snapshot();
  result->reason = options.reason;
  result->target = target.identity();
  result->target_name = target.task_name();
  result->origin = options.origin;
  result->error = options.error;
  result->requested_at = target.host().timers().now();
  result->at = target.system().wall_time(result->requested_at);
  result->grace = options.grace.value_or(
    env ? env->grace.value_or(defaults::grace) : defaults::grace);
  if (env && env->grace)
    result->grace = std::min(result->grace, *env->grace);
  result->before = options.before;
  return result;
}

} // namespace

cancel_request::cancel_request(task_actor& target,
                               const cancel_options& options)
  : target_(strong(target)),
    cause_(make_cause(target, options)),
    started_(cause_->requested_at) {
  calls_out_ = true;
  report_.target = target.reference();
}

void cancel_request::start(const cancel_options& options) {
  using mode = tree_walk::mode;
  auto& task = target();
  intrusive_ptr_add_ref(this); // the target's
  if (!task.add_waiter(*this)) {
    intrusive_ptr_release(this);
    walked_ = ended_ = true;
    return publish_report();
  }
  auto at_once = cause_->grace <= runtime::duration::zero();
  auto walk = tree_walk::run(task, cause_, at_once ? mode::kill : mode::cancel,
                             options.where, options.unit);
  auto ended = false;
  {
    std::lock_guard guard{mutex_};
    report_.requested = walk.signalled;
    report_.signalled = walk.took;
    walked_ = true;
    ended = ended_;
  }
  if (ended)
    return finish();
  if (at_once) {
    // On a worker, since this may be inside a critical section of CAF's.
    intrusive_ptr_add_ref(this);
    return task.host().submit(this, options.unit);
  }
  intrusive_ptr_add_ref(this); // the timer's
  auto& timers = task.host().timers();
  timers.arm(*this, runtime::later(started_, cause_->grace));
  // The target may have ended before the timer was armed.
  {
    std::lock_guard guard{mutex_};
    ended = ended_;
  }
  if (ended && timers.cancel(*this))
    intrusive_ptr_release(this);
}

bool cancel_request::add_waiter(waiter& x) noexcept {
  std::lock_guard guard{mutex_};
  if (published_)
    return false;
  waiters_.push(x);
  return true;
}

void cancel_request::remove_waiter(waiter& x) noexcept {
  std::lock_guard guard{mutex_};
  if (x.linked())
    waiter_list::remove(x);
}

bool cancel_request::published() noexcept {
  std::lock_guard guard{mutex_};
  return published_;
}

bool cancel_request::fire(task_actor&) noexcept {
  return false; // cancelling is not looking at the outcome
}

void cancel_request::call_out(task_actor& task) noexcept {
  auto& host = task.host();
  auto walked = false;
  {
    std::lock_guard guard{mutex_};
    ended_ = true;
    walked = walked_;
  }
  if (host.timers().cancel(*this))
    intrusive_ptr_release(this);
  if (walked)
    finish(); // else start() does, when it knows how many were signalled
  intrusive_ptr_release(this); // the target's
}

void cancel_request::finish() noexcept {
  auto& host = target().host();
  if (report_.requested > 0)
    host.metrics().local().observe_cancellation(host.timers().now()
                                                - started_);
  publish_report();
}

void cancel_request::fire() noexcept {
  target().host().submit(this, nullptr); // with the timer's reference
}

caf::resumable::resume_result
cancel_request::resume(caf::execution_unit* unit, std::size_t) {
  grace_is_over(unit);
  return done;
}

void cancel_request::intrusive_ptr_add_ref_impl() {
  intrusive_ptr_add_ref(this);
}

void cancel_request::intrusive_ptr_release_impl() {
  intrusive_ptr_release(this);
}

void cancel_request::grace_is_over(caf::execution_unit* unit) {
  {
    std::lock_guard guard{mutex_};
    if (ended_)
      return; // in the meantime
  }
  list_stragglers();
  target().host().metrics().local().add(runtime::counter::overdue,
                                        report_.overdue_count);
  publish_report();
  if (cause_->grace > runtime::duration::zero())
    tree_walk::run(target(), cause_, tree_walk::mode::kill,
                   tree_walk::context::open, unit);
}

void cancel_request::list_stragglers() {
  struct visit {
    task_ptr task;
    std::string path;
  };
  std::vector<cancellation_report::straggler> overdue;
  std::uint64_t count = 0;
  std::vector<visit> stack;
  stack.push_back({target_, std::string{target().task_name()}});
  while (!stack.empty()) {
    auto [ptr, path] = std::move(stack.back());
    stack.pop_back();
    auto& task = *as_task(ptr);
    if (task.state().terminal())
      continue;
    ++count;
    for (auto& child : task.children()) {
      auto below = count < cancellation_report::max_listed
                     ? path + "/" + std::string{as_task(child)->task_name()}
                     : std::string{};
      stack.push_back({std::move(child), std::move(below)});
    }
    if (overdue.size() < cancellation_report::max_listed)
      overdue.push_back({task.reference(), std::move(path)});
  }
  std::lock_guard guard{mutex_};
  if (published_)
    return;
  report_.overdue = std::move(overdue);
  report_.overdue_count = count;
}

void cancel_request::publish_report() noexcept {
  auto now = target().host().timers().now();
  std::unique_lock guard{mutex_};
  if (std::exchange(published_, true))
    return;
  report_.elapsed = now - started_;
  report_.acknowledged
    = report_.requested - std::min(report_.requested, report_.overdue_count);
  waiters_.fire_all(guard, target());
}

cancel_request_ptr cancel_tree(task_actor& target,
                               const cancel_options& options) {
  cancel_request_ptr result{new cancel_request(target, options)};
  result->start(options);
  return result;
}

void cancel_children(task_actor& parent, cancel_options options) {
  options.unit = current_unit();
  for (auto& child : parent.children())
    cancel_tree(*as_task(child), options);
}

} // namespace axiom::detail
