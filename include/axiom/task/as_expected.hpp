#pragma once

#include <type_traits>
#include <utility>

#include "axiom/task/async.hpp"

namespace axiom {

namespace detail {

/// Awaits a coroutine and gives what it ended with as a value, a cancellation
/// included: the unwinding of a cancelled task stops here.
template <class T>
class expected_awaiter final : public async_awaiter<T> {
public:
  explicit expected_awaiter(
    std::coroutine_handle<async_promise<T>> callee) noexcept
    : async_awaiter<T>(callee) {
    this->callee_->boundary = true;
  }

  template <class Promise>
  void await_suspend(std::coroutine_handle<Promise> caller) noexcept {
    task_ = caller.promise().task;
    async_awaiter<T>::await_suspend(caller);
  }

  expected<T> await_resume() {
    if (this->handle_)
      return this->callee_->take_expected();
    // Its frame is gone: it was unwound.
    return tl::unexpected<failure>{
      failure::from(std::make_exception_ptr(cancelled_error{task_->cause()}))};
  }

private:
  task_actor* task_ = nullptr;
};

template <class T>
struct expected_async : awaitable_tag {
  explicit expected_async(async<T> x) noexcept : inner(std::move(x)) {
    // nop
  }

  friend expected_awaiter<T> as_awaiter(expected_async&& x) noexcept {
    return expected_awaiter<T>{x.inner.release()};
  }

  async<T> inner;
};

template <class Awaitable>
auto await_result() {
  if constexpr (requires(Awaitable x) { as_awaiter(std::move(x)); })
    return std::type_identity<std::remove_cvref_t<
      decltype(as_awaiter(std::declval<Awaitable>()).await_resume())>>{};
  else
    return std::type_identity<std::remove_cvref_t<
      decltype(std::declval<Awaitable&>().await_resume())>>{};
}

template <class Awaitable>
using await_result_t = typename decltype(await_result<Awaitable>())::type;

template <class Awaitable>
async<await_result_t<Awaitable>> await_in_coroutine(Awaitable x) {
  co_return co_await std::move(x);
}

} // namespace detail

/// Awaits `op` and gives an `expected`: the value, or why there is none. Unlike
/// a plain `co_await` it also gives back a cancellation of the awaiting task
/// itself, so that the coroutine goes on; every later wait, unless shielded,
/// ends in the same cancellation.
///
///     auto got = co_await axiom::as_expected(fetch(self));
///     if (!got && got.error().is(axiom::errc::cancelled))
///       co_await self.shielded([&](auto& self) { return undo(self); });
///
/// A task that is killed, its grace being over, does not stop here.
template <class T>
detail::expected_async<T> as_expected(async<T>&& op) {
  return detail::expected_async<T>{std::move(op)};
}

template <class Awaitable>
  requires detail::is_axiom_awaitable<std::remove_cvref_t<Awaitable>>
auto as_expected(Awaitable&& op) {
  using value = std::remove_cvref_t<Awaitable>;
  return as_expected(
    detail::await_in_coroutine<value>(value(std::forward<Awaitable>(op))));
}

} // namespace axiom
