#pragma once

#include <concepts>
#include <memory>
#include <optional>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

#include <caf/actor.hpp>
#include <caf/fwd.hpp>

#include "axiom/coordination/permit.hpp"
#include "axiom/coordination/permit_source.hpp"
#include "axiom/error/circuit/circuit_block.hpp"
#include "axiom/error/circuit_actor.hpp"
#include "axiom/error/circuit_options.hpp"
#include "axiom/error/circuit_state.hpp"
#include "axiom/error/detail/call_in_place.hpp"
#include "axiom/error/exception.hpp"
#include "axiom/task/async.hpp"
#include "axiom/task/operation.hpp"

namespace axiom {

namespace detail {

class circuit_handle;

} // namespace detail

/// Thrown where a circuit breaker refuses a call: `errc::circuit_open`.
class circuit_open_error : public exception {
public:
  /// For the framework.
  circuit_open_error(std::string_view name, const detail::circuit_standing& x,
                     runtime::time_point due, runtime::time_point now);

  /// Since when it lets no call through, or only probes.
  timestamp since() const noexcept {
    return since_;
  }

  /// When it will let somebody through again; nothing if that depends on the
  /// probes that are under way.
  const std::optional<timestamp>& until() const noexcept {
    return until_;
  }

  /// The same moment in the time of the timers of the system that the breaker
  /// is in, which is virtual in a test.
  const std::optional<runtime::time_point>& due() const noexcept {
    return due_;
  }

private:
  timestamp since_;
  std::optional<timestamp> until_;
  std::optional<runtime::time_point> due_;
};

/// The permission for one call, and the duty to tell how it went. Destroyed
/// without that, it has taught nothing; but if the task is just cancelled since
/// its deadline has passed, the call has failed: it has taken too long. So it
/// has if the cancellation is told as a failure.
///
/// May outlive the breaker's handles. Thread-compatible, as an int is.
class [[nodiscard]] circuit_pass {
public:
  /// Permits nothing.
  circuit_pass() noexcept = default;

  /// For the framework.
  circuit_pass(detail::circuit_ptr circuit, detail::circuit_ticket ticket);

  circuit_pass(circuit_pass&& other) noexcept = default;

  circuit_pass& operator=(circuit_pass&& other) noexcept {
    circuit_pass fresh{std::move(other)};
    std::swap(circuit_, fresh.circuit_);
    std::swap(ticket_, fresh.ticket_);
    std::swap(start_, fresh.start_);
    return *this;
  }

  ~circuit_pass() {
    if (circuit_ != nullptr)
      left_open();
  }

  /// Whether it permits anything.
  explicit operator bool() const noexcept {
    return circuit_ != nullptr;
  }

  /// The call has succeeded, if it was not too slow: returns whether. After
  /// that this permits nothing; as with `failed`.
  bool succeeded() noexcept;

  /// It has failed. Whether that counts is for the breaker's options to say:
  /// returns whether it did.
  bool failed(const failure& why) noexcept;

private:
  /// The call was cut short. Returns whether that counts as a failure.
  bool left_open() noexcept;

  detail::circuit_ptr circuit_;
  detail::circuit_ticket ticket_;
  runtime::time_point start_{};
};

/// Stops calling what has failed again and again: whoever would wait for
/// another failure is refused at once, and what is called gets the rest it may
/// need. The handle to a CAF actor.
///
///     auto db = axiom::circuit_breaker::spawn(sys, {.name = "db"});
///     ...
///     auto rows = co_await db.call(self, query);
///
/// Closed, it lets calls through and looks at how they end. When too many fail
/// (`circuit_options`) it opens, and refuses calls with `errc::circuit_open`.
/// After a while it is half-open: a few calls are let through as probes, and
/// the others are still refused. If the probes succeed it closes, if one fails
/// it opens again. Source: M. Nygard, "Release it!" (2007).
///
/// A call that hangs is a probe that never ends, so give it an end: its
/// deadline, or `with_timeout`, inside of `call` or around it. (Both count as a
/// failure.)
///
/// A call to a closed one costs a load to begin and a short lock to end; no
/// message. Handles are cheap to copy and thread-safe. With the last one the
/// actor ends, which keeps its system from ending.
class circuit_breaker {
public:
  /// Starts a breaker in `sys`, which must have been made from an
  /// `axiom::config`. Throws `errc::invalid_argument` and `errc::name_too_long`
  /// with all that is wrong with the options, and `errc::not_installed`.
  static circuit_breaker spawn(caf::actor_system& sys,
                               circuit_options options = {});

  std::string_view name() const noexcept;

