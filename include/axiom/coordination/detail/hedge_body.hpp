#pragma once

#include <cstddef>
#include <string>
#include <type_traits>
#include <utility>
#include <vector>

#include "axiom/coordination/group.hpp"
#include "axiom/runtime/later.hpp"

namespace axiom::detail {

/// Throws `errc::invalid_argument` for a hedge that could not work.
void require_hedge(std::string_view name, runtime::duration delay,
                   std::size_t max);

/// The body of a group whose children are attempts at one operation.
template <class F>
class hedge_body {
public:
  static_assert(std::is_copy_constructible_v<F>,
                "a hedged operation is copied for each attempt");

  using value_type = operation_result_t<F>;

  hedge_body(F op, runtime::duration delay, std::size_t max,
             std::vector<task_error>* suppressed)
    : op_(std::move(op)), delay_(delay), max_(max), suppressed_(suppressed) {
    // nop
  }

  async<value_type> operator()(coordinated_task_group<value_type>& group) {
    require_hedge(group.context().name(), delay_, max_);
    group_join<value_type> join{group.impl(), "hedged",
                                join_policy::first_success()};
    join.begin(max_);
    auto& timers = group.impl().owner().host().timers();
    constexpr auto at_once = runtime::time_point::min();
    constexpr auto never = runtime::time_point::max();
    std::size_t started = 0;
    auto due = at_once; // when the next attempt starts
    while (!join.decided()) {
      if (due <= timers.now()) {
        auto name = "attempt " + std::to_string(++started);
        co_await group.add_task(name, op_);
        due = started < max_ ? runtime::later(timers.now(), delay_) : never;
        continue;
      }
      result_wait<value_type> next{group.impl(), due};
      co_await next;
      if (join.take(max_ - started)) // it failed, or all is decided
        due = started < max_ ? at_once : never;
    }
    auto values = co_await join.finish();
    if (suppressed_ != nullptr)
      *suppressed_ = group.take_suppressed();
    co_return joined<value_type, value_type>(std::move(values));
  }

private:
  F op_;
  runtime::duration delay_;
  std::size_t max_;
  std::vector<task_error>* suppressed_;
};

} // namespace axiom::detail
