#pragma once

// The scheduler policies with real workers. What is tested under each of them
// takes them from here.

#include <array>

#include "axiom/runtime/install.hpp"

namespace test {

/// A policy by the name that a failing test shows.
struct named_policy {
  axiom::runtime::scheduler_policy value;
  const char* name;
};

inline constexpr std::array policies{
  named_policy{axiom::runtime::scheduler_policy::sharing, "sharing"},
  named_policy{axiom::runtime::scheduler_policy::stealing, "stealing"},
};

} // namespace test
