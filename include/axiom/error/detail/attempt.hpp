#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>

#include "axiom/coordination/detail/child_scope.hpp"
#include "axiom/coordination/detail/timeout_scope.hpp"
#include "axiom/error/concurrent_errors.hpp"
#include "axiom/task/detail/make_task.hpp"
#include "axiom/task/operation.hpp"

namespace axiom::detail {

/// An operation that somebody else keeps, as one that a task runs; so it may be
/// run again.
template <class F>
struct operation_reference {
  decltype(auto) operator()(task_context& self) const {
    return operation_traits<F>::call(*op, self);
  }

  F* op;
};

template <class F>
operation_reference<F> refer_to(F& op) noexcept {
  return {&op};
}

template <class F>
blocking_operation<operation_reference<blocking_operation<F>>> refer_to(
  blocking_operation<F>& op) noexcept {
  return {{&op}};
}

/// How an attempt is made.
struct attempt_options {
  std::string name;
  std::optional<task_priority> priority{};
  std::optional<runtime::duration> timeout{};
  std::optional<runtime::duration> grace{};
};

/// The name of the nth attempt, counted from 1: "fetch #2". A long one is cut,
/// since a task's name has an end.
std::string attempt_name(std::string_view operation, std::size_t n);

/// One run of an operation as a child of the task that awaits it, which gets
/// its outcome, whatever that is. A task that is cancelled meanwhile gets
/// nothing: it is unwound.
///
/// A named object, awaited once, that lives until then; so does the operation.
template <class F>
struct attempt : awaitable_tag {
  using result_type = operation_result_t<F>;

  attempt(F& what, attempt_options how) : op(what), options(std::move(how)) {
    // nop
  }

  attempt(const attempt&) = delete;
  attempt& operator=(const attempt&) = delete;

  F& op;
  attempt_options options;
  task_reference who; ///< once it has ended
};

template <class F>
class attempt_awaiter final
  : public child_scope<attempt_awaiter<F>, operation_result_t<F>> {
public:
  using value_type = operation_result_t<F>;

  explicit attempt_awaiter(attempt<F>& what) noexcept : what_(what) {
    // nop
  }

  task_ptr start(task_actor& task) {
    auto op = refer_to(what_.op);
    using ref = decltype(op);
    auto& options = what_.options;
    task_options how{.name = options.name,
                     .priority = options.priority,
                     .grace = options.grace};
    if (!options.timeout)
      return spawn_task<operation_task<typed_task<value_type>, ref>>(
        task, how, kind_of<F>, op);
    const auto timeout = time_limit{*options.timeout}.from(
      task.host().timers().now(), options.name);
    how.timeout = timeout;
    return spawn_task<operation_task<timeout_task<value_type>, ref>>(
      task, how, kind_of<F>, op, timeout);
  }

  expected<value_type> await_resume() {
    auto& end = static_cast<typed_task<value_type>&>(this->target());
    what_.who = end.reference();
    return take_outcome(end);
  }

private:
  attempt<F>& what_;
};

template <class F>
attempt_awaiter<F> as_awaiter(attempt<F>& x) noexcept {
  return attempt_awaiter<F>{x};
}

} // namespace axiom::detail
