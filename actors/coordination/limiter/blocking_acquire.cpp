#include <condition_variable>
#include <mutex>
#include <optional>

#include "axiom/coordination/permit_source.hpp"

namespace axiom::detail {

namespace {

/// A thread in the queue of a limiter.
class thread_wait final : public limiter_waiter {
public:
  using limiter_waiter::limiter_waiter;

  bool settled(woken_tasks&) noexcept override {
    // Under the lock to the end: the thread may leave as soon as it sees this.
    std::lock_guard guard{mutex_};
    settled_ = true;
    changed_.notify_one();
    return true;
  }

  /// For the thread's own cancellation.
  void interrupt() {
    std::lock_guard guard{mutex_};
    interrupted_ = true;
    changed_.notify_one();
  }

  void wait() {
    std::unique_lock guard{mutex_};
    changed_.wait(guard, [this] { return settled_ || interrupted_; });
  }

  bool over() {
    std::lock_guard guard{mutex_};
    return settled_;
  }

private:
  std::mutex mutex_;
  std::condition_variable changed_;
  bool settled_ = false;
  bool interrupted_ = false;
};

class timeout_entry final : public runtime::timer_entry {
public:
  timeout_entry(limiter_state& limiter, limiter_waiter& x,
                runtime::timer_service& timers, runtime::duration span)
    : limiter_(limiter), waiter_(x), timers_(timers) {
    timers.arm(*this, timers.now() + span);
  }

  ~timeout_entry() {
    timers_.cancel(*this);
  }

  void fire() noexcept override {
    limiter_.time_out(waiter_, due());
  }

private:
  limiter_state& limiter_;
  limiter_waiter& waiter_;
  runtime::timer_service& timers_;
};

void refuse_worker(const runtime::host& host, const limiter_state& limiter) {
  if (host.on_worker_thread())
    throw exception{errc::blocking_on_worker,
                    "waiting for limiter " + quoted(limiter.name())
                      + " would block a worker thread: use co_await with "
                        "acquire in a task, or axiom::blocking"};
}

/// The thread is the only worker there is: lets others go on.
void run_others(runtime::host& host, limiter_state& limiter, thread_wait& x) {
  while (!x.over() && host.run_one()) {
    // next
  }
  if (!x.over() && limiter.withdraw(x))
    throw exception{errc::deadline_exceeded,
                    "limiter " + quoted(limiter.name())
                      + " grants nothing and no job is left to run: it waits "
                        "for time or an event that the test has to supply"};
}

} // namespace

permit acquire_blocking(limiter_state& limiter, permit_count weight,
                        std::optional<task_priority> priority,
                        const std::string& key,
                        std::optional<runtime::duration> timeout) {
  limiter.check_weight(weight);
  auto* task = current_task();
  if (auto* slot = limiter.try_take(weight, task))
    return permit{*slot};
  if (task != nullptr)
    task->context().check_cancelled();
  auto* host = limiter.host(); // null: closed, and there is nothing to wait for
  if (host != nullptr)
    refuse_worker(*host, limiter);
  auto level = task != nullptr ? static_cast<task_priority>(task->level())
                               : task_priority::medium;
  thread_wait x{weight, priority.value_or(level)};
  if (!limiter.request(x, key)) {
    if (host->stepwise()) {
      run_others(*host, limiter, x);
    } else {
      std::optional<timeout_entry> timer;
      if (timeout)
        timer.emplace(limiter, x, host->timers(), *timeout);
      std::optional<cancel_handler> interrupt;
      if (task != nullptr)
        interrupt.emplace(*task, [&x] { x.interrupt(); });
      x.wait();
    }
    if (limiter.withdraw(x))
      throw cancelled_error{task->cause()};
  }
  if (x.state() != permit_waiter::phase::granted)
    throw limiter.refused(x);
  return permit{limiter.record(weight, x.part(), task)};
}

} // namespace axiom::detail
