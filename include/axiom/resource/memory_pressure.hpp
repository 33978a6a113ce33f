#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <vector>

#include <caf/actor.hpp>
#include <caf/fwd.hpp>

#include "axiom/resource/memory_pressure_actor.hpp"
#include "axiom/resource/memory_pressure_event.hpp"
#include "axiom/resource/memory_pressure_level.hpp"
#include "axiom/resource/memory_pressure_options.hpp"
#include "axiom/resource/memory_pressure_stats.hpp"
#include "axiom/resource/memory_relief.hpp"

namespace axiom {

namespace detail {

class pressure_handle;

} // namespace detail

/// Measures how short the process's memory is, and has those who can do with
/// less of it do so, before the kernel ends one of them of its own choice. The
/// handle to a CAF actor.
///
///     auto pressure = axiom::memory_pressure::spawn(sys);
///     pressure.attach(pool);
///     ...
///     coordinator.create_child_task({.name = "prefetch", .sheddable = true},
///                                   prefetch);
///
/// At each reading it looks at what the kernel says: the limits of the control
/// groups that the process is in, the machine's memory, and the time lost to
/// stalls; see memory_files. From that it derives a level, and what to do:
///
/// | level                         | what is done                             |
/// |-------------------------------|------------------------------------------|
/// | `warning`                     | pools and admission shrink               |
/// | `critical`                    | admission is serialised                  |
/// | still, at a following reading | a batch of sheddable tasks is cancelled, |
/// |                               | and the next one when it has ended       |
///
/// and undoes it in the reverse order as the level falls. Each step is counted
/// and announced to subscribers.
///
/// Tasks are shed from the lowest priority up, among equal ones the youngest
/// first, with reason `limit_shed`; the cause says which level, source,
/// measurement and limit it was for.
///
/// Where nothing is known about memory the level is `normal`.
///
/// Handles are cheap to copy and thread-safe. With the last one the actor ends,
/// as if closed; it keeps its system from ending. One for a system is enough:
/// two would both shed.
class memory_pressure {
public:
  /// Starts one in `sys`, which must have been made from an `axiom::config`.
  /// The first reading follows at once, on a worker. Throws
  /// `errc::invalid_argument` with all that is wrong with the options, and
  /// `errc::not_installed`.
  static memory_pressure spawn(caf::actor_system& sys,
                               memory_pressure_options options = {});

  /// The actor, for whoever talks to it by message. Not counted as a handle.
  const memory_pressure_actor& actor() const noexcept;

  // -- observing --------------------------------------------------------------

  /// The level at the last reading: one load. `normal` once it has ended.
  memory_pressure_level level() const noexcept;

  /// How many bytes there were left at the last reading below the nearest
  /// limit; nothing if no limit is known. One load.
  std::optional<std::uint64_t> headroom() const noexcept;

  /// The figures after the last reading. Takes a lock.
  memory_pressure_stats stats() const;

  /// From now on `x` gets each memory_pressure_event, until it ends or
  /// `unsubscribe`; in the order in which they happen.
  void subscribe(const caf::actor& x) const;

  void unsubscribe(const caf::actor& x) const;

  // -- helping ----------------------------------------------------------------

  /// From now on `x` is asked for relief, as long as somebody else holds it;
  /// twice is once. If memory is short, it is told soon. Ignored once this has
  /// ended.
  void attach(const std::shared_ptr<memory_relief>& x) const;

  // -- its end ----------------------------------------------------------------

  /// Ends it: what was asked for is undone, and the level is `normal` from then
  /// on, since nobody measures any more. Tasks that were shed stay so. Returns
  /// at once. Idempotent.
  void close() const;

private:
  explicit memory_pressure(std::shared_ptr<const detail::pressure_handle> x);

  std::shared_ptr<const detail::pressure_handle> handle_;
};

/// The figures of all that run in `sys`, for whoever exposes them. Empty if
/// Axiom is not installed there.
std::vector<memory_pressure_stats> all_memory_pressure_stats(
  caf::actor_system& sys);

} // namespace axiom
