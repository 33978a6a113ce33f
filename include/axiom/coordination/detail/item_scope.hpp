#pragma once

#include <optional>
#include <string>
#include <type_traits>
#include <utility>

#include "axiom/coordination/detail/item_failures.hpp"
#include "axiom/coordination/detail/lane.hpp"
#include "axiom/coordination/item_options.hpp"
#include "axiom/task/detail/cancel_request.hpp"
#include "axiom/coordination/detail/child_scope.hpp"
#include "axiom/task/detail/make_task.hpp"

namespace axiom::detail {

/// The task of a scope that runs an operation for each item of a source. Its
/// coroutine owns source, operation and results; what outlives that if it is
/// unwound is here.
template <class R>
class item_scope : public typed_task<R> {
public:
  item_scope(caf::actor_config& cfg, const task_seed& seed, failure_mode mode,
             std::size_t limit)
    : typed_task<R>(cfg, seed), crew_(limit), failures_(*this, mode) {
    // nop
  }

  lane_crew& crew() noexcept {
    return crew_;
  }

  item_failures& failures() noexcept {
    return failures_;
  }

protected:
  void body_ended() noexcept override {
    // A coroutine that returned or failed before its lanes had ended does not
    // want them any more.
    if (this->outcome() == outcome_kind::cancelled
        || this->state().children() == 0)
      return;
    cancel_options options;
    options.reason = cancel_reason::parent_cancelled;
    options.origin = "the end of the scope's body";
    options.unit = current_unit();
    cancel_tree(*this, options);
  }

  void before_end() noexcept override {
    typed_task<R>::before_end();
    auto errors = failures_.take();
    if (auto why = failures_.take_source()) {
      if (this->outcome() == outcome_kind::failed)
        errors.push_back({this->reference(), *why, this->wall_time(), {}});
      else
        this->fail(std::move(*why));
    }
    if (!errors.empty()) {
      if (this->outcome() == outcome_kind::failed)
        this->fail(with_suppressed(this->why_failed(), this->reference(),
                                   std::move(errors), this->wall_time()));
      else
        this->fail(to_failure(concurrent_errors{std::move(errors)}));
    } else if (this->outcome() == outcome_kind::cancelled
               && this->reason() == cancel_reason::deadline) {
      this->fail(failure{errc::deadline_exceeded,
                         quoted(this->task_name()) + " did not end in time"});
    }
  }

private:
  lane_crew crew_;
  item_failures failures_;
};

/// Throws unless a scope can be made like this.
void require_item_options(const item_options& options, std::size_t limit);

/// Runs such a scope as a child of the task that awaits it.
/// @tparam Body the scope's operation, a coroutine; called with a context whose
///   task is an `item_scope`
template <class Body>
class item_scope_awaiter final
  : public child_scope<item_scope_awaiter<Body>, operation_result_t<Body>> {
public:
  using scope = item_scope<operation_result_t<Body>>;

  item_scope_awaiter(const item_options& options, std::size_t limit, Body body)
    : options_(options), limit_(limit), body_(std::move(body)) {
    // nop
  }

  task_ptr start(task_actor& task) {
    require_item_options(options_, limit_);
    using impl = operation_task<scope, Body>;
    return spawn_task<impl>(task,
                            {.name = options_.name,
                             .priority = options_.priority,
                             .timeout = options_.timeout,
                             .grace = options_.grace},
                            task_kind::plain, std::move(body_),
                            options_.failure_mode, limit_);
  }

private:
  const item_options options_;
  const std::size_t limit_;
  Body body_;
};

/// What the functions that make such a scope return, to be awaited.
template <class Body>
class item_scope_request : public awaitable_tag {
public:
  item_scope_request(const item_options& options, std::size_t limit, Body body)
    : options_(options), limit_(limit), body_(std::move(body)) {
    // nop
  }

  friend item_scope_awaiter<Body> as_awaiter(item_scope_request&& x) {
    return {x.options_, x.limit_, std::move(x.body_)};
  }

private:
  item_options options_;
  std::size_t limit_;
  Body body_;
};

} // namespace axiom::detail
