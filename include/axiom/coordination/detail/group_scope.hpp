#pragma once

#include <string>
#include <type_traits>
#include <utility>

#include "axiom/coordination/detail/child_scope.hpp"
#include "axiom/coordination/detail/group_state.hpp"
#include "axiom/task/detail/cancel_request.hpp"

namespace axiom::detail {

/// The task of a group: runs the group's body, and decides at its end what its
/// children's errors mean.
/// @tparam Group what the body is called with; it names its state and options
template <class R, class Group>
class group_task : public typed_task<R> {
public:
  group_task(caf::actor_config& cfg, const task_seed& seed,
             const typename Group::options_type& options)
    : typed_task<R>(cfg, seed), state_(*this, options), handle_(state_) {
    // nop
  }

  Group& handle() noexcept {
    return handle_;
  }

protected:
  void body_ended() noexcept override {
    if (this->outcome() == outcome_kind::value)
      return state_.body_returned();
    // A body that fails takes its children with it: also those that one of
    // them, having got a place just before, adds from now on. Hence a walk over
    // the group, which closes it, and not over the children it has now.
    if (this->outcome() != outcome_kind::failed)
      return;
    cancel_options options;
    options.reason = cancel_reason::sibling_failed;
    options.origin = "the failure of the group's body";
    options.error = this->why_failed().error();
    options.unit = current_unit();
    cancel_tree(*this, options);
  }

  void before_end() noexcept override {
    typed_task<R>::before_end();
    auto remains = state_.take_remains();
    auto& errors = remains.errors;
    auto in_time =
      remains.in_time && this->outcome() != outcome_kind::cancelled;
    if (!errors.empty()) {
      if (this->outcome() == outcome_kind::failed)
        this->fail(with_suppressed(this->why_failed(), this->reference(),
                                   std::move(errors), this->wall_time()));
      else
        this->fail(to_failure(concurrent_errors{std::move(errors)}));
    } else if (!in_time && this->reason() == cancel_reason::deadline) {
      failure late{errc::deadline_exceeded, "group " + quoted(this->task_name())
                                              + " did not end in time"};
      auto tolerated = std::exchange(state_.tolerated(), {});
      this->fail(tolerated.empty()
                   ? late
                   : with_suppressed(late, this->reference(),
                                     std::move(tolerated), this->wall_time()));
    }
  }

private:
  typename Group::state_type state_;
  Group handle_;
};

/// What the scope of a group with body `F` gives.
template <class Group, class F>
struct group_body {
  using returned = std::invoke_result_t<F&, Group&>;
  using result_type = typename unboxed<std::remove_cvref_t<returned>>::type;
};

/// Runs a group as a child of the task that awaits it.
template <class Group, class F>
class group_scope final
  : public child_scope<group_scope<Group, F>,
                       typename group_body<Group, F>::result_type> {
public:
  using options_type = typename Group::options_type;
  using returned = typename group_body<Group, F>::returned;
  using group_type =
    group_task<typename group_body<Group, F>::result_type, Group>;

  group_scope(const options_type& options, F body)
    : options_(options), body_(std::move(body)) {
    // nop
  }

  task_ptr start(task_actor& task) {
    require_positive(Group::state_type::limits_of(options_), options_.name);
    auto op = [body =
                 std::move(body_)](task_context& self) mutable -> returned {
      return body(static_cast<group_type&>(self.impl()).handle());
    };
    using impl = operation_task<group_type, decltype(op)>;
    return spawn_task<impl>(task,
                            {.name = options_.name,
                             .priority = options_.priority,
                             .timeout = options_.timeout,
                             .grace = options_.grace},
                            task_kind::plain, std::move(op), options_);
  }

private:
  options_type options_;
  F body_;
};

/// What `with_task_group` returns, to be awaited.
template <class Group, class F>
struct group_request : awaitable_tag {
  using options_type = typename Group::options_type;

  group_request(const options_type& how, F what)
    : options(how), body(std::move(what)) {
    // nop
  }

  friend group_scope<Group, F> as_awaiter(group_request&& x) {
    return {x.options, std::move(x.body)};
  }

  options_type options;
  F body;
};

} // namespace axiom::detail
