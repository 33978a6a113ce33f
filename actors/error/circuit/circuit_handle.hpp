#pragma once

#include "axiom/error/circuit/circuit_block.hpp"

namespace axiom::detail {

/// What the handles to one circuit breaker share. Their end is that of its
/// actor.
class circuit_handle {
public:
  circuit_handle(circuit_ptr block, circuit_actor actor);
  circuit_handle(const circuit_handle&) = delete;
  circuit_handle& operator=(const circuit_handle&) = delete;
  ~circuit_handle();

  const circuit_actor& actor() const noexcept {
    return actor_;
  }

private:
  circuit_ptr block_;
  circuit_actor actor_;
};

} // namespace axiom::detail
