#pragma once

#include <utility>

#include "axiom/coordination/detail/held_operation.hpp"
#include "axiom/coordination/permit_source.hpp"

namespace axiom::detail {

/// What an operation of a group with a limiter holds: see held_operation.
class limiter_source {
public:
  using held_type = permit;

  explicit limiter_source(const permit_source& limiter) noexcept
    : limiter_(&limiter) {
    // nop
  }

  acquire_request acquire() const {
    return limiter_->acquire();
  }

  permit acquire_blocking() const {
    return limiter_->acquire_blocking();
  }

  template <class F>
  void give(F&, const permit&) const noexcept {
    // nop
  }

private:
  const permit_source* limiter_;
};

/// `op`, with a permit.
template <class F>
auto limited(const permit_source& limiter, F op) {
  return holding(limiter_source{limiter}, std::move(op));
}

} // namespace axiom::detail
