#pragma once

#include <cstddef>
#include <limits>
#include <optional>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

#include "axiom/coordination/detail/join_body.hpp"
#include "axiom/coordination/with_task_group.hpp"

namespace axiom {

/// How a join is made.
struct join_options {
  /// At most 64 bytes; copied when the join starts. The operations are its
  /// children, named "#0", "#1", ...
  std::string_view name = "join";

  /// How many operations run at once. At least 1. Those that were not started
  /// when the join is decided never are.
  std::size_t max_concurrency = std::numeric_limits<std::size_t>::max();

  std::optional<task_priority> priority{};

  /// The join, if it has not ended this long after its start, is cancelled, and
  /// fails with `errc::deadline_exceeded` when all have ended.
  std::optional<runtime::duration> timeout{};

  std::optional<runtime::duration> grace{};

  /// Where the errors go, in order of completion, of operations that failed
  /// beside a success. They are lost in silence otherwise, but for the
  /// lifecycle events and the metrics.
  std::vector<task_error>* suppressed = nullptr;
};

namespace detail {

template <class R, class Operations>
auto run_join(std::string_view name, join_policy policy,
              const join_options& options, Operations ops) {
  using body = join_body<R, Operations>;
  return group_request<coordinated_task_group<typename Operations::value_type>,
                       body>{{.name = options.name,
                              .failure_mode = failure_mode::partial,
                              .max_concurrency = options.max_concurrency,
                              .priority = options.priority,
                              .timeout = options.timeout,
                              .grace = options.grace},
                             body{name, policy, std::move(ops),
                                  options.max_concurrency, options.suppressed}};
}

/// The type of the values of a join of many.
template <class T>
using values_of = typename coordinated_task_group<T>::values;

} // namespace detail

/// Runs operations at once and gives the first value. Awaitable; nothing
/// happens before.
///
///     auto page = co_await axiom::first_success(self, {.name = "mirrors"},
///                                               fetch_from_a, fetch_from_b);
///
/// @param ops a range of operations, or each as an argument of its own; all
/// have
///   results of one type
///
/// When one has a value, the others are cancelled, and the value is returned
/// when all of them have ended. If none has, it throws `concurrent_errors` with
/// the errors of all. It is a group around a join: see `coordinated_task_group`
/// for what a cancellation means, and which errors are suppressed by which.
/// Without operations it throws `errc::invalid_argument`.
template <class... Ops>
  requires(sizeof...(Ops) > 0)
auto first_success(task_context&, const join_options& options, Ops&&... ops) {
  auto list = detail::take_operations(std::forward<Ops>(ops)...);
  using value = typename decltype(list)::value_type;
  return detail::run_join<value>("first_success", join_policy::first_success(),
                                 options, std::move(list));
}

/// Runs operations at once; the outcome that comes first is the outcome: it
/// returns that value or throws that error (as `concurrent_errors`). The rest
/// is as for `first_success`.
template <class... Ops>
  requires(sizeof...(Ops) > 0)
auto race(task_context&, const join_options& options, Ops&&... ops) {
  auto list = detail::take_operations(std::forward<Ops>(ops)...);
  using value = typename decltype(list)::value_type;
  return detail::run_join<value>("race", join_policy::race(), options,
                                 std::move(list));
}

/// Runs operations at once and gives the first `wanted` values, in order of
/// completion. Fails as soon as those left are too few for that. With `wanted`
/// 0 or above the number of operations it throws `errc::invalid_argument`. The
/// rest is as for `first_success`.
template <class... Ops>
  requires(sizeof...(Ops) > 0)
auto quorum(task_context&, std::size_t wanted, const join_options& options,
            Ops&&... ops) {
  auto list = detail::take_operations(std::forward<Ops>(ops)...);
  using values = detail::values_of<typename decltype(list)::value_type>;
  return detail::run_join<values>("quorum", join_policy::quorum(wanted),
                                  options, std::move(list));
}

} // namespace axiom