  /// The actor, for whoever talks to it by message. Not counted as a handle.
  const circuit_actor& actor() const noexcept;

  // -- calls ------------------------------------------------------------------

  /// Runs `op`, a callable as for a task, if the circuit lets it through, and
  /// gives its value or throws its error. Awaitable; nothing happens before.
  /// Throws `circuit_open_error`.
  ///
  /// `op` runs as part of the task that waits, not as a child of its own (a
  /// `blocking` one has to be a child); its cancellation teaches nothing,
  /// unless its time was over, whether it was stopped or has noticed by itself.
  template <class F>
  async<operation_result_t<detail::operation_t<F>>> call(task_context& self,
                                                         F&& op) const {
    return run<detail::operation_t<F>>(
      self, circuit_, detail::take_operation<F>(std::forward<F>(op)));
  }

  /// The same with a permit of `limiter` (a concurrency_limiter or a partition
  /// of one), which learns from the breaker: a call that counts as failed is a
  /// drop to a limit that adapts, which goes down at once, long before the
  /// circuit opens; one that failed otherwise is no sample. While the circuit
  /// is open, or half-open with its probes under way, nobody begins to queue
  /// for a permit; who has waited since before is refused when his turn comes.
  ///
  /// Throws also what permit_source lists.
  template <std::derived_from<permit_source> Limiter, class F>
  async<operation_result_t<detail::operation_t<F>>> call(task_context& self,
                                                         Limiter limiter,
                                                         F&& op) const {
    return run_limited<detail::operation_t<F>>(
      self, circuit_, std::move(limiter),
      detail::take_operation<F>(std::forward<F>(op)));
  }

  /// Permission for a call made in another way. Throws `circuit_open_error`.
  circuit_pass enter() const;

  /// The same, without an exception: what it returns may permit nothing.
  circuit_pass try_enter() const noexcept;

  // -- by hand ----------------------------------------------------------------

  /// Opens it, for `open_for` from now. Calls under way go on, and teach
  /// nothing.
  void trip() const noexcept;

  /// Closes it, and forgets what has failed.
  void reset() const noexcept;

  // -- observing --------------------------------------------------------------

  circuit_state state() const noexcept;

  /// The figures at this moment.
  circuit_stats stats() const;

  /// From now on `x` gets each circuit_event, until it ends or `unsubscribe`;
  /// in the order in which they happen.
  void subscribe(const caf::actor& x) const;

  void unsubscribe(const caf::actor& x) const;

private:
  circuit_breaker(detail::circuit_ptr circuit,
                  std::shared_ptr<const detail::circuit_handle> handle);

  /// For who may have a permit, of which there is nothing to learn if he is
  /// refused.
  static circuit_pass enter(const detail::circuit_ptr& circuit, permit& held);

  /// @param held what the call holds; it may be nothing
  template <class F>
  static async<operation_result_t<F>> run(task_context& self,
                                          detail::circuit_ptr circuit, F op,
                                          circuit_pass pass = {},
                                          permit held = {}) {
    if (!pass)
      pass = enter(circuit, held);
    try {
      if constexpr (std::is_void_v<operation_result_t<F>>) {
        co_await detail::call_in_place(op, self, circuit->name());
        if (!pass.succeeded())
          held.dropped();
      } else {
        auto value = co_await detail::call_in_place(op, self, circuit->name());
        if (!pass.succeeded())
          held.dropped();
        co_return std::move(value);
      }
    } catch (...) {
      if (pass.failed(failure::from(std::current_exception())))
        held.dropped();
      else
        held.ignored();
      throw;
    }
  }

  /// `run`, with a permit taken between a look at the circuit and the pass, so
  /// that waiting for one is no part of the call.
  template <class F, class Limiter>
  static async<operation_result_t<F>> run_limited(task_context& self,
                                                  detail::circuit_ptr circuit,
                                                  Limiter limiter, F op) {
    circuit_pass pass;
    permit held;
    if (!circuit->admits())
      pass = enter(circuit, held); // unless it does so since a moment ago
    auto request = limiter.acquire();
    held = co_await request;
    auto body = run<F>(self, std::move(circuit), std::move(op), std::move(pass),
                       std::move(held));
    co_return co_await std::move(body);
  }

  detail::circuit_ptr circuit_;
  std::shared_ptr<const detail::circuit_handle> handle_;
};

/// The figures of all breakers in `sys` whose actor runs, the oldest first.
/// Empty if Axiom is not installed there.
std::vector<circuit_stats> all_circuit_stats(caf::actor_system& sys);

} // namespace axiom
