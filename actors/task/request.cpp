#include "axiom/task/detail/request.hpp"

#include <mutex>

#include <caf/sec.hpp>

#include "axiom/runtime/later.hpp"
#include "axiom/task/detail/extras.hpp"

namespace axiom::detail {

pending_response::~pending_response() {
  if (task_ == nullptr)
    return; // never sent
  task_->host().timers().cancel(timer_);
  std::lock_guard guard{task_->lock()};
  if (previous_ != nullptr) {
    *previous_ = next_;
    if (next_ != nullptr)
      next_->previous_ = previous_;
  }
}

bool pending_response::send(task_actor& task,
                            const caf::strong_actor_ptr& receiver,
                            runtime::duration timeout, caf::message content) {
  if (!receiver)
    throw exception{errc::empty_handle, "request to an empty actor handle"};
  auto& extras = task.extras();
  task_ = &task;
  epoch_ = task.state().epoch();
  timeout_ = timeout;
  {
    std::lock_guard guard{task.lock()};
    id_ = ++extras.last_request;
    next_ = extras.responses;
    previous_ = &extras.responses;
    if (next_ != nullptr)
      next_->previous_ = &next_;
    extras.responses = this;
  }
  task.next(task_actor::step::suspend);
  auto& timers = task.host().timers();
  if (timeout != runtime::duration::max())
    timers.arm(timer_, runtime::later(timers.now(), timeout));
  receiver->enqueue(task.ctrl(), caf::make_message_id(id_), std::move(content),
                    current_unit());
  return true;
}

caf::message& pending_response::response() {
  if (winner_.load() == winner::timeout)
    throw exception{caf::make_error(caf::sec::request_timeout)};
  if (content_.match_elements<caf::error>())
    throw exception{content_.get_as<caf::error>(0)};
  return content_;
}

void pending_response::timer::fire() noexcept {
  auto none = winner::nobody;
  if (owner.winner_.compare_exchange_strong(none, winner::timeout))
    owner.task_->wake(owner.epoch_);
}

void task_actor::handle_response(caf::mailbox_element& what) {
  auto id = what.mid.request_id().integer_value();
  auto late = true;
  if (auto* x = extras_if()) {
    std::lock_guard guard{lock_};
    auto* i = x->responses;
    while (i != nullptr && i->id_ != id)
      i = i->next_;
    auto none = pending_response::winner::nobody;
    if (i != nullptr
        && i->winner_.compare_exchange_strong(
          none, pending_response::winner::response)) {
      *i->previous_ = i->next_;
      if (i->next_ != nullptr)
        i->next_->previous_ = i->previous_;
      i->previous_ = nullptr;
      i->content_ = what.move_content_to_message();
      late = !wake(i->epoch_);
    }
  }
  if (late) // the task may have ended, but not the system its receiver is in
    host().metrics().local().add(runtime::counter::late_responses);
}

void throw_unexpected_response(const caf::message& content) {
  throw exception{caf::make_error(
    caf::sec::unexpected_response,
    "the response does not have the types asked for: "
      + caf::deep_to_string(content))};
}

} // namespace axiom::detail
