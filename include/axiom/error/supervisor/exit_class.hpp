#pragma once

#include <cstdint>

#include <caf/error.hpp>

#include "axiom/task/cancellation.hpp"

namespace axiom::detail {

/// What the end of a child means to its supervisor: a `transient` child is
/// restarted after a failure only, and only failures are errors.
///
/// | the child ended                            | in OTP          | class   |
/// |--------------------------------------------|-----------------|---------|
/// | an actor without a reason                  | `normal`        | normal  |
/// | a task with a value                        | `normal`        | normal  |
/// | `exit_reason::user_shutdown`               | `shutdown`      | normal  |
/// | a supervisor, by its auto-shutdown         | `shutdown`      | normal  |
/// | an actor, with `errc::cancelled`           | `{shutdown, _}` | normal  |
/// | a task, cancelled with reason `user`,      | `{shutdown, _}` | normal  |
/// | `shutdown`, `parent_cancelled`,            |                 |         |
/// | `limit_shed`                               |                 |         |
/// | a task, cancelled with reason `deadline`,  | any other       | failure |
/// | `sibling_failed`, `linked_exit`,           |                 |         |
/// | `node_down`                                |                 |         |
/// | `exit_reason::kill`                        | `killed`        | failure |
/// | a supervisor that gave up                  | `shutdown`      | failure |
/// | any other: an error, an exception          | any other       | failure |
///
/// A supervisor that has given up is a failure here, since its error is to be
/// heard of further up: with OTP, a transient one is just forgotten. A task
/// that was given up for lack of memory is not called back by the next restart,
/// if it is transient.
enum class exit_class : std::uint8_t { normal, failure };

exit_class class_of(const caf::error& reason) noexcept;

exit_class class_of(cancel_reason reason) noexcept;

} // namespace axiom::detail
