#include "axiom/coordination/limiter/acquire_awaiter.hpp"

namespace axiom::detail {

// -- a wait -------------------------------------------------------------------

permit_wait::permit_wait(limiter_state& limiter, permit_count weight,
                         task_priority priority, task_actor& task)
  : limiter_waiter(weight, priority),
    limiter_(&limiter),
    task_(task),
    epoch_(task.state().epoch()) {
  // nop
}

permit_wait::~permit_wait() {
  leaving_.reset(); // the handler has finished, or will never run
  if (timer_)
    task_.host().timers().cancel(*timer_);
  task_.waits_at(nullptr);
  if (!over_)
    limiter_->withdraw(*this);
  if (!taken_ && state() == phase::granted && !declined_)
    limiter_->give_back(weight(), part()); // unwound before it was looked at
}

bool permit_wait::begin(std::string_view key,
                        std::optional<runtime::duration> timeout) {
  task_.waits_at(&site_);
  over_ = false;
  if (limiter_->request(*this, key)) {
    over_ = true;
    task_.waits_at(nullptr);
    return true;
  }
  task_.next(task_actor::step::suspend);
  if (timeout) {
    auto& timers = task_.host().timers();
    timers.arm(timer_.emplace(*this), timers.now() + *timeout);
  }
  // A cancelled task is unwound when its children have ended. Those may be long
  // in coming, and others stand behind it in the queue.
  if (task_.state().children() > 0)
    leaving_.emplace(task_, [this] { limiter_->withdraw(*this); });
  return false;
}

permit permit_wait::result() {
  if (!over_) {
    over_ = true;
    task_.waits_at(nullptr);
  }
  taken_ = true;
  if (state() == phase::granted)
    return permit{limiter_->record(weight(), part(), &task_)};
  throw limiter_->refused(*this);
}

bool permit_wait::settled(woken_tasks& woken) noexcept {
  if (woken.wake(task_, epoch_))
    return true; // and may be gone
  // Cancelled: it does not go before we let go of the lock.
  declined_ = true;
  return false;
}

void permit_wait::timer::fire() noexcept {
  owner.limiter_->time_out(owner, due());
}

// -- the awaiter --------------------------------------------------------------

bool acquire_awaiter::wait(task_actor& task) {
  auto level = static_cast<task_priority>(task.level());
  auto& x = wait_.emplace(what_.limiter, what_.weight,
                          what_.priority.value_or(level), task);
  return !x.begin(what_.key, what_.timeout);
}

} // namespace axiom::detail
