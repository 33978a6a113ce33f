#pragma once

#include <utility>

#include <boost/smart_ptr/intrusive_ptr.hpp>

namespace axiom {

namespace detail {

template <class T>
class pool_claim;

template <class T>
class pool_state;

template <class T>
class typed_object;

} // namespace detail

/// An object of a pool, which goes back there when this is released or
/// destroyed: on success, failure, cancellation and exception alike, and once,
/// since it cannot be copied. Made by `resource_pool`.
///
/// It may be moved to another task or thread and outlive the task that took it,
/// the pool's last handle and the actor system; then the object is destroyed
/// with it. For the search for deadlocks it is held by the task that took it,
/// as long as that lives.
///
/// Thread-compatible, as an int is.
template <class T>
class [[nodiscard]] pooled {
public:
  using element_type = T;

  /// Holds nothing.
  pooled() noexcept = default;

  pooled(pooled&& other) noexcept
    : pool_(std::move(other.pool_)),
      object_(std::exchange(other.object_, nullptr)) {
    // nop
  }

  pooled& operator=(pooled&& other) noexcept {
    pooled fresh{std::move(other)};
    std::swap(pool_, fresh.pool_);
    std::swap(object_, fresh.object_);
    return *this;
  }

  ~pooled() {
    release();
  }

  /// Whether it holds an object.
  explicit operator bool() const noexcept {
    return object_ != nullptr;
  }

  /// @pre it holds an object
  T& operator*() const noexcept {
    return value_of(*object_);
  }

  /// @pre it holds an object
  T* operator->() const noexcept {
    return &value_of(*object_);
  }

  /// Gives the object back now; after that it holds nothing. Calls the hook
  /// `reset`. O(1) besides.
  void release() noexcept {
    if (object_ != nullptr) {
      return_to_pool(*pool_, *std::exchange(object_, nullptr));
      pool_.reset();
    }
  }

  /// The object is of no use any more: destroys it now, so that there is room
  /// for another one. After that it holds nothing.
  void discard() noexcept {
    if (object_ != nullptr) {
      discard_from_pool(*pool_, *std::exchange(object_, nullptr));
      pool_.reset();
    }
  }

private:
  friend class detail::pool_claim<T>;

  pooled(boost::intrusive_ptr<detail::pool_state<T>> pool,
         detail::typed_object<T>& x) noexcept
    : pool_(std::move(pool)), object_(&x) {
    // nop
  }

  boost::intrusive_ptr<detail::pool_state<T>> pool_;
  detail::typed_object<T>* object_ = nullptr;
};

} // namespace axiom
