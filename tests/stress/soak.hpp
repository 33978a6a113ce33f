#pragma once

// What the longer stress tests share: how long they run, an actor system
// without anything that keeps a record of each task, and the memory in use.

#include <cstdint>
#include <cstdlib>
#include <fstream>

#include <unistd.h>

#include <caf/actor_system.hpp>

#include "support.hpp"

namespace stress {

/// How many operations a long test does: `otherwise`, unless AXIOM_SOAK=n in
/// the environment asks for more. A tenth of that under sanitizers.
inline std::uint64_t operations(std::uint64_t otherwise) {
  if (auto* given = std::getenv("AXIOM_SOAK"))
    return std::strtoull(given, nullptr, 10);
  return sanitized ? otherwise / 10 : otherwise;
}

/// How long such a test may take: far more than it does.
inline std::chrono::seconds patience(std::uint64_t operations) {
  return std::chrono::seconds{120 + operations / 2'000};
}

/// The resident set of this process, in bytes.
inline std::uint64_t resident_bytes() {
  std::ifstream file{"/proc/self/statm"};
  std::uint64_t total = 0;
  std::uint64_t resident = 0;
  file >> total >> resident;
  return resident * static_cast<std::uint64_t>(::sysconf(_SC_PAGESIZE));
}

/// An actor system with a coordinator. (A fixture writes down what becomes of
/// each task.)
struct plain_system {
  axiom::config cfg;
  caf::actor_system system{cfg};
  axiom::structured_task_coordinator coordinator =
    axiom::structured_task_coordinator::spawn(system, {.name = "soak"});
};

} // namespace stress
