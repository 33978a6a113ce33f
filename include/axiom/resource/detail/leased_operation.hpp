#pragma once

#include <concepts>
#include <utility>

#include "axiom/coordination/detail/held_operation.hpp"
#include "axiom/resource/detail/executor_state.hpp"

namespace axiom::detail {

/// An operation that may want to see its lease: it takes `(task_context&, const
/// resource_lease&)`, or what any operation takes.
template <class F>
class lease_user {
public:
  explicit lease_user(F op) : op_(std::move(op)) {
    // nop
  }

  void give(const resource_lease& lease) noexcept {
    lease_ = &lease;
  }

  decltype(auto) operator()(task_context& self) {
    if constexpr (std::invocable<F&, task_context&, const resource_lease&>)
      return op_(self, *lease_);
    else
      return operation_traits<F>::call(op_, self);
  }

private:
  F op_;
  const resource_lease* lease_ = nullptr;
};

template <class F>
lease_user<F> with_lease(F op) {
  return lease_user<F>{std::move(op)};
}

template <class F>
blocking_operation<lease_user<F>> with_lease(blocking_operation<F> op) {
  return {lease_user<F>{std::move(op.fun)}};
}

/// What an operation of an executor holds: see held_operation.
class lease_source {
public:
  using held_type = resource_lease;

  lease_source(executor_entry entry, resource_requirements wanted)
    : entry_(std::move(entry)), wanted_(std::move(wanted)) {
    // nop
  }

  lease_request acquire() const {
    return entry_.executor().monitor().acquire(wanted_);
  }

  resource_lease acquire_blocking() const {
    return entry_.executor().monitor().acquire_blocking(wanted_);
  }

  template <class F>
  void give(lease_user<F>& op, const resource_lease& lease) noexcept {
    entry_.granted();
    op.give(lease);
  }

private:
  executor_entry entry_;
  resource_requirements wanted_;
};

} // namespace axiom::detail
