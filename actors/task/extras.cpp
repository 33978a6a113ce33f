#include "axiom/task/detail/extras.hpp"

#include <algorithm>
#include <mutex>

#include "axiom/runtime/later.hpp"
#include "axiom/task/detail/cancel_request.hpp"

namespace axiom::detail {

void task_extras::start_shield_budget(const cancel_cause& cause) {
  auto budget = shield_budget.value_or(cause.grace);
  deadline.set(
    runtime::later(cause.requested_at, std::min(budget, cause.grace)),
    cancel_reason::deadline, runtime::later(cause.requested_at, cause.grace));
}

void deadline_timer::set(runtime::time_point due, cancel_reason reason,
                         runtime::time_point last) {
  auto& timers = owner_.host().timers();
  std::lock_guard guard{owner_.lock()}; // several walks may come at once
  if (due >= earliest_)
    return;
  if (timers.cancel(*this))
    intrusive_ptr_release(owner_.ctrl());
  earliest_ = due;
  reason_ = reason;
  last_ = last;
  intrusive_ptr_add_ref(owner_.ctrl());
  timers.arm(*this, due);
}

void deadline_timer::clear() noexcept {
  std::lock_guard guard{owner_.lock()};
  earliest_ = runtime::time_point::min();
  if (owner_.host().timers().cancel(*this))
    intrusive_ptr_release(owner_.ctrl());
}

void deadline_timer::fire() noexcept {
  owner_.host().submit(this, nullptr); // with the reference of set()
}

caf::resumable::resume_result
deadline_timer::resume(caf::execution_unit* unit, std::size_t) {
  if (!owner_.state().terminal()) {
    cancel_options options;
    auto last = runtime::time_point::max();
    {
      std::lock_guard guard{owner_.lock()};
      options.reason = reason_;
      last = last_;
    }
    if (last != runtime::time_point::max())
      options.grace = std::max(last - owner_.host().timers().now(),
                               runtime::duration::zero());
    options.origin = options.reason == cancel_reason::deadline
                       ? "its deadline"
                       : "the end of its owner";
    options.unit = unit;
    cancel_tree(owner_, options);
  }
  return done;
}

void deadline_timer::intrusive_ptr_add_ref_impl() {
  intrusive_ptr_add_ref(owner_.ctrl());
}

void deadline_timer::intrusive_ptr_release_impl() {
  intrusive_ptr_release(owner_.ctrl());
}

} // namespace axiom::detail
