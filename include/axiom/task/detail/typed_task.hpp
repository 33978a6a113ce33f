#pragma once

#include <optional>
#include <type_traits>
#include <utility>
#include <variant>

#include "axiom/task/detail/task_actor.hpp"
#include "axiom/task/operation.hpp"

namespace axiom::detail {

/// A task with a place for its value.
template <class T>
class typed_task : public task_actor {
public:
  using stored = std::conditional_t<std::is_void_v<T>, std::monostate, T>;

  using task_actor::task_actor;

  /// @pre the outcome is a value
  stored& value() noexcept {
    return *value_;
  }

protected:
  /// Takes over what an operation returned.
  template <class U>
  void accept(U&& returned) {
    using type = std::remove_cvref_t<U>;
    if constexpr (std::is_same_v<type, tl::expected<T, failure>>
                  && !std::is_same_v<type, T>) {
      if (!returned)
        return fail(std::move(returned.error()));
      if constexpr (std::is_void_v<T>)
        value_.emplace();
      else
        value_.emplace(std::move(*returned));
    } else if constexpr (std::is_same_v<type, caf::expected<T>>
                         && !std::is_same_v<type, T>) {
      if (!returned)
        return fail(failure{std::move(returned.error())});
      if constexpr (std::is_void_v<T>)
        value_.emplace();
      else
        value_.emplace(std::move(*returned));
    } else {
      value_.emplace(std::forward<U>(returned));
    }
    succeed();
  }

  void accept() {
    value_.emplace();
    succeed();
  }

  std::optional<stored> value_;
};

/// A task that runs an operation: a callable, which it keeps as long as the
/// coroutine made from it lives (its captures are used by the coroutine).
/// @tparam Base `typed_task<T>` or a class derived from it
template <class Base, class F>
class operation_task : public Base {
public:
  using traits = operation_traits<F>;
  using result_type = typename traits::type;
  using step = task_actor::step;

  template <class... Ts>
  operation_task(caf::actor_config& cfg, const task_seed& seed, F op,
                 Ts&&... xs)
    : Base(cfg, seed, std::forward<Ts>(xs)...), op_(std::move(op)) {
    // nop
  }

protected:
  /// What the operation is called with; a group passes itself instead.
  auto call() {
    return traits::call(*op_, this->context());
  }

  step start_body() noexcept override {
    try {
      if constexpr (traits::is_coroutine) {
        auto coroutine = call().release();
        auto& frame = coroutine.promise();
        frame.task = this;
        frame.self = coroutine;
        frame.owner = &coroutine_;
        promise_ = &frame;
        coroutine_ = coroutine;
        this->top(&frame);
        return step::transfer;
      } else if constexpr (std::is_void_v<typename traits::returned>) {
        call();
        this->accept();
      } else {
        this->accept(call());
      }
    } catch (...) {
      this->end_by(std::current_exception());
    }
    return step::done;
  }

  void harvest() noexcept override {
    if constexpr (traits::is_coroutine) {
      if (auto thrown = promise_->thrown())
        return this->end_by(std::move(thrown));
      try {
        this->accept(promise_->take_expected());
      } catch (...) { // moving the value failed
        this->fail(failure::from(std::current_exception()));
      }
    }
  }

  void release_body() noexcept override {
    if constexpr (traits::is_coroutine)
      if (coroutine_)
        std::exchange(coroutine_, {}).destroy();
    op_.reset();
  }

private:
  std::optional<F> op_;
  std::coroutine_handle<> coroutine_;
  async_promise<result_type>* promise_ = nullptr;
};

} // namespace axiom::detail
