#include "axiom/resource/pool/pool_access.hpp"

#include <algorithm>
#include <utility>

#include <caf/send.hpp>

#include "resource/milliseconds.hpp"

#include "axiom/runtime/later.hpp"

namespace axiom::detail {

// -- construction -------------------------------------------------------------

std::shared_ptr<pool_access> pool_access::start(caf::actor_system& sys,
                                                pool_core_ptr core,
                                                bool with_tasks) {
  auto& options = core->options();
  auto limiter =
    concurrency_limiter::spawn(sys, {.name = options.name,
                                     .max_concurrency = options.max,
                                     .ageing = options.ageing});
  std::shared_ptr<key_quotas> quotas;
  if (options.key_quota > 0)
    quotas = std::make_shared<key_quotas>(sys, options.name, options.key_quota,
                                          options.ageing);
  std::optional<structured_task_coordinator> keeper;
  if (with_tasks)
    keeper = structured_task_coordinator::spawn(sys, {.name = options.name});
  auto actor = spawn_pool_actor(sys, core);
  auto result = std::make_shared<pool_access>(
    core, std::move(limiter), std::move(quotas), std::move(keeper), actor);
  core->begin(std::move(actor), result);
  return result;
}

pool_access::pool_access(pool_core_ptr core, concurrency_limiter limiter,
                         std::shared_ptr<key_quotas> quotas,
                         std::optional<structured_task_coordinator> keeper,
                         pool_actor actor)
  : core_(std::move(core)),
    limiter_(std::move(limiter)),
    quotas_(std::move(quotas)),
    keeper_(std::move(keeper)),
    actor_(std::move(actor)) {
  // nop
}

pool_access::~pool_access() {
  close();
  caf::anon_send(actor_, ended_atom_v);
}

// -- places -------------------------------------------------------------------

permit pool_access::try_permit() const {
  try {
    return limiter_.try_acquire();
  } catch (const exception& ex) {
    throw reworded(ex, {});
  }
}

permit pool_access::try_own_permit() const noexcept {
  try {
    auto result = limiter_.try_acquire();
    if (result)
      own_permits_.fetch_add(1, std::memory_order_relaxed);
    return result;
  } catch (const std::exception&) {
    return {}; // closed
  }
}

pool_place pool_access::try_place(std::string_view key) const {
  pool_place result;
  if (quotas_ != nullptr) {
    try {
      result.key = quotas_->use(key);
      auto held = result.key.limiter().try_acquire();
      if (!held)
        return {};
      result.key.keep(std::move(held));
    } catch (const exception& ex) {
      throw reworded(ex, {});
    }
  }
  result.held = try_permit();
  return result ? std::move(result) : pool_place{};
}

async<pool_place> pool_access::wait(task_actor& task, take_terms terms) const {
  auto& timers = task.host().timers();
  const auto give_up = terms.timeout
                       ? runtime::later(timers.now(), *terms.timeout)
                       : runtime::time_point{};
  pool_place result;
  try {
    if (quotas_ != nullptr) {
      result.key = quotas_->use(terms.key);
      auto limiter = result.key.limiter();
      permit held;
      if (terms.timeout)
        held = co_await limiter.acquire_for(*terms.timeout, 1, terms.priority);
      else
        held = co_await limiter.acquire(1, terms.priority);
      result.key.keep(std::move(held));
    }
    if (terms.timeout) {
      const auto left =
        std::max(give_up - timers.now(), runtime::duration::zero());
      result.held = co_await limiter_.acquire_for(left, 1, terms.priority);
    } else {
      result.held = co_await limiter_.acquire(1, terms.priority);
    }
  } catch (const exception& ex) {
    throw reworded(ex, terms);
  }
  co_return std::move(result);
}

pool_place pool_access::wait_blocking(const take_terms& terms) const {
  const auto give_up = terms.timeout ? runtime::later(now(), *terms.timeout)
                                     : runtime::time_point{};
  pool_place result;
  try {
    if (quotas_ != nullptr) {
      result.key = quotas_->use(terms.key);
      auto limiter = result.key.limiter();
      result.key.keep(
        terms.timeout
          ? limiter.acquire_blocking_for(*terms.timeout, 1, terms.priority)
          : limiter.acquire_blocking(1, terms.priority));
    }
    if (terms.timeout)
      result.held = limiter_.acquire_blocking_for(
        std::max(give_up - now(), runtime::duration::zero()), 1,
        terms.priority);
    else
      result.held = limiter_.acquire_blocking(1, terms.priority);
  } catch (const cancelled_error&) {
    throw;
  } catch (const exception& ex) {
    throw reworded(ex, terms);
  }
  return result;
}

exception pool_access::reworded(const exception& ex,
                                const take_terms& terms) const {
  const auto who = "pool " + quoted(core_->name());
  if (ex.is(errc::scope_closed))
    return {errc::scope_closed, who + " is closed"};
  if (ex.is(errc::deadline_exceeded) && terms.timeout)
    return {errc::deadline_exceeded,
            who + " had no object"
              + (quotas_ != nullptr ? " for key " + quoted(terms.key) : "")
              + " within " + milliseconds(*terms.timeout)};
  if (ex.is(errc::blocking_on_worker))
    return {errc::blocking_on_worker,
            "waiting for " + who
              + " would block a worker thread: use co_await with take in a "
                "task, or axiom::blocking"};
  return ex;
}

runtime::time_point pool_access::now() const noexcept {
  auto* here = core_->host(); // null: closed, and nothing is waited for
  return here != nullptr ? here->timers().now() : runtime::time_point{};
}

// -- for its owner ------------------------------------------------------------

void pool_access::close() noexcept {
  limiter_.close();
  if (quotas_ != nullptr)
    quotas_->close();
  core_->close();
  if (!keeper_)
    return;
  try {
    keeper_->shutdown();
  } catch (const std::exception&) {
    // It admits nothing more as it is.
  }
}

void pool_access::set_max(std::uint64_t max) {
  const auto least = std::max(core_->options().min, 1U);
  if (max < least || max > max_permits)
    throw exception{errc::invalid_argument,
                    "the maximum of pool " + quoted(core_->name())
                      + " cannot be set to " + std::to_string(max) + "; it is "
                      + std::to_string(least)
                      + (least > 1 ? " (its minimum)" : "") + " to "
                      + std::to_string(max_permits)};
  const auto n = static_cast<std::uint32_t>(max);
  std::lock_guard guard{limit_mutex_};
  if (n > limiter_.limit()) {
    core_->set_max(n); // before somebody brings back what is above the old one
    limiter_.set_limit(n);
  } else {
    limiter_.set_limit(n);
    core_->set_max(n);
    core_->drop_surplus(n);
  }
}

void pool_access::trim_idle() {
  caf::anon_send(actor_, trim_atom_v);
}

std::size_t pool_access::trim(std::size_t at_most) {
  std::size_t result = 0;
  while (result < at_most) {
    auto right = try_own_permit();
    if (!right || !core_->drop_oldest())
      break;
    ++result;
  }
  return result;
}

void pool_access::report(pool_stats& into) const {
  const auto permits = limiter_.stats();
  into.waiting = permits.waiting;
  into.oldest_wait = permits.oldest_wait;
  into.cancelled = permits.cancelled;
  into.timed_out = permits.timed_out;
  into.deadlocks = permits.deadlocks;
  into.waits = permits.waits;
  // The pool's own did not wait, and are nobody's requests.
  const auto own = std::min(own_permits_.load(std::memory_order_relaxed),
                            into.waits.buckets.front());
  into.waits.buckets.front() -= own;
  into.waits.count -= own;
  if (quotas_ == nullptr)
    return;
  const auto keys = quotas_->stats();
  into.keys = keys.keys;
  into.waiting += keys.sum.waiting;
  into.oldest_wait = std::max(into.oldest_wait, keys.sum.oldest_wait);
  into.cancelled += keys.sum.cancelled;
  into.timed_out += keys.sum.timed_out;
  into.deadlocks += keys.sum.deadlocks;
  into.key_waits = keys.sum.waits;
}

} // namespace axiom::detail
