#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <utility>

#include <boost/smart_ptr/intrusive_ptr.hpp>
#include <caf/behavior.hpp>

#include "axiom/task/async.hpp"
#include "axiom/task/detail/blocking_wait.hpp"
#include "axiom/task/message_types.hpp"

namespace axiom::detail {

// A source is something that publishes one report, some time:
//
//   bool add_waiter(waiter&) noexcept;  // false: the report is there already
//   void remove_waiter(waiter&) noexcept;
//   bool published() noexcept;
//   const Report& report() const noexcept; // immutable, once published
//   task_actor& target() const noexcept; // the task it is about

/// Awaits the report of a source.
template <class Source>
class report_awaiter final : public awaiter<report_awaiter<Source>>,
                             private waiter {
public:
  explicit report_awaiter(boost::intrusive_ptr<Source> source) noexcept
    : source_(std::move(source)) {
    // nop
  }

  ~report_awaiter() {
    if (task_ != nullptr)
      source_->remove_waiter(*this);
  }

  bool arm(task_actor& task) noexcept {
    task_ = &task;
    epoch_ = task.state().epoch();
    task.next(task_actor::step::suspend);
    return source_->add_waiter(*this);
  }

  auto await_resume() const {
    return source_->report();
  }

private:
  bool fire(task_actor&) noexcept override {
    return task_->wake(epoch_);
  }

  boost::intrusive_ptr<Source> source_;
  task_actor* task_ = nullptr;
  std::uint16_t epoch_ = 0;
};

template <class Source>
waitable report_of(Source& source) {
  return {[&source] { return source.published(); },
          [&source](waiter& x) { return source.add_waiter(x); },
          [&source](waiter& x) { source.remove_waiter(x); }, source.target()};
}

/// Every way to wait for the report of a source. Thread-safe; dropping it
/// changes nothing.
template <class Source>
class report_handle : public awaitable_tag {
public:
  explicit report_handle(boost::intrusive_ptr<Source> source) noexcept
    : source_(std::move(source)) {
    // nop
  }

  /// Waits for the report. Blocks: refused on worker threads.
  auto get() const {
    block_until(report_of(*source_), std::nullopt);
    return source_->report();
  }

  /// Waits at most `timeout` of real time; returns whether the report is there.
  bool wait_for(std::chrono::nanoseconds timeout) const {
    return block_until(report_of(*source_), timeout);
  }

  /// Has `self`, an event-based actor, call `f` with the report.
  template <class Self, class F>
  void then(Self* self, F f) const {
    auto id = self->new_request_id(caf::message_priority::normal).response_id();
    self->add_multiplexed_response_handler(
      id, caf::behavior{[source = source_, f = std::move(f)](
                          task_done_atom) mutable { f(source->report()); }});
    notify_when(report_of(*source_), self->ctrl(), id);
  }

  friend report_awaiter<Source> as_awaiter(const report_handle& x) noexcept {
    return report_awaiter<Source>{x.source_};
  }

private:
  boost::intrusive_ptr<Source> source_;
};

} // namespace axiom::detail
