#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

#include "axiom/coordination/detail/group_awaiters.hpp"
#include "axiom/coordination/detail/result_wait.hpp"
#include "axiom/coordination/join_policy.hpp"
#include "axiom/task/async.hpp"
#include "axiom/task/hierarchy.hpp"

namespace axiom::detail {

/// Throws `errc::invalid_argument` if the first failure would cancel the group
/// before a join could tolerate it.
void require_tolerant(const group_core& group, std::string_view join,
                      std::string_view group_name);

/// Throws `errc::invalid_argument`: the join could never have succeeded.
[[noreturn]] void refuse_join(std::string_view join,
                              std::string_view group_name, std::size_t wanted,
                              std::size_t children);

/// Takes the errors from `first` on out of `all` and throws them; the first of
/// them has those from `last` on, which came after the decision, as suppressed.
[[noreturn]] void throw_joined(std::vector<task_error>& all, std::size_t first,
                               std::size_t last);

/// One join of a group's children, by the group's body: takes their outcomes in
/// order of completion until the policy has decided, then cancels the rest,
/// awaits it, and gives the values or throws the errors.
///
/// What failed is kept in the group, not here, since a group that is cancelled
/// destroys its body's variables.
template <class T>
class group_join {
public:
  using slot = group_slot<T>;
  using stored = typename slot::stored;

  /// @param name what errors and causes call it
  group_join(group_state<T>& group, std::string_view name, join_policy policy)
    : group_(group),
      name_(name),
      policy_(policy),
      first_(group.tolerated().size()) {
    // nop
  }

  /// Refuses what could never succeed.
  /// @param to_come how many children the body will still add
  void begin(std::size_t to_come = 0) {
    require_tolerant(group_, name_, group_name());
    auto children = group_.outstanding() + to_come;
    if (policy_.expect(children) == join_step::failure)
      refuse_join(name_, group_name(), policy_.wanted(), children);
  }

  bool decided() const noexcept {
    return policy_.decided();
  }

  /// Awaitable: that there is an outcome, or that no child is left.
  result_wait<T> next() const noexcept {
    return result_wait<T>{group_};
  }

  /// Takes in the outcome that came first. Returns false if there is none.
  bool take(std::size_t to_come = 0) {
    auto value = false;
    auto taken = group_.read_done([this, &value](slot& x) {
      value = x.what.index() == slot::is_value;
      if (value)
        values_.push_back(std::move(x.value()));
      else
        group_.tolerated().push_back(x.take_error());
    });
    auto left = group_.outstanding() + to_come;
    if (!taken)
      policy_.expect(left);
    else if (value)
      policy_.value(left);
    else
      policy_.failure(left);
    return taken;
  }

  /// Cancels the rest and awaits its end. Gives the values that decided, in
  /// order of completion, or throws.
  /// @pre it is decided
  async<std::vector<stored>> finish() {
    auto& errors = group_.tolerated();
    auto last = errors.size();
    {
      drain_scope draining{group_, to_losers()};
      co_await group_.owner().context().hierarchy().await_children();
    }
    // What was cancelled lost, and that is no error; nor is a value that nobody
    // wants.
    auto keep_error = [&errors](slot& x) {
      if (x.error() != nullptr)
        errors.push_back(x.take_error());
    };
    while (group_.read_done(keep_error)) {
      // the next one
    }
    if (!policy_.succeeded()) {
      if (last == first_) // those it counted on have never come
        refuse_join(name_, group_name(), policy_.wanted(), values_.size());
      throw_joined(errors, first_, last);
    }
    co_return std::move(values_);
  }

private:
  std::string_view group_name() const noexcept {
    return group_.owner().task_name();
  }

  /// What the losers are told.
  cancel_options to_losers() const {
    cancel_options result;
    result.origin = "the " + std::string{name_} + " in " + quoted(group_name());
    auto& errors = group_.tolerated();
    if (!policy_.succeeded() && errors.size() > first_) {
      result.reason = cancel_reason::sibling_failed;
      result.error = errors.back().error.error();
    }
    return result;
  }

  group_state<T>& group_;
  std::string_view name_;
  join_policy policy_;
  std::size_t first_; // of its own in the group's list of errors
  std::vector<stored> values_;
};

/// A join of the children that are there.
template <class T>
async<std::vector<typename group_slot<T>::stored>> join_children(
  group_state<T>& group, std::string_view name, join_policy policy) {
  group_join<T> join{group, name, policy};
  join.begin();
  while (!join.decided()) {
    co_await join.next();
    join.take();
  }
  co_return co_await join.finish();
}

/// The values of a join as its caller gets them: one, all, or nothing for void.
/// @tparam R `T`, or a vector of it
template <class R, class T, class Stored>
R joined(std::vector<Stored> values) {
  if constexpr (std::is_void_v<T>)
    return;
  else if constexpr (std::is_same_v<R, T>)
    return std::move(values.front());
  else
    return values;
}

} // namespace axiom::detail
