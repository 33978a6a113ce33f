#include "axiom/coordination/detail/discarding_state.hpp"

#include <limits>
#include <mutex>

namespace axiom::detail {

namespace {

const discarding_group_options& checked(
  const task_actor& owner, const discarding_group_options& options) {
  if (options.on_error && options.failure_mode == failure_mode::throw_on_first)
    throw exception{errc::invalid_argument,
                    "on_error of group " + quoted(owner.task_name())
                      + " would never be called: a failure ends the group, "
                        "unless its failure_mode is another"};
  return options;
}

} // namespace

discarding_state::discarding_state(task_actor& owner,
                                   const discarding_group_options& options)
  : group_core(owner, options.failure_mode, limits_of(options)),
    on_error_(checked(owner, options).on_error) {
  // nop
}

group_limits discarding_state::limits_of(
  const discarding_group_options& options) noexcept {
  return {options.max_concurrency, std::numeric_limits<std::size_t>::max(),
          options.limiter};
}

bool discarding_state::enter(group_waiter& adder, task_actor& task, slot_ptr&) {
  std::lock_guard guard{lock_};
  return enter_locked(adder, task) == entry::granted;
}

void discarding_state::child_done() noexcept {
  std::lock_guard guard{lock_};
  leave_locked();
}

void discarding_state::child_failed(const task_actor& child,
                                    const failure& why) noexcept {
  failures_.fetch_add(1, std::memory_order_relaxed);
  const task_error error{child.reference(), why, child.wall_time(), {}};
  if (mode() == failure_mode::throw_on_first)
    group_core::child_failed(child, error);
  else
    report(child, error);
}

void discarding_state::child_cancelled(const cancel_cause& cause) noexcept {
  if (cause.target == owner().identity())
    in_time_.store(false, std::memory_order_relaxed);
}

void discarding_state::report(const task_actor& child,
                              const task_error& error) noexcept {
  if (on_error_) {
    try {
      return on_error_(error);
    } catch (...) {
      child.domain().unobserved_failure(
        owner().reference(), failure::from(std::current_exception()));
    }
  }
  child.domain().unobserved_failure(error.task, error.error);
}

group_remains discarding_state::take_remains() {
  return {take_noted(), in_time_.load(std::memory_order_relaxed)};
}

} // namespace axiom::detail
