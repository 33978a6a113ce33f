#pragma once

#include <string_view>
#include <type_traits>
#include <utility>

#include "axiom/error/detail/attempt.hpp"
#include "axiom/task/async.hpp"
#include "axiom/task/operation.hpp"

namespace axiom::detail {

/// Runs an operation as part of the task that awaits it, whatever kind of
/// operation it is; a blocking one as a child with this name, for its thread.
/// It and the name live until then.
template <class F>
async<operation_result_t<F>> call_in_place(F& op, task_context& self,
                                           std::string_view name) {
  using traits = operation_traits<F>;
  using value_type = typename traits::type;
  using returned = std::remove_cvref_t<typename traits::returned>;
  if constexpr (traits::is_blocking) {
    attempt<F> one{op, {.name = std::string{name}}};
    auto end = co_await one;
    if constexpr (std::is_void_v<value_type>) {
      if (!end)
        end.error().rethrow();
    } else {
      if (!end)
        co_return tl::unexpected<failure>{std::move(end.error())};
      co_return std::move(*end);
    }
  } else if constexpr (traits::is_coroutine) {
    auto body = traits::call(op, self);
    co_return co_await std::move(body);
  } else if constexpr (std::is_same_v<returned, value_type>) {
    co_return traits::call(op, self);
  } else { // an expected
    auto result = traits::call(op, self);
    if constexpr (std::is_void_v<value_type>) {
      if (!result)
        failure{std::move(result.error())}.rethrow();
    } else {
      if (!result)
        co_return tl::unexpected<failure>{failure{std::move(result.error())}};
      co_return std::move(*result);
    }
  }
}

} // namespace axiom::detail
