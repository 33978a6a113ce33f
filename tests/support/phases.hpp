#pragma once

// What the tests of phases share: ways to write some down, and to draw any.

#include <cstddef>
#include <string>
#include <utility>
#include <vector>

#include <rapidcheck.h>

#include "axiom/coordination/phase_plan.hpp"

namespace test {

using axiom::phase;
using names = std::vector<std::string>;
using namespace std::chrono_literals;

inline phase make_phase(std::string name, names after = {},
                        axiom::runtime::duration budget = 5s) {
  return {.name = std::move(name), .after = std::move(after), .budget = budget};
}

enum class cycles { none, maybe };

/// Phases p0, p1, ... each behind some of the others, in an order of definition
/// that is not that of their names.
inline std::vector<phase> any_phases(cycles allowed) {
  auto n = *rc::gen::inRange<std::size_t>(0, 9);
  std::vector<phase> result(n);
  for (std::size_t i = 0; i < n; ++i) {
    // A permutation, since n is less than 11.
    auto& x = result[i * 11 % n];
    x.name = "p" + std::to_string(i);
    auto others = allowed == cycles::maybe ? n : i;
    for (std::size_t j = 0; j < others; ++j)
      if (*rc::gen::inRange(0, 4) == 0)
        x.after.push_back("p" + std::to_string(j));
    x.budget = *rc::gen::inRange(1, 20) * 1s;
  }
  return result;
}

} // namespace test
