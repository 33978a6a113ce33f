#include "axiom/coordination/detail/live_tree.hpp"

namespace axiom::detail {

namespace {

const char* name_of(task_state::phase phase) noexcept {
  switch (phase) {
    case task_state::phase::idle:
      return "external";
    case task_state::phase::queued:
    case task_state::phase::woken:
      return "queued";
    case task_state::phase::running:
      return "running";
    case task_state::phase::suspended:
      return "suspended";
    default:
      return "ending";
  }
}

} // namespace

task_snapshot snapshot_of(const task_actor& task, std::uint32_t depth) {
  task_snapshot result;
  result.task = task.reference();
  result.depth = depth;
  result.state = name_of(task.state().current_phase());
  result.effective_priority = static_cast<task_priority>(task.level());
  result.cancelled = task.state().cancelled();
  result.shielded = task.node_kind() == task_kind::shield;
  result.children = task.state().children();
  return result;
}

} // namespace axiom::detail
