#pragma once

// The workloads, one or a small family a file, and the list of them. What each
// asks, and which gap in its figures matters, is said at the head of its file.

#include <span>
#include <string_view>
#include <vector>

#include "harness.hpp"

namespace bench {

/// One peer's way to do a workload.
struct arm {
  peer who;
  void (*measure)(const experiment&);
};

struct workload {
  std::string_view name;
  std::string_view question; ///< in one line
  std::vector<arm> arms;
};

/// All of them, in the order in which they run.
std::span<const workload> all_workloads();

// -- tasks --------------------------------------------------------------------

void spawn_join(const experiment& run);
void skynet(const experiment& run);
void fork_join_cpu(const experiment& run);
void map_with_limit(const experiment& run);
void errors(const experiment& run);
void memory_per_task(const experiment& run);

// -- coordination -------------------------------------------------------------

void sem_uncontended(const experiment& run);
void sem_contended(const experiment& run);

// -- cancellation -------------------------------------------------------------

void cancel_tree(const experiment& run);
void cancel_signal(const experiment& run);

// -- actors -------------------------------------------------------------------

void rendezvous(const experiment& run);

/// The same as their namesakes by plain CAF actors, for both peers `caf_*`.
void spawn_join_caf(const experiment& run);
void skynet_caf(const experiment& run);

} // namespace bench
