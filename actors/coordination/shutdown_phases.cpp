#include "axiom/coordination/shutdown_phases.hpp"

#include <algorithm>
#include <array>
#include <cstdio>

#include "axiom/error/errc.hpp"

namespace axiom {

namespace {

std::string seconds(caf::timespan x) {
  std::array<char, 32> buf{};
  std::snprintf(buf.data(), buf.size(), "%.3f s",
                std::chrono::duration<double>(x).count());
  return buf.data();
}

std::string to_string(const task_snapshot& x) {
  return std::string(2 * (std::size_t{x.depth} + 2), ' ') + x.task.name + " ["
       + x.state + (x.cancelled ? ", cancelled] " : "] ") + to_string(x.task.id)
       + '\n';
}

std::string to_string(const phase_holders& x) {
  std::string result;
  for (const auto& task : x.tasks)
    result += to_string(task);
  if (auto listed = x.tasks.size(); listed < x.task_count)
    result +=
      "    and " + std::to_string(x.task_count - listed) + " more tasks\n";
  for (auto actor : x.actors)
    result += "    actor " + std::to_string(actor) + '\n';
  for (const auto& held : x.permits)
    result += "    " + held.task.name + " holds " + std::to_string(held.permits)
            + (held.permits == 1 ? " permit" : " permits") + " of limiter "
            + quoted(held.limiter) + '\n';
  return result;
}

std::string to_string(const phase_report& x) {
  auto result = "  " + x.name + ": " + to_string(x.state);
  if (x.state != phase_state::skipped)
    result += " after " + seconds(x.took);
  if (x.held_by.task_count > 0)
    result += ", held by:\n" + to_string(x.held_by);
  else
    result += '\n';
  for (const auto& failed : x.failures)
    result +=
      "    " + failed.task.name + " failed: " + describe(failed.error) + '\n';
  return result;
}

} // namespace

std::vector<phase> default_shutdown_phases() {
  std::vector<phase> result;
  for (auto name : {shutdown_phase::stop_admitting, shutdown_phase::drain,
                    shutdown_phase::cancel, shutdown_phase::release,
                    shutdown_phase::stop}) {
    phase next{.name = std::string{name}};
    if (!result.empty())
      next.after.push_back(result.back().name);
    if (name == shutdown_phase::drain)
      next.budget = defaults::drain_budget;
    result.push_back(std::move(next));
  }
  return result;
}

bool shutdown_phases_report::clean() const noexcept {
  return std::all_of(phases.begin(), phases.end(), [](const auto& x) {
    return x.state == phase_state::done && x.failures.empty();
  });
}

std::string to_string(const shutdown_phases_report& x) {
  auto result =
    "shutdown of " + quoted(x.coordinator) + " took " + seconds(x.elapsed);
  if (!x.aborted_by.empty())
    result += ", aborted by " + quoted(x.aborted_by);
  if (!x.interrupted_by.empty())
    result += ", interrupted: " + x.interrupted_by;
  result += '\n';
  for (const auto& phase : x.phases)
    result += to_string(phase);
  return result;
}

} // namespace axiom
