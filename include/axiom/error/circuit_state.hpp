#pragma once

#include <cstdint>
#include <string>

#include <caf/meta/type_name.hpp>

#include "axiom/task/reference.hpp"

namespace axiom {

/// What a circuit breaker does with calls.
enum class circuit_state : std::uint8_t {
  closed, ///< lets them through
  open, ///< refuses them
  half_open, ///< lets a few through, to see how they fare
};

/// The enumerator's name.
std::string to_string(circuit_state state);

/// A circuit breaker has changed its state.
struct circuit_event {
  std::string name; ///< the breaker's
  circuit_state from = circuit_state::closed;
  circuit_state to = circuit_state::closed;
  timestamp at;
  timestamp until; ///< of an open circuit: when it will be half-open
  std::string why; ///< for people

  template <class Inspector>
  friend typename Inspector::result_type inspect(Inspector& f,
                                                 circuit_event& x) {
    return f(caf::meta::type_name("axiom::circuit_event"), x.name, x.from, x.to,
             x.at, x.until, x.why);
  }
};

/// In one line.
std::string to_string(const circuit_event& x);

/// What a circuit breaker has done, and where it stands, at one moment.
struct circuit_stats {
  std::string name;
  circuit_state state = circuit_state::closed;
  timestamp since; ///< when it came to this state
  timestamp until; ///< of an open circuit: when it will be half-open
  std::string why; ///< it is not closed; "" if it is

  std::uint64_t succeeded = 0; ///< calls, and so on
  std::uint64_t failed = 0;
  std::uint64_t ignored = 0; ///< of which nothing can be learnt: cancelled, say
  std::uint64_t late = 0; ///< that ended in another state than they began in
  std::uint64_t refused = 0;
  std::uint64_t opened = 0; ///< how often it opened

  std::uint64_t recent_calls = 0; ///< within the window
  std::uint64_t recent_failures = 0;
  std::uint64_t failures_in_a_row = 0;
  std::uint64_t probes = 0; ///< that are under way
  std::uint64_t subscribers = 0; ///< who get its events; 0 once it has ended

  template <class Inspector>
  friend typename Inspector::result_type inspect(Inspector& f,
                                                 circuit_stats& x) {
    return f(caf::meta::type_name("axiom::circuit_stats"), x.name, x.state,
             x.since, x.until, x.why, x.succeeded, x.failed, x.ignored, x.late,
             x.refused, x.opened, x.recent_calls, x.recent_failures,
             x.failures_in_a_row, x.probes, x.subscribers);
  }
};

/// One line for people.
std::string to_string(const circuit_stats& x);

} // namespace axiom
