#pragma once

#include <mutex>
#include <optional>
#include <utility>

#include "axiom/resource/monitor/lease_record.hpp"
#include "axiom/resource/monitor/resource_queue.hpp"
#include "axiom/runtime/small_mutex.hpp"

namespace axiom::detail {

/// A monitor without an actor: what there is, who holds it, and the queue that
/// decides when somebody waits; all under one small lock.
///
/// The problem: a request is a vector, all or nothing, and should cost little
/// more than the instructions for it while there is enough. An atomic word a
/// resource would have a request take from one after the other, and give back
/// when a later one is short: what it had for that moment others were refused,
/// or queued for. With a lock that is held for some ten instructions, vectors
/// of any length cost one locked instruction to take and one to give back, and
/// who holds what is written down in the same breath.
///
/// Thread-safe. Nobody may wait at its end.
class resource_gate {
public:
  using queue_type = resource_queue;
  using turn_type = resource_turn;

  /// @param owner refers to what may not be complete yet
  resource_gate(monitor_state& owner, resource_balances balances,
                runtime::duration ageing)
    : owner_(owner),
      balances_(std::move(balances)),
      queue_(balances_.size(), ageing) {
    // nop
  }

  /// Takes `amounts` if they are there and nobody waits, for `holder`. Null if
  /// not.
  lease_record* try_take(const resource_amounts& amounts, task_actor* holder) {
    std::lock_guard guard{mutex_};
    if (!queue_.idle())
      return nullptr;
    for (const auto& [resource, units] : amounts)
      if (units > balances_[resource].room(resource_admission::open))
        return nullptr;
    auto& result = write_down(amounts, holder);
    for (const auto& [resource, units] : amounts)
      balances_[resource].take(units);
    return &result;
  }

  /// Gives back what nothing was drawn on, if nobody waits. Returns false and
  /// has done nothing if that needs a session.
  bool try_give_back(lease_record& x) noexcept {
    std::lock_guard guard{mutex_};
    if (!queue_.idle() || x.shares > 0 || x.parent != nullptr)
      return false;
    for (const auto& [resource, units] : x.amounts)
      balances_[resource].give_back(units);
    records_.give_back(x);
    return true;
  }

  /// All of it, while its lock is held.
  class session {
  public:
    session(resource_gate& gate, runtime::time_point now)
      : gate_(gate), guard_(gate.mutex_), turn_{gate.balances_, now} {
      // nop
    }

    session(const session&) = delete;
    session& operator=(const session&) = delete;

    resource_queue& queue() noexcept {
      return gate_.queue_;
    }

    resource_turn& turn() noexcept {
      return turn_;
    }

    lease_records& records() noexcept {
      return gate_.records_;
    }

    /// Whether somebody holds a lease.
    bool anything_held() const noexcept {
      return !gate_.records_.empty();
    }

    /// How many leases were granted.
    std::uint64_t granted() const noexcept {
      return gate_.granted_;
    }

    /// See permit_gate::session. What is granted is written down before its
    /// waiter hears of it: until that runs, it is a holder like others.
    template <class Wake>
    std::optional<runtime::time_point> settle(Wake wake) {
      auto& queue = gate_.queue_;
      while (auto* next = turn_.settled.pop()) {
        auto& x = static_cast<resource_waiter&>(*next);
        // Read before: who is woken may be gone.
        const auto granted = x.state() == place_waiter::phase::granted;
        auto* record =
          granted ? &gate_.write_down(x.amounts(), x.waiting_task()) : nullptr;
        x.record = record;
        if (!wake(x) && granted) {
          gate_.strike_out(*record);
          queue.decline(x, turn_);
        }
      }
      return queue.waiting() == 0 ? std::nullopt : queue.next_advance(turn_);
    }

  private:
    resource_gate& gate_;
    std::lock_guard<runtime::small_mutex> guard_;
    resource_turn turn_;
  };

private:
  /// May throw `std::bad_alloc`; nothing has changed then.
  lease_record& write_down(const resource_amounts& amounts,
                           task_actor* holder) {
    auto& result = records_.take(owner_, amounts);
    result.holder.store(holder, std::memory_order_relaxed);
    ++granted_;
    return result;
  }

  /// As if it had never been granted.
  void strike_out(lease_record& x) noexcept {
    records_.give_back(x);
    --granted_;
  }

  monitor_state& owner_;
  runtime::small_mutex mutex_;
  resource_balances balances_;
  resource_queue queue_;
  lease_records records_;
  std::uint64_t granted_ = 0;
};

} // namespace axiom::detail
