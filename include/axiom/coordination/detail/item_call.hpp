#pragma once

#include <concepts>
#include <optional>
#include <type_traits>
#include <utility>
#include <variant>

#include "axiom/task/async.hpp"
#include "axiom/task/context_ops.hpp"
#include "axiom/task/operation.hpp"

namespace axiom::detail {

/// An operation bound to one element: what `operation_traits` understands.
/// Both must outlive the call, and the coroutine that it may return.
/// @tparam T as `item_t`
template <class F, class T>
class bound_operation {
public:
  using item = std::remove_reference_t<T>;

  bound_operation(F& fun, item& x) noexcept : fun_(&fun), item_(&x) {
    // nop
  }

  /// The element goes as what it is, a reference or a value given away; to an
  /// operation that wants `T&` of a value it goes as that.
  decltype(auto) operator()(task_context& self) const {
    if constexpr (with_context_given)
      return (*fun_)(self, static_cast<T&&>(*item_));
    else if constexpr (with_context)
      return (*fun_)(self, *item_);
    else if constexpr (given)
      return (*fun_)(static_cast<T&&>(*item_));
    else
      return (*fun_)(*item_);
  }

private:
  static constexpr bool with_context_given =
    std::invocable<F&, task_context&, T&&>;
  static constexpr bool with_context = std::invocable<F&, task_context&, item&>;
  static constexpr bool given = std::invocable<F&, T&&>;
  static constexpr bool plain = std::invocable<F&, item&>;

public:
  static constexpr bool is_callable =
    with_context_given || with_context || given || plain;

private:
  F* fun_;
  item* item_;
};

/// Awaits a coroutine and gives what it ended with as a value, without the
/// cost of a throw. Unlike `as_expected` it does not stop the unwinding of a
/// cancelled task.
template <class T>
struct outcome_of : awaitable_tag {
  class outcome_awaiter final : public async_awaiter<T> {
  public:
    using async_awaiter<T>::async_awaiter;

    expected<T> await_resume() {
      return this->callee_->take_expected();
    }
  };

  explicit outcome_of(async<T> x) noexcept : inner(std::move(x)) {
    // nop
  }

  friend outcome_awaiter as_awaiter(outcome_of&& x) noexcept {
    return outcome_awaiter{x.inner.release()};
  }

  async<T> inner;
};

/// What became of one call: a value or a failure, or neither yet. (No
/// `expected`, which does not survive a value that throws when it is moved.)
template <class R>
class item_outcome {
public:
  using stored = std::conditional_t<std::is_void_v<R>, std::monostate, R>;

  /// Takes what the operation returned for what it stands for.
  template <class U>
  void accept(U&& returned) {
    using type = std::remove_cvref_t<U>;
    if constexpr (std::is_same_v<type, expected<R>>) {
      if (!returned)
        return fail(std::move(returned.error()));
      accept_value(returned);
    } else if constexpr (std::is_same_v<
                           type,
                           caf::expected<R>> && !std::is_same_v<type, R>) {
      if (!returned)
        return fail(failure{std::move(returned.error())});
      accept_value(returned);
    } else {
      value_.emplace(std::forward<U>(returned));
    }
  }

  void accept() {
    value_.emplace();
  }

  void fail(failure why) {
    failure_.emplace(std::move(why));
  }

  /// Null if it has not failed.
  const failure* why_failed() const noexcept {
    return failure_ ? &*failure_ : nullptr;
  }

  /// @pre it has a value
  stored& value() noexcept {
    return *value_;
  }

private:
  template <class Expected>
  void accept_value(Expected& returned) {
    if constexpr (std::is_void_v<R>)
      value_.emplace();
    else
      value_.emplace(std::move(*returned));
  }

  std::optional<stored> value_;
  std::optional<failure> failure_;
};

/// How to call an operation with an element.
/// @tparam F a callable, or a `blocking_operation`
/// @tparam T as `item_t`
template <class F, class T>
class item_call {
  using item = std::remove_reference_t<T>;
  using bound = bound_operation<F, T>;

  static_assert(bound::is_callable,
                "the operation takes (axiom::task_context&, item) or (item)");

  using traits = operation_traits<bound>;

public:
  using result_type = typename traits::type;
  using outcome = item_outcome<result_type>;
  using stored = typename outcome::stored;
  static constexpr bool is_plain = !traits::is_coroutine;

  /// @pre `is_plain`
  static void now(F& fun, item& x, task_context& self, outcome& result) {
    if constexpr (std::is_void_v<typename traits::returned>) {
      bound{fun, x}(self);
      result.accept();
    } else {
      result.accept(bound{fun, x}(self));
    }
  }

  /// To be awaited; gives an `expected`.
  /// @pre not `is_plain`
  static outcome_of<result_type> later(F& fun, item& x, task_context& self) {
    return outcome_of<result_type>{bound{fun, x}(self)};
  }
};

template <class F, class T>
class item_call<blocking_operation<F>, T> {
  using item = std::remove_reference_t<T>;

  static_assert(item_call<F, T>::is_plain,
                "axiom::blocking takes a plain callable: a coroutine suspends "
                "instead of blocking");

public:
  using result_type = typename item_call<F, T>::result_type;
  using outcome = item_outcome<result_type>;
  using stored = typename outcome::stored;
  static constexpr bool is_plain = false;

  /// Blocks a thread of a child, which costs little beside the change of the
  /// thread.
  static outcome_of<result_type> later(blocking_operation<F>& op, item& x,
                                       task_context& self) {
    return outcome_of<result_type>{in_child(op.fun, x, self)};
  }

private:
  static async<result_type> in_child(F& fun, item& x, task_context& self) {
    auto child = self.create_child_task(
      self.name(), blocking(bound_operation<F, T>{fun, x}));
    co_return co_await std::move(child);
  }
};

} // namespace axiom::detail
