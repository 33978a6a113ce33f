#pragma once

#include <cstddef>
#include <optional>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

#include "axiom/coordination/detail/hedge_body.hpp"
#include "axiom/coordination/with_task_group.hpp"

namespace axiom {

/// How an operation is hedged.
struct hedge_options {
  /// At most 64 bytes; copied when it starts. The attempts are its children,
  /// named "attempt 1", "attempt 2", ...
  std::string_view name = "hedged";

  /// How long an attempt may take before the next one is started beside it.
  /// Must be positive. The 95th percentile of the usual latency costs about 5 %
  /// more load; to start all at once there is `first_success`.
  runtime::duration delay{};

  /// How many attempts there are in all. At least 1.
  std::size_t max = 2;

  std::optional<task_priority> priority{};

  /// The whole, if it has not ended this long after its start, is cancelled,
  /// and fails with `errc::deadline_exceeded` when all attempts have ended.
  std::optional<runtime::duration> timeout{};

  std::optional<runtime::duration> grace{};

  /// Where the errors go, in order of completion, of attempts that failed
  /// beside a success.
  std::vector<task_error>* suppressed = nullptr;
};

/// Runs `op`; if it has given no value after `delay`, runs a copy of it beside
/// it, and so on up to `max` attempts; the first value wins. Awaitable; nothing
/// happens before.
///
///     auto rows = co_await axiom::hedged(
///       self, {.name = "lookup", .delay = 20ms, .max = 3}, lookup);
///
/// An attempt that fails starts the next one at once: to wait for a delay that
/// stands for slowness would help nobody. The delay counts from the start of
/// the latest attempt. When one has a value, the others are cancelled, and the
/// value is returned when all have ended; if all fail, it throws
/// `concurrent_errors` with their errors. `op` has to bear being run twice at a
/// time and stopped half way. Throws `errc::invalid_argument` for a delay that
/// is not positive and a `max` of 0.
///
/// Source: J. Dean, L. A. Barroso, "The tail at scale", CACM 56 (2013).
template <class F>
auto hedged(task_context&, const hedge_options& options, F&& op) {
  using operation = detail::operation_t<F>;
  using body = detail::hedge_body<operation>;
  return detail::group_request<
    coordinated_task_group<operation_result_t<operation>>, body>{
    {.name = options.name,
     .failure_mode = failure_mode::partial,
     .priority = options.priority,
     .timeout = options.timeout,
     .grace = options.grace},
    body{detail::take_operation<F>(std::forward<F>(op)), options.delay,
         options.max, options.suppressed}};
}

} // namespace axiom
