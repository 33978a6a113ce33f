#pragma once

#include <memory>
#include <optional>
#include <string_view>
#include <vector>

#include <caf/fwd.hpp>

#include "axiom/resource/memory_relief.hpp"
#include "axiom/resource/monitor/lease_awaiter.hpp"
#include "axiom/resource/resource_lease.hpp"
#include "axiom/resource/resource_monitor_actor.hpp"
#include "axiom/resource/resource_monitor_options.hpp"

namespace axiom {

namespace detail {

class monitor_handle;

resource_lease acquire_blocking(monitor_state& monitor,
                                const resource_requirements& wanted,
                                std::optional<task_priority> priority,
                                std::optional<runtime::duration> timeout);

} // namespace detail

/// Shares out memory, cores and whatever else there is only so much of. The
/// handle to a CAF actor.
///
///     auto host = axiom::resource_monitor::spawn(sys, {
///       .name = "host",
///       .capacities = {axiom::memory(1_GiB), axiom::custom("licence", 3)}});
///     ...
///     auto lease = co_await host.acquire(
///       {axiom::memory(64_MiB), axiom::custom("licence", 1)});
///
/// Promises, in any interleaving of requests, returns, changes of capacities,
/// cancellations, timeouts and deaths:
/// - a request gets all that it asks for at once, or nothing;
/// - what is in use of a resource never grows beyond its capacity;
/// - what comes back goes to who is next, or is free;
/// - nobody waits who fits beside what those before him ask for; so a request
///   for much is not overtaken for ever, and one for a resource that nobody
///   else wants does not wait;
/// - a request that would wait for itself (through leases, permits of limiters,
///   tasks that are awaited) fails and names the circle;
/// - who holds what a more urgent task waits for is as urgent meanwhile.
///
/// Requests have a priority: the running task's, unless given. Higher ones go
/// first, and among equal ones who came first; a request that waits rises by
/// one priority for each period of ageing.
///
/// While nobody waits, a lease costs one short lock and no message. The actor
/// serves other nodes and looks after those who wait.
///
/// Handles are cheap to copy and thread-safe. With the last one the monitor is
/// closed and its actor ends; a lease that is still out may come back later.
/// The actor keeps its system from ending.
class resource_monitor {
public:
  /// Starts a monitor in `sys`, which must have been made from an
  /// `axiom::config`. Throws `errc::invalid_argument` and `errc::name_too_long`
  /// with all that is wrong with the options, and `errc::not_installed`.
  static resource_monitor spawn(caf::actor_system& sys,
                                resource_monitor_options options);

  std::string_view name() const noexcept;

  /// The actor, for whoever talks to it by message. Not counted as a handle.
  const resource_monitor_actor& actor() const noexcept;

  // -- for tasks --------------------------------------------------------------

  /// Awaitable: `resource_lease`. Takes what is there at once if nobody waits,
  /// else waits. Where the task is cancelled while it waits, it leaves the
  /// queue at once, and those behind it move up.
  ///
  /// Throws `errc::invalid_argument` for an unknown resource, for none of one,
  /// or for nothing at all; awaiting it, `errc::exceeds_capacity` for what
  /// could never be granted, `errc::resource_deadlock`, and
  /// `errc::scope_closed`.
  detail::lease_request acquire(
    const resource_requirements& wanted,
    std::optional<task_priority> priority = std::nullopt) const {
    return {*state_, state_->resolve(wanted), priority, std::nullopt};
  }

  /// The same, but waits no longer than `timeout`; then it throws
  /// `errc::deadline_exceeded`. A grant that races with it wins or loses as a
  /// whole.
  detail::lease_request acquire_for(
    runtime::duration timeout, const resource_requirements& wanted,
    std::optional<task_priority> priority = std::nullopt) const {
    return {*state_, state_->resolve(wanted), priority, timeout};
  }

  // -- for anybody ------------------------------------------------------------

  /// Throws `errc::invalid_argument` if `wanted` is nothing that can be asked
  /// for, as `acquire` does.
  void check(const resource_requirements& wanted) const {
    state_->resolve(wanted);
  }

  /// Takes what is there if nobody waits who goes before; else what it returns
  /// holds nothing. Throws as `acquire` does.
  resource_lease try_acquire(const resource_requirements& wanted) const;

  // -- for threads ------------------------------------------------------------

  /// Blocks the thread until it has its lease. Throws
  /// `errc::blocking_on_worker` where it would block a worker: use `acquire` in
  /// a task, or `axiom::blocking`. In a blocking operation it ends with
  /// `cancelled_error` when the task is cancelled.
  resource_lease acquire_blocking(
    const resource_requirements& wanted,
    std::optional<task_priority> priority = std::nullopt) const {
    return detail::acquire_blocking(*state_, wanted, priority, std::nullopt);
  }

  /// The same, but no longer than `timeout`; then it throws
  /// `errc::deadline_exceeded`.
  resource_lease acquire_blocking_for(
    runtime::duration timeout, const resource_requirements& wanted,
    std::optional<task_priority> priority = std::nullopt) const {
    return detail::acquire_blocking(*state_, wanted, priority, timeout);
  }

  // -- what there is ----------------------------------------------------------

  /// Changes a capacity, at any time: below what is in use, nothing of the
  /// resource is granted until enough has come back. Who waits for more than
  /// that fails with `errc::exceeds_capacity`. Throws `errc::invalid_argument`
  /// for an unknown resource and for 0.
  void set_capacity(const resource_requirement& x) const;

  /// To be attached to a memory_pressure. When memory gets short, at first half
  /// of each resource is kept back, except from a request that would use it
  /// alone; then one request is granted at a time. And a request for memory is
  /// granted only within what was measured to be left, less what was granted
  /// since.
  std::shared_ptr<memory_relief> relief() const;

  // -- its end ----------------------------------------------------------------

  /// From now on requests fail with `errc::scope_closed`, and so do those that
  /// wait. What is held comes back as before. Idempotent.
  void close() const noexcept;

  // -- observing --------------------------------------------------------------

  /// The figures at this moment. Takes the monitor's lock; O(waiting + leases).
  resource_stats stats() const;

private:
  explicit resource_monitor(std::shared_ptr<detail::monitor_handle> x);

  std::shared_ptr<detail::monitor_handle> handle_;
  detail::monitor_state* state_; ///< of the handle, at one step less
};

/// The figures of all monitors in `sys`, the oldest first, for whoever exposes
/// them. Empty if Axiom is not installed there.
std::vector<resource_stats> all_resource_stats(caf::actor_system& sys);

/// Which task holds what of which monitor in `sys`, one entry for each lease.
/// Holders that are no tasks, and tasks that have given theirs away and ended,
/// are not known.
std::vector<resource_holding> all_resource_holdings(caf::actor_system& sys);

} // namespace axiom
