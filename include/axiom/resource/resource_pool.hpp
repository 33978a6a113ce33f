#pragma once

#include <cstddef>
#include <cstdint>
#include <limits>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <caf/fwd.hpp>

#include "axiom/resource/pool/pool_factory.hpp"
#include "axiom/resource/pool/take_awaiter.hpp"
#include "axiom/resource/pool_actor.hpp"
#include "axiom/resource/pool_hooks.hpp"
#include "axiom/resource/pool_options.hpp"
#include "axiom/resource/pool_stats.hpp"
#include "axiom/resource/pooled.hpp"

namespace axiom {

/// Keeps objects that are dear to make (connections, sessions, buffers) and
/// lends them: at most `max` at a time, fairly. The handle to a CAF actor.
///
///     auto connections = axiom::resource_pool<connection>::spawn(
///       sys, {.name = "db", .min = 2, .max = 10, .idle_timeout = 30s},
///       axiom::blocking([] { return connection{"db.example"}; }),
///       {.healthy = [](connection& x) { return x.is_open(); }});
///     ...
///     auto db = co_await connections.take();
///     db->execute(query);                       // back at the end of the
///     scope
///
/// Promises, in any interleaving of requests, returns, failures, cancellations,
/// timeouts and deaths:
/// - there are never more than `max` objects, idle ones and those just being
///   made or destroyed included;
/// - each object that comes back is idle, or destroyed; none is lost;
/// - nobody waits for an object that he could have.
///
/// The order among those who wait, ageing, cancellation, and the search for
/// circles of waits are those of concurrency_limiter; a pool has one, of its
/// own name, and one for each key if there is a quota (all called "<pool>
/// keys"), which show in errors and at `/metrics`.
///
/// The object used last is taken first, and those not needed expire.
///
/// The factory takes `(task_context&)` or nothing and is a callable that
/// returns a `T` or an expected one, `axiom::blocking` of one, or returns an
/// `async<T>`. It may be called by several threads at once. It is called when
/// an object is wanted and none is idle, as a part of the request: what it
/// throws is thrown there, it is cancelled with the task, and the place goes to
/// the next one. Up to `min` objects are made by the pool itself, which tries
/// again when that fails; `spawn` does not wait for them.
///
/// Handles are cheap to copy and thread-safe. With the last one the pool is
/// closed and its actor ends; objects that are still out may come back later.
/// A request that waits counts as a handle. The actor keeps its system from
/// ending.
template <class T>
class resource_pool {
public:
  using value_type = T;

  /// Starts a pool in `sys`, which must have been made from an `axiom::config`.
  /// Throws `errc::invalid_argument` and `errc::name_too_long` with all that is
  /// wrong with the options, and `errc::not_installed`.
  template <class F>
  static resource_pool spawn(caf::actor_system& sys, pool_options options,
                             F&& factory, pool_hooks<T> hooks = {}) {
    using impl = detail::made_by<T, std::decay_t<F>>;
    const auto with_tasks = options.min > 0 || !impl::free_standing;
    boost::intrusive_ptr<detail::pool_state<T>> state{
      new impl(runtime::host::of(sys), std::move(options), std::move(hooks),
               std::forward<F>(factory))};
    auto* raw = state.get();
    return resource_pool{
      detail::pool_access::start(sys, std::move(state), with_tasks), raw};
  }

  std::string_view name() const noexcept {
    return state_->name();
  }

  /// The actor, for whoever talks to it by message. Not counted as a handle.
  const pool_actor& actor() const noexcept {
    return access_->actor();
  }

  // -- for tasks --------------------------------------------------------------

  /// Awaitable: `pooled<T>`. Takes the idle object that was used last; waits
  /// for one if there are `max` already; makes one otherwise. Where an object
  /// is idle and nobody waits that takes no message and does not suspend. Where
  /// the task is cancelled while it waits, it leaves the queue at once.
  ///
  /// `priority` is that of the running task, unless given. `key` is who the
  /// object is for, if the pool has a `key_quota`: his quota comes first. (No
  /// key is the key "".) The pool must be there until this is awaited.
  ///
  /// Throws, as `axiom::exception`:
  /// - `errc::resource_deadlock`: the wait would close a circle of holders and
  ///   waiters; the text names it;
  /// - `errc::scope_closed`: the pool was closed, before or meanwhile;
  /// and what the factory throws.
  detail::take_request<T> take(
    std::optional<task_priority> priority = std::nullopt,
    std::string_view key = {}) const {
    return {*access_, *state_, {priority, std::string{key}, std::nullopt}};
  }

