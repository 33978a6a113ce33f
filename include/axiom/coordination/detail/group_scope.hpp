#pragma once

#include <string>
#include <type_traits>
#include <utility>

#include "axiom/coordination/detail/child_scope.hpp"
#include "axiom/coordination/group.hpp"

namespace axiom::detail {

/// The task of a group: runs the group's body, and decides at its end what its
/// children's errors mean.
template <class R, class T>
class group_task : public typed_task<R> {
public:
  group_task(caf::actor_config& cfg, const task_seed& seed, failure_mode mode,
             std::size_t limit)
    : typed_task<R>(cfg, seed), state_(*this, mode, limit), handle_(state_) {
    // nop
  }

  coordinated_task_group<T>& handle() noexcept {
    return handle_;
  }

protected:
  void body_ended() noexcept override {
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
    auto errors = state_.take_noted();
    auto in_time = this->outcome() != outcome_kind::cancelled;
    for (auto& x : state_.take_all()) {
      auto* error = x.error();
      if (error != nullptr && state_.mode() != failure_mode::throw_on_first)
        errors.push_back(std::move(*error));
      // A body that returned before its time was over left children behind.
      auto* cause = x.taken ? nullptr : x.cause();
      if (cause != nullptr && (*cause)->target == this->identity())
        in_time = false;
    }
    if (!errors.empty()) {
      if (this->outcome() == outcome_kind::failed)
        this->fail(with_suppressed(this->why_failed(), this->reference(),
                                   std::move(errors)));
      else
        this->fail(to_failure(concurrent_errors{std::move(errors)}));
    } else if (!in_time && this->reason() == cancel_reason::deadline) {
      failure late{errc::deadline_exceeded,
                   "group " + quoted(this->task_name())
                     + " did not end in time"};
      auto tolerated = std::exchange(state_.tolerated(), {});
      this->fail(tolerated.empty() ? late
                                   : with_suppressed(late, this->reference(),
                                                     std::move(tolerated)));
    }
  }

private:
  group_state<T> state_;
  coordinated_task_group<T> handle_;
};

/// What the scope of a group with body `F` gives.
template <class T, class F>
struct group_body {
  using returned = std::invoke_result_t<F&, coordinated_task_group<T>&>;
  using result_type = typename unboxed<std::remove_cvref_t<returned>>::type;
};

/// Runs a group as a child of the task that awaits it.
template <class T, class F>
class group_scope final
  : public child_scope<group_scope<T, F>,
                       typename group_body<T, F>::result_type> {
public:
  using returned = typename group_body<T, F>::returned;
  using group_type = group_task<typename group_body<T, F>::result_type, T>;

  group_scope(const group_options& options, F body)
    : options_(options), body_(std::move(body)) {
    // nop
  }

  task_ptr start(task_actor& task) {
    if (options_.max_concurrency == 0)
      throw exception{errc::invalid_argument,
                      "max_concurrency of group " + quoted(options_.name)
                        + " is 0: nothing could ever run; use at least 1"};
    auto op = [body = std::move(body_)](task_context& self) mutable -> returned {
      return body(static_cast<group_type&>(self.impl()).handle());
    };
    using impl = operation_task<group_type, decltype(op)>;
    return spawn_task<impl>(task,
                            {.name = options_.name,
                             .priority = options_.priority,
                             .timeout = options_.timeout,
                             .grace = options_.grace},
                            task_kind::plain, std::move(op),
                            options_.failure_mode, options_.max_concurrency);
  }

private:
  group_options options_;
  F body_;
};

/// What `with_task_group` returns, to be awaited.
template <class T, class F>
struct group_request : awaitable_tag {
  group_request(const group_options& how, F what)
    : options(how), body(std::move(what)) {
    // nop
  }

  friend group_scope<T, F> as_awaiter(group_request&& x) {
    return {x.options, std::move(x.body)};
  }

  group_options options;
  F body;
};

} // namespace axiom::detail
