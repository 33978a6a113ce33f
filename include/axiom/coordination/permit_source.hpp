#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <utility>

#include "axiom/coordination/limiter/acquire_awaiter.hpp"
#include "axiom/coordination/permit.hpp"

namespace axiom {

namespace detail {

class limiter_handle;

permit acquire_blocking(limiter_state& limiter, permit_count weight,
                        std::optional<task_priority> priority,
                        const std::string& key,
                        std::optional<runtime::duration> timeout);

} // namespace detail

/// The ways to get permits of a limiter: what a concurrency_limiter and its
/// partitions have in common. Thread-safe. It must be there until the wait for
/// a permit is over, as it is where that is written in one expression; permits
/// may outlive it.
///
/// `weight` is the number of permits, all or none, from 1 to the limit. Errors,
/// thrown as `axiom::exception`:
/// - `errc::invalid_argument`: the weight is 0;
/// - `errc::exceeds_capacity`: it is above the limit, so it would wait for ever
///   (at once; and while waiting, if the limit is lowered below it);
/// - `errc::resource_deadlock`: the wait would close a circle of holders and
///   waiters; the text names it;
/// - `errc::scope_closed`: the limiter was closed, before or meanwhile.
///
/// `priority` is that of the running task, unless given. Higher ones go first,
/// and among equal ones who came first; a request that waits rises by one
/// priority for each period of ageing. Who is first and asks for more than is
/// free is not overtaken by others who ask for less.
class permit_source {
public:
  // -- for tasks --------------------------------------------------------------

  /// Awaitable: `permit`. Takes what is there at once if nobody waits (no lock,
  /// no message), else waits. Where the task is cancelled while it waits, it
  /// leaves the queue at once, in O(1), and those behind it move up.
  detail::acquire_request acquire(
    std::uint32_t weight = 1,
    std::optional<task_priority> priority = std::nullopt) const {
    state_->check_weight(weight);
    return {*state_, weight, priority, key_, std::nullopt};
  }

  /// The same, but waits no longer than `timeout`; then it throws
  /// `errc::deadline_exceeded`. A grant that races with it wins or loses as a
  /// whole.
  detail::acquire_request acquire_for(
    runtime::duration timeout, std::uint32_t weight = 1,
    std::optional<task_priority> priority = std::nullopt) const {
    state_->check_weight(weight);
    return {*state_, weight, priority, key_, timeout};
  }

  // -- for anybody ------------------------------------------------------------

  /// Takes permits if they are free and nobody waits; else what it returns
  /// holds nothing. Throws `errc::exceeds_capacity` where it never could, and
  /// `errc::scope_closed`. O(1), one atomic step and no lock, unless the
  /// limiter is shared by key.
  permit try_acquire(std::uint32_t weight = 1) const;

  // -- for threads ------------------------------------------------------------

  /// Blocks the thread until it has its permits. Throws
  /// `errc::blocking_on_worker` where it would block a worker: use `acquire` in
  /// a task, or `axiom::blocking`. In a blocking operation it ends with
  /// `cancelled_error` when the task is cancelled.
  permit acquire_blocking(
    std::uint32_t weight = 1,
    std::optional<task_priority> priority = std::nullopt) const {
    return detail::acquire_blocking(*state_, weight, priority, key_,
                                    std::nullopt);
  }

  /// The same, but no longer than `timeout`; then it throws
  /// `errc::deadline_exceeded`.
  permit acquire_blocking_for(
    runtime::duration timeout, std::uint32_t weight = 1,
    std::optional<task_priority> priority = std::nullopt) const {
    return detail::acquire_blocking(*state_, weight, priority, key_, timeout);
  }

protected:
  explicit permit_source(std::shared_ptr<const detail::limiter_handle> handle,
                         std::string key = {});
  ~permit_source() = default;
  permit_source(const permit_source&) = default;
  permit_source(permit_source&&) = default;
  permit_source& operator=(const permit_source&) = default;
  permit_source& operator=(permit_source&&) = default;

  const std::shared_ptr<const detail::limiter_handle>& handle() const noexcept {
    return handle_;
  }

  detail::limiter_state& state() const noexcept {
    return *state_;
  }

private:
  std::shared_ptr<const detail::limiter_handle> handle_;
  detail::limiter_state* state_; ///< of the handle, at one step less
  std::string key_;
};

} // namespace axiom
