#include "axiom/task/detail/blocking_wait.hpp"

#include <condition_variable>
#include <memory>
#include <mutex>

#include <caf/actor_control_block.hpp>

#include "axiom/runtime/later.hpp"
#include "axiom/task/detail/on_cancel_list.hpp"
#include "axiom/task/message_types.hpp"

namespace axiom::detail {

namespace {

/// A thread that waits. Fires with the target's lock held, so it is safe to
/// leave as soon as remove_waiter has taken that lock.
class thread_waiter final : public waiter {
public:
  thread_waiter(interest wanted, const task_actor* task) noexcept
    : wanted_(wanted), task_(task) {
    // nop
  }

  runtime::job_level urgency() const noexcept override {
    return task_ != nullptr ? task_->level() : runtime::job_level{0};
  }

  bool fire(task_actor&) noexcept override {
    std::lock_guard guard{mutex_};
    done_ = true;
    changed_.notify_one();
    return wanted_ == interest::outcome;
  }

  /// For the waiting thread's own cancellation.
  void interrupt() {
    std::lock_guard guard{mutex_};
    interrupted_ = true;
    changed_.notify_one();
  }

  void wait(std::optional<std::chrono::nanoseconds> timeout) {
    std::unique_lock guard{mutex_};
    auto over = [this] { return done_ || interrupted_; };
    if (timeout)
      changed_.wait_until(
        guard, runtime::later(runtime::clock_type::now(), *timeout), over);
    else
      changed_.wait(guard, over);
  }

private:
  std::mutex mutex_;
  std::condition_variable changed_;
  const interest wanted_;
  const task_actor* const task_; ///< that runs on the thread; may be null
  bool done_ = false;
  bool interrupted_ = false;
};

/// An actor that wants a message: lives on the heap until it has sent it.
class message_waiter final : public waiter {
public:
  message_waiter(caf::actor_control_block* observer, caf::message_id id)
    : observer_(observer, true), id_(id) {
    calls_out_ = true;
  }

  bool fire(task_actor&) noexcept override {
    return false; // seen when the actor's handler has run
  }

  void call_out(task_actor& task) noexcept override {
    send(task);
    delete this;
  }

  void send(task_actor& task) {
    observer_->enqueue(task.ctrl(), id_, caf::make_message(task_done_atom_v),
                       current_unit());
  }

private:
  caf::strong_actor_ptr observer_;
  caf::message_id id_;
};

} // namespace

bool block_until(const waitable& what,
                 std::optional<std::chrono::nanoseconds> timeout) {
  if (what.ended())
    return true;
  auto& host = what.subject.host();
  auto name = quoted(what.subject.task_name());
  if (host.on_worker_thread())
    throw exception{errc::blocking_on_worker,
                    "waiting for " + name
                      + " would block a worker thread: use co_await in a "
                        "task, then() in an actor, or axiom::blocking"};
  if (host.stepwise()) {
    while (!what.ended() && host.run_one()) {
      // this thread is the only worker there is
    }
    if (what.ended() || timeout)
      return what.ended();
    throw exception{errc::deadline_exceeded,
                    name
                      + " has not ended and no job is left to run: it waits "
                        "for time or an event that the test has to supply"};
  }
  auto* current = current_task();
  thread_waiter waiter{what.wanted, current};
  if (!what.add(waiter))
    return true;
  {
    std::optional<cancel_handler> interrupt;
    if (current != nullptr)
      interrupt.emplace(*current, [&waiter] { waiter.interrupt(); });
    waiter.wait(timeout);
  }
  what.remove(waiter);
  if (!what.ended() && current != nullptr)
    current->context().check_cancelled();
  return what.ended();
}

void notify_when(const waitable& what, caf::actor_control_block* observer,
                 caf::message_id id) {
  auto waiter = std::make_unique<message_waiter>(observer, id);
  if (what.add(*waiter))
    waiter.release(); // deletes itself
  else
    waiter->send(what.subject);
}

} // namespace axiom::detail
