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
blocking_operation<std::decay_t<F>> blocking(F&& fun) {
  return {std::forward<F>(fun)};
}

/// A callable to be moved from where it stands; made by `named`.
template <class F>
struct named_operation {
  F* fun;
};

/// Passes a named callable on to be moved, inside a `co_await` expression:
///
///     auto op = [ptr = std::move(ptr)](axiom::task_context&) { ... };
///     co_await group.add_task("store", axiom::named(op));
///
/// g++ 12 copies a closure written inside a `co_await` expression bit by bit
/// and destroys what it captured by value twice (GCC bug 101367, mended in 13).
/// The functions whose results are meant for `co_await` refuse such a closure
/// there when a capture is not trivially copyable: give it a name, and pass the
/// name (a copy) or `axiom::named(name)`. With `create_child_task` the compiler
/// cannot tell: write `auto t = self.create_child_task(...);` before awaiting.
template <class F>
named_operation<F> named(F& fun) noexcept {
  return {&fun};
}

namespace detail {

#if defined(__GNUC__) && !defined(__clang__)
inline constexpr bool closures_break_in_await = __GNUC__ < 13;
#else
inline constexpr bool closures_break_in_await = false;
#endif

template <class F>
struct operation_of {
  using type = F;
};

template <class F>
struct operation_of<named_operation<F>> {
  using type = F;
};

/// The type of operation that an argument of type `F&&` stands for.
template <class F>
using operation_t = typename operation_of<std::decay_t<F>>::type;

/// The operation itself, moved or copied out of the argument of a function
/// whose result is awaited.
template <class F>
operation_t<F> take_operation(F&& fun) {
  if constexpr (!std::is_same_v<operation_t<F>, std::decay_t<F>>) {
    return std::move(*fun.fun);
  } else {
    static_assert(!closures_break_in_await || std::is_lvalue_reference_v<F>
                    || std::is_trivially_copyable_v<std::decay_t<F>>,
                  "g++ 12 destroys the captures of this closure twice when it "
                  "is written inside a co_await expression: give it a name "
                  "first, and pass the name or axiom::named(name)");
    return std::forward<F>(fun);
  }
}

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
