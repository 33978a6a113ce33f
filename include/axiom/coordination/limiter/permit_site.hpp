#pragma once

#include "axiom/coordination/limiter/limiter_waiter.hpp"
#include "axiom/task/detail/wait_site.hpp"

namespace axiom::detail {

class limiter_state;

/// A task's wait for permits, as others see it.
class permit_site : public wait_site {
public:
  permit_site(limiter_waiter& x, limiter_state& where) noexcept
    : waiter(x), limiter(where) {
    // nop
  }

  std::string what() const override;

  limiter_waiter& waiter;
  limiter_state& limiter;
};

} // namespace axiom::detail
