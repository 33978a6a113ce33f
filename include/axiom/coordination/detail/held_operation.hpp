#pragma once

#include <type_traits>
#include <utility>

#include "axiom/task/async.hpp"
#include "axiom/task/operation.hpp"

namespace axiom::detail {

/// An operation that first waits for something it needs (a permit, a lease), as
/// the task that runs it, and keeps it until that has ended with all its
/// children.
///
/// @tparam Source gives what is held: `held_type`, `acquire()` to be awaited,
///   `acquire_blocking()`, and `give(op, held)`, called when it is
template <class Source, class F>
class held_operation {
public:
  using traits = operation_traits<F>;
  using result_type = typename traits::type;

  held_operation(Source source, F op)
    : source_(std::move(source)), op_(std::move(op)) {
    // nop
  }

  async<result_type> operator()(task_context& self) {
    held_ = co_await source_.acquire();
    source_.give(op_, held_);
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
  Source source_;
  typename Source::held_type held_; // released with this, as the task settles
  F op_;
};

/// The same on a thread of its own.
template <class Source, class F>
class held_call {
public:
  held_call(Source source, F op)
    : source_(std::move(source)), op_(std::move(op)) {
    // nop
  }

  decltype(auto) operator()(task_context& self) {
    held_ = source_.acquire_blocking();
    source_.give(op_, held_);
    return operation_traits<F>::call(op_, self);
  }

private:
  Source source_;
  typename Source::held_type held_;
  F op_;
};

template <class Source, class F>
held_operation<Source, F> holding(Source source, F op) {
  return {std::move(source), std::move(op)};
}

template <class Source, class F>
blocking_operation<held_call<Source, F>> holding(Source source,
                                                 blocking_operation<F> op) {
  return {{std::move(source), std::move(op.fun)}};
}

} // namespace axiom::detail
