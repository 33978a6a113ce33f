#pragma once

#include <atomic>
#include <cstdint>
#include <exception>
#include <memory>
#include <mutex>
#include <string>
#include <utility>

#include <boost/smart_ptr/intrusive_ptr.hpp>
#include <boost/smart_ptr/intrusive_ref_counter.hpp>

#include "axiom/resource/pool/key_quotas.hpp"
#include "axiom/resource/pool/object_store.hpp"
#include "axiom/resource/pool/pool_alarm.hpp"
#include "axiom/resource/pool_actor.hpp"
#include "axiom/resource/pool_options.hpp"
#include "axiom/resource/pool_stats.hpp"
#include "axiom/runtime/host.hpp"
#include "axiom/runtime/later.hpp"
#include "axiom/runtime/resident.hpp"
#include "axiom/runtime/small_mutex.hpp"

namespace axiom::detail {

class pool_access;

/// An object of a pool, and the right to it while it is not idle. The value is
/// in what derives from it.
class pool_object : public stored_object {
public:
  pool_place place;
};

/// A pool without the type of its objects: its store, and what its actor does.
///
///     open --close: by its owner, by the end of its last handle or of its
///            actor--> closed
///
/// A pool is a limiter of as many permits as there may be objects, and a store
/// of those that are idle. The limiter has all of the waiting: order, ageing,
/// cancellation, circles of waits. Whoever has a permit (a pool_place) comes
/// here and takes an idle object, or creates one. An object that comes back is
/// put into the store *before* its permit is given back, so that whoever is
/// woken by that finds it.
///
/// Once closed it creates nothing and keeps nothing: what is idle is destroyed,
/// what is out is when it comes back.
///
/// Invariants:
/// 1. It lives as long as a handle (pool_access), its actor, an object that is
///    out, or a creation.
/// 2. Neither this nor an object that is out keeps the system: the handles to
///    actors are those of pool_access, which this refers to weakly.
/// 3. The host is touched only by the actor, and with the lock held while the
///    store is open: it is closed before the actor ends, which keeps the
///    system.
/// 4. No user's code (hooks, factory, constructors and destructors of objects)
///    runs with the lock held.
///
/// Locks: its own comes before that of the timers, and nothing else is locked
/// with it held.
///
/// Thread-safe, but for what is the actor's.
class pool_core : public runtime::resident,
                  public boost::intrusive_ref_counter<pool_core> {
public:
  /// Throws `errc::invalid_argument` and `errc::name_too_long` with all that is
  /// wrong.
  /// @param checkable whether there is a hook `healthy`
  pool_core(runtime::host& where, pool_options options, bool checkable);
  ~pool_core() override;

  const std::string& name() const noexcept {
    return options_.name;
  }

  const pool_options& options() const noexcept {
    return options_;
  }

  // -- its actor --------------------------------------------------------------

  /// The actor is there: it begins.
  void begin(pool_actor actor, std::weak_ptr<pool_access> access);

  /// The actor ends, and with it the pool.
  void actor_ended() noexcept;

  /// Looks after what is idle, and after the minimum; for the actor.
  void tick();

  // -- with a permit ----------------------------------------------------------

  /// An idle object; or null: then the caller creates one and ends that with
  /// `created` or `creation_over`. Throws `errc::scope_closed`.
  pool_object* take() {
    {
      std::lock_guard guard{mutex_};
      if (!store_.closed())
        return static_cast<pool_object*>(store_.take());
    }
    throw_closed();
  }

  void created(bool taken) noexcept;

  /// There will be no object.
  /// @param why what the factory threw; null if it is not to blame
  /// @param place is given back
  void creation_over(const std::exception_ptr& why, pool_place& place) noexcept;

  /// `x` comes back, ready for the next one.
  void give_back(pool_object& x) noexcept {
    auto place = std::move(x.place); // given back at the end
    if (!put(x))
      destroy_leaving(x, object_end::surplus);
  }

  /// `x` comes back to be destroyed; nobody uses it.
  void destroy(pool_object& x, object_end why) noexcept;

  // -- for its owner ----------------------------------------------------------

  /// Refuses what is asked from now on, and lets go of what is idle. Once.
  void close() noexcept;

  /// For objects that are above it, see `drop_surplus`.
  void set_max(std::uint32_t max) noexcept;

  /// Destroys idle objects until `kept` are there, idle or not.
  void drop_surplus(std::uint64_t kept) noexcept;

  /// Destroys one that is idle and beyond the minimum, the oldest. Returns
  /// whether there was one.
  /// @pre the caller has a permit
  bool drop_oldest() noexcept;

  // -- observing --------------------------------------------------------------

  pool_stats stats();

  /// The handles' common part; null after its end.
  std::shared_ptr<pool_access> access() const noexcept {
    return access_.lock();
  }

  /// Null from the actor's end on.
  runtime::host* host() const noexcept {
    return host_.load(std::memory_order_acquire);
  }

  [[noreturn]] void throw_closed() const;

protected:
  /// Whether an idle object may be used.
  virtual bool healthy(pool_object& x) noexcept = 0;

  /// Calls the hook, and deletes the object.
  virtual void erase(pool_object& x) noexcept = 0;

  /// Creates an object for stock, in a task of its own.
  /// @pre a creation has begun; it ends it
  virtual void start_top_up(pool_access& access, pool_place place) = 0;

private:
  static constexpr runtime::time_point never = runtime::time_point::max();

  bool put(pool_object& x) noexcept {
    auto due = never;
    auto kept = false;
    {
      std::lock_guard guard{mutex_};
      kept = store_.put(x, stamp());
      if (expires())
        if (auto* oldest = store_.oldest_surplus())
          due = runtime::later(*oldest, options_.idle_timeout);
    }
    if (due != never)
      alarm_.at(due);
    return kept;
  }

  bool expires() const noexcept {
    return options_.idle_timeout > runtime::duration::zero();
  }

  bool checks() const noexcept {
    return options_.health_interval > runtime::duration::zero();
  }

  /// @pre the lock is held
  runtime::time_point stamp() const noexcept {
    return (expires() || checks()) && !store_.closed()
           ? host()->timers().recently()
           : runtime::time_point{};
  }

  void destroy_leaving(pool_object& x, object_end why) noexcept;
  void note_error(const std::exception_ptr& why) noexcept;
  void top_up_soon() noexcept;

  // Each returns when it wants to be called again.
  runtime::time_point expire(pool_access& access, runtime::time_point now);
  runtime::time_point check(pool_access& access, runtime::time_point now);
  runtime::time_point top_up(pool_access& access, runtime::time_point now);

  const pool_options options_;
  runtime::small_mutex mutex_;
  object_store store_; ///< guarded by `mutex_`
  runtime::time_point retry_at_{}; ///< guarded by `mutex_`
  std::atomic<runtime::host*> host_; ///< null from the actor's end on
  std::weak_ptr<pool_access> access_; ///< constant once it has begun
  pool_alarm alarm_;
  std::mutex error_mutex_;
  std::string last_error_; ///< guarded by `error_mutex_`
  std::uint64_t round_ = 0; ///< of health checks; the actor's own
  runtime::time_point next_check_{}; ///< the actor's own
};

using pool_core_ptr = boost::intrusive_ptr<pool_core>;

/// Starts the actor of a pool.
pool_actor spawn_pool_actor(caf::actor_system& sys, pool_core_ptr core);

} // namespace axiom::detail
