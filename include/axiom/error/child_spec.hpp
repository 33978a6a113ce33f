#pragma once

#include <chrono>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <type_traits>
#include <utility>

#include <caf/actor_cast.hpp>
#include <caf/actor_control_block.hpp>
#include <caf/actor_system.hpp>
#include <caf/message.hpp>

#include "axiom/error/supervisor/child_body.hpp"
#include "axiom/error/supervisor/task_child.hpp"
#include "axiom/runtime/timer_service.hpp"
#include "axiom/task/options.hpp"

namespace axiom {

struct supervisor_options;

/// When a child is restarted after it has ended by itself. See `exit_class` for
/// which ends are failures.
enum class restart_kind : std::uint8_t {
  permanent, ///< always
  transient, ///< after a failure
  temporary, ///< never; it is forgotten, however it ended
};

/// The enumerator's name.
std::string to_string(restart_kind x);

/// When a child counts as started, so that the next one may start.
enum class child_start_mode : std::uint8_t {
  /// As soon as it was made.
  made,
  /// When it says so: a task by `self.started()`, an actor by sending
  /// `started_atom_v` to its supervisor, or by `child_start::started`. One that
  /// ends before has failed to start. (A supervisor as a child always says so,
  /// when its own children have started.)
  said,
};

/// The enumerator's name.
std::string to_string(child_start_mode x);

/// For `child_options::shutdown`: the child has all the time it wants.
inline constexpr runtime::duration shutdown_infinity = runtime::duration::max();

/// For `child_options::shutdown`: the child is not asked, but killed.
inline constexpr runtime::duration shutdown_kill = runtime::duration::zero();

/// What a supervisor needs to know of a child.
struct child_options {
  /// At most 64 bytes; unlike those of the others.
  std::string name{};

  restart_kind restart = restart_kind::permanent;

  /// Whether its end may be that of the supervisor: see `auto_shutdown`. Not
  /// for permanent children.
  bool significant = false;

  /// How long it has to end once it is asked to; then it is killed. None: 5 s,
  /// and all the time it wants for a supervisor.
  std::optional<runtime::duration> shutdown{};

  child_start_mode start = child_start_mode::made;

  /// How long its start may take; then it is stopped, and has failed to start.
  /// Only with `child_start_mode::said`, and for supervisors.
  runtime::duration start_timeout = runtime::duration::max();
};

/// What a child is, and what its supervisor does with it. A value, cheap to
/// copy; see the functions below.
class child_spec {
public:
  /// For the framework.
  child_spec(child_options how, std::shared_ptr<const detail::child_body> what)
    : options_(std::make_shared<const child_options>(std::move(how))),
      body_(std::move(what)) {
    // nop
  }

  const child_options& options() const noexcept {
    return *options_;
  }

  /// For the framework. Null if it was made from an empty function.
  const std::shared_ptr<const detail::child_body>& body() const noexcept {
    return body_;
  }

private:
  std::shared_ptr<const child_options> options_;
  std::shared_ptr<const detail::child_body> body_;
};

/// What can be sent to a supervisor in the same process: see supervisor_actor.
struct local_child_spec {
  std::shared_ptr<const child_spec> spec;
};

/// A child that is a CAF actor of any kind: `make(child_start&)` spawns one and
/// returns its handle. It runs in the supervisor, so it is short and does not
/// block. If it throws, the child has failed to start; an empty handle says
/// that there is nothing to do at present: the child counts as started, and as
/// one that is not running. (Two supervisors with copies of one specification
/// may call it at the same time.)
///
///     axiom::actor_child({.name = "tail"}, [](axiom::child_start& start) {
///       return start.system().spawn<tail_actor>();
///     });
///
/// The supervisor keeps the actor alive. To end, it gets an exit message with
/// `exit_reason::user_shutdown`, and `kill` when its time is over.
template <class F>
child_spec actor_child(child_options options, F make) {
  static_assert(std::invocable<F&, child_start&>,
                "the function that makes a child takes (axiom::child_start&)");
  if constexpr (std::is_assignable_v<F&, std::nullptr_t>) // it may be empty
    if (!make)
      return {std::move(options), nullptr};
  auto spawn = [make = std::move(make)](child_start& start) mutable {
    auto handle = make(start);
    return handle ? caf::actor_cast<caf::strong_actor_ptr>(std::move(handle))
                  : caf::strong_actor_ptr{};
  };
  return {std::move(options), detail::make_actor_body(std::move(spawn))};
}

/// A child that is a task: `op` as for `create_child_task`, copied for each
/// start. To end, it is cancelled with reason `shutdown`.
/// @param how what each of these tasks is created with; but it has the child's
///        name, and to end the time that its supervisor gives it
template <class F>
child_spec task_child(child_options options, F op, task_options how = {}) {
  return {std::move(options),
          std::make_shared<detail::task_body<F>>(std::move(op), how)};
}

/// A child that is a supervisor; it has the name given in `options`. What it
/// escalates is the error of this child.
child_spec supervisor_child(child_options options, supervisor_options nested);

} // namespace axiom
