#pragma once

#include <cstdint>
#include <string>

#include <caf/meta/type_name.hpp>

namespace axiom {

/// Where a resource_aware_executor stands. What its operations hold, and how
/// long they waited for it, is in the `resource_stats` of its monitor.
struct executor_stats {
  std::string name;
  std::uint64_t accepted = 0; ///< operations that it ever took
  std::uint64_t waiting = 0; ///< of these, have no lease yet
  std::uint64_t running = 0; ///< of these, have one

  template <class Inspector>
  friend typename Inspector::result_type inspect(Inspector& f,
                                                 executor_stats& x) {
    return f(caf::meta::type_name("axiom::executor_stats"), x.name, x.accepted,
             x.waiting, x.running);
  }
};

/// One line for people.
std::string to_string(const executor_stats& x);

} // namespace axiom
