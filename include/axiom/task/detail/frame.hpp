#pragma once

#include <coroutine>

namespace axiom::detail {

class task_actor;

/// One coroutine on a task's stack of coroutines: the part of its promise that
/// does not depend on the result type.
///
/// A coroutine that calls another suspends and lets the task's trampoline
/// resume the callee; at its end the callee lets the trampoline resume the
/// caller. (Symmetric transfer would do the same with less code, but it is no
/// tail call with g++ 12 below -O2 nor under sanitizers, and a loop of two
/// million ready co_awaits would overflow the stack.)
struct frame {
  task_actor* task = nullptr;
  frame* caller = nullptr; ///< null for the task's outermost coroutine
  std::coroutine_handle<> self;
  /// Where the caller keeps the handle; cleared when the frame is unwound
  /// under it, so that it is destroyed once.
  std::coroutine_handle<>* owner = nullptr;
  /// Whether the caller takes a cancellation as a result (`as_expected`).
  bool boundary = false;
};

} // namespace axiom::detail
