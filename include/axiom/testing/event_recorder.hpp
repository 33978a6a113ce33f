#pragma once

#include <mutex>
#include <string>
#include <string_view>
#include <vector>

#include "axiom/task/lifecycle.hpp"

namespace axiom::testing {

/// Keeps every lifecycle event in the order in which it happened. Thread-safe.
class event_recorder final : public lifecycle_sink {
public:
  void on_event(const task_lifecycle_event& event) noexcept override;

  /// All events so far.
  std::vector<task_lifecycle_event> events() const;

  /// The phases that tasks of this name went through, in order.
  std::vector<task_phase> phases_of(std::string_view name) const;

  /// How many events have this phase.
  std::size_t count(task_phase phase) const;

  /// What contradicts the rules: a task with two ends, an end before its
  /// beginning, or (with `all_ended`) one without an end. Empty if all is well.
  std::vector<std::string> violations(bool all_ended) const;

  void clear();

private:
  mutable std::mutex mutex_;
  std::vector<task_lifecycle_event> events_;
};

} // namespace axiom::testing
