#pragma once

// What the tests of phased shutdowns share.

#include <optional>
#include <string>
#include <utility>

#include "support/tasks.hpp"

namespace test {

namespace shutdown_phase = axiom::shutdown_phase;
using axiom::phase_state;

struct phased : stepwise {
  /// A coordinator which the fixture does not look after.
  axiom::structured_task_coordinator another(
    axiom::coordinator_options options = {.name = "other"}) {
    return axiom::structured_task_coordinator::spawn(system(),
                                                     std::move(options));
  }

  /// One with these phases.
  axiom::structured_task_coordinator with_phases(
    std::vector<axiom::phase> phases) {
    return another({.name = "other", .shutdown_phases = std::move(phases)});
  }

  static const axiom::phase_report& phase_of(
    const axiom::shutdown_phases_report& report, std::string_view name) {
    for (const auto& x : report.phases)
      if (x.name == name)
        return x;
    throw std::out_of_range{std::string{name}};
  }

  /// The states of the phases, as "name state".
  static lines states_of(const axiom::shutdown_phases_report& report) {
    lines result;
    for (const auto& x : report.phases)
      result.push_back(x.name + " " + to_string(x.state));
    return result;
  }

  /// Who held a phase, a dot for each level of depth.
  static lines holders_of(const axiom::phase_report& phase) {
    lines result;
    for (const auto& x : phase.held_by.tasks)
      result.push_back(std::string(x.depth, '.') + x.task.name);
    return result;
  }
};

/// A body that no cancellation ends, only the end of its grace.
inline async<void> stubborn(task_context& self) {
  co_await axiom::as_expected(self.sleep_for(24h));
  co_await self.shielded(forever, 24h);
}

} // namespace test

#define CHECK_LINES(got, ...)                                                  \
  BOOST_TEST((got) == (test::lines{__VA_ARGS__}),                              \
             boost::test_tools::per_element())
