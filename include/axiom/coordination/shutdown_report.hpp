#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include <caf/fwd.hpp>

#include "axiom/coordination/snapshot.hpp"
#include "axiom/runtime/running_actors.hpp"

namespace axiom {

/// What keeps an actor system from ending, at one moment. Of many things only
/// some are listed, all are counted. The parts are read one after the other
/// while things end, so they may disagree by what ended meanwhile.
struct shutdown_report {
  /// A coordinator. Its actor runs until there is neither a handle nor a task.
  struct coordinator {
    std::optional<caf::actor_id> actor; ///< none once that has been killed
    bool open = false; ///< somebody has a handle, and has not shut it down
    tree_snapshot tree;
  };

  /// Since the guard's end.
  std::chrono::nanoseconds waited{};

  timestamp at;

  /// CAF waits for no actor any more and stops its threads: what holds the
  /// system up now is a job that does not return, or a detached actor that CAF
  /// does not count.
  bool stopping = false;

  std::vector<coordinator> coordinators;
  std::size_t coordinator_count = 0;
  std::uint64_t task_count = 0;

  /// Event-based actors, without those of coordinators. None where they cannot
  /// be seen: under CAF's own scheduler policies, and once the scheduler stops.
  std::optional<runtime::running_actors> actors;

  /// How many more actors CAF waits for. CAF has no way to find out which:
  /// blocking ones (a `scoped_actor` too), detached ones, brokers, event-based
  /// ones that never ran, and all event-based ones where they cannot be seen.
  /// Hidden actors are none of CAF's count.
  std::size_t unnamed = 0;
};

/// The report for people, in several lines.
std::string to_string(const shutdown_report& x);

} // namespace axiom
