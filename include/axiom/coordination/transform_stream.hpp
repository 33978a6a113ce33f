#pragma once

#include <concepts>
#include <cstddef>
#include <memory>
#include <optional>
#include <ranges>
#include <utility>

#include "axiom/coordination/detail/stream_run.hpp"
#include "axiom/coordination/stream_options.hpp"
#include "axiom/task/operation.hpp"

namespace axiom {

/// The results of `transform_stream`, one by one, for the body of its scope.
template <class R>
class transformed_stream {
public:
  using value_type = R;

  /// For the framework.
  explicit transformed_stream(detail::stream_results<R>& results) noexcept
    : results_(results) {
    // nop
  }

  transformed_stream(const transformed_stream&) = delete;
  transformed_stream& operator=(const transformed_stream&) = delete;

  /// Awaitable: the next result, waiting for it if it is not there; nothing at
  /// the end of the stream. Throws what the source threw, after the results of
  /// what was started before; `errc::not_in_scope` if awaited by a task that is
  /// not the body's.
  detail::stream_next<R> next() noexcept {
    return detail::stream_next<R>{results_};
  }

private:
  detail::stream_results<R>& results_;
};

namespace detail {

/// The operation of a stream's scope. Source, operation and results are part of
/// it, and so of the task: lanes use them until the last one has ended, though
/// the body may return before that.
template <class Source, class F, class Body>
class stream_body {
public:
  using run_type = stream_run<Source, F>;
  using stream = transformed_stream<typename run_type::result>;
  using returned = std::invoke_result_t<Body&, stream&>;
  using result = typename unboxed<std::remove_cvref_t<returned>>::type;

  static_assert(std::is_same_v<returned, async<result>>,
                "the body of transform_stream takes (auto& stream) and is a "
                "coroutine: a function that returns axiom::async<T>");

  stream_body(Source source, F op, Body body, std::size_t limit,
              stream_order order)
    : source_(std::move(source)),
      op_(std::move(op)),
      body_(std::move(body)),
      limit_(limit),
      order_(order) {
    // nop
  }

  async<result> operator()(task_context& self) {
    run_ =
      std::make_unique<run_type>(static_cast<item_scope<result>&>(self.impl()),
                                 limit_, order_, source_, op_);
    stream handle{*run_};
    run_->start();
    co_return co_await body_(handle);
  }

private:
  Source source_;
  F op_;
  Body body_;
  std::size_t limit_;
  stream_order order_;
  std::unique_ptr<run_type> run_;
};

template <class Source, class F, class Body>
item_scope_request<stream_body<Source, F, Body>> make_stream(
  const stream_options& options, std::size_t limit, Source source, F op,
  Body body) {
  return {{.name = options.name,
           .failure_mode = options.failure_mode,
           .priority = options.priority,
           .timeout = options.timeout,
           .grace = options.grace},
          limit,
          stream_body<Source, F, Body>{std::move(source), std::move(op),
                                       std::move(body), limit, options.order}};
}

} // namespace detail

/// A stage of a pipeline: pulls items out of `source`, calls `op` with each, at
/// most `limit` calls at a time, and gives the results to `body(stream)`, one
/// by one. Awaitable; nothing happens before. Gives what the body returns.
///
///     auto total = co_await axiom::transform_stream(self, urls, 8, fetch,
///       [](auto& pages) -> axiom::async<std::size_t> {
///         std::size_t sum = 0;
///         for (auto page = co_await pages.next(); page;
///              page = co_await pages.next())
///           sum += page->size();
///         co_return sum;
///       });
///
/// @param source any input range, or a callable that returns
///   `async<std::optional<T>>`, with nothing for the end; it may take a
///   `task_context&`. Read lazily, by one at a time but from different threads,
///   and no further after its end. What `op` gets of an element is as for
///   `map_with_limit`.
/// @param limit at least 1. Also the back-pressure: items that are out (being
///   taken, at work, or with a result that nobody has read yet) are never more.
/// @param op as for `map_with_limit`; it gives a value
/// @param body a coroutine. When it returns or throws, the calls still at work
///   are cancelled, with all else that it left behind in the scope; their
///   results are dropped, but a failure is not.
///
/// Order: that of the items, or that of completion (`stream_options`).
///
/// Errors: as for `map_with_limit`. In the mode `throw_on_first` the failure of
/// a call cancels the others and the body, whose waits do not return. In the
/// mode `collect_all` items that fail are left out of the stream, and the scope
/// fails with all the failures when it ends. What the source throws comes out
/// of `next()` after the results of what was started before; if the body does
/// not get there, it is thrown by the scope.
///
/// Complexity: O(1) an item; memory for `limit` items.
template <class Source, class F, class Body>
  requires std::ranges::input_range<Source>
auto transform_stream(task_context&, const stream_options& options,
                      Source&& source, std::size_t limit, F&& op, Body&& body) {
  return detail::make_stream<detail::kept_range<Source>>(
    options, limit, std::forward<Source>(source),
    detail::take_operation<F>(std::forward<F>(op)),
    detail::take_operation<Body>(std::forward<Body>(body)));
}

template <class Source, class F, class Body>
  requires detail::async_source<detail::operation_t<Source>>
auto transform_stream(task_context&, const stream_options& options,
                      Source&& source, std::size_t limit, F&& op, Body&& body) {
  return detail::make_stream(
    options, limit,
    detail::take_operation<Source>(std::forward<Source>(source)),
    detail::take_operation<F>(std::forward<F>(op)),
    detail::take_operation<Body>(std::forward<Body>(body)));
}

template <class Source, class F, class Body>
auto transform_stream(task_context& self, Source&& source, std::size_t limit,
                      F&& op, Body&& body) {
  return transform_stream(self, stream_options{}, std::forward<Source>(source),
                          limit, std::forward<F>(op), std::forward<Body>(body));
}

} // namespace axiom
