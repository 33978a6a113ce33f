#pragma once

#include <type_traits>
#include <utility>

#include "axiom/coordination/permit_source.hpp"
#include "axiom/task/async.hpp"
#include "axiom/task/operation.hpp"

namespace axiom::detail {

/// An operation that first waits for a permit, as the task that runs it, and
/// keeps it until that has ended with all its children.
template <class F>
class limited_operation {
public:
  using traits = operation_traits<F>;
  using result_type = typename traits::type;

  limited_operation(const permit_source& limiter, F op)
    : limiter_(&limiter), op_(std::move(op)) {
    // nop
  }

  async<result_type> operator()(task_context& self) {
    held_ = co_await limiter_->acquire();
    using returned = std::remove_cvref_t<typename traits::returned>;
    if constexpr (traits::is_coroutine) {
      co_return co_await traits::call(op_, self);
    } else if constexpr (std::is_same_v<returned, result_type>) {
      co_return traits::call(op_, self);
    } else { // an expected
      auto result = traits::call(op_, self);
      if (!result)
        co_return tl::unexpected<failure>{failure{std::move(result.error())}};
      if constexpr (!std::is_void_v<result_type>)
        co_return std::move(*result);
    }
  }

private:
  const permit_source* limiter_;
  permit held_; // released with this, when the task settles
  F op_;
};

/// The same on a thread of its own.
template <class F>
class limited_call {
public:
  limited_call(const permit_source& limiter, F op)
    : limiter_(&limiter), op_(std::move(op)) {
    // nop
  }

  decltype(auto) operator()(task_context& self) {
    held_ = limiter_->acquire_blocking();
    return operation_traits<F>::call(op_, self);
  }

private:
  const permit_source* limiter_;
  permit held_;
  F op_;
};

template <class F>
limited_operation<F> limited(const permit_source& limiter, F op) {
  return {limiter, std::move(op)};
}

template <class F>
blocking_operation<limited_call<F>> limited(const permit_source& limiter,
                                            blocking_operation<F> op) {
  return {{limiter, std::move(op.fun)}};
}

} // namespace axiom::detail
