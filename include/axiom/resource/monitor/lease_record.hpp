#pragma once

#include <atomic>
#include <cstddef>
#include <deque>

#include <boost/intrusive/list.hpp>

#include "axiom/resource/monitor/resource_amounts.hpp"

namespace axiom::detail {

class monitor_state;
class task_actor;

/// Where it is written down who holds what. One for each lease, until that has
/// given everything back and what was drawn on it has come back.
///
///     taken --release, nothing drawn on it--------------> free
///     taken --release, something drawn on it--> released --last return--> free
///
/// Guarded by the lock of the gate; `monitor` never changes.
struct lease_record : boost::intrusive::list_base_hook<> {
  explicit lease_record(monitor_state& owner) noexcept : monitor(&owner) {
    // nop
  }

  monitor_state* const monitor;

  /// Null if no task is known to hold it. May be read without the lock.
  std::atomic<task_actor*> holder{nullptr};

  /// What it holds itself, without what was drawn on it.
  resource_amounts amounts;

  /// The one it was drawn on, where its amounts go back to until that is
  /// released; null if there is none.
  lease_record* parent = nullptr;

  /// How many were drawn on it and have not come back.
  std::size_t shares = 0;

  bool released = false;
};

/// The records of one monitor: those in use, and others that were and will be
/// again, so that a lease allocates nothing once there have been as many.
class lease_records {
public:
  /// May throw `std::bad_alloc`; nothing has changed then.
  lease_record& take(monitor_state& owner, const resource_amounts& amounts) {
    if (free_.empty())
      free_.push_back(all_.emplace_back(owner));
    auto& result = free_.back();
    result.amounts = amounts;
    free_.pop_back();
    used_.push_back(result);
    return result;
  }

  void give_back(lease_record& x) noexcept {
    x.holder.store(nullptr, std::memory_order_relaxed);
    x.amounts.clear();
    x.parent = nullptr;
    x.released = false;
    used_.erase(used_.iterator_to(x));
    free_.push_back(x); // the next one finds it warm
  }

  bool empty() const noexcept {
    return used_.empty();
  }

  /// Calls `f(lease_record&)` for each in use.
  template <class F>
  void for_each(F f) {
    for (auto& x : used_)
      f(x);
  }

private:
  using list =
    boost::intrusive::list<lease_record,
                           boost::intrusive::constant_time_size<false>>;

  std::deque<lease_record> all_;
  list used_;
  list free_;
};

} // namespace axiom::detail
