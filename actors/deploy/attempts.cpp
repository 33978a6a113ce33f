#include "deploy/attempts.hpp"

#include <exception>
#include <utility>

#include "axiom/coordination/with_timeout.hpp"
#include "axiom/error/retry.hpp"
#include "axiom/task/context.hpp"

namespace axiom::deploy {

attempts::attempts(const task_spec& spec, run_services& services,
                   std::optional<retry_budget> budget, operation once)
  : spec_(spec),
    services_(services),
    budget_(std::move(budget)),
    once_(std::move(once)) {
  // nop
}

async<void> attempts::run(task_context& self) {
  if (!budget_) {
    auto body = in_time(self);
    co_await std::move(body);
    co_return;
  }
  auto op = [this](task_context& inner) { return in_time(inner); };
  auto body = retry_budget::of_tree().with(self, *budget_, op);
  co_await std::move(body);
}

async<void> attempts::in_time(task_context& self) {
  if (!spec_.timeout) {
    auto body = repeated(self);
    co_await std::move(body);
    co_return;
  }
  try {
    auto op = [this](task_context& inner) { return repeated(inner); };
    co_await with_timeout(self, *spec_.timeout, {.name = spec_.name}, op);
  } catch (...) {
    // The timeout may have cut them short.
    if (earlier_.empty())
      throw;
    with_suppressed(failure::from(std::current_exception()), self.reference(),
                    std::exchange(earlier_, {}))
      .rethrow();
  }
}

async<void> attempts::repeated(task_context& self) {
  if (!spec_.retry) {
    auto body = one(self);
    co_await std::move(body);
    co_return;
  }
  // What was written and stays would be written again.
  auto worth_it = [this](const failure& why) {
    return is_transient(why) && services_.output() != output_state::partial;
  };
  retry_policy policy;
  policy.name = spec_.name;
  policy.attempts = spec_.retry->attempts;
  policy.backoff = spec_.retry->backoff;
  policy.retryable = worth_it;
  policy.attempt_timeout = spec_.retry->attempt_timeout;
  policy.suppressed = &earlier_;
  auto op = [this](task_context& inner) { return one(inner); };
  auto body = retry(self, policy, op);
  co_await std::move(body);
}

async<void> attempts::one(task_context& self) {
  if (begun_.fetch_add(1, std::memory_order_relaxed) > 0)
    services_.begin_again();
  auto body = once_(self);
  co_await std::move(body);
}

} // namespace axiom::deploy
