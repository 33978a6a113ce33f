#pragma once

#include <cstdint>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>

#include <boost/intrusive/list.hpp>
#include <caf/fwd.hpp>

#include "axiom/coordination/concurrency_limiter.hpp"
#include "axiom/coordination/limiter_options.hpp"
#include "axiom/coordination/limiter_stats.hpp"

namespace axiom::detail {

class key_use;

/// A limiter for each key that has or wants objects of a pool.
///
///     (none) --use--> in use --last use ends--> spare --use--> in use
///                       |                         |
///                       |                         +--too many--> (none)
///                       +--close--> (none, once it is out of use)
///
/// A key that comes and goes would start and end a limiter's actor each time;
/// so the last few that went out of use are kept.
///
/// Invariants:
/// 1. An entry is in the map as long as it is in use, and it is in the list of
///    spare ones exactly while it is not.
/// 2. Limiters are started, closed and let go of by this alone; once it is
///    closed it has none, so that what still uses it keeps no actor alive.
///
/// Thread-safe. Its lock is taken before those of limiters and of the host.
class key_quotas : public std::enable_shared_from_this<key_quotas> {
public:
  /// @param pool the name of the pool
  /// @param quota permits for each key
  key_quotas(caf::actor_system& sys, std::string_view pool, std::uint32_t quota,
             runtime::duration ageing);
  ~key_quotas();

  /// The use of a key, to ask its limiter for a permit. Throws
  /// `errc::scope_closed`.
  key_use use(std::string_view key);

  /// Who waits fails with `errc::scope_closed`. What is held comes back as
  /// before.
  void close() noexcept;

  /// The figures of all keys in one, those of keys that went included.
  struct figures {
    std::uint64_t keys = 0; ///< in use
    limiter_stats sum;
  };

  figures stats();

private:
  friend class key_use;

  struct entry : boost::intrusive::list_base_hook<> {
    const std::string* key = nullptr; ///< in the map
    std::optional<concurrency_limiter> limiter;
    std::uint64_t users = 0;
  };

  using entries = std::unordered_map<std::string, entry>;

  void done(entry& x) noexcept;

  caf::actor_system& sys_; ///< there until it is closed
  const limiter_options options_;
  std::mutex mutex_;
  entries entries_;
  boost::intrusive::list<entry> spare_; ///< the one that went last in front
  limiter_stats gone_; ///< of limiters that are no more
  bool closed_ = false;
};

/// That somebody has, or wants, an object under a key; with the permit, once he
/// has it.
class key_use {
public:
  key_use() noexcept = default;

  key_use(key_use&& other) noexcept
    : quotas_(std::move(other.quotas_)),
      entry_(other.entry_),
      held_(std::move(other.held_)) {
    // nop
  }

  key_use& operator=(key_use&& other) noexcept {
    key_use fresh{std::move(other)};
    std::swap(quotas_, fresh.quotas_);
    std::swap(entry_, fresh.entry_);
    std::swap(held_, fresh.held_);
    return *this;
  }

  ~key_use() {
    if (quotas_ == nullptr)
      return;
    held_.release();
    quotas_->done(*entry_);
  }

  /// The key's limiter: a handle of the caller's own.
  concurrency_limiter limiter() const;

  void keep(permit x) noexcept {
    held_ = std::move(x);
  }

private:
  friend class key_quotas;

  key_use(std::shared_ptr<key_quotas> quotas, key_quotas::entry& x) noexcept
    : quotas_(std::move(quotas)), entry_(&x) {
    // nop
  }

  std::shared_ptr<key_quotas> quotas_;
  key_quotas::entry* entry_ = nullptr;
  permit held_;
};

/// The right to one object of a pool, and to create it if none is idle: the
/// permit, and before that the one of the key. It goes with the object.
struct pool_place {
  key_use key;
  permit held; // given back first

  explicit operator bool() const noexcept {
    return static_cast<bool>(held);
  }

  /// Gives all back.
  void leave() noexcept {
    held.release();
    key = {};
  }
};

} // namespace axiom::detail
