#pragma once

#include <cstdint>
#include <string>

#include "axiom/task/reference.hpp"

namespace axiom {

/// What happened to a task.
enum class task_phase : std::uint8_t {
  created,
  started,
  completed,
  failed,
  cancelled
};

/// The enumerator's name.
std::string to_string(task_phase phase);

/// One step in the life of a task. A task has exactly one of `completed`,
/// `failed` and `cancelled`; `created` comes before `started`, and `started`,
/// unless it was cancelled before its body ran, before the end. (A scope whose
/// time was over before its body ran has failed.)
struct task_lifecycle_event {
  task_reference task;
  task_phase phase = task_phase::created;
  timestamp at;
  std::string detail; ///< the error or the cause, for failed and cancelled
};

template <class Inspector>
typename Inspector::result_type inspect(Inspector& f, task_lifecycle_event& x) {
  return f(caf::meta::type_name("axiom::task_lifecycle_event"), x.task, x.phase,
           x.at, x.detail);
}

/// Receives every event of a coordinator's tasks on the thread where it
/// happens, before anybody waiting for that task goes on. Implementations are
/// short, thread-safe and never wait. (An actor observes through a sink that
/// buffers.)
class lifecycle_sink {
public:
  virtual ~lifecycle_sink();
  virtual void on_event(const task_lifecycle_event& event) noexcept = 0;
};

} // namespace axiom
