#pragma once

#include <cstdint>

#include <caf/error.hpp>

#include "axiom/task/cancellation.hpp"

namespace axiom::detail {

/// What the end of a child means to its supervisor: a `transient` child is
/// restarted after a failure only, and only failures are errors.
///
/// | the child ended                              | in OTP           | class |
/// |----------------------------------------------|------------------|---------|
/// | an actor without a reason; a task with a     | `normal`         | normal |
/// | value                                        |                  | | |
/// `exit_reason::user_shutdown`; a supervisor   | `shutdown`       | normal  |
/// | asked to end, or by its auto-shutdown        |                  | | |
/// cancelled with reason `user`, `shutdown`,    | `{shutdown, _}`  | normal  |
/// | `parent_cancelled` or `limit_shed`, or as an |                  | | |
/// actor with `errc::cancelled`                 |                  |         |
/// | cancelled with reason `deadline`,            | any other        | failure
/// | | `sibling_failed`, `linked_exit`, `node_down` |                  | | |
/// `exit_reason::kill`                          | `killed`         | failure |
/// | any other: an error, an exception, a         | any other        | failure
/// | | supervisor that gave up (in OTP: `shutdown`) |                  | |
///
/// A supervisor that has given up is a failure here, since its error is to be
/// heard of further up: with OTP, a transient one is just forgotten. A task
/// that was given up for lack of memory is not called back by the next restart,
/// if it is transient.
enum class exit_class : std::uint8_t { normal, failure };

exit_class class_of(const caf::error& reason) noexcept;

exit_class class_of(cancel_reason reason) noexcept;

} // namespace axiom::detail
