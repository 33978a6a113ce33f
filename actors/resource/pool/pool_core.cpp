#include "axiom/resource/pool/pool_core.hpp"

#include <algorithm>
#include <vector>

#include "axiom/error/exception.hpp"
#include "axiom/resource/pool/pool_access.hpp"
#include "axiom/runtime/later.hpp"

namespace axiom::detail {

namespace {

/// A retry waits at most so many times as long as the first one.
constexpr std::uint32_t most_doublings = 6;

pool_options checked(pool_options x, bool checkable) {
  if (x.name.size() > max_task_name)
    throw exception{errc::name_too_long, "the name of a pool has at most "
                                           + std::to_string(max_task_name)
                                           + " bytes"};
  constexpr auto zero = runtime::duration::zero();
  std::vector<std::string> found;
  if (x.max == 0)
    found.emplace_back("max is 0, so there could never be an object; use at "
                       "least 1");
  else if (x.max > max_permits)
    found.push_back("max is " + std::to_string(x.max) + "; the most is "
                    + std::to_string(max_permits));
  if (x.min > x.max)
    found.push_back("min is " + std::to_string(x.min)
                    + ", more than max, which is " + std::to_string(x.max));
  if (x.key_quota > max_permits)
    found.push_back("key_quota is " + std::to_string(x.key_quota)
                    + "; the most is " + std::to_string(max_permits)
                    + ", and 0 sets none");
  if (x.idle_timeout < zero)
    found.emplace_back("idle_timeout is negative; use 0 to turn it off");
  if (x.health_interval < zero)
    found.emplace_back("health_interval is negative; use 0 to turn it off");
  if (x.health_interval > zero && !checkable)
    found.emplace_back("health_interval is given, but there is no hook "
                       "healthy that could be asked");
  if (x.ageing < zero)
    found.emplace_back("ageing is negative; use 0 to turn it off");
  if (x.retry_delay <= zero)
    found.emplace_back("retry_delay is not positive");
  std::string problems;
  for (auto& text : found)
    problems += (problems.empty() ? "" : "; ") + text;
  if (!problems.empty())
    throw exception{errc::invalid_argument,
                    "pool " + quoted(x.name) + ": " + problems};
  return x;
}

} // namespace

// -- construction -------------------------------------------------------------

pool_core::pool_core(runtime::host& where, pool_options options, bool checkable)
  : options_(checked(std::move(options), checkable)),
    store_(options_.min, options_.max),
    host_(&where) {
  // nop
}

pool_core::~pool_core() = default;

// -- its actor ----------------------------------------------------------------

void pool_core::begin(pool_actor actor, std::weak_ptr<pool_access> access) {
  access_ = std::move(access);
  auto& timers = host()->timers();
  next_check_ = runtime::later(timers.now(), options_.health_interval);
  alarm_.begin(timers, std::move(actor));
  host()->residents().add(*this);
  if (checks())
    alarm_.at(next_check_);
  top_up_soon();
}

void pool_core::actor_ended() noexcept {
  close();
  host()->residents().remove(*this);
  alarm_.stop();
  host_ = nullptr;
}

void pool_core::tick() {
  auto here = access();
  if (here == nullptr)
    return; // it ends
  const auto now = host()->timers().now();
  const auto next =
    std::min({expire(*here, now), check(*here, now), top_up(*here, now)});
  if (next != never)
    alarm_.at(next);
}

runtime::time_point pool_core::expire(pool_access& access,
                                      runtime::time_point now) {
  if (!expires())
    return never;
  for (;;) {
    {
      std::lock_guard guard{mutex_};
      auto* oldest = store_.oldest_surplus();
      if (oldest == nullptr)
        return never;
      const auto due = runtime::later(*oldest, options_.idle_timeout);
      if (due > now)
        return due;
    }
    auto right = access.try_own_permit();
    if (!right) // somebody is about to use what there is
      return now
           + std::max<runtime::duration>(options_.idle_timeout / 2,
                                         std::chrono::milliseconds{1});
    stored_object* x = nullptr;
    {
      std::lock_guard guard{mutex_};
      x = store_.take_expired(now - options_.idle_timeout);
    }
    if (x != nullptr)
      destroy_leaving(static_cast<pool_object&>(*x), object_end::expired);
  }
}

runtime::time_point pool_core::check(pool_access& access,
                                     runtime::time_point now) {
  if (!checks())
    return never;
  if (now < next_check_)
    return next_check_;
  next_check_ = runtime::later(now, options_.health_interval);
  ++round_;
  for (;;) {
    // Where all permits are taken, or waited for, nothing stays idle.
    auto right = access.try_own_permit();
    if (!right)
      break;
    stored_object* found = nullptr;
    {
      std::lock_guard guard{mutex_};
      found = store_.take_unchecked(round_);
    }
    if (found == nullptr)
      break;
    auto& x = static_cast<pool_object&>(*found);
    const auto good = healthy(x);
    auto kept = false;
    {
      std::lock_guard guard{mutex_};
      if (good)
        kept = store_.put_back(x);
      else
        store_.leave();
    }
    if (!kept)
      destroy_leaving(x, good ? object_end::surplus : object_end::unhealthy);
  }
  return next_check_;
}

runtime::time_point pool_core::top_up(pool_access& access,
                                      runtime::time_point now) {
  for (;;) {
    {
      std::lock_guard guard{mutex_};
      if (!store_.below_min())
        return never;
      if (store_.failures_in_a_row() > 0 && now < retry_at_)
        return retry_at_;
    }
    pool_place place;
    place.held = access.try_own_permit();
    if (!place) // whoever waits will create, unless he leaves
      return runtime::later(now, options_.retry_delay);
    {
      std::lock_guard guard{mutex_};
      if (!store_.begin_top_up())
        return never;
    }
    try {
      start_top_up(access, std::move(place));
    } catch (const exception&) {
      return never; // closed meanwhile
    }
  }
}

void pool_core::top_up_soon() noexcept {
  auto when = never;
  {
    std::lock_guard guard{mutex_};
    if (!store_.below_min())
      return;
    if (store_.failures_in_a_row() > 0)
      when = retry_at_;
  }
  if (when == never)
    alarm_.ring();
  else
    alarm_.at(when);
}

// -- with a permit ------------------------------------------------------------

void pool_core::created(bool taken) noexcept {
  std::lock_guard guard{mutex_};
  store_.created(taken);
}

void pool_core::creation_over(const std::exception_ptr& why,
                              pool_place& place) noexcept {
  if (why != nullptr)
    note_error(why);
  {
    std::lock_guard guard{mutex_};
    store_.creation_over(why != nullptr);
    if (why != nullptr && !store_.closed()) {
      const auto doublings =
        std::min(store_.failures_in_a_row() - 1, most_doublings);
      retry_at_ =
        host()->timers().now() + options_.retry_delay * (1 << doublings);
    }
  }
  place.leave(); // before the actor looks for it
  top_up_soon();
}

void pool_core::note_error(const std::exception_ptr& why) noexcept {
  try {
    auto text = failure::from(why).what();
    std::lock_guard guard{error_mutex_};
    last_error_ = std::move(text);
  } catch (...) {
    // Without memory for its text: it is counted all the same.
  }
}

void pool_core::destroy(pool_object& x, object_end why) noexcept {
  {
    auto place = std::move(x.place);
    {
      std::lock_guard guard{mutex_};
      store_.leave();
    }
    destroy_leaving(x, why);
  }
  top_up_soon();
}

void pool_core::destroy_leaving(pool_object& x, object_end why) noexcept {
  erase(x);
  std::lock_guard guard{mutex_};
  store_.destroyed(why);
}

// -- for its owner ------------------------------------------------------------

void pool_core::close() noexcept {
  object_list gone;
  {
    std::lock_guard guard{mutex_};
    if (store_.closed())
      return;
    store_.close(gone);
  }
  while (!gone.empty()) {
    auto& x = static_cast<pool_object&>(gone.front());
    gone.pop_front();
    destroy_leaving(x, object_end::surplus);
  }
}

void pool_core::set_max(std::uint32_t max) noexcept {
  std::lock_guard guard{mutex_};
  store_.set_max(max);
}

void pool_core::drop_surplus(std::uint64_t kept) noexcept {
  for (;;) {
    stored_object* x = nullptr;
    {
      std::lock_guard guard{mutex_};
      x = store_.take_surplus(kept);
    }
    if (x == nullptr)
      return;
    destroy_leaving(static_cast<pool_object&>(*x), object_end::surplus);
  }
}

bool pool_core::drop_oldest() noexcept {
  stored_object* x = nullptr;
  {
    std::lock_guard guard{mutex_};
    x = store_.take_surplus(store_.min());
  }
  if (x == nullptr)
    return false;
  destroy_leaving(static_cast<pool_object&>(*x), object_end::surplus);
  return true;
}

// -- observing ----------------------------------------------------------------

pool_stats pool_core::stats() {
  pool_stats result;
  result.name = name();
  {
    std::lock_guard guard{mutex_};
    store_.report(result);
  }
  {
    std::lock_guard guard{error_mutex_};
    result.last_error = last_error_;
  }
  if (auto here = access())
    here->report(result);
  return result;
}

void pool_core::throw_closed() const {
  throw exception{errc::scope_closed, "pool " + quoted(name()) + " is closed"};
}

} // namespace axiom::detail
