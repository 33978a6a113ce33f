#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <variant>

#include "axiom/coordination/concurrency_limiter.hpp"
#include "axiom/error/detail/call_in_place.hpp"
#include "axiom/task/async.hpp"
#include "axiom/task/operation.hpp"

namespace axiom {

/// How a bulkhead is made.
struct bulkhead_options {
  /// At most 64 bytes; shows in errors.
  std::string name = "bulkhead";

  /// How many may wait for a permit at once. 0: whoever gets none at once is
  /// refused.
  std::size_t max_waiting = 0;

  /// How long each of them waits at most. Positive.
  std::optional<runtime::duration> max_wait{};

  /// How many permits a call takes.
  std::uint32_t weight = 1;
};

/// Keeps calls of one kind from filling everything that others need as well: so
/// many run as the limiter has permits, a bounded number waits, and the others
/// are refused rather than queued. Source: M. Nygard, "Release it!" (2007).
///
///     axiom::bulkhead search{limiter, {.name = "search", .max_waiting = 20,
///                                      .max_wait = 200ms}};
///     ...
///     auto hits = co_await search.call(self, query);
///
/// Of those who wait it counts its own only: others may use the limiter in
/// other ways, or through another bulkhead with another bound. Hence it is an
/// object to be kept, not a function. Copies share the count; thread-safe. It
/// keeps the limiter open.
class bulkhead {
public:
  /// Throws `errc::invalid_argument` and `errc::name_too_long`.
  explicit bulkhead(concurrency_limiter limiter, bulkhead_options options = {});
  explicit bulkhead(limiter_partition limiter, bulkhead_options options = {});

  /// Runs `op`, a callable as for a task, with a permit, and gives its value or
  /// throws its error. Awaitable; nothing happens before. The permit is given
  /// back when `op` has ended.
  ///
  /// Throws `errc::queue_full` if too many wait already;
  /// `errc::deadline_exceeded` if it has waited for `max_wait`; and what
  /// permit_source lists. In both of these cases `op` has not begun.
  template <class F>
  async<operation_result_t<detail::operation_t<F>>> call(task_context& self,
                                                         F&& op) const {
    return run<detail::operation_t<F>>(
      self, state_, detail::take_operation<F>(std::forward<F>(op)));
  }

  // -- observing --------------------------------------------------------------

  /// How many wait just now.
  std::size_t waiting() const noexcept;

  /// How many were refused without a wait.
  std::uint64_t refused() const noexcept;

private:
  struct state {
    const permit_source& source() const noexcept {
      return std::visit([](auto& x) -> const permit_source& { return x; },
                        limiter);
    }

    std::variant<concurrency_limiter, limiter_partition> limiter;
    bulkhead_options options;
    std::atomic<std::size_t> waiting{0};
    std::atomic<std::uint64_t> refused{0};
  };

  /// A place among those who wait.
  class waiting_place {
  public:
    /// Throws `errc::queue_full`.
    explicit waiting_place(state& where);

    waiting_place(const waiting_place&) = delete;
    waiting_place& operator=(const waiting_place&) = delete;

    ~waiting_place() {
      // Relaxed: the count bounds a number, and orders nothing.
      state_.waiting.fetch_sub(1, std::memory_order_relaxed);
    }

  private:
    state& state_;
  };

  static std::shared_ptr<state> make_state(
    std::variant<concurrency_limiter, limiter_partition> limiter,
    bulkhead_options options);

  static async<permit> admit(std::shared_ptr<state> where) {
    const auto& options = where->options;
    const waiting_place place{*where};
    auto request =
      options.max_wait
        ? where->source().acquire_for(*options.max_wait, options.weight)
        : where->source().acquire(options.weight);
    co_return co_await request;
  }

  template <class F>
  static async<operation_result_t<F>> run(task_context& self,
                                          std::shared_ptr<state> where, F op) {
    auto held = where->source().try_acquire(where->options.weight);
    if (!held)
      held = co_await admit(where);
    auto body = detail::call_in_place(op, self, where->options.name);
    co_return co_await std::move(body);
  }

  std::shared_ptr<state> state_;
};

} // namespace axiom
