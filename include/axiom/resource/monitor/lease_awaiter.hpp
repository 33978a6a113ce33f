#pragma once

#include <optional>
#include <utility>

#include "axiom/coordination/waiting/task_wait.hpp"
#include "axiom/resource/resource_lease.hpp"
#include "axiom/task/detail/awaiter.hpp"

namespace axiom::detail {

/// What `acquire` returns, to be awaited.
struct lease_request : awaitable_tag {
  lease_request(monitor_state& where, resource_amounts what,
                std::optional<task_priority> how_urgent,
                std::optional<runtime::duration> at_most)
    : monitor(where),
      amounts(std::move(what)),
      priority(how_urgent),
      timeout(at_most) {
    // nop
  }

  monitor_state& monitor;
  resource_amounts amounts;
  std::optional<task_priority> priority;
  std::optional<runtime::duration> timeout;
};

/// Awaits a lease. Refers to the request, which is part of the same expression.
class lease_awaiter final : public awaiter<lease_awaiter> {
public:
  explicit lease_awaiter(const lease_request& what) noexcept : what_(what) {
    // nop
  }

  ~lease_awaiter() {
    if (record_ != nullptr)
      monitor_state::give_back(*record_);
  }

  bool arm(task_actor& task) {
    record_ = what_.monitor.try_take(what_.amounts, &task);
    return record_ == nullptr && wait(task);
  }

  resource_lease await_resume() {
    if (record_ != nullptr)
      return resource_lease{*std::exchange(record_, nullptr)};
    return accept();
  }

private:
  bool wait(task_actor& task);
  resource_lease accept();

  const lease_request& what_;
  lease_record* record_ = nullptr;
  std::optional<task_wait<monitor_state>> wait_;
};

inline lease_awaiter as_awaiter(const lease_request& x) noexcept {
  return lease_awaiter{x};
}

} // namespace axiom::detail
