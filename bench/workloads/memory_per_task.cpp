// How much resident memory does a suspended task hold?
//
// 100,000 children of one task, each a coroutine that sleeps for an hour: the
// actor, the name, the coroutine's frame, the timer, its place in the tree, and
// whatever the allocator adds. Each run is in a fresh process, since a heap
// that was larger before would hide what is taken from it. Bytes a task.
//
// What matters: the promise of less than 1,024, and any growth at all: the
// figure hardly varies from run to run.

#include <atomic>
#include <fstream>
#include <thread>

#include <unistd.h>

#include "process.hpp"
#include "systems.hpp"
#include "workloads.hpp"

namespace bench {

namespace {

using namespace std::chrono_literals;

long resident_bytes() {
  std::ifstream in{"/proc/self/statm"};
  long total = 0;
  long resident = 0;
  in >> total >> resident;
  require(in.good() || in.eof(), "/proc/self/statm");
  return resident * ::sysconf(_SC_PAGESIZE);
}

axiom::async<void> sleeper(axiom::task_context& self, std::atomic<long>& up) {
  ++up;
  co_await self.sleep_for(1h);
}

axiom::async<void> sleepers(axiom::task_context& self, long n,
                            std::atomic<long>& up) {
  for (long i = 0; i < n; ++i)
    self.create_child_task("child", [&up](axiom::task_context& child) {
      return sleeper(child, up);
    });
  co_await self.sleep_for(1h);
}

double bytes_per_task(long n) {
  const axiom_system env;
  std::atomic<long> up{0};
  const auto before = resident_bytes();
  const auto root = env.coordinator().create_child_task(
    "root",
    [n, &up](axiom::task_context& self) { return sleepers(self, n, up); });
  while (up < n)
    std::this_thread::yield();
  const auto grown = resident_bytes() - before;
  require(root.hierarchy().child_count() == static_cast<std::size_t>(n),
          "tasks alive");
  root.cancel();
  root.wait();
  return static_cast<double>(grown) / static_cast<double>(n);
}

} // namespace

void memory_per_task(const experiment& run) {
  const auto n = run.scaled(100'000, 1'000);
  run.report(n, "bytes", run.measure_cold([n] {
    return from_own_process([n] { return bytes_per_task(n); });
  }));
}

} // namespace bench
