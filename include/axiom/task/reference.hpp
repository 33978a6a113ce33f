#pragma once

#include <chrono>
#include <compare>
#include <cstdint>
#include <functional>
#include <string>

#include <caf/actor_control_block.hpp>
#include <caf/meta/type_name.hpp>

#include "axiom/task/priority.hpp"

namespace axiom {

/// Identifies a task for ever and everywhere: 64 random bits drawn when its
/// actor system started, and its actor id within that system.
struct task_id {
  std::uint64_t system = 0;
  std::uint64_t actor = 0;

  bool operator==(const task_id&) const = default;
  auto operator<=>(const task_id&) const = default;

  /// False for the identity of no task.
  explicit operator bool() const noexcept {
    return actor != 0;
  }
};

/// The identity in the form of a UUID.
std::string to_string(const task_id& id);

template <class Inspector>
typename Inspector::result_type inspect(Inspector& f, task_id& x) {
  return f(caf::meta::type_name("axiom::task_id"), x.system, x.actor);
}

/// The longest name of a task, in bytes.
inline constexpr std::size_t max_task_name = 64;

/// A point in time for people and logs.
using timestamp = std::chrono::system_clock::time_point;

/// What can be said about a task from outside: a value to keep, print, compare
/// and send. It keeps nothing alive.
///
/// Equality, order and hash go by `id` alone.
class task_reference {
public:
  task_reference() = default;

  task_id id;
  task_id parent; ///< no task for a root
  std::string name;
  task_priority priority = task_priority::medium;
  timestamp created_at;

  friend bool operator==(const task_reference& a, const task_reference& b) {
    return a.id == b.id;
  }

  friend auto operator<=>(const task_reference& a, const task_reference& b) {
    return a.id <=> b.id;
  }

  template <class Inspector>
  friend typename Inspector::result_type inspect(Inspector& f,
                                                 task_reference& x) {
    return f(caf::meta::type_name("axiom::task_reference"), x.id, x.parent,
             x.name, x.priority, x.created_at);
  }

  /// Where the task lives, in this process only: not sent with the rest.
  caf::weak_actor_ptr local;
};

/// The name and the identity, as `name (uuid)`.
std::string to_string(const task_reference& ref);

} // namespace axiom

template <>
struct std::hash<axiom::task_id> {
  std::size_t operator()(const axiom::task_id& id) const noexcept {
    // The prefix is the same for all tasks of a system; the golden ratio
    // spreads the counter.
    return static_cast<std::size_t>(id.system
                                    ^ (id.actor * 0x9e3779b97f4a7c15ULL));
  }
};

template <>
struct std::hash<axiom::task_reference> {
  std::size_t operator()(const axiom::task_reference& ref) const noexcept {
    return std::hash<axiom::task_id>{}(ref.id);
  }
};
