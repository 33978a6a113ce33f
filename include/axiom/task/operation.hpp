#pragma once

#include <concepts>
#include <type_traits>
#include <utility>

#include <caf/expected.hpp>

#include "axiom/error/failure.hpp"
#include "axiom/task/async.hpp"
#include "axiom/task/context.hpp"

namespace axiom {

/// An operation that may block its thread; made by `blocking`.
template <class F>
struct blocking_operation {
  F fun;
};

/// Marks `fun` as an operation that blocks (files, legacy clients, long
/// computations): a task made from it runs on a thread of its own instead of a
/// worker. It notices a cancellation by `check_cancelled`, `cancelled` or an
/// `on_cancel` handler. A coroutine cannot be blocking.
template <class F>
blocking_operation<F> blocking(F fun) {
  return {std::move(fun)};
}

namespace detail {

template <class T>
struct unboxed {
  using type = T;
};

template <class T>
struct unboxed<async<T>> {
  using type = T;
};

template <class T>
struct unboxed<tl::expected<T, failure>> {
  using type = T;
};

template <class T>
struct unboxed<caf::expected<T>> {
  using type = T;
};

template <class F>
struct operation_traits {
  static_assert(std::invocable<F&, task_context&> || std::invocable<F&>,
                "the operation of a task takes (axiom::task_context&) or "
                "nothing");

  static decltype(auto) call(F& fun, task_context& self) {
    if constexpr (std::invocable<F&, task_context&>)
      return fun(self);
    else
      return fun();
  }

  using returned = decltype(call(std::declval<F&>(),
                                 std::declval<task_context&>()));
  using type = typename unboxed<std::remove_cvref_t<returned>>::type;
  static constexpr bool is_coroutine
    = !std::is_same_v<async<type>, tl::expected<type, failure>>
      && std::is_same_v<std::remove_cvref_t<returned>, async<type>>;
  static constexpr bool is_blocking = false;

  static_assert(!std::is_reference_v<returned>,
                "a task returns a value: a reference would outlive its target");
};

template <class F>
struct operation_traits<blocking_operation<F>> : operation_traits<F> {
  static_assert(!operation_traits<F>::is_coroutine,
                "axiom::blocking takes a plain callable: a coroutine suspends "
                "instead of blocking");
  static constexpr bool is_blocking = true;

  static decltype(auto) call(blocking_operation<F>& op, task_context& self) {
    return operation_traits<F>::call(op.fun, self);
  }
};

} // namespace detail

/// The type of value that a task made from `F` has.
template <class F>
using operation_result_t = typename detail::operation_traits<F>::type;

} // namespace axiom