  detail::take_request<T> take(std::string_view key) const {
    return take(std::nullopt, key);
  }

  /// The same, but waits no longer than `timeout`; then it throws
  /// `errc::deadline_exceeded`. The time of the factory is not limited.
  detail::take_request<T> take_for(
    runtime::duration timeout,
    std::optional<task_priority> priority = std::nullopt,
    std::string_view key = {}) const {
    return {*access_, *state_, {priority, std::string{key}, timeout}};
  }

  // -- for anybody ------------------------------------------------------------

  /// Takes an object if one is idle and nobody waits, or makes one if there is
  /// room and the factory is a plain callable (which is called here; one that
  /// takes a task_context needs a task on this thread). Else, and while the
  /// pool itself looks at the last idle object, what it returns holds nothing.
  /// Throws `errc::scope_closed`, and what the factory throws.
  pooled<T> try_take(std::string_view key = {}) const {
    detail::pool_claim<T> claim{pool()};
    claim.place = access_->try_place(key);
    if (!claim.place)
      return {};
    auto idle = claim.take_idle();
    return idle ? std::move(idle) : state_->create_at_once(std::move(claim));
  }

  // -- for threads ------------------------------------------------------------

  /// Blocks the thread until it has an object. Throws as `take` does, and
  /// `errc::blocking_on_worker` where it would block a worker: use `take` in a
  /// task, or `axiom::blocking`. In a blocking operation it ends with
  /// `cancelled_error` when the task is cancelled.
  pooled<T> take_blocking(std::optional<task_priority> priority = std::nullopt,
                          std::string_view key = {}) const {
    return take_blocking({priority, std::string{key}, std::nullopt});
  }

  /// The same, but waits no longer than `timeout`; then it throws
  /// `errc::deadline_exceeded`.
  pooled<T> take_blocking_for(
    runtime::duration timeout,
    std::optional<task_priority> priority = std::nullopt,
    std::string_view key = {}) const {
    return take_blocking({priority, std::string{key}, timeout});
  }

  // -- how many ---------------------------------------------------------------

  /// Changes the maximum, at any time. Below what is there, idle objects are
  /// destroyed now, and what is out when it comes back; until then nothing is
  /// given away. (Who was let in just before may make one more.) Throws
  /// `errc::invalid_argument` for 0, less than `min`, and more than 2^31 - 1.
  void set_max(std::uint32_t max) const {
    access_->set_max(max);
  }

  /// Destroys idle objects beyond `min`, those idle longest first, but no more
  /// than `at_most`, and none while requests wait. Returns how many. The hook
  /// `destroy` is called here.
  std::size_t trim(
    std::size_t at_most = std::numeric_limits<std::size_t>::max()) const {
    return access_->trim(at_most);
  }

  /// To be attached to a memory_pressure: as long as memory is short, idle
  /// objects beyond `min` are destroyed, by the pool's actor.
  std::shared_ptr<memory_relief> relief() const {
    return access_;
  }

  // -- its end ----------------------------------------------------------------

  /// From now on requests fail with `errc::scope_closed`, and so do those that
  /// wait. Idle objects are destroyed now, and what is out when it comes back.
  /// Objects that the pool is making for itself are given up. Idempotent.
  void close() const noexcept {
    access_->close();
  }

  // -- observing --------------------------------------------------------------

  /// The figures at this moment. Takes locks; O(waiting + keys).
  pool_stats stats() const {
    return state_->stats();
  }

private:
  resource_pool(std::shared_ptr<detail::pool_access> access,
                detail::pool_state<T>* state) noexcept
    : access_(std::move(access)), state_(state) {
    // nop
  }

  boost::intrusive_ptr<detail::pool_state<T>> pool() const noexcept {
    return boost::intrusive_ptr<detail::pool_state<T>>{state_};
  }

  pooled<T> take_blocking(detail::take_terms terms) const {
    detail::pool_claim<T> claim{pool()};
    claim.place = access_->wait_blocking(terms);
    auto idle = claim.take_idle();
    return idle ? std::move(idle)
                : state_->create_blocking(std::move(claim), *access_);
  }

  std::shared_ptr<detail::pool_access> access_;
  detail::pool_state<T>* state_; ///< of `access_`, at one step less
};

/// The figures of all pools in `sys`, the oldest first, for whoever exposes
/// them. Empty if Axiom is not installed there.
std::vector<pool_stats> all_pool_stats(caf::actor_system& sys);

} // namespace axiom
