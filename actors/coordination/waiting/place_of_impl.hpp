#pragma once

#include <caf/send.hpp>

#include "axiom/coordination/message_types.hpp"
#include "axiom/coordination/waiting/deadlock_search.hpp"
#include "axiom/coordination/waiting/place_of.hpp"
#include "axiom/task/detail/inheritance.hpp"

// The members of place_of.

namespace axiom::detail {

// -- its actor ----------------------------------------------------------------

template <class Gate>
void place_of<Gate>::begin(caf::actor actor) {
  std::lock_guard guard{timer_mutex_};
  actor_ = std::move(actor);
}

template <class Gate>
void place_of<Gate>::actor_ended() noexcept {
  close(refusal_type::closed);
  auto& host = *host_.load();
  host.residents().remove(*this);
  caf::actor gone; // released without the lock
  std::lock_guard guard{timer_mutex_};
  host_ = nullptr;
  host.timers().cancel(attention_);
  std::swap(gone, actor_);
}

template <class Gate>
void place_of<Gate>::attention::fire() noexcept {
  owner.armed_for_ = never;
  caf::anon_send(owner.actor_, tick_atom_v);
}

template <class Gate>
void place_of<Gate>::attend(runtime::time_point when) noexcept {
  if (armed_for_.load(std::memory_order_relaxed) <= when)
    return;
  std::lock_guard guard{timer_mutex_};
  auto* host = host_.load();
  if (host == nullptr || armed_for_.load() <= when)
    return;
  host->timers().cancel(attention_);
  armed_for_ = when;
  host->timers().arm(attention_, when);
}

template <class Gate>
void place_of<Gate>::tick() {
  std::size_t waiting = 0;
  locked([&waiting](auto& queue, auto& turn) {
    queue.advance(turn);
    waiting = queue.waiting();
  });
  if (waiting == 0) {
    search_interval_ = {};
    return;
  }
  // Circles that a task closed which began to wait for another one: nobody has
  // searched since. Less often while there are none.
  const auto found = deadlock_search::refuse_all_in_circles(*this);
  if (found)
    locked([](auto&, auto&) {}); // the follow-up of what it did
  search_interval_ = found || search_interval_ == runtime::duration::zero()
                     ? runtime::duration{defaults::deadlock_search_interval}
                     : std::min<runtime::duration>(
                       2 * search_interval_, defaults::deadlock_search_longest);
  attend(now() + search_interval_);
}

// -- waiting ------------------------------------------------------------------

template <class Gate>
std::optional<runtime::time_point> place_of<Gate>::settle(
  session& here, woken_tasks& woken) noexcept {
  auto result = here.settle(
    [&](waiter_type& x) { return wake(x, here.turn().now, woken); });
  renew_loans(here);
  return result;
}

template <class Gate>
bool place_of<Gate>::wake(waiter_type& x, runtime::time_point now,
                          woken_tasks& woken) noexcept {
  const auto granted = x.state() == place_waiter::phase::granted;
  const auto waited = now - x.arrived();
  if (!granted)
    ++counters_.refused;
  if (!x.settled(woken))
    return false;
  if (granted)
    counters_.waits.observe(waited);
  return true;
}

template <class Gate>
template <class Ask>
bool place_of<Gate>::request_by(waiter_type& x, Ask ask) {
  const auto time = now();
  x.expelled = place_waiter::expulsion::none;
  auto settled = false;
  auto stuck = false;
  {
    follow_up after{*this};
    woken_tasks woken;
    session here{gate_, time};
    x.take_priority(); // under the lock: see `urgency_changed`
    ask(here.queue(), here.turn());
    after.due = here.settle([&](waiter_type& other) {
      if (&other != &x)
        return wake(other, time, woken);
      settled = true; // the caller's to see
      if (x.state() == place_waiter::phase::granted)
        counters_.waits.observe({});
      else
        ++counters_.refused;
      return true;
    });
    if (!settled) {
      ++counters_.queued;
      search_session session{*this, here};
      stuck = x.waiting_task() != nullptr
           && !deadlock_search::surely_served(x, session);
      after.due = std::min(after.due.value_or(never),
                           time + defaults::deadlock_search_interval);
    }
    renew_loans(here);
    after.take_over();
  }
  // From here on `x` may be settled by others, and its owner may not, since
  // this is its thread: it is still there.
  if (stuck && deadlock_search::refuse_if_in_circle(x, *this))
    locked([](auto&, auto&) {}); // the follow-up of what it did
  return settled;
}

template <class Gate>
bool place_of<Gate>::withdraw(waiter_type& x) noexcept {
  auto result = false;
  locked([&](auto& queue, auto& turn) {
    result = queue.cancel(x, turn);
    counters_.cancelled += result ? 1 : 0;
  });
  return result;
}

template <class Gate>
void place_of<Gate>::time_out(waiter_type& x,
                              runtime::time_point when) noexcept {
  // Called by a timer that fires: the service must not be called here, so what
  // else follows is left to `refused`.
  woken_tasks woken;
  session here{gate_, when};
  if (here.queue().cancel(x, here.turn())) {
    x.expelled = place_waiter::expulsion::timed_out;
    ++counters_.timed_out;
    x.settled(woken);
  }
  settle(here, woken);
}

template <class Gate>
exception place_of<Gate>::refused(const waiter_type& x) {
  switch (x.expelled) {
    case place_waiter::expulsion::timed_out: {
      locked([](auto&, auto&) {}); // see `time_out`
      const std::chrono::duration<double, std::milli> span{now() - x.arrived()};
      auto text = std::to_string(span.count());
      text.erase(text.find('.') + 2); // one digit is enough
      return {errc::deadline_exceeded, not_granted_within(x, text + " ms")};
    }
    case place_waiter::expulsion::deadlock:
      return {errc::resource_deadlock, x.circle};
    default:
      return why_failed(x);
  }
}

template <class Gate>
void place_of<Gate>::close(refusal_type why) noexcept {
  in_session([&](session& here) {
    if (here.queue().closed())
      return;
    here.queue().close(why, here.turn());
    if (here.anything_held())
      hold_on(); // invariant 1
  });
}

// -- what holders inherit -----------------------------------------------------

template <class Gate>
void place_of<Gate>::renew_loans(session& here) {
  const auto urgent = here.queue().most_urgent();
  const auto asked_for = here.queue().most_urgent_asked_for();
  const auto left = asked_for < std::exchange(asked_for_, asked_for);
  if (lends_ && left && urgent > asked_for && !loans_.empty()) {
    lends_ = false; // invariant 5
    to_lend_anew_ = true;
  }
  const auto may_lend = lends_ && urgent
                     && static_cast<runtime::job_level>(*urgent)
                          > lowest_holder_.load(std::memory_order_relaxed);
  if (!may_lend && loans_.empty())
    return;
  loans_.begin();
  if (may_lend)
    lend_to_holders(here, loans_);
  loans_.end(borrowers_);
}

template <class Gate>
void place_of<Gate>::update(std::vector<task_ptr>& borrowers) noexcept {
  for (auto& task : borrowers)
    inheritance::update(*as_task(task));
}

template <class Gate>
void place_of<Gate>::lend_anew() noexcept {
  in_session([this](session&) { lends_ = true; });
}

template <class Gate>
void place_of<Gate>::urgency_changed(task_actor& task) noexcept {
  locked([&](auto& queue, auto& turn) {
    // Either its wait is noted already, and then it is there as long as we have
    // the task's lock; or its level is read after this, under our lock.
    std::lock_guard guard{task.lock()};
    auto* site = dynamic_cast<place_site*>(task.queue_site());
    if (site == nullptr || &site->place != this)
      return;
    auto& x = static_cast<waiter_type&>(site->waiter);
    queue.reprioritise(x, x.wanted_priority(), turn);
  });
}

// -- for searches -------------------------------------------------------------

template <class Gate>
class place_of<Gate>::search_session final : public place_session {
public:
  /// With a lock of its own.
  search_session(place_of& x, runtime::time_point now)
    : place_(x), own_(std::in_place, x.gate_, now), here_(*own_) {
    // nop
  }

