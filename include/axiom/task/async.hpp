#pragma once

#include <coroutine>
#include <cstddef>
#include <exception>
#include <type_traits>
#include <utility>
#include <variant>

#include "axiom/error/failure.hpp"
#include "axiom/runtime/block_cache.hpp"
#include "axiom/task/detail/awaiter.hpp"
#include "axiom/task/detail/frame.hpp"

namespace axiom {

template <class T>
class async;

namespace detail {

template <class T>
class async_promise;

struct final_awaiter {
  bool await_ready() const noexcept {
    return false;
  }

  template <class Promise>
  void await_suspend(std::coroutine_handle<Promise> self) const noexcept {
    frame& done = self.promise();
    done.task->top(done.caller);
    done.task->next(done.caller != nullptr ? task_actor::step::transfer
                                           : task_actor::step::done);
  }

  void await_resume() const noexcept {
    // nop: never resumed
  }
};

/// The parts of a promise that do not depend on how a value is returned.
template <class T>
class async_promise_base : public frame {
public:
  using stored = std::conditional_t<std::is_void_v<T>, std::monostate, T>;

  static void* operator new(std::size_t size) {
    return runtime::block_cache::allocate(size);
  }

  static void operator delete(void* block, std::size_t size) noexcept {
    runtime::block_cache::deallocate(block, size);
  }

  std::suspend_always initial_suspend() const noexcept {
    return {};
  }

  final_awaiter final_suspend() const noexcept {
    return {};
  }

  void unhandled_exception() noexcept {
    result_.template emplace<2>(std::current_exception());
  }

  template <class Awaitable>
  decltype(auto) await_transform(Awaitable&& x) const noexcept {
    static_assert(
      is_axiom_awaitable<std::remove_cvref_t<Awaitable>>,
      "an axiom::async coroutine awaits only Axiom's awaitables, since a "
      "cancellation has to reach every wait: await an axiom::async or "
      "axiom::task, or wrap a callback in a task of its own");
    if constexpr (requires { as_awaiter(std::forward<Awaitable>(x)); })
      return as_awaiter(std::forward<Awaitable>(x));
    else
      return std::forward<Awaitable>(x);
  }

  /// The result of the finished coroutine: throws what it threw.
  T take() {
    if (auto* thrown = std::get_if<2>(&result_))
      std::rethrow_exception(*thrown);
    if (auto* why = std::get_if<3>(&result_))
      why->rethrow();
    if constexpr (!std::is_void_v<T>)
      return std::move(std::get<1>(result_));
  }

  /// The same without throwing.
  expected<T> take_expected() {
    if (auto* thrown = std::get_if<2>(&result_))
      return tl::unexpected<failure>{failure::from(*thrown)};
    if (auto* why = std::get_if<3>(&result_))
      return tl::unexpected<failure>{*why};
    if constexpr (std::is_void_v<T>)
      return {};
    else
      return std::move(std::get<1>(result_));
  }

  /// What it threw, if it did: for a task, which sorts out cancellations.
  std::exception_ptr thrown() const noexcept {
    auto* result = std::get_if<2>(&result_);
    return result != nullptr ? *result : nullptr;
  }

protected:
  // pending, value, exception, error without an exception
  std::variant<std::monostate, stored, std::exception_ptr, failure> result_;
};

template <class T>
class async_promise final : public async_promise_base<T> {
public:
  async<T> get_return_object() noexcept;

  template <class U = T>
    requires std::is_constructible_v<T, U&&>
  void return_value(U&& value) {
    this->result_.template emplace<1>(std::forward<U>(value));
  }

  void return_value(tl::unexpected<failure> why) {
    this->result_.template emplace<3>(std::move(why.value()));
  }
};

template <>
class async_promise<void> final : public async_promise_base<void> {
public:
  async<void> get_return_object() noexcept;

  void return_void() {
    this->result_.emplace<1>();
  }
};

/// Awaits a coroutine called by a coroutine: the callee becomes the task's top
/// frame, the trampoline does the rest.
template <class T>
class async_awaiter {
public:
  explicit async_awaiter(
    std::coroutine_handle<async_promise<T>> callee) noexcept
    : handle_(callee), callee_(&callee.promise()) {
    // nop
  }

  async_awaiter(const async_awaiter&) = delete;
  async_awaiter& operator=(const async_awaiter&) = delete;

  ~async_awaiter() {
    if (handle_)
      handle_.destroy();
  }

  bool await_ready() const noexcept {
    return false;
  }

  template <class Promise>
  void await_suspend(std::coroutine_handle<Promise> caller) noexcept {
    frame& from = caller.promise();
    auto& task = *from.task;
    if (task.state().doomed())
      return task.next(task_actor::step::suspend); // never starts the callee
    callee_->task = &task;
    callee_->caller = &from;
    callee_->self = handle_;
    callee_->owner = &handle_;
    task.top(callee_);
    task.next(task_actor::step::transfer);
  }

  T await_resume() {
    return callee_->take();
  }

protected:
  std::coroutine_handle<> handle_; // null once unwound
  async_promise<T>* callee_;
};

} // namespace detail

/// A coroutine that runs within a task: the body of one, or called by one.
///
/// It is lazy: nothing runs before it is awaited, or made the body of a task.
/// `co_await` gives its value, and throws what it threw. To fail without the
/// cost of a throw: `co_return axiom::fail(error)`.
///
/// Cancellation is not an exception. When the task is cancelled, the `co_await`
/// at which its coroutines stand does not return: their frames are destroyed
/// from the innermost out, as if each left its scope there, so destructors
/// run and handlers do not. Hence `catch (...)` cannot swallow a cancellation
/// by accident, and ending ten thousand suspended tasks takes no ten thousand
/// throws. (P2300's `unhandled_stopped` has the same meaning.) The children of
/// a task have ended before its frames go, so they may use its variables. To
/// go on after a cancellation, use `as_expected`; to do clean-up that itself
/// has to wait, `task_context::shielded`.
///
/// As for any coroutine: parameters are copied into the frame, but the captures
/// of a lambda are not. A task keeps its callable until the coroutine is done.
///
/// It belongs to one thread at a time; moving it around before it is awaited is
/// fine.
template <class T = void>
class [[nodiscard]] async {
public:
  using promise_type = detail::async_promise<T>;
  using value_type = T;
  using handle_type = std::coroutine_handle<promise_type>;

  explicit async(handle_type handle) noexcept : handle_(handle) {
    // nop
  }

  async(async&& other) noexcept : handle_(std::exchange(other.handle_, {})) {
    // nop
  }

  async& operator=(async&& other) noexcept {
    std::swap(handle_, other.handle_);
    return *this;
  }

  ~async() {
    if (handle_)
      handle_.destroy();
  }

  /// Gives the coroutine away: to its awaiter, or to the task it is the body
  /// of.
  handle_type release() noexcept {
    return std::exchange(handle_, {});
  }

  friend detail::async_awaiter<T> as_awaiter(async&& callee) noexcept {
    return detail::async_awaiter<T>{callee.release()};
  }

private:
  handle_type handle_;
};

namespace detail {

template <class T>
inline constexpr bool is_axiom_awaitable<async<T>> = true;

template <class T>
async<T> async_promise<T>::get_return_object() noexcept {
  return async<T>{
    std::coroutine_handle<async_promise<T>>::from_promise(*this)};
}

inline async<void> async_promise<void>::get_return_object() noexcept {
  return async<void>{
    std::coroutine_handle<async_promise<void>>::from_promise(*this)};
}

} // namespace detail

} // namespace axiom
