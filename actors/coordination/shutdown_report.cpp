#include "axiom/coordination/shutdown_report.hpp"

#include <cstdio>
#include <string_view>

namespace axiom {

namespace {

std::string seconds(std::chrono::nanoseconds x) {
  char buf[32];
  std::snprintf(buf, sizeof(buf), "%.1f s",
                std::chrono::duration<double>(x).count());
  return buf;
}

std::string count_of(std::uint64_t n, std::string_view what) {
  return std::to_string(n) + ' ' + std::string{what} + (n == 1 ? "" : "s");
}

std::string and_more(std::uint64_t all, std::size_t listed,
                     std::string_view what) {
  if (all <= listed)
    return {};
  return "  and " + std::to_string(all - listed) + " more " + std::string{what}
       + (all - listed == 1 ? "\n" : "s\n");
}

std::string to_string(const task_snapshot& task, timestamp now) {
  std::string result(2 * (std::size_t{task.depth} + 2), ' ');
  result += task.task.name + " [" + task.state + ", "
          + seconds(now - task.task.created_at);
  if (task.cancelled)
    result += ", cancelled";
  if (task.shielded)
    result += ", shield";
  return result + "] " + to_string(task.task.id) + '\n';
}

std::string to_string(const shutdown_report::coordinator& x, timestamp now) {
  std::string result = "  coordinator '" + x.tree.coordinator + '\'';
  if (x.actor)
    result += " (actor " + std::to_string(*x.actor) + ')';
  if (x.open)
    result += ", still open: somebody keeps a handle";
  result += x.tree.tasks.empty() ? "\n" : ":\n";
  for (auto& task : x.tree.tasks)
    result += to_string(task, now);
  return result;
}

/// What those may be that CAF only counts.
std::string unnamed_kinds(const shutdown_report& x) {
  if (x.stopping)
    return "of any kind, for nobody looks at actors any more";
  if (x.actors)
    return "blocking or detached ones, brokers, or event-based ones that never "
           "ran";
  return "of any kind, for event-based ones are seen only by the scheduler "
         "policy axiom";
}

} // namespace

std::string to_string(const shutdown_report& x) {
  auto result = "the actor system has not ended within " + seconds(x.waited)
              + (x.stopping ? "; its threads are being stopped, but a job or "
                              "a detached actor does not return"
                            : "")
              + "; there are still:\n";
  const auto head = result.size();
  std::size_t tasks = 0;
  for (auto& coordinator : x.coordinators) {
    result += to_string(coordinator, x.at);
    tasks += coordinator.tree.tasks.size();
  }
  result += and_more(x.task_count, tasks, "task");
  result += and_more(x.coordinator_count, x.coordinators.size(), "coordinator");
  if (x.actors) {
    for (auto& actor : x.actors->listed)
      result += "  actor " + std::to_string(actor.id) + " '" + actor.name
              + "', for " + seconds(actor.age) + '\n';
    result += and_more(x.actors->count, x.actors->listed.size(), "actor");
  }
  if (x.unnamed > 0)
    result += "  " + count_of(x.unnamed, "actor")
            + " that CAF counts but nobody can name: " + unnamed_kinds(x)
            + '\n';
  if (result.size() == head)
    result += "  nothing that is counted: a hidden detached actor, perhaps\n";
  return result;
}

} // namespace axiom
