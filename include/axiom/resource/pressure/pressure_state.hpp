#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <mutex>
#include <vector>

#include <boost/smart_ptr/intrusive_ptr.hpp>
#include <boost/smart_ptr/intrusive_ref_counter.hpp>

#include "axiom/resource/memory_pressure_actor.hpp"
#include "axiom/resource/memory_pressure_options.hpp"
#include "axiom/resource/memory_relief.hpp"
#include "axiom/runtime/host.hpp"

namespace axiom::detail {

/// What the handles of a memory_pressure share with its actor: the level and
/// the headroom, each in one atomic, and the figures of the last reading.
///
///     measured --end of the actor--> closed
///
/// The actor writes, everybody reads. Level and headroom are written one after
/// the other, so who reads both may see them of two readings; neither orders
/// anything else, so both are relaxed.
///
/// Invariants:
/// 1. It is among the system's residents from `begin` to its actor's end.
/// 2. `actor` is written before the first message to it and after its timer was
///    cancelled for good, so that the timer may read it.
///
/// Thread-safe but for `begin` and `ended`.
class pressure_state final
  : public runtime::resident,
    public boost::intrusive_ref_counter<pressure_state> {
public:
  explicit pressure_state(runtime::host& where);
  ~pressure_state() override;

  runtime::host& host() const noexcept {
    return host_;
  }

  // -- its actor --------------------------------------------------------------

  void begin(memory_pressure_actor actor);

  const memory_pressure_actor& actor() const noexcept {
    return actor_;
  }

  void publish(memory_pressure_level level, std::uint64_t headroom) noexcept;

  void publish(const memory_pressure_stats& stats);

  /// Those attached since the last call.
  std::vector<std::weak_ptr<memory_relief>> take_arrivals();

  /// The actor ends: no level holds any more.
  void ended() noexcept;

  // -- everybody --------------------------------------------------------------

  memory_pressure_level level() const noexcept {
    return level_.load(std::memory_order_relaxed);
  }

  std::uint64_t headroom() const noexcept {
    return headroom_.load(std::memory_order_relaxed);
  }

  memory_pressure_stats stats() const;

  void attach(std::weak_ptr<memory_relief> x);

private:
  runtime::host& host_; ///< for the actor, which keeps it
  memory_pressure_actor actor_;
  std::atomic<memory_pressure_level> level_{memory_pressure_level::normal};
  std::atomic<std::uint64_t> headroom_{memory_reading::unlimited};
  mutable std::mutex mutex_; ///< of what follows
  memory_pressure_stats stats_;
  std::vector<std::weak_ptr<memory_relief>> arrivals_;
};

using pressure_state_ptr = boost::intrusive_ptr<pressure_state>;

/// Starts the actor of a memory_pressure.
memory_pressure_actor spawn_pressure_actor(caf::actor_system& sys,
                                           pressure_state_ptr state,
                                           memory_pressure_options options);

} // namespace axiom::detail
