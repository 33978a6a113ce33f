#pragma once

#include <array>
#include <cstddef>
#include <optional>
#include <string_view>
#include <tuple>
#include <type_traits>
#include <utility>
#include <vector>

#include "axiom/error/concurrent_errors.hpp"
#include "axiom/error/detail/attempt.hpp"
#include "axiom/error/error_filter.hpp"
#include "axiom/task/async.hpp"
#include "axiom/task/operation.hpp"

namespace axiom {

/// Whether an error is anything but a cancellation.
inline bool is_no_cancellation(const failure& why) {
  return !why.is(errc::cancelled);
}

/// How alternatives are tried. Trivially copyable: see error_filter.
struct fallback_options {
  /// At most 64 bytes; copied when it starts. The alternatives are children of
  /// the task that waits, named "fallback #1", "fallback #2", ...
  std::string_view name = "fallback";

  /// After which errors the next alternative is tried. After another the whole
  /// fails.
  error_filter after = &is_no_cancellation;

  /// How long each may take; then it has failed with `errc::deadline_exceeded`.
  std::optional<runtime::duration> timeout{};

  std::optional<task_priority> priority{};
  std::optional<runtime::duration> grace{};

  /// Where the errors go of those that failed before a success, or before a
  /// cancellation, in which case they come while the caller's frames go. Null:
  /// those before a cancellation are suppressed by the error that the scope
  /// ends with, as with `retry`.
  std::vector<task_error>* suppressed = nullptr;
};

static_assert(std::is_trivially_copyable_v<fallback_options>);

namespace detail {

/// One call of `fallback`, but for its alternatives. Lives in the frame of a
/// coroutine of the task that calls it, and is only used there.
class fallback_run {
public:
  /// Throws `errc::invalid_argument` and `errc::name_too_long`.
  explicit fallback_run(const fallback_options& options);

  fallback_run(const fallback_run&) = delete;
  fallback_run& operator=(const fallback_run&) = delete;

  /// Hands over the errors that nobody has got otherwise: to where the options
  /// say, or else to the task.
  ~fallback_run();

  attempt_options next() const;

  /// Returns whether the next alternative is to be tried.
  bool failed(const task_reference& who, failure why);

  /// All the errors, or the only one if it was not worth an alternative.
  failure why_failed();

  void succeeded();

private:
  const fallback_options options_;
  const std::string name_;
  task_actor& task_;
  std::vector<task_error> errors_;
  bool stopped_ = false;
};

template <class T>
struct fallback_result {
  using type = std::optional<T>;
};

template <>
struct fallback_result<void> {
  using type = std::optional<std::monostate>;
};

/// Tries one alternative; returns whether there is another chance after it.
template <class T, std::size_t I, class... Fs>
async<bool> try_alternative(fallback_run& run, std::tuple<Fs...>& ops,
                            typename fallback_result<T>::type& result) {
  using op_type = std::tuple_element_t<I, std::tuple<Fs...>>;
  attempt<op_type> next{std::get<I>(ops), run.next()};
  auto end = co_await next;
  if (!end)
    co_return run.failed(next.who, end.error());
  if constexpr (std::is_void_v<T>)
    result.emplace();
  else
    result.emplace(std::move(*end));
  co_return false;
}

template <class T, class... Fs>
async<T> run_fallback(fallback_options options, std::tuple<Fs...> ops) {
  fallback_run run{options};
  typename fallback_result<T>::type result;
  using step = async<bool> (*)(fallback_run&, std::tuple<Fs...>&,
                               typename fallback_result<T>::type&);
  const auto steps = []<std::size_t... Is>(std::index_sequence<Is...>) {
    return std::array<step, sizeof...(Fs)>{&try_alternative<T, Is, Fs...>...};
  }
  (std::index_sequence_for<Fs...>{});
  for (auto* step : steps) {
    auto more = co_await step(run, ops, result);
    if (!more)
      break;
  }
  if (!result)
    run.why_failed().rethrow();
  run.succeeded();
  if constexpr (!std::is_void_v<T>)
    co_return std::move(*result);
}

} // namespace detail

/// Runs `op`, and if it fails the first alternative, and so on; gives the first
/// value. All are callables as for a task, with results of one type. Awaitable;
/// nothing happens before.
///
///     auto price = co_await axiom::fallback(self, {.name = "price"}, live,
///                                           cached, [] { return standard; });
///
/// Each is a child task and has ended before the next begins. Fails with
/// `concurrent_errors` with the errors of all that were tried, in that order;
/// if the first failed with an error that is not worth an alternative (by
/// default a cancellation of it alone), with that error. A cancellation of the
/// task that waits ends it at once; the errors until then go where those of a
/// `retry` go.
template <class F, class... Fs>
  requires(sizeof...(Fs) > 0)
async<operation_result_t<detail::operation_t<F>>> fallback(
  task_context&, const fallback_options& options, F&& op,
  Fs&&... alternatives) {
  using value_type = operation_result_t<detail::operation_t<F>>;
  static_assert(
    (std::is_same_v<value_type,
                    operation_result_t<detail::operation_t<Fs>>> && ...),
    "the alternatives have results of different types");
  using all = std::tuple<detail::operation_t<F>, detail::operation_t<Fs>...>;
  return detail::run_fallback<value_type>(
    options,
    all{detail::take_operation<F>(std::forward<F>(op)),
        detail::take_operation<Fs>(std::forward<Fs>(alternatives))...});
}

} // namespace axiom
