#pragma once

#include <exception>
#include <optional>
#include <type_traits>
#include <utility>

#include "axiom/resource/pool/pool_access.hpp"
#include "axiom/resource/pool_hooks.hpp"
#include "axiom/resource/pooled.hpp"
#include "axiom/task/async.hpp"

namespace axiom::detail {

template <class T>
class pool_claim;

/// An object of a pool with its value.
template <class T>
class typed_object final : public pool_object {
public:
  explicit typed_object(T&& x) : value(std::move(x)) {
    // nop
  }

  T value;
};

/// A pool of `T`s, without the type of its factory.
template <class T>
class pool_state : public pool_core {
public:
  using object = typed_object<T>;

  static_assert(
    std::is_nothrow_move_constructible_v<T> || std::is_move_constructible_v<T>,
    "a pool keeps objects that can be moved; put others into a "
    "std::unique_ptr");

  pool_state(runtime::host& where, pool_options options, pool_hooks<T> hooks)
    : pool_core(where, std::move(options), static_cast<bool>(hooks.healthy)),
      hooks_(std::move(hooks)) {
    // nop
  }

  // -- creating ---------------------------------------------------------------

  // Each ends the creation that `claim` has begun, with an object or by
  // throwing what the factory threw.

  /// As the task that runs it.
  virtual async<pooled<T>> create(pool_claim<T> claim, task_actor& task) = 0;

  /// At once, by the calling thread; nothing if the factory waits.
  virtual pooled<T> create_at_once(pool_claim<T> claim) = 0;

  /// While the calling thread waits.
  virtual pooled<T> create_blocking(pool_claim<T> claim,
                                    const pool_access& access) = 0;

  // -- objects ----------------------------------------------------------------

  /// Takes an idle object that is healthy, for `place`; null if there is none:
  /// then a creation has begun. Throws `errc::scope_closed`.
  object* take_healthy(pool_place& place) {
    for (;;) {
      auto* x = take();
      if (x == nullptr)
        return nullptr;
      if (!hooks_.healthy || healthy(*x)) {
        x->place = std::move(place);
        return static_cast<object*>(x);
      }
      // Without its place, which is for the next one.
      destroy(*x, object_end::unhealthy);
    }
  }

  /// Takes back what somebody used.
  void take_back(object& x) noexcept {
    if (!hooks_.reset || was_reset(x))
      give_back(x);
    else
      destroy(x, object_end::reset_failed);
  }

protected:
  bool healthy(pool_object& x) noexcept final {
    try {
      return hooks_.healthy(static_cast<object&>(x).value);
    } catch (...) {
      return false;
    }
  }

  void erase(pool_object& x) noexcept final {
    auto& mine = static_cast<object&>(x);
    if (hooks_.destroy) {
      try {
        hooks_.destroy(mine.value);
      } catch (...) {
        // It is destroyed all the same, and nobody is there to tell.
      }
    }
    delete &mine;
  }

private:
  bool was_reset(object& x) noexcept {
    try {
      return hooks_.reset(x.value);
    } catch (...) {
      return false;
    }
  }

  const pool_hooks<T> hooks_;
};

/// A place in a pool on its way to an object, and the creation of one where
/// none is idle. Its end gives all back that has not become an object.
template <class T>
class pool_claim {
public:
  explicit pool_claim(boost::intrusive_ptr<pool_state<T>> pool) noexcept
    : pool_(std::move(pool)) {
    // nop
  }

  /// For a creation that has begun.
  pool_claim(boost::intrusive_ptr<pool_state<T>> pool,
             pool_place its_place) noexcept
    : place(std::move(its_place)), pool_(std::move(pool)), creating_(true) {
    // nop
  }

  pool_claim(pool_claim&& other) noexcept
    : place(std::move(other.place)),
      pool_(std::move(other.pool_)),
      creating_(std::exchange(other.creating_, false)) {
    // nop
  }

  pool_claim& operator=(pool_claim&&) = delete;

  ~pool_claim() {
    if (creating_)
      pool_->creation_over(nullptr, place);
  }

  /// Takes an idle object; nothing if there is none, then the claim is one to
  /// create it.
  /// @pre there is a place, and no creation
  pooled<T> take_idle() {
    auto* x = pool_->take_healthy(place);
    if (x == nullptr) {
      creating_ = true;
      return {};
    }
    return pooled<T>{std::move(pool_), *x};
  }

  bool creating() const noexcept {
    return creating_;
  }

  pool_state<T>& pool() const noexcept {
    return *pool_;
  }

  /// The object is there, for who asked.
  pooled<T> fill(T&& value) {
    auto& x = add(std::move(value), true);
    x.place = std::move(place);
    return pooled<T>{std::move(pool_), x};
  }

  /// The object is there, for stock.
  void stock(T&& value) {
    auto& x = add(std::move(value), false);
    x.place = std::move(place);
    pool_->give_back(x);
  }

  /// The factory has failed.
  void failed(const std::exception_ptr& why) noexcept {
    if (std::exchange(creating_, false))
      pool_->creation_over(why, place);
  }

  pool_place place;

private:
  typed_object<T>& add(T&& value, bool taken) {
    auto* x = new typed_object<T>(std::move(value));
    creating_ = false;
    pool_->created(taken);
    return *x;
  }

  boost::intrusive_ptr<pool_state<T>> pool_;
  bool creating_ = false;
};

// -- pooled -------------------------------------------------------------------

template <class T>
void return_to_pool(pool_state<T>& pool, typed_object<T>& x) noexcept {
  pool.take_back(x);
}

template <class T>
void discard_from_pool(pool_state<T>& pool, typed_object<T>& x) noexcept {
  pool.destroy(x, object_end::discarded);
}

template <class T>
T& value_of(typed_object<T>& x) noexcept {
  return x.value;
}

} // namespace axiom::detail
