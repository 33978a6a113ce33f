#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include <caf/error.hpp>
#include <caf/fwd.hpp>
#include <caf/meta/type_name.hpp>
#include <caf/timespan.hpp>

#include "axiom/coordination/limiter_stats.hpp"
#include "axiom/coordination/phases.hpp"
#include "axiom/coordination/snapshot.hpp"

namespace axiom {

/// The phases for which a coordinator does something by itself, beside the
/// operations that were added to them. It goes by these names, so a plan of
/// one's own may order them otherwise, leave some out, and have others.
namespace shutdown_phase {

/// Admits no more root tasks.
inline constexpr std::string_view stop_admitting = "stop_admitting";

/// Waits for the end of all tasks.
inline constexpr std::string_view drain = "drain";

/// Cancels all tasks with reason `shutdown`, and waits for their end. The
/// budget is their grace: those that have not ended then are killed.
inline constexpr std::string_view cancel = "cancel";

/// Nothing of its own: for giving back what the tasks worked with.
inline constexpr std::string_view release = "release";

/// Nothing of its own: for what has to be there until the very end.
inline constexpr std::string_view stop = "stop";

} // namespace shutdown_phase

/// Those five, each behind the one before it. Draining may take 10 s, each of
/// the others 5 s.
std::vector<phase> default_shutdown_phases();

/// An operation of a phase that failed.
struct phase_failure {
  task_reference task;
  caf::error error;
};

template <class Inspector>
typename Inspector::result_type inspect(Inspector& f, phase_failure& x) {
  return f(caf::meta::type_name("axiom::phase_failure"), x.task, x.error);
}

/// What a phase still waited for when its time was over.
struct phase_holders {
  /// At most this many tasks are listed; `task_count` counts all.
  static constexpr std::size_t max_listed = 100;

  std::vector<task_snapshot> tasks; ///< parents before their children
  std::uint64_t task_count = 0;
  std::vector<caf::actor_id> actors; ///< those that listed tasks adopted
  std::vector<permit_holding> permits; ///< those that listed tasks hold
};

template <class Inspector>
typename Inspector::result_type inspect(Inspector& f, phase_holders& x) {
  return f(caf::meta::type_name("axiom::phase_holders"), x.tasks, x.task_count,
           x.actors, x.permits);
}

/// What became of a phase.
struct phase_report {
  std::string name;
  phase_state state = phase_state::waiting; ///< `running` if it was cut short
  caf::timespan started{0}; ///< since the beginning of the run
  caf::timespan took{0};
  std::vector<phase_failure> failures;
  phase_holders held_by; ///< unless it is done
};

template <class Inspector>
typename Inspector::result_type inspect(Inspector& f, phase_report& x) {
  return f(caf::meta::type_name("axiom::phase_report"), x.name, x.state,
           x.started, x.took, x.failures, x.held_by);
}

/// What became of a phased shutdown.
struct shutdown_phases_report {
  std::string coordinator;
  std::vector<phase_report> phases; ///< in the order of definition
  std::string aborted_by; ///< the phase because of which others were skipped
  std::string interrupted_by; ///< why the run was cut short, if it was
  caf::timespan elapsed{0};

  /// Whether all phases are done, and no operation failed.
  bool clean() const noexcept;
};

template <class Inspector>
typename Inspector::result_type inspect(Inspector& f,
                                        shutdown_phases_report& x) {
  return f(caf::meta::type_name("axiom::shutdown_phases_report"), x.coordinator,
           x.phases, x.aborted_by, x.interrupted_by, x.elapsed);
}

/// The report for people, in several lines.
std::string to_string(const shutdown_phases_report& x);

} // namespace axiom
