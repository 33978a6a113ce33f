#include "axiom/error/supervisor/supervision.hpp"

#include <algorithm>
#include <iterator>

#include "axiom/error/supervisor/backoff_delay.hpp"

namespace axiom::detail {

namespace {

runtime::time_point later(runtime::time_point now, runtime::duration by) {
  return by < runtime::time_point::max() - now ? now + by
                                               : runtime::time_point::max();
}

} // namespace

supervision::supervision(const policy& how)
  : how_(how),
    window_(how.max_restarts, how.within),
    random_(static_cast<std::minstd_rand::result_type>(how.seed)) {
  // nop
}

// -- requests -----------------------------------------------------------------

child_key supervision::add(const child_policy& how) {
  auto& x = insert(how);
  x.initial = true;
  ++initial_;
  become(x, child_state::waiting);
  pending_.insert(x.key);
  return x.key;
}

child_key supervision::add(const child_policy& how, supervision_ticket who,
                           runtime::time_point now) {
  if (closing_) {
    settle(who, supervision_verdict::closed, 0);
    return 0;
  }
  auto& x = insert(how);
  const auto key = x.key;
  x.fresh = true;
  x.start_ticket = who;
  pend(x, now, now);
  proceed(now);
  return key;
}

void supervision::begin(runtime::time_point now) {
  begun_ = true;
  proceed(now);
}

void supervision::terminate(child_key key, supervision_ticket who,
                            runtime::time_point now) {
  stop_by_request(key, who, false, now);
}

void supervision::remove(child_key key, supervision_ticket who,
                         runtime::time_point now) {
  stop_by_request(key, who, true, now);
}

void supervision::stop_by_request(child_key key, supervision_ticket who,
                                  bool discard, runtime::time_point now) {
  auto* x = find(key);
  if (x == nullptr)
    return settle(who, supervision_verdict::no_such_child, key);
  x->discarded = x->discarded || discard;
  if (is_alive(x->state)) {
    x->stop_tickets.push_back(who);
    x->start_overdue = false; // its failure restarts nothing any more
    mark(*x, false);
    begin_stop(*x, now);
  } else {
    settle(who, supervision_verdict::done, key);
    if (x->state == child_state::waiting)
      unpend(*x);
    rest(*x, supervision_verdict::interrupted);
  }
  proceed(now);
}

void supervision::restart(child_key key, supervision_ticket who,
                          runtime::time_point now) {
  if (closing_)
    return settle(who, supervision_verdict::closed, key);
  auto* x = find(key);
  if (x == nullptr)
    return settle(who, supervision_verdict::no_such_child, key);
  if (x->state != child_state::stopped)
    return settle(who, supervision_verdict::busy, key);
  x->start_ticket = who;
  x->attempt = 0;
  pend(*x, now, now);
  proceed(now);
}

void supervision::close(runtime::time_point now) {
  close(supervision_end::requested, now);
  proceed(now);
}

// -- reports ------------------------------------------------------------------

void supervision::started(child_key key, std::uint64_t incarnation,
                          runtime::time_point now) {
  auto* x = find_alive(key, incarnation);
  if (x == nullptr || x->state != child_state::starting)
    return;
  clear_alarm(*x);
  become(*x, child_state::running);
  x->running_since = now;
  x->fresh = false;
  no_longer_initial(*x);
  if (in_turn_ == key)
    in_turn_.reset();
  settle_start(*x, supervision_verdict::done);
  proceed(now);
}

void supervision::ignored(child_key key, std::uint64_t incarnation,
                          runtime::time_point now) {
  auto* x = find_alive(key, incarnation);
  if (x == nullptr)
    return;
  die(*x, now);
  marked_.erase(key);
  const auto again = std::exchange(x->marked, false) && x->wanted;
  if (again)
    stopped_on_purpose(*x, now);
  else
    rest(*x, supervision_verdict::done);
  proceed(now);
}

void supervision::start_failed(child_key key, std::uint64_t incarnation,
                               runtime::time_point now,
                               runtime::time_point earliest) {
  ended(key, incarnation, exit_class::failure, now, earliest);
}

void supervision::ended(child_key key, std::uint64_t incarnation,
                        exit_class how, runtime::time_point now,
                        runtime::time_point earliest) {
  auto* x = find_alive(key, incarnation);
  if (x == nullptr)
    return; // it died twice, or another has taken its place
  const auto before = die(*x, now);
  if (x->marked)
    stopped_on_purpose(*x, now);
  else if (before == child_state::starting || x->start_overdue)
    failed_to_start(*x, now, earliest);
  else
    exited(*x, how, now, earliest);
  proceed(now);
}

void supervision::time_passed(runtime::time_point now) {
  while (!alarms_.empty() && alarms_.begin()->first <= now) {
    auto& x = *find(alarms_.begin()->second);
    clear_alarm(x);
    switch (x.state) {
      case child_state::starting:
        x.start_overdue = true;
        effects_.push_back({effect::overdue, x.key, x.incarnation});
        begin_stop(x, now);
        break;
      case child_state::stopping:
        become(x, child_state::killing);
        effects_.push_back({effect::kill, x.key, x.incarnation});
        break;
      case child_state::waiting:
        if (pending_.count(x.key) == 0) // it waits for no other
          start(x, now);
        break;
      default:
        break;
    }
  }
  proceed(now);
}

// -- properties ---------------------------------------------------------------

std::optional<runtime::time_point> supervision::next_due() const {
  if (alarms_.empty())
    return std::nullopt;
  return alarms_.begin()->first;
}

std::optional<child_state> supervision::state_of(child_key key) const {
  auto i = children_.find(key);
  if (i == children_.end())
    return std::nullopt;
  return i->second.state;
}

std::uint64_t supervision::incarnation_of(child_key key) const {
  auto i = children_.find(key);
  return i != children_.end() && is_alive(i->second.state)
         ? i->second.incarnation
         : 0;
}

// -- children -----------------------------------------------------------------

supervision::child* supervision::find(child_key key) {
  auto i = children_.find(key);
  return i != children_.end() ? &i->second : nullptr;
}

supervision::child* supervision::find_alive(child_key key,
                                            std::uint64_t incarnation) {
  auto* x = find(key);
  return x != nullptr && is_alive(x->state) && x->incarnation == incarnation
         ? x
         : nullptr;
}

supervision::child& supervision::insert(const child_policy& how) {
  const auto key = ++last_key_;
  return children_.emplace_hint(children_.end(), key, child{key, how})->second;
}

void supervision::become(child& x, child_state next) {
  const auto before = std::exchange(x.state, next);
  alive_ += is_alive(next) ? 1 : 0;
  alive_ -= is_alive(before) ? 1 : 0;
  if (x.how.significant) {
    significant_ += next != child_state::stopped ? 1 : 0;
    significant_ -= before != child_state::stopped ? 1 : 0;
  }
}

void supervision::set_alarm(child& x, runtime::time_point when) {
  clear_alarm(x);
  if (when == runtime::time_point::max())
    return;
  x.alarm = when;
  alarms_.emplace(when, x.key);
}

void supervision::clear_alarm(child& x) {
  if (!x.alarm)
    return;
  alarms_.erase({*x.alarm, x.key});
  x.alarm.reset();
}

void supervision::no_longer_initial(child& x) {
  if (std::exchange(x.initial, false))
    --initial_;
}

void supervision::settle(supervision_ticket who, supervision_verdict how,
                         child_key key) {
  effects_.push_back({effect::settle, key, 0, who, how});
}

void supervision::settle_start(child& x, supervision_verdict how) {
  if (x.start_ticket)
    settle(*x.start_ticket, how, x.key);
  x.start_ticket.reset();
}

// -- starting -----------------------------------------------------------------

void supervision::pend(child& x, runtime::time_point due,
                       runtime::time_point now) {
  become(x, child_state::waiting);
  x.due = due;
  if (ordered() || x.initial) {
    pending_.insert(x.key);
    if (due > now)
      set_alarm(x, due);
  } else if (due > now) {
    set_alarm(x, due);
  } else {
    start(x, now);
  }
}

void supervision::unpend(child& x) {
  clear_alarm(x);
  pending_.erase(x.key);
  x.due = runtime::time_point::min(); // nothing is left of its wait
  become(x, child_state::stopped);
}

void supervision::start(child& x, runtime::time_point now) {
  pending_.erase(x.key);
  clear_alarm(x);
  become(x, child_state::starting);
  ++x.incarnation;
  x.running_since.reset();
  x.start_overdue = false;
  set_alarm(x, later(now, x.how.start_timeout));
  effects_.push_back({effect::start, x.key, x.incarnation});
}

// -- stopping -----------------------------------------------------------------

void supervision::mark(child& x, bool wanted) {
  x.marked = true;
  x.wanted = wanted;
  marked_.insert(x.key);
}

void supervision::begin_stop(child& x, runtime::time_point now) {
  if (x.state == child_state::stopping || x.state == child_state::killing)
    return;
  if (x.how.shutdown <= shutdown_kill) {
    clear_alarm(x);
    become(x, child_state::killing);
    effects_.push_back({effect::kill, x.key, x.incarnation});
  } else {
    become(x, child_state::stopping);
    set_alarm(x, later(now, x.how.shutdown));
    effects_.push_back({effect::ask, x.key, x.incarnation});
  }
}

/// Its incarnation is over. Returns the state it was in.
child_state supervision::die(child& x, runtime::time_point now) {
  const auto before = x.state;
  if (x.running_since && now - *x.running_since >= how_.backoff.healthy_after)
    x.attempt = 0;
  clear_alarm(x);
  if (in_turn_ == x.key)
    in_turn_.reset();
  become(x, child_state::stopped);
  return before;
}

void supervision::stopped_on_purpose(child& x, runtime::time_point now) {
  marked_.erase(x.key);
  x.marked = false;
  x.start_overdue = false;
  for (auto who : std::exchange(x.stop_tickets, {}))
    settle(who, supervision_verdict::done, x.key);
  if (std::exchange(x.wanted, false))
    pend(x, std::max(x.due, now), now);
  else
    rest(x, closing_ ? supervision_verdict::closed
                     : supervision_verdict::interrupted);
}

/// It is dead and stays so.
void supervision::rest(child& x, supervision_verdict how) {
  settle_start(x, how);
  no_longer_initial(x);
  x.fresh = false;
  for (auto who : std::exchange(x.stop_tickets, {}))
    settle(who, supervision_verdict::done, x.key);
  if (x.how.restart == restart_kind::temporary || x.discarded || simple())
    forget(x);
}

void supervision::forget(child& x) {
  effects_.push_back({effect::forget, x.key});
  children_.erase(x.key);
}

// -- failures -----------------------------------------------------------------

void supervision::failed_to_start(child& x, runtime::time_point now,
                                  runtime::time_point earliest) {
  x.start_overdue = false;
  if (x.initial) {
    no_longer_initial(x);
    return give_up(supervision_end::start_failed, x, now);
  }
  if (std::exchange(x.fresh, false)) {
    settle_start(x, supervision_verdict::start_failed);
    return forget(x);
  }
  if (x.start_ticket)
    return settle_start(x, supervision_verdict::start_failed);
  restart_after_failure(x, now, earliest);
}

void supervision::exited(child& x, exit_class how, runtime::time_point now,
                         runtime::time_point earliest) {
  const auto again =
    x.how.restart == restart_kind::permanent
    || (x.how.restart == restart_kind::transient && how == exit_class::failure);
  if (again)
    return restart_after_failure(x, now, earliest);
  const auto significant = x.how.significant;
  rest(x, supervision_verdict::done);
  if (significant
      && (how_.auto_shutdown == auto_shutdown::any_significant
          || (how_.auto_shutdown == auto_shutdown::all_significant
              && significant_ == 0)))
    close(supervision_end::auto_shutdown, now);
}

void supervision::restart_after_failure(child& x, runtime::time_point now,
                                        runtime::time_point earliest) {
  if (!window_.admit(now))
    return give_up(supervision_end::too_many, x, now);
  ++restarts_;
  const auto luck =
    how_.backoff.initial > runtime::duration::zero() && how_.backoff.jitter > 0
      ? std::uniform_real_distribution<>{}(random_)
      : 0.0;
  const auto due = std::max(
    earliest, later(now, backoff_delay(how_.backoff, ++x.attempt, luck)));
  // Not the others' turn before they have been marked: `x` last.
  if (ordered()) {
    auto i = how_.strategy == supervision_strategy::one_for_all
             ? children_.begin()
             : children_.upper_bound(x.key);
    for (; i != children_.end(); ++i)
      if (i->first != x.key)
        delay(i->second, due, now);
  }
  pend(x, due, now);
}

/// A sibling on which `x` depends is started again, not before `due`.
void supervision::delay(child& x, runtime::time_point due,
                        runtime::time_point now) {
  x.due = std::max(x.due, due);
  if (x.marked)
    return; // it is being stopped already, for what `wanted` says
  if (is_alive(x.state)) {
    x.start_overdue = false;
    mark(x, x.how.restart != restart_kind::temporary);
  } else {
    pend(x, x.due, now);
  }
}

// -- the end ------------------------------------------------------------------

void supervision::give_up(supervision_end why, const child& because_of,
                          runtime::time_point now) {
  culprit_ = because_of.key;
  close(why, now);
}

void supervision::close(supervision_end why, runtime::time_point now) {
  if (closing_)
    return;
  closing_ = why;
  for (auto i = children_.begin(); i != children_.end();) {
    auto& x = (i++)->second; // it may be forgotten
    if (is_alive(x.state)) {
      x.start_overdue = false;
      mark(x, false);
      if (simple())
        begin_stop(x, now);
    } else if (x.state == child_state::waiting) {
      unpend(x);
      rest(x, supervision_verdict::closed);
    }
  }
}

// -- what follows -------------------------------------------------------------

void supervision::proceed(runtime::time_point now) {
  if (!marked_.empty())
    begin_stop(*find(*marked_.rbegin()), now); // invariant 2
  if (closing_) {
    if (alive_ == 0 && !std::exchange(ended_, true))
      effects_.push_back({effect::end}); // invariant 6
    return;
  }
  if (!begun_ || (ordered() && !marked_.empty()))
    return;
  if (!in_turn_ && !pending_.empty()) { // invariant 3
    auto& x = *find(*pending_.begin());
    if (x.due <= now) {
      in_turn_ = x.key;
      start(x, now);
    }
  }
  if (initial_ == 0 && !std::exchange(up_, true))
    effects_.push_back({effect::up});
}

} // namespace axiom::detail
