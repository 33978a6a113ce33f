#include "workloads.hpp"

namespace bench {

std::span<const workload> all_workloads() {
  using enum peer;
  static const std::vector<workload> all{
    {"spawn_join",
     "a group of 1,000,000 trivial children, created, run and joined",
     {{axiom, spawn_join},
      {caf_stealing, spawn_join_caf},
      {caf_sharing, spawn_join_caf}}},
    {"skynet",
     "a tree of 1,111,111 tasks, ten wide and six deep, that sums its leaves",
     {{axiom, skynet}, {caf_stealing, skynet_caf}, {caf_sharing, skynet_caf}}},
    {"map_with_limit",
     "1,000,000 elements mapped by a trivial operation, at most n at a time",
     {{axiom, map_with_limit}}},
    {"cancel_tree",
     "a tree of suspended tasks cancelled, until the join of its root returns",
     {{axiom, cancel_tree}}},
    {"cancel_signal",
     "a tree of suspended tasks cancelled, until each task can see it",
     {{axiom, cancel_signal}}},
    {"sem_uncontended",
     "a permit of a limiter taken and given back, 1,000,000 times",
     {{axiom, sem_uncontended}}},
    {"sem_contended",
     "64 tasks that share 8 permits, each in use while others run",
     {{axiom, sem_contended}}},
    {"memory_per_task",
     "the resident memory of a suspended task",
     {{axiom, memory_per_task}}},
    {"fork_join_cpu",
     "the speed-up and the use of two processors by fib(32) in tasks",
     {{axiom, fork_join_cpu}}},
    {"errors",
     "10,000 children, half of which fail with an error of their own",
     {{axiom, errors}}},
    {"rendezvous",
     "a request from one CAF actor to another, and its response",
     {{axiom, rendezvous},
      {caf_stealing, rendezvous},
      {caf_sharing, rendezvous}}},
  };
  return all;
}

} // namespace bench
