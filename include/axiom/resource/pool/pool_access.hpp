#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>

#include "axiom/coordination/concurrency_limiter.hpp"
#include "axiom/coordination/coordinator.hpp"
#include "axiom/resource/pool/pool_core.hpp"
#include "axiom/resource/pool/trimming_relief.hpp"
#include "axiom/task/async.hpp"
#include "axiom/task/priority.hpp"

namespace axiom::detail {

/// How an object is asked for.
struct take_terms {
  std::optional<task_priority> priority;
  std::string key;
  std::optional<runtime::duration> timeout;
};

/// What the handles to one pool share, and those who wait: the ways to a place
/// in it. Its end is the end of the pool.
///
/// Thread-safe.
class pool_access final : public std::enable_shared_from_this<pool_access>,
                          public trimming_relief {
public:
  /// Starts what a pool consists of.
  /// @param with_tasks whether there have to be tasks that nobody's are
  static std::shared_ptr<pool_access> start(caf::actor_system& sys,
                                            pool_core_ptr core,
                                            bool with_tasks);

  pool_access(pool_core_ptr core, concurrency_limiter limiter,
              std::shared_ptr<key_quotas> quotas,
              std::optional<structured_task_coordinator> keeper,
              pool_actor actor);
  pool_access(const pool_access&) = delete;
  pool_access& operator=(const pool_access&) = delete;
  ~pool_access() override;

  pool_core& core() const noexcept {
    return *core_;
  }

  const pool_actor& actor() const noexcept {
    return actor_;
  }

  /// The parent of tasks that create objects for nobody, and for threads.
  /// @pre it was started with tasks
  const structured_task_coordinator& keeper() const noexcept {
    return *keeper_;
  }

  // -- places -----------------------------------------------------------------

  /// Takes a place that is there, without a lock. False where that takes more.
  bool try_at_once(pool_place& place) const {
    if (quotas_ != nullptr || limiter_.in_use() >= limiter_.limit())
      return false;
    place.held = try_permit();
    return static_cast<bool>(place.held);
  }

  /// The same with the quota of `key`; none if there is none for it just now.
  pool_place try_place(std::string_view key) const;

  /// Waits for a place, as the task that runs it.
  async<pool_place> wait(task_actor& task, take_terms terms) const;

  /// The same for a thread.
  pool_place wait_blocking(const take_terms& terms) const;

  /// A permit for the pool's own purposes, if one is free and nobody waits.
  permit try_own_permit() const noexcept;

  // -- for its owner ----------------------------------------------------------

  void close() noexcept;

  void set_max(std::uint64_t max);

  std::size_t trim(std::size_t at_most);

  /// Adds what is known of the requests.
  void report(pool_stats& into) const;

  // -- memory_relief ----------------------------------------------------------

  std::string_view name() const noexcept override {
    return core_->name();
  }

private:
  /// By the actor: what is destroyed may take its time.
  void trim_idle() override;

  permit try_permit() const;

  /// The error of a limiter as one of the pool's.
  exception reworded(const exception& ex, const take_terms& terms) const;

  runtime::time_point now() const noexcept;

  const pool_core_ptr core_;
  const concurrency_limiter limiter_;
  const std::shared_ptr<key_quotas> quotas_; ///< null without a quota
  const std::optional<structured_task_coordinator> keeper_;
  const pool_actor actor_;
  std::mutex limit_mutex_; ///< one change of the maximum at a time
  mutable std::atomic<std::uint64_t> own_permits_{0}; ///< not taken by users
};

using pool_access_ptr = std::shared_ptr<const pool_access>;

} // namespace axiom::detail
