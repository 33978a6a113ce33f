#pragma once

#include <concepts>
#include <exception>
#include <type_traits>
#include <utility>

#include "axiom/resource/pool/pool_state.hpp"
#include "axiom/task/context_ops.hpp"
#include "axiom/task/operation.hpp"
#include "axiom/task/task.hpp"

namespace axiom::detail {

/// The callable within `axiom::blocking`.
template <class F>
F& callable_of(F& x) noexcept {
  return x;
}

template <class F>
F& callable_of(blocking_operation<F>& x) noexcept {
  return x.fun;
}

/// A pool of `T`s that `F` makes: where the factory runs, and what becomes of
/// its errors.
///
///     factory                   taken by a task   by a thread     for stock
///     F()                       in the task       in the thread   task
///     F(task_context&)          in the task       task            task
///     blocking(F)               blocking child    in the thread   blocking
///     task async<T>(task_context&)   in the task       task            task
///
/// ("task": of the pool's own coordinator, which the thread waits for.)
///
/// Invariant: an object that the factory has made is in the pool at once, so
/// that the hook `destroy` is called for it, whoever is cancelled or gone
/// meanwhile. And a claim goes along with the factory, so that its place is
/// taken as long as the factory is at it.
template <class T, class F>
class made_by final : public pool_state<T> {
public:
  using traits = operation_traits<F>;

  static_assert(std::is_same_v<typename traits::type, T>,
                "the factory of a resource_pool<T> returns a T, an "
                "axiom::expected<T>, a caf::expected<T>, or an "
                "axiom::async<T>");

  /// Whether it is called as `F()`.
  static constexpr bool free_standing =
    std::invocable<decltype(callable_of(
      std::declval<
        F&>()))&> && !std::invocable<decltype(callable_of(std::declval<F&>()))&, task_context&> && !traits::is_coroutine;

  made_by(runtime::host& where, pool_options options, pool_hooks<T> hooks,
          F factory)
    : pool_state<T>(where, std::move(options), std::move(hooks)),
      factory_(std::move(factory)) {
    // nop
  }

  async<pooled<T>> create(pool_claim<T> claim, task_actor& task) override {
    if constexpr (traits::is_coroutine) {
      co_return co_await make_awaiting(std::move(claim), task.context());
    } else if constexpr (traits::is_blocking) {
      auto op = blocking(creation{std::move(claim), *this});
      auto child = task.context().create_child_task("create", std::move(op));
      co_return co_await std::move(child);
    } else {
      co_return make(std::move(claim), task.context());
    }
  }

  pooled<T> create_at_once(pool_claim<T> claim) override {
    if constexpr (!traits::is_coroutine && !traits::is_blocking) {
      if constexpr (free_standing)
        return make(std::move(claim));
      else if (auto* task = current_task())
        return make(std::move(claim), task->context());
    }
    return {};
  }

  pooled<T> create_blocking(pool_claim<T> claim,
                            const pool_access& access) override {
    if constexpr (traits::is_coroutine) {
      auto op = awaiting_creation{std::move(claim), *this};
      return result_of(
        access.keeper().create_child_task("create", std::move(op)));
    } else {
      if constexpr (traits::is_blocking)
        refuse_worker();
      if constexpr (free_standing) {
        return make(std::move(claim));
      } else {
        if (auto* task = current_task())
          return make(std::move(claim), task->context());
        auto op = creation{std::move(claim), *this};
        return result_of(
          access.keeper().create_child_task("create", std::move(op)));
      }
    }
  }

protected:
  void start_top_up(pool_access& access, pool_place place) override {
    pool_claim<T> claim{boost::intrusive_ptr<pool_state<T>>{this},
                        std::move(place)};
    auto& keeper = access.keeper();
    if constexpr (traits::is_coroutine)
      keeper.create_child_task("stock",
                               awaiting_stock{std::move(claim), *this});
    else if constexpr (traits::is_blocking)
      keeper.create_child_task("stock",
                               blocking(stocking{std::move(claim), *this}));
    else
      keeper.create_child_task("stock", stocking{std::move(claim), *this});
  }

private:
  // The bodies of tasks. Each has a claim, which keeps the pool.

  struct creation {
    pool_claim<T> claim;
    made_by& pool;

    pooled<T> operator()(task_context& self) {
      return pool.make(std::move(claim), self);
    }
  };

  struct awaiting_creation {
    pool_claim<T> claim;
    made_by& pool;

    async<pooled<T>> operator()(task_context& self) {
      return pool.make_awaiting(std::move(claim), self);
    }
  };

  struct stocking {
    pool_claim<T> claim;
    made_by& pool;

    void operator()(task_context& self) {
      try {
        claim.stock(pool.call(self));
      } catch (const cancelled_error&) {
        throw;
      } catch (...) {
        claim.failed(std::current_exception()); // and reported so
      }
    }
  };

  struct awaiting_stock {
    pool_claim<T> claim;
    made_by& pool;

    async<void> operator()(task_context& self) {
      try {
        auto value = co_await traits::call(pool.factory_, self);
        claim.stock(std::move(value));
      } catch (const cancelled_error&) {
        throw;
      } catch (...) {
        claim.failed(std::current_exception());
      }
    }
  };

  template <class... Context>
  pooled<T> make(pool_claim<T> claim, Context&... context) {
    try {
      return claim.fill(call(context...));
    } catch (const cancelled_error&) {
      throw;
    } catch (...) {
      claim.failed(std::current_exception());
      throw;
    }
  }

  async<pooled<T>> make_awaiting(pool_claim<T> claim, task_context& self) {
    try {
      auto value = co_await traits::call(factory_, self);
      co_return claim.fill(std::move(value));
    } catch (const cancelled_error&) {
      throw;
    } catch (...) {
      claim.failed(std::current_exception());
      throw;
    }
  }

  T call(task_context& self) {
    return unwrapped(traits::call(factory_, self));
  }

  T call() {
    return unwrapped(callable_of(factory_)());
  }

  template <class R>
  static T unwrapped(R&& result) {
    if constexpr (std::is_same_v<std::remove_cvref_t<R>, T>) {
      return std::forward<R>(result);
    } else {
      if (!result)
        failure{std::move(result.error())}.rethrow();
      return std::move(*result);
    }
  }

  /// What a task of the pool's own has made, for a thread.
  pooled<T> result_of(task<pooled<T>> t) const {
    try {
      return std::move(t).get();
    } catch (const cancelled_error&) {
      auto* here = current_task();
      if (here == nullptr || !here->state().cancelled())
        this->throw_closed(); // that has cancelled it
      throw;
    }
  }

  void refuse_worker() const {
    if (auto* here = this->host(); here != nullptr && here->on_worker_thread())
      throw exception{errc::blocking_on_worker,
                      "the factory of pool " + axiom::quoted(this->name())
                        + " would block a worker thread: use co_await with "
                          "take in a task, or axiom::blocking"};
  }

  F factory_;
};

} // namespace axiom::detail
