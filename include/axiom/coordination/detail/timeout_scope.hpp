#pragma once

#include <optional>
#include <string_view>
#include <utility>

#include "axiom/coordination/detail/child_scope.hpp"
#include "axiom/coordination/detail/expiry.hpp"
#include "axiom/coordination/timeout_options.hpp"
#include "axiom/task/detail/make_task.hpp"

namespace axiom::detail {

/// The task of a scope with a timeout.
template <class T>
class timeout_task : public typed_task<T> {
public:
  timeout_task(caf::actor_config& cfg, const task_seed& seed,
               runtime::duration timeout)
    : typed_task<T>(cfg, seed), expiry_(*this, timeout) {
    // nop
  }

protected:
  void body_ended() noexcept override {
    expiry_.body_ended(*this);
  }

  void before_end() noexcept override {
    typed_task<T>::before_end();
    if (auto late = expiry_.verdict(*this)) {
      this->fail(std::move(*late));
      this->value_.reset(); // what it holds is given back within the scope
    }
  }

private:
  expiry expiry_;
};

/// When a scope expires: so long after its start, or at a point in time.
class time_limit {
public:
  explicit time_limit(runtime::duration timeout) noexcept : timeout_(timeout) {
    // nop
  }

  explicit time_limit(runtime::time_point deadline) noexcept
    : deadline_(deadline) {
    // nop
  }

  /// How long a scope may take that starts now. Throws `errc::invalid_argument`
  /// for a timeout that is not positive, and `errc::deadline_exceeded` for a
  /// deadline that has passed.
  runtime::duration from(runtime::time_point now, std::string_view name) const {
    if (!deadline_) {
      require_timeout(name, timeout_);
      return timeout_;
    }
    if (*deadline_ <= now)
      entered_late(name, now - *deadline_).rethrow();
    return *deadline_ - now;
  }

private:
  runtime::duration timeout_{};
  std::optional<runtime::time_point> deadline_;
};

/// Runs an operation with a timeout as a child of the task that awaits it.
template <class F>
class timeout_scope final
  : public child_scope<timeout_scope<F>, operation_result_t<F>> {
public:
  timeout_scope(time_limit limit, const timeout_options& options, F op)
    : limit_(limit), options_(options), op_(std::move(op)) {
    // nop
  }

  task_ptr start(task_actor& task) {
    using impl = operation_task<timeout_task<operation_result_t<F>>, F>;
    auto timeout = limit_.from(task.host().timers().now(), options_.name);
    return spawn_task<impl>(task,
                            {.name = options_.name,
                             .priority = options_.priority,
                             .timeout = timeout,
                             .grace = options_.grace},
                            kind_of<F>, std::move(op_), timeout);
  }

private:
  time_limit limit_;
  timeout_options options_;
  F op_;
};

/// What `with_timeout` returns, to be awaited.
template <class F>
struct timeout_request : awaitable_tag {
  timeout_request(time_limit when, const timeout_options& how, F what)
    : limit(when), options(how), op(std::move(what)) {
    // nop
  }

  friend timeout_scope<F> as_awaiter(timeout_request&& x) {
    return {x.limit, x.options, std::move(x.op)};
  }

  time_limit limit;
  timeout_options options;
  F op;
};

} // namespace axiom::detail
