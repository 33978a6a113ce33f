#pragma once

#include <any>
#include <utility>

#include "axiom/task/async.hpp"
#include "axiom/task/operation.hpp"

namespace axiom {

namespace detail {

/// The innermost binding of `key` that the current task sees; null if none.
const std::any* find_local(const void* key) noexcept;

/// Binds a value in the current task for a scope.
class local_scope {
public:
  local_scope(task_actor& task, const void* key, std::any value);
  ~local_scope();
  local_scope(const local_scope&) = delete;
  local_scope& operator=(const local_scope&) = delete;

private:
  task_actor& task_;
  environment_ptr before_;
};

} // namespace detail

/// A value that belongs to a task and to all it starts: a request's id, a
/// tenant, a tracing span. Declare it `static` (its address is its identity):
///
///     static axiom::task_local<std::string> request_id{"none"};
///     co_await request_id.with(self, "r-17", handle);   // binds it
///     log(request_id.get());                            // anywhere below
///
/// Children see what was bound when they were created. Reading costs one
/// comparison a binding on the way; binding allocates.
template <class T>
class task_local {
public:
  explicit task_local(T default_value = {}) : default_(std::move(default_value)) {
    // nop
  }

  task_local(const task_local&) = delete;
  task_local& operator=(const task_local&) = delete;

  /// The value bound in the task running on this thread, or the default.
  const T& get() const noexcept {
    auto* found = detail::find_local(this);
    return found != nullptr ? *std::any_cast<T>(found) : default_;
  }

  /// Runs `op(self)` with the value bound. Awaitable.
  template <class U, class F>
  async<operation_result_t<detail::operation_t<F>>>
  with(task_context& self, U&& value, F&& op) const {
    return run(self, T(std::forward<U>(value)),
               detail::take_operation<F>(std::forward<F>(op)));
  }

private:
  template <class F>
  async<operation_result_t<F>> run(task_context& self, T value, F op) const {
    // Not self.impl(): a group's body may pass the context of the task around.
    detail::local_scope scope{*detail::current_task(), this,
                              std::any{std::move(value)}};
    using traits = detail::operation_traits<F>;
    if constexpr (traits::is_coroutine)
      co_return co_await traits::call(op, self);
    else
      co_return traits::call(op, self);
  }

  T default_;
};

} // namespace axiom
