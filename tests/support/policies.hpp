#pragma once

// The scheduler policies with real workers, and the ways to run a test under
// each of them. Tests of what holds under every policy take them from here.

#include <array>
#include <cstddef>
#include <initializer_list>
#include <ostream>
#include <string>
#include <vector>

#include "axiom/runtime/install.hpp"

namespace test {

/// A policy by the name that a failing test shows.
struct named_policy {
  axiom::runtime::scheduler_policy value;
  const char* name;
};

inline constexpr std::array policies{
  named_policy{axiom::runtime::scheduler_policy::axiom, "axiom"},
  named_policy{axiom::runtime::scheduler_policy::sharing, "sharing"},
  named_policy{axiom::runtime::scheduler_policy::stealing, "stealing"},
};

/// One way to run a test.
struct placement {
  named_policy policy;
  std::size_t workers;
};

inline std::string to_string(const placement& x) {
  return std::string{x.policy.name} + ", workers: " + std::to_string(x.workers);
}

inline std::ostream& operator<<(std::ostream& out, const placement& x) {
  return out << to_string(x);
}

inline std::vector<placement> under_each_policy(
  std::initializer_list<std::size_t> workers) {
  std::vector<placement> result;
  for (auto policy : policies)
    for (auto n : workers)
      result.push_back({policy, n});
  return result;
}

} // namespace test
