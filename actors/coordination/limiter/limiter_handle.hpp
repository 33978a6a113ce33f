#pragma once

#include <memory>

#include "axiom/coordination/limiter/limiter_state.hpp"

namespace axiom::detail {

/// What the handles to one limiter share. Their end is the end of it.
class limiter_handle {
public:
  limiter_handle(limiter_ptr state, limiter_actor actor);
  limiter_handle(const limiter_handle&) = delete;
  limiter_handle& operator=(const limiter_handle&) = delete;
  ~limiter_handle();

  limiter_state& state() const noexcept {
    return *state_;
  }

  const limiter_actor& actor() const noexcept {
    return actor_;
  }

private:
  limiter_ptr state_;
  limiter_actor actor_;
};

/// Starts the actor of a limiter.
limiter_actor spawn_limiter_actor(caf::actor_system& sys, limiter_ptr state);

} // namespace axiom::detail
