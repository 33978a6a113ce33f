#pragma once

#include <condition_variable>
#include <mutex>
#include <optional>
#include <string>
#include <utility>

#include "axiom/coordination/waiting/place_waiter.hpp"
#include "axiom/error/exception.hpp"
#include "axiom/runtime/host.hpp"
#include "axiom/runtime/later.hpp"
#include "axiom/runtime/timer_entry.hpp"
#include "axiom/task/detail/on_cancel_list.hpp"
#include "axiom/task/detail/task_actor.hpp"

namespace axiom::detail {

/// What a thread that waits in a place sleeps on.
class thread_signal {
public:
  void settle() {
    // Under the lock to the end: the thread may leave as soon as it sees this.
    std::lock_guard guard{mutex_};
    settled_ = true;
    changed_.notify_one();
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

  bool settled() {
    std::lock_guard guard{mutex_};
    return settled_;
  }

private:
  std::mutex mutex_;
  std::condition_variable changed_;
  bool settled_ = false;
  bool interrupted_ = false;
};

/// A thread in the queue of a place.
/// @tparam Place a place_of, with `who()`
template <class Place>
class thread_wait final : public Place::waiter_type {
public:
  using waiter_type = typename Place::waiter_type;

  /// @param args the waiter's
  template <class... Args>
  explicit thread_wait(Place& place, Args&&... args)
    : waiter_type(std::forward<Args>(args)...), place_(place) {
    // nop
  }

  bool settled(woken_tasks&) noexcept override {
    signal_.settle();
    return true;
  }

  /// Queues by `ask(waiter)`, which returns whether that settled the matter,
  /// and blocks until it is granted. Throws what ended the wait otherwise:
  /// `errc::blocking_on_worker` where it would block a worker, and the
  /// cancellation of `task`, which is the one that runs on this thread, or
  /// null.
  template <class Ask>
  void wait(task_actor* task, std::optional<runtime::duration> timeout,
            Ask ask) {
    if (task != nullptr)
      task->context().check_cancelled();
    auto* host = place_.host(); // null: closed, with nothing to wait for
    if (host != nullptr && host->on_worker_thread())
      throw exception{errc::blocking_on_worker,
                      "waiting for " + place_.who()
                        + " would block a worker thread: use co_await in a "
                          "task, or axiom::blocking"};
    if (!ask(*this)) {
      if (host->stepwise())
        run_others(*host);
      else
        sleep(*host, task, timeout);
      if (place_.withdraw(*this))
        throw cancelled_error{task->cause()};
    }
    if (this->state() != place_waiter::phase::granted)
      throw place_.refused(*this);
  }

private:
  struct timer final : runtime::timer_entry {
    timer(thread_wait& x, runtime::timer_service& service,
          runtime::duration span)
      : owner(x), timers(service) {
      timers.arm(*this, runtime::later(timers.now(), span));
    }

    ~timer() {
      timers.cancel(*this);
    }

    void fire() noexcept override {
      owner.place_.time_out(owner, due());
    }

    thread_wait& owner;
    runtime::timer_service& timers;
  };

  void sleep(runtime::host& host, task_actor* task,
             std::optional<runtime::duration> timeout) {
    std::optional<timer> alarm;
    if (timeout)
      alarm.emplace(*this, host.timers(), *timeout);
    std::optional<cancel_handler> interrupt;
    if (task != nullptr)
      interrupt.emplace(*task, [this] { signal_.interrupt(); });
    signal_.wait();
  }

  /// The thread is the only worker there is: lets others go on.
  void run_others(runtime::host& host) {
    while (!signal_.settled() && host.run_one()) {
      // next
    }
    if (!signal_.settled() && place_.withdraw(*this))
      throw exception{errc::deadline_exceeded,
                      place_.who()
                        + " grants nothing and no job is left to run: it waits "
                          "for time or an event that the test has to supply"};
  }

  Place& place_;
  thread_signal signal_;
};

} // namespace axiom::detail
