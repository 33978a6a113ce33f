#pragma once

#include <chrono>
#include <optional>
#include <utility>

#include <caf/behavior.hpp>

#include "axiom/task/async.hpp"
#include "axiom/task/cancellation.hpp"
#include "axiom/task/detail/cancel_request.hpp"
#include "axiom/task/message_types.hpp"

namespace axiom {

namespace detail {

/// Awaits the report of a cancellation.
class report_awaiter final : public awaiter<report_awaiter>, private waiter {
public:
  explicit report_awaiter(cancel_request_ptr request) noexcept
    : request_(std::move(request)) {
    // nop
  }

  ~report_awaiter() {
    if (task_ != nullptr)
      request_->remove_waiter(*this);
  }

  bool arm(task_actor& task) noexcept {
    task_ = &task;
    epoch_ = task.state().epoch();
    task.next(task_actor::step::suspend);
    return request_->add_waiter(*this);
  }

  cancellation_report await_resume() const {
    return request_->report();
  }

private:
  bool fire(task_actor&) noexcept override {
    return task_->wake(epoch_);
  }

  cancel_request_ptr request_;
  task_actor* task_ = nullptr;
  std::uint16_t epoch_ = 0;
};

/// Blocks for the report; see task<T>::get for what is refused.
bool wait_for_report(cancel_request& request,
                     std::optional<std::chrono::nanoseconds> timeout);

/// Sends `observer` the response `id` when the report is there.
void notify_report(cancel_request& request,
                   caf::actor_control_block* observer, caf::message_id id);

} // namespace detail

/// A cancellation under way. Every task is signalled when this exists; the
/// report is there when all have ended or the grace is over.
///
/// Dropping it changes nothing. Thread-safe; may outlive the tasks.
class cancellation {
public:
  explicit cancellation(detail::cancel_request_ptr request) noexcept
    : request_(std::move(request)) {
    // nop
  }

  /// Waits for the report. Blocks: refused on worker threads.
  cancellation_report get() const {
    detail::wait_for_report(*request_, std::nullopt);
    return request_->report();
  }

  /// Waits at most `timeout` of real time; returns whether the report is there.
  bool wait_for(std::chrono::nanoseconds timeout) const {
    return detail::wait_for_report(*request_, timeout);
  }

  /// Has `self`, an event-based actor, call `f(const cancellation_report&)`.
  template <class Self, class F>
  void then(Self* self, F f) const {
    auto id = self->new_request_id(caf::message_priority::normal).response_id();
    self->add_multiplexed_response_handler(
      id, caf::behavior{
            [request = request_, f = std::move(f)](task_done_atom) mutable {
              f(request->report());
            }});
    detail::notify_report(*request_, self->ctrl(), id);
  }

  friend detail::report_awaiter as_awaiter(const cancellation& x) noexcept {
    return detail::report_awaiter{x.request_};
  }

private:
  detail::cancel_request_ptr request_;
};

namespace detail {

template <>
inline constexpr bool is_axiom_awaitable<cancellation> = true;

} // namespace detail

} // namespace axiom