  /// With that of its creator.
  search_session(place_of& x, session& here) : place_(x), here_(here) {
    // nop
  }

  shortages shortages_of(place_waiter& x) override {
    if (x.state() != place_waiter::phase::waiting)
      return {};
    return place_.shortages_of(static_cast<waiter_type&>(x), here_);
  }

  void for_each_supplier(place_waiter& x, std::size_t kind,
                         const supply_visitor& visit) override {
    place_.for_each_supplier(static_cast<waiter_type&>(x), kind, here_, visit);
  }

  bool all_holders(const holder_predicate& goes_on) override {
    return place_.all_holders(here_, goes_on);
  }

  std::vector<place_waiter*> waiting() override {
    std::vector<place_waiter*> result;
    here_.queue().for_each([&](place_waiter& x) { result.push_back(&x); });
    return result;
  }

  bool expel(place_waiter& x, std::string circle, woken_tasks& woken) override {
    const auto result =
      here_.queue().cancel(static_cast<waiter_type&>(x), here_.turn());
    if (result) {
      x.expelled = place_waiter::expulsion::deadlock;
      x.circle = std::move(circle);
      ++place_.counters_.deadlocks;
      x.settled(woken);
    }
    place_.settle(here_, woken);
    return result;
  }

private:
  place_of& place_;
  std::optional<session> own_;
  session& here_;
};

template <class Gate>
std::unique_ptr<place_session> place_of<Gate>::open(runtime::time_point now) {
  return std::make_unique<search_session>(*this, now);
}

} // namespace axiom::detail
