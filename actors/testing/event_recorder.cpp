#include "axiom/testing/event_recorder.hpp"

#include <algorithm>
#include <unordered_map>

#include "axiom/error/errc.hpp"

namespace axiom::testing {

namespace {

/// Whether it was cancelled before its body ran; for a scope whose time was over
/// that is a failure.
bool may_end_unstarted(const task_lifecycle_event& event) {
  return event.phase == task_phase::cancelled
         || (event.phase == task_phase::failed
             && event.detail.starts_with(to_string(errc::deadline_exceeded)));
}

} // namespace

void event_recorder::on_event(const task_lifecycle_event& event) noexcept {
  std::lock_guard guard{mutex_};
  events_.push_back(event);
}

std::vector<task_lifecycle_event> event_recorder::events() const {
  std::lock_guard guard{mutex_};
  return events_;
}

std::vector<task_phase> event_recorder::phases_of(std::string_view name) const {
  std::lock_guard guard{mutex_};
  std::vector<task_phase> result;
  for (auto& x : events_)
    if (x.task.name == name)
      result.push_back(x.phase);
  return result;
}

std::size_t event_recorder::count(task_phase phase) const {
  std::lock_guard guard{mutex_};
  return static_cast<std::size_t>(
    std::count_if(events_.begin(), events_.end(),
                  [phase](auto& x) { return x.phase == phase; }));
}

std::vector<std::string> event_recorder::violations(bool all_ended) const {
  struct seen {
    std::string name;
    bool created = false;
    bool started = false;
    bool ended = false;
  };
  std::vector<std::string> result;
  std::unordered_map<task_id, seen> tasks;
  for (auto& event : events()) {
    auto& task = tasks[event.task.id];
    task.name = event.task.name;
    auto complain = [&](std::string_view what) {
      result.push_back("'" + event.task.name + "': " + to_string(event.phase)
                       + " " + std::string{what});
    };
    switch (event.phase) {
      case task_phase::created:
        if (std::exchange(task.created, true))
          complain("twice");
        break;
      case task_phase::started:
        if (!task.created)
          complain("before it was created");
        if (task.ended)
          complain("after its end");
        if (std::exchange(task.started, true))
          complain("twice");
        break;
      default:
        if (!task.created)
          complain("before it was created");
        if (!task.started && !may_end_unstarted(event))
          complain("before it was started");
        if (std::exchange(task.ended, true))
          complain("after another end");
    }
  }
  if (all_ended)
    for (auto& [id, task] : tasks)
      if (!task.ended)
        result.push_back("'" + task.name + "' has no end");
  return result;
}

void event_recorder::clear() {
  std::lock_guard guard{mutex_};
  events_.clear();
}

} // namespace axiom::testing
