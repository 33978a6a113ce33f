#pragma once

#include <functional>

namespace axiom {

/// What a pool calls for its objects besides the factory; each may be left out.
///
/// They run where an object is taken or given back, and on the pool's actor
/// (which is a worker) for objects that are idle, so they must not block for
/// long. Several may run at once, but never two for one object, and none while
/// somebody uses it. They must not use the pool they belong to.
template <class T>
struct pool_hooks {
  /// Whether the object can be used; asked when an idle one is taken, and by
  /// the pool every `health_interval`. False or an exception: it is destroyed,
  /// and the next one is taken instead.
  std::function<bool(T&)> healthy{};

  /// Makes an object that was given back ready for the next one. False or an
  /// exception: it is destroyed instead.
  std::function<bool(T&)> reset{};

  /// Called before the destructor of each object that was in the pool, such as
  /// to say goodbye to a server. What it throws is dropped.
  std::function<void(T&)> destroy{};
};

} // namespace axiom
