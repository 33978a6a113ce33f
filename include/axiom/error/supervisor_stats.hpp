#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include <caf/actor_control_block.hpp>
#include <caf/meta/type_name.hpp>

namespace axiom {

/// Where a child stands.
enum class child_state : std::uint8_t {
  waiting, ///< it is to be started: its time or its turn has not come
  starting, ///< made, and not started yet
  running,
  stopping, ///< asked to end
  killing, ///< killed, and not dead yet
  stopped, ///< it is not to run; it may be restarted
};

/// The enumerator's name.
std::string to_string(child_state x);

/// What can be said about one child.
struct child_info {
  std::string name;
  child_state state = child_state::stopped;
  std::string kind; ///< "actor", "task" or "supervisor"
  std::string restart; ///< the name of its restart_kind
  bool significant = false;
  std::uint64_t starts = 0; ///< how often it was made
  std::uint64_t failures = 0; ///< how often it failed, or failed to start
  std::string last_error; ///< "" if it never did
  caf::strong_actor_ptr actor; ///< null if there is none

  template <class Inspector>
  friend typename Inspector::result_type inspect(Inspector& f, child_info& x) {
    return f(caf::meta::type_name("axiom::child_info"), x.name, x.state, x.kind,
             x.restart, x.significant, x.starts, x.failures, x.last_error,
             x.actor);
  }
};

/// The children of a supervisor in numbers.
struct child_counts {
  std::uint64_t specs = 0; ///< all
  std::uint64_t active = 0; ///< those that are there, whatever they do
  std::uint64_t supervisors = 0;
  std::uint64_t workers = 0; ///< the others

  template <class Inspector>
  friend typename Inspector::result_type inspect(Inspector& f,
                                                 child_counts& x) {
    return f(caf::meta::type_name("axiom::child_counts"), x.specs, x.active,
             x.supervisors, x.workers);
  }
};

/// What a supervisor has done, and where it stands.
struct supervisor_stats {
  std::string name;
  std::uint64_t children = 0; ///< all
  std::uint64_t active = 0; ///< those that are there
  std::uint64_t starts = 0; ///< children that were made
  std::uint64_t restarts = 0; ///< not by request; of several as one
  std::uint64_t errors = 0; ///< of children, failed starts included

  template <class Inspector>
  friend typename Inspector::result_type inspect(Inspector& f,
                                                 supervisor_stats& x) {
    return f(caf::meta::type_name("axiom::supervisor_stats"), x.name,
             x.children, x.active, x.starts, x.restarts, x.errors);
  }
};

/// One line for people.
std::string to_string(const supervisor_stats& x);

} // namespace axiom
